"""Whole requests through whole routers, under faults of every kind: nobody sees what he must not see."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.crowds import crowd, faulty_kind

from gateway import clearance, decide
from gateway.label import Label


@pytest.fixture(autouse=True)
def _kind(tmp_path: Path) -> Iterator[None]:
    with faulty_kind(tmp_path / "kinds"):
        yield


@pytest.mark.parametrize("seed", [2, 3, 8])
def test_no_canary_reaches_a_sink_that_is_not_cleared(seed: int, tmp_path: Path) -> None:
    """Not by escalation, failover, judges, samples, holdouts, broken streams, reloads; not in log, error or ledger."""
    made = asyncio.run(crowd(tmp_path, seed, 60))

    assert made.leaks == []
    assert made.calls > 40
    assert made.redacted > 0


def test_a_boundary_that_lets_everything_through_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof can fail: where everybody is admitted, canaries are found at backends."""
    monkeypatch.setattr(decide, "admit", lambda _, destination: clearance.admit(Label(), destination))

    made = asyncio.run(crowd(tmp_path, 1, 60))

    assert any("at backend" in leak for leak in made.leaks)
