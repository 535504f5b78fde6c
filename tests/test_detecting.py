"""A detector that is late has failed: the request is the strictest there is, and nobody waits for it."""

import logging
import threading
from collections.abc import Iterator, Sequence

import pytest
from support.assessing import Fixed, asked, assessed, finding
from support.policies import mock, policy

from gateway.clearance import UNKNOWN
from gateway.types import Finding

LONG = "a" * 20_000
IMPATIENT = policy({"llama": mock()}, limits={"detector_s": 0.02})


class Late:
    """A detector that waits until it is let go."""

    def __init__(self, *, slow: bool = False) -> None:
        self.slow = slow
        self.go = threading.Event()

    def detect(self, text: str) -> Sequence[Finding]:
        self.go.wait(30)
        return [finding("phi")]


@pytest.fixture
def late() -> Iterator[Late]:
    """A detector that is let go at the end of a test."""
    detector = Late()
    yield detector
    detector.go.set()


async def test_a_detector_that_is_late_asks_for_everything(late: Late, caplog: pytest.LogCaptureFixture) -> None:
    """The others are heard, and the log says who it was."""
    with caplog.at_level(logging.ERROR):
        read = await assessed(
            asked(LONG), given_policy=IMPATIENT, detectors={"late": late, "other": Fixed([finding("pii")])}
        )

    assert read.label.covers(UNKNOWN)
    assert (read.failed_detectors, [one.kind for one in read.findings]) == (("late",), ["pii"])
    assert [record.getMessage() for record in caplog.records] == ["detector 'late' failed: TimeoutError"]


async def test_a_slow_detector_reads_short_texts_in_a_thread_too() -> None:
    """It says so itself, and is held to the same time."""
    slow = Late(slow=True)

    read = await assessed(asked("short"), given_policy=IMPATIENT, detectors={"slow": slow})
    slow.go.set()

    assert read.failed_detectors == ("slow",)


async def test_a_detector_of_usual_pace_reads_short_texts_at_once() -> None:
    """A thread would cost more than it brings."""
    quick = Fixed()

    await assessed(asked("short"), given_policy=IMPATIENT, detectors={"quick": quick})

    assert quick.threads == [threading.get_ident()]
