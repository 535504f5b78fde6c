"""Do whole requests ever let a canary out? Random policies, faults, streams, cancellations and reloads."""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from support.crowds import crowd, faulty_kind
from table import Measure

CROWDS = 125
REQUESTS_EACH = 80


def faults() -> Iterator[Measure]:
    """Count the canaries that were found where they must not be: backends, log, errors, ledger."""
    started = time.perf_counter()
    sent = calls = failed = 0
    leaks: list[str] = []
    with tempfile.TemporaryDirectory() as home, faulty_kind(Path(home) / "kinds"):
        for seed in range(CROWDS):
            made = asyncio.run(crowd(Path(home), seed, REQUESTS_EACH))
            sent += len(made.sent)
            calls += made.calls
            failed += made.faults
            leaks += made.leaks
    took = time.perf_counter() - started
    note = f"{calls:,} calls, {failed:,} requests failed; seeds 0 to {CROWDS - 1}; {took:.0f} s"
    yield Measure(
        name=f"leaks in {sent:,} whole requests over {CROWDS} random policies, under random faults",
        reach="0",
        measured=f"{len(leaks)}; {note}",
        passed=not leaks and sent >= 10_000 and failed > sent // 10,
    )
