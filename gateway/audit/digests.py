"""The digest of an entry of the books: of all that stays as it is, whoever is erased. Equal after a file kept it."""

from hashlib import sha256

from gateway.entries import ASSUMED_EQUAL, GATEWAY, AttemptRecord, LedgerEntry
from gateway.times import EPOCH


def entry_digest(entry: LedgerEntry) -> str:
    """Return the digest of an entry and its attempts, without the tenant, the vector and the caller's name for it."""
    calls = entry.attempts
    text = repr((_entry(entry), [_attempt(call) for call in calls]))
    later, later_calls = _later(entry), [_later_of_call(call) for call in calls]
    # Left out where nothing of it is said, so that the digests of older records still hold.
    if later != _NOTHING_LATER or later_calls.count(_NOTHING_LATER_OF_CALL) != len(calls):
        text += repr((later, later_calls))
    # Half a surrogate pair is booked as its escape, and by PostgreSQL a NUL too: both read the same here.
    if "\\\\u" in text:
        text = text.replace("\\\\ud", "\\ud").replace("\\\\u0000", "\\x00")
    return sha256(text.encode()).hexdigest()


def _entry(entry: LedgerEntry) -> tuple[object, ...]:
    local, cost, baseline = entry.local, entry.cost, entry.baseline_cost
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
        None if local is None else bool(local),
        entry.licence,
        _real(entry.duration_s),
        None if cost is None else cost.nano_usd,
        entry.baseline_model,
        None if baseline is None else baseline.nano_usd,
        entry.price_version,
        bool(entry.streamed),
        bool(entry.holdout),
    )


def _attempt(attempt: AttemptRecord) -> tuple[object, ...]:
    usage, accepted, cost = attempt.usage, attempt.accepted, attempt.cost
    return (
        attempt.backend,
        attempt.model,
        attempt.replica,
        _real(attempt.duration_s),
        attempt.error,
        None if accepted is None else bool(accepted),
        _real(attempt.score),
        usage.prompt_tokens,
        usage.completion_tokens,
        usage.cached_tokens,
        usage.cache_write_tokens,
        usage.reasoning_tokens,
        None if cost is None else cost.nano_usd,
        attempt.cost_source,
        attempt.purpose,
    )


def _later(entry: LedgerEntry) -> tuple[object, ...]:
    """Return what the books have kept of a request since they sum up by the hour."""
    managed, uncached = entry.managed_cost, entry.uncached_baseline
    return (
        entry.team,
        entry.source,
        entry.managed_model,
        None if managed is None else managed.nano_usd,
        None if uncached is None else uncached.nano_usd,
        entry.token_basis,
    )


def _later_of_call(attempt: AttemptRecord) -> tuple[object, ...]:
    usage, uncached = attempt.usage, attempt.uncached_cost
    return (
        usage.cache_write_1h_tokens,
        usage.audio_tokens,
        usage.image_tokens,
        usage.audio_output_tokens,
        _real(attempt.first_token_s),
        None if uncached is None else uncached.nano_usd,
    )


_NOTHING_LATER = (None, GATEWAY, None, None, None, ASSUMED_EQUAL)
_NOTHING_LATER_OF_CALL = (0, 0, 0, 0, None, None)


def _real(number: float | None) -> float | None:
    # A file keeps no NaN, and no sign of zero.
    return None if number is None or number != number else float(number) + 0.0  # noqa: PLR0124
