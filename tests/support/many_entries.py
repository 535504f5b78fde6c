"""Entries by number: the same number is the same entry, in whichever process, and they differ in all that is summed."""

import random
from datetime import timedelta

from gateway.entries import AttemptRecord, LedgerEntry
from gateway.types import Money, Usage
from support.entries import NOON, attempt_record, ledger_entry


def numbered(number: int) -> LedgerEntry:
    """Return the entry of a number."""
    chance = random.Random(number)
    attempts = tuple(_attempt(chance) for _ in range(1 + chance.randrange(3)))
    return ledger_entry(
        f"entry-{number}",
        at=NOON + timedelta(seconds=chance.randrange(86_400)),
        status=chance.choice(["answered", "answered", "answered", "exhausted"]),
        tenant=f"tenant-{chance.randrange(20)}",
        team=chance.choice([None, "sales", "support"]),
        local=chance.choice([True, False]),
        attempts=attempts,
        cost=chance.choice([None, Money(chance.randrange(10**12))]),
        baseline_cost=chance.choice([None, Money(chance.randrange(10**12))]),
        duration_s=chance.random() * 10,
    )


def _attempt(chance: random.Random) -> AttemptRecord:
    return attempt_record(
        backend=chance.choice(["llama", "frontier"]),
        purpose=chance.choice(["answer", "answer", "judge", "cache"]),
        error=chance.choice([None, None, "timeout"]),
        duration_s=chance.random(),
        usage=Usage(
            prompt_tokens=chance.randrange(5_000),
            completion_tokens=chance.choice([None, chance.randrange(900)]),
            cached_tokens=chance.randrange(50),
        ),
        cost=chance.choice([None, Money(chance.randrange(10**12))]),
        cost_source=chance.choice(["price", "pool", "provider"]),
    )
