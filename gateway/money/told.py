"""An account for programs: JSON objects and the rows of a CSV. Money is integer nano-USD, None where unknown. Pure."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from gateway.money.pools import PoolCost
from gateway.money.savings import BaselineLine, Row, Savings
from gateway.money.waterfall import Driver
from gateway.spreadsheets import cell
from gateway.types import Money

_COUNTS = ("requests", "answered", "refused", "exhausted", "cancelled", "local", "cached", "escalated", "unaccepted")


def as_dict(account: Savings) -> dict[str, Any]:
    """Return an account for JSON: times in ISO 8601, shares from 0 to 1."""
    known = account.total.is_known
    return {
        "since": account.since and account.since.isoformat(),
        "until": account.until and account.until.isoformat(),
        "hours": account.hours,
        "by": list(account.by),
        "rows": [row_as_dict(row, account) for row in account.rows],
        "total": row_as_dict(account.total, account),
        "baseline_nano_usd": account.total.baseline.nano_usd if known else None,
        "actual_nano_usd": account.actual.nano_usd,
        "net_nano_usd": account.net.nano_usd if known else None,
        "net_share": account.share,
        "coverage": account.total.coverage,
        "drivers": [_driver(driver) for driver in account.drivers],
        "baselines": [_baseline(line) for line in account.baselines],
        "pools": [_pool(pool) for pool in account.pools],
        "hardware_nano_usd": account.hardware.nano_usd,
        "idle_nano_usd": _nano(account.idle),
        "engineers_nano_usd": _nano(account.engineers),
        "comparisons": {
            "calls": account.comparisons.calls,
            "unpriced": account.comparisons.unpriced,
            "cost_nano_usd": account.comparisons.cost,
        },
        "corrections_nano_usd": account.corrections.nano_usd,
        "naive_claim_nano_usd": account.naive.nano_usd,
        "hardware_not_included": list(account.unpooled),
        "used_part_unknown": list(account.unrated),
        "price_versions": list(account.price_versions),
        "token_bases": list(account.token_bases),
        **_certainty(account),
    }


def row_as_dict(row: Row, account: Savings) -> dict[str, Any]:
    """Return a row for JSON: its group by dimension, counts, tokens and money."""
    sums = row.sums
    group: dict[str, str | None] = dict(zip(account.by, row.group, strict=True)) if row.group else {}
    return {
        **group,
        **{name: getattr(sums, name) for name in _COUNTS},
        "excluded": sums.excluded,
        "coverage": row.coverage,
        "local_share": row.local_share,
        "prompt_tokens": sums.prompt_tokens,
        "completion_tokens": sums.completion_tokens,
        "cost_nano_usd": row.cost.nano_usd,
        "baseline_nano_usd": row.baseline.nano_usd if row.is_known else None,
        "saved_nano_usd": row.saved.nano_usd if row.is_known else None,
        "hardware_nano_usd": _nano(row.hardware),
        "net_nano_usd": _nano(row.net) if row.is_known else None,
        "excluded_cost_nano_usd": sums.excluded_cost,
    }


def csv_rows(account: Savings) -> Iterator[list[str]]:
    """Yield a header and a line a group; an unknown amount is empty, money is in USD to the nano."""
    header: list[str] | None = None
    for row in account.rows:
        values = row_as_dict(row, account)
        if header is None:
            header = [name.replace("nano_usd", "usd") for name in values]
            yield header
        yield [_cell(name, value) for name, value in values.items()]
    if header is None:
        empty = row_as_dict(Row(group=tuple("" for _ in account.by), sums=account.total.sums), account)
        yield [name.replace("nano_usd", "usd") for name in empty]


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    if name.endswith("nano_usd") and isinstance(value, int):
        return f"{Money(value).usd:.9f}"
    return cell(value) if isinstance(value, str) else str(value)


def _driver(driver: Driver) -> dict[str, Any]:
    parts = {name: amount.nano_usd for name, amount in driver.parts}
    return {"name": driver.name, "nano_usd": driver.amount.nano_usd, "parts_nano_usd": parts}


def _baseline(line: BaselineLine) -> dict[str, Any]:
    return {
        "name": line.name,
        "models": list(line.models),
        "requests": line.requests,
        "of": line.of,
        "baseline_nano_usd": _nano(line.baseline),
        "actual_nano_usd": line.actual.nano_usd,
        "net_nano_usd": _nano(line.net),
        "net_share": line.share,
    }


def _pool(pool: PoolCost) -> dict[str, Any]:
    told = asdict(pool)
    return {
        **{name: told[name] for name in ("pool", "gpus", "standby", "usd_per_hour", "hours", "gpu_s", "busy", "load")},
        "since": pool.since.isoformat(),
        "until": pool.until.isoformat(),
        "cost_nano_usd": pool.cost.nano_usd,
        "used_nano_usd": _nano(pool.used),
        "idle_nano_usd": _nano(pool.idle),
    }


def _certainty(account: Savings) -> dict[str, Any]:
    equal, ratio, estimate, rework = account.equivalence, account.ratio, account.estimate, account.rework_net
    return {
        "estimate": ratio
        and estimate
        and {
            "baseline_ratio": asdict(ratio),
            "net_nano_usd": estimate[0].nano_usd,
            "low_nano_usd": estimate[1].nano_usd,
            "high_nano_usd": estimate[2].nano_usd,
        },
        "equivalence": equal and {**asdict(equal), "net_nano_usd": _nano(account.equivalent_net)},
        "rework": rework and {"net_nano_usd": rework[0].nano_usd, "low_nano_usd": rework[1].nano_usd},
    }


def _nano(money: Money | None) -> int | None:
    return None if money is None else money.nano_usd
