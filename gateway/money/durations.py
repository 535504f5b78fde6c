"""How long answers took, counted in buckets: small to keep, and exact enough for a percentile. Pure."""

from collections.abc import Sequence
from math import log

# The borders of the buckets are 10 % apart: a percentile read from them is that exact.
DURATION_STEP = 1.1
_LOG_STEP = log(DURATION_STEP)


def duration_bucket(duration_s: float) -> int:
    """Return the bucket of a duration: its border below is `DURATION_STEP` to that power, in microseconds."""
    return int(log(max(duration_s * 1_000_000, 1.0)) / _LOG_STEP)


def bucket_s(bucket: float) -> float:
    """Return the duration in seconds in the middle of a bucket."""
    return float(DURATION_STEP ** (bucket + 0.5)) / 1_000_000


def percentile(counts: Sequence[tuple[int, int]], share: float) -> float | None:
    """Return the duration in seconds below which a share of (bucket, count) lies, None of nothing."""
    total = sum(count for _, count in counts)
    reached = 0
    for bucket, count in sorted(counts):
        reached += count
        if reached >= share * total:
            return bucket_s(bucket) if total else None
    return None
