"""`gateway savings --what-if`: what another policy would have cost on the requests that are on the books."""

from fractions import Fraction
from pathlib import Path

from gateway.cli.accounts import Asked, account_of
from gateway.cli.console import Side, remark, say, say_facts, say_json, say_table
from gateway.cli.inputs import policy_of
from gateway.money.overrides import in_force
from gateway.types import Money
from gateway.whatif.reckoning import Assumed, Beside, observed, what_if
from gateway.whatif.result import WhatIf

_COLUMNS: dict[str, Side] = {"rule": "fold", "backend": "fold", "calls": "right", "cost": "right"}


def say_what_if(question: Asked, other: Path, *, rejected: float | None, easy: float | None, as_json: bool) -> None:
    """Print what a policy would have cost in the period of a question, beside what was paid."""
    account = account_of(question)
    ledger, since, until = question.ledger, question.since, question.until
    policy = policy_of(other)
    result = what_if(
        ledger.entries(since=since, until=until),
        policy,
        in_force(policy),
        beside=Beside(account.hardware, Money(account.comparisons.cost), account.engineers),
        since=account.since,
        until=account.until,
        assumed=Assumed(rejected=_exact(rejected), easy=_exact(easy)),
        seen=observed(ledger.hours(since=since, until=until)),
    )
    gone = account.total.sums.requests - result.requests
    if gone > 0:
        remark(f"{gone:,} requests of the period are archived, and were not looked at")
    if as_json:
        say_json(result.as_dict())
    else:
        _print(result)


def _print(result: WhatIf) -> None:
    if not result.requests:
        say("no requests in this period")
        return
    if result.uses:
        rows = [[use.rule, use.backend, f"{use.calls:,.1f}", str(use.cost)] for use in result.uses]
        say_table(_COLUMNS, rows)
        say()
    say_facts(result.facts())


def _exact(value: float | None) -> Fraction | None:
    return None if value is None else Fraction(str(value))
