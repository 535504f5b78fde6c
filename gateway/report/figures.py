"""The tables of a report as values, for the reader without JavaScript; the browser makes the same from the columns."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.money.durations import percentile
from gateway.money.rollups import Sums
from gateway.money.savings import Savings
from gateway.money.split import split
from gateway.report import words
from gateway.report.columns import OTHER, Table
from gateway.report.groups import Groups, Names, grouped, hardware
from gateway.report.parts import Made, by_model, timed
from gateway.report.shown import Kind
from gateway.times import hour_start, microseconds
from gateway.types import Money

# Any: an int of nano-USD or a count, a float of seconds, a text, or None.
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: the key in a row, what stands above it, and how it is shown."""

    key: str
    label: str
    kind: Kind


MODELS = (
    Column("model", "Model", "model"),
    Column("rule", "Rule", "name"),
    Column("requests", "Requests", "count"),
    Column("prompt_tokens", "Tokens in", "count"),
    Column("completion_tokens", "Tokens out", "count"),
    Column("rate", "USD per 1,000", "rate"),
    Column("p50", "p50", "time"),
    Column("p95", "p95", "time"),
    Column("errors", "Calls failed", "share"),
    Column("escalated", "Escalated", "share"),
    Column("paid", "Paid", "money"),
)


def models(table: Table, account: Savings) -> list[Row]:
    """Return a row a model and rule; a model that was only called stands there too."""
    groups = grouped(table, ("model", "rule"))
    shares, times = hardware(account, groups), _times(table, groups)
    rows = []
    for names in groups.keys:
        sums, made = groups.requests[names], groups.calls.get(names, Made())
        paid = _plus(sums.cost, shares[names])
        rate = None if paid is None or not sums.covered else (2000 * paid + sums.covered) // (2 * sums.covered)
        rows.append(
            {
                "names": names,
                "model": names[0],
                "rule": names[1],
                "requests": sums.requests,
                "prompt_tokens": sums.prompt_tokens,
                "completion_tokens": sums.completion_tokens,
                "rate": rate,
                "p50": percentile(times.get(names, ()), 0.5),
                "p95": percentile(times.get(names, ()), 0.95),
                "errors": (made.failed, made.calls),
                "escalated": (sums.escalated, sums.requests),
                "paid": paid if sums.covered or not sums.requests else None,
            }
        )
    return rows


def _times(table: Table, groups: Groups) -> dict[Names, list[tuple[int, int]]]:
    kept = set(groups.keys)
    times: dict[Names, dict[int, int]] = {}
    for part, buckets in timed(table.durations, by_model).items():
        names = (part.model, part.rule)
        known = times.setdefault(names if names in kept else (OTHER, OTHER), {})
        for bucket, answers in buckets.items():
            known[bucket] = known.get(bucket, 0) + answers
    return {names: list(buckets.items()) for names, buckets in times.items()}


TEAMS = (
    Column("tenant", "Tenant", "name"),
    Column("team", "Team", "name"),
    Column("requests", "Requests", "count"),
    Column("calls", "Calls", "money"),
    Column("hardware", "Hardware", "money"),
    Column("paid", "Charged", "money"),
    Column("baseline", "Baseline", "money"),
    Column("net", "Saved", "money"),
    Column("excluded_cost", "Not in the sums", "money"),
)


def teams(table: Table, account: Savings) -> list[Row]:
    """Return a row a tenant and team, and those that nobody is charged for; `paid` adds up to all that was paid."""
    groups = grouped(table, ("tenant", "team"))
    shares = hardware(account, groups)
    rows = [_team(names, groups.requests[names], shares[names]) for names in groups.keys]
    return rows + [_unshared(name, amount) for name, amount in unshared(account, shares.values())]


def _team(names: Names, sums: Sums, share: int | None) -> Row:
    is_known = sums.covered > 0 or not sums.requests
    paid = _plus(sums.cost, share)
    return {
        "names": names,
        "tenant": names[0],
        "team": names[1],
        "requests": sums.requests,
        "calls": sums.cost,
        "hardware": share,
        "paid": paid,
        "baseline": sums.baseline if is_known else None,
        "net": None if paid is None or not is_known else sums.baseline - paid,
        "excluded_cost": sums.excluded_cost,
    }


def _unshared(name: str, amount: int) -> Row:
    return {"tenant": None, "team": name, "paid": amount}


def unshared(account: Savings, shares: Iterable[int | None]) -> list[tuple[str, int]]:
    """Return what was paid that is no part's: hardware that nobody used or of unknown rates, comparisons, people."""
    left = account.hardware.nano_usd - sum(share or 0 for share in shares)
    found = [
        ("Hardware that nobody is charged for", left),
        (words.DRIVERS["comparisons"], account.comparisons.cost),
        (words.DRIVERS["corrections"], account.corrections.nano_usd),
        (words.DRIVERS["engineers"], (account.engineers or Money(0)).nano_usd),
    ]
    return [(name, amount) for name, amount in found if amount]


STEPS = (
    Column("start", "From", "text"),
    Column("requests", "Requests", "count"),
    Column("calls", "Calls", "money"),
    Column("hardware", "Hardware", "money"),
    Column("baseline", "Baseline", "money"),
)


