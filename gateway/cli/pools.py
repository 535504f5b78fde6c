"""`gateway pools`: what hardware cost and how much of it was used; and its speed, fitted to the ledger."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Annotated, Any

import typer

from gateway.cli.accounts import Asked, account_of, asked
from gateway.cli.console import Side, amount, say, say_json, say_table
from gateway.cli.inputs import JsonOption, LedgerOption, PolicyOption
from gateway.cli.periods import MonthOption, SinceOption, UntilOption, period
from gateway.cli.savings import period_line
from gateway.entries import LedgerEntry
from gateway.money.fitting import Call, Fit, fit
from gateway.money.pools import PoolCost
from gateway.money.tokens import Tokens
from gateway.policy.models import Policy

_COLUMNS: dict[str, Side] = {
    "pool": "fold",
    "GPUs": "right",
    "$/hour": "right",
    "cost": "right",
    "used": "right",
    "idle": "right",
    "busy": "right",
    "load": "right",
}


def pools(  # noqa: PLR0913 - an option of the command each
    *,
    ledger: LedgerOption = None,
    policy: PolicyOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    of_month: MonthOption = None,
    fitted: Annotated[bool, typer.Option("--fit", help="Fit input_us and output_us to the ledger's calls.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say what hardware cost, used and idle, and how fast it is.

    Busy is the share of all cards' time that work took, load that of what can be used within the latency target. With
    --fit the GPU-microseconds a token are fitted to the busiest minutes of the ledger: put them into the policy.

    Example: gateway pools --month 2026-11 --fit
    """
    start, end = period(since, until, of_month)
    question = asked(ledger, policy, since=start, until=end)
    account = account_of(question)
    costs = account.pools
    fits = {cost.pool: _fit(question, cost) for cost in costs} if fitted else {}
    if as_json:
        say_json({"pools": [_record(cost) for cost in costs], "fits": {n: f and asdict(f) for n, f in fits.items()}})
        return
    if not question.policy.pools:
        say("the policy has no pools")
        return
    say_table(_COLUMNS, [_cells(cost) for cost in costs])
    say(f"charged {period_line(account, question)}")
    for line in _told(fits):
        say(line)


def _record(cost: PoolCost) -> dict[str, Any]:
    told = asdict(cost)
    money = {name: told.pop(name) for name in ("cost", "used", "idle")}
    charged = {name: told.pop(name).isoformat() for name in ("since", "until")}
    return {**told, **charged, **{f"{name}_nano_usd": value and value["nano_usd"] for name, value in money.items()}}


def _cells(cost: PoolCost) -> list[str]:
    shares = ["unknown" if share is None else f"{share:.1%}" for share in (cost.busy, cost.load)]
    return [
        cost.pool,
        f"{cost.gpus}",
        f"{cost.usd_per_hour:,.4f}",
        str(cost.cost),
        amount(cost.used),
        amount(cost.idle),
        *shares,
    ]


def _told(fits: dict[str, Fit | None]) -> Iterator[str]:
    for name, found in fits.items():
        if found is None:
            yield f"{name}: too few busy minutes, or prompts and answers always in one proportion: no rates"
            continue
        yield (
            f"{name}: input_us: {found.input_us:.4g}, output_us: {found.output_us:.4g} "
            f"(+- {found.input_se:.2g} and {found.output_se:.2g}), from {found.windows:,} minutes with "
            f"{found.concurrency:.1f} calls at once; a minute is off by {found.error:.0%} on average"
        )


def _fit(question: Asked, cost: PoolCost) -> Fit | None:
    replicas: set[str] = set()
    calls = list(
        _calls(question.ledger.entries(since=question.since, until=question.until), question.policy, cost.pool)
    )
    replicas.update(call.replica for call in calls)
    cards = cost.gpus - cost.standby
    return fit(calls, gpus_per_replica=cards / len(replicas)) if replicas else None


def _calls(entries: Iterable[LedgerEntry], policy: Policy, pool: str) -> Iterator[Call]:
    on_it = {name for name, backend in policy.backends.items() if backend.pool == pool}
    for entry in entries:
        # Calls of a request follow one another.
        start_s = entry.at.timestamp()
        for attempt in entry.attempts:
            tokens = Tokens.of(attempt.usage)
            if attempt.backend in on_it and tokens is not None and attempt.error is None:
                yield Call(
                    replica=attempt.replica,
                    start_s=start_s,
                    duration_s=attempt.duration_s,
                    input_tokens=tokens.prompt - tokens.cache_read,
                    output_tokens=tokens.completion,
                )
            start_s += attempt.duration_s
