"""Durations in buckets."""

from gateway.money.durations import duration_bucket, percentile


def test_a_percentile_is_a_tenth_exact() -> None:
    """Durations are counted in buckets that are 10 % wide."""
    counts = [(duration_bucket(number / 1000), 1) for number in range(1, 1001)]

    median, most, none = percentile(counts, 0.5), percentile(counts, 0.95), percentile([], 0.5)

    assert median is not None
    assert most is not None
    assert none is None
    assert abs(median / 0.5 - 1) < 0.06
    assert abs(most / 0.95 - 1) < 0.06