def steps(table: Table, account: Savings) -> list[Row]:
    """Return a row a step; hardware by its time in the period. What is paid by the month is not here."""
    if account.since is None or account.until is None:
        return []
    sums = {start: Sums() for start, _ in table.steps}
    for part, more in table.requests.items():
        sums[part.start] = sums[part.start].plus(more)
    lengths = [_overlap(step, account.since, account.until) for step in table.steps]
    costs = [split(pool.cost.nano_usd, lengths) for pool in account.pools]
    return [
        {
            "sql": "sum(requests), sum(cost), sum(baseline)",
            "hours": table.steps[place],
            "start": f"{hour_start(start):%Y-%m-%d}",
            "requests": sums[start].requests,
            "calls": sums[start].cost,
            "hardware": sum(cost[place] for cost in costs),
            "baseline": sums[start].baseline,
        }
        for place, (start, _) in enumerate(table.steps)
    ]


def _overlap(step: tuple[int, int], since: datetime, until: datetime) -> int:
    first = max(microseconds(hour_start(step[0])), microseconds(since))
    return max(0, min(microseconds(hour_start(step[1])), microseconds(until)) - first)


FAILURES = (
    Column("what", "What", "text"),
    Column("times", "Times", "count"),
    Column("cost", "Paid", "money"),
    Column("share", "Share of calls", "share"),
)


def failures(table: Table, account: Savings) -> list[Row]:
    """Return what was paid for besides first answers."""
    sums, made = account.total.sums, Made()
    for more in table.calls.values():
        made = made.plus(more)
    found = [
        ("Calls that failed, and requests nobody answered", made.failed, "cost_failure"),
        ("Escalations: a second answer after the first", sums.escalated, "cost_escalation"),
        ("Judges", None, "cost_judge"),
        ("Second samples", None, "cost_sample"),
        ("Guards", None, "cost_guard"),
        ("Cache look-ups", None, "cost_embedding"),
        ("Requests in no sum: cost or baseline unknown", sums.excluded, "excluded_cost"),
    ]
    rows: list[Row] = [
        {
            "what": what,
            "times": times,
            "cost": getattr(sums, column),
            "share": (getattr(sums, column), sums.cost),
            "sql": f"sum({column})",
        }
        for what, times, column in found
    ]
    compared = account.comparisons
    return [
        *rows,
        {
            "what": words.DRIVERS["comparisons"],
            "times": compared.calls,
            "cost": compared.cost,
            "share": (compared.cost, sums.cost),
        },
    ]


BASELINE_LINES = (
    Column("name", "Against", "text"),
    Column("models", "Models", "text"),
    Column("requests", "Requests", "count"),
    Column("baseline", "Would have cost", "money"),
    Column("actual", "Paid", "money"),
    Column("net", "Saved", "money"),
    Column("share", "Share", "share"),
)


def baselines(account: Savings) -> list[Row]:
    """Return the three baselines."""
    return [
        {
            "name": words.BASELINES[line.name],
            "models": ", ".join(line.models),
            "requests": line.requests,
            "baseline": _nano(line.baseline),
            "actual": line.actual.nano_usd,
            "net": _nano(line.net),
            "share": (_nano(line.net), _nano(line.baseline)),
            "sql": words.BASELINE_SQL[line.name],
        }
        for line in account.baselines
    ]


WATERFALL = (
    Column("name", "Driver", "text"),
    Column("bar", "", "bar"),
    Column("saved", "Saved (+) or cost (\N{MINUS SIGN})", "signed"),
    Column("left", "Cost so far", "money"),
)


def waterfall(account: Savings) -> list[Row]:
    """Return the way from the baseline to what was paid, driver by driver; a driver of nothing is left out."""
    left = account.total.baseline.nano_usd
    rows: list[Row] = [{"name": "Baseline: all at the declared model", "left": left, "sql": "sum(baseline)"}]
    for driver in account.drivers:
        for name, amount in _pieces(driver.name, driver.amount, driver.parts):
            if amount:
                left -= amount
                rows.append({"name": name, "saved": amount, "left": left, "sql": words.SQL.get(name)})
    return [*rows, {"name": "Paid, and saved in all", "saved": account.net.nano_usd, "left": left, "sum": True}]


def _pieces(name: str, amount: Money, parts: Iterable[tuple[str, Money]]) -> list[tuple[str, int]]:
    if name != "self_hosting":
        return [(words.DRIVERS[name], amount.nano_usd)]
    return [(words.PARTS.get(part, words.DRIVERS[name]), value.nano_usd) for part, value in parts]


POOLS = (
    Column("name", "Pool", "text"),
    Column("gpus", "Cards", "count"),
    Column("cost", "Cost", "money"),
    Column("used", "Used", "money"),
    Column("idle", "Idle", "money"),
    Column("busy", "Busy", "share"),
    Column("load", "Of usable", "share"),
)


def pools(account: Savings) -> list[Row]:
    """Return what each pool cost, and how much of it was used."""
    return [
        {
            "name": pool.pool,
            "gpus": pool.gpus,
            "cost": pool.cost.nano_usd,
            "used": _nano(pool.used),
            "idle": _nano(pool.idle),
            "busy": _of_a_million(pool.busy),
            "load": _of_a_million(pool.load),
        }
        for pool in account.pools
    ]


def _of_a_million(value: float | None) -> tuple[int | None, int]:
    return None if value is None else round(value * 1_000_000), 1_000_000


def _plus(cost: int, share: int | None) -> int | None:
    return None if share is None else cost + share


def _nano(money: Money | None) -> int | None:
    return None if money is None else money.nano_usd
