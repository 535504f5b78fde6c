"""Ledger entries for tests: complete, with every field overridable."""

from datetime import UTC, datetime
from typing import Any

from gateway.entries import AttemptRecord, LedgerEntry
from gateway.types import Level, Money, Usage

NOON = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)


# Any: the fields of two dataclasses, whose constructors check them.
def attempt_record(**fields: Any) -> AttemptRecord:
    """Return an attempt that a local backend answered."""
    given: dict[str, Any] = {
        "backend": "llama",
        "model": "llama-3.1-8b-instruct",
        "replica": "127.0.0.1:8080",
        "duration_s": 0.25,
        "error": None,
        "accepted": True,
        "score": 0.93,
        "usage": Usage(prompt_tokens=2400, completion_tokens=500, cached_tokens=100),
        "cost": Money(0),
        "cost_source": "pool",
    }
    return AttemptRecord(**{**given, **fields})


def ledger_entry(entry_id: str, **fields: Any) -> LedgerEntry:
    """Return the entry of an answered request that a local backend served."""
    given: dict[str, Any] = {
        "at": NOON,
        "status": "answered",
        "rule": "tickets",
        "policy_version": "a1b2c3",
        "tenant": "acme",
        "task": "classification",
        "tags": ("pii",),
        "level": Level.CONFIDENTIAL,
        "kinds": ("pii", "pci"),
        "difficulty": 0.31,
        "backend": "llama",
        "model": "llama-3.1-8b-instruct",
        "local": True,
        "licence": "llama-3.1",
        "attempts": (attempt_record(),),
        "duration_s": 0.3,
        "cost": Money(0),
        "baseline_model": "openai/gpt-5-mini",
        "baseline_cost": Money(1_600_000),
        "price_version": "2026-11-23-0f0f0f0f",
    }
    return LedgerEntry(id=entry_id, **{**given, **fields})
