"""The digest of an entry of the books: of all that stays as it is, whoever is erased. Equal after a file kept it."""

import hashlib

from gateway.entries import ASSUMED_EQUAL, GATEWAY, AttemptRecord, LedgerEntry
from gateway.times import EPOCH
from gateway.types import Money


def entry_digest(entry: LedgerEntry) -> str:
    """Return the digest of an entry and its attempts, without the tenant, the vector and the caller's name for it."""
    text = repr((_entry(entry), [_attempt(attempt) for attempt in entry.attempts]))
    later, calls = _later(entry), [_later_of_call(attempt) for attempt in entry.attempts]
    # Left out where nothing of it is said, so that the digests of older records still hold.
    if later != _NOTHING_LATER or any(call != _NOTHING_LATER_OF_CALL for call in calls):
        text += repr((later, calls))
    # Half a surrogate pair is booked as its escape: both read the same here.
    return hashlib.sha256(text.replace("\\\\ud", "\\ud").encode()).hexdigest()


def _entry(entry: LedgerEntry) -> tuple[object, ...]:
    return (
        str(entry.at - EPOCH),
        entry.id,
        entry.status,
        entry.rule,
        entry.policy_version,
        entry.task,
        entry.tags,
        int(entry.level),
        entry.kinds,
        _real(entry.difficulty),
        entry.backend,
        entry.model,
        _truth(entry.local),
        entry.licence,
        _real(entry.duration_s),
        _money(entry.cost),
        entry.baseline_model,
        _money(entry.baseline_cost),
        entry.price_version,
        bool(entry.streamed),
        bool(entry.holdout),
    )


def _attempt(attempt: AttemptRecord) -> tuple[object, ...]:
    usage = attempt.usage
    return (
        attempt.backend,
        attempt.model,
        attempt.replica,
        _real(attempt.duration_s),
        attempt.error,
        _truth(attempt.accepted),
        _real(attempt.score),
        usage.prompt_tokens,
        usage.completion_tokens,
        usage.cached_tokens,
        usage.cache_write_tokens,
        usage.reasoning_tokens,
        _money(attempt.cost),
        attempt.cost_source,
        attempt.purpose,
    )


def _later(entry: LedgerEntry) -> tuple[object, ...]:
    """Return what the books have kept of a request since they sum up by the hour."""
    return (
        entry.team,
        entry.source,
        entry.managed_model,
        _money(entry.managed_cost),
        _money(entry.uncached_baseline),
        entry.token_basis,
    )


def _later_of_call(attempt: AttemptRecord) -> tuple[object, ...]:
    usage = attempt.usage
    return (
        usage.cache_write_1h_tokens,
        usage.audio_tokens,
        usage.image_tokens,
        usage.audio_output_tokens,
        _real(attempt.first_token_s),
        _money(attempt.uncached_cost),
    )


_NOTHING_LATER = (None, GATEWAY, None, None, None, ASSUMED_EQUAL)
_NOTHING_LATER_OF_CALL = (0, 0, 0, 0, None, None)


def _real(number: float | None) -> float | None:
    # A file keeps no NaN, and no sign of zero.
    return None if number is None or number != number else float(number) + 0.0  # noqa: PLR0124


def _truth(value: bool | None) -> bool | None:
    return None if value is None else bool(value)


def _money(money: Money | None) -> int | None:
    return None if money is None else money.nano_usd
