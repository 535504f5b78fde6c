"""A detector that is late has failed: the request is the strictest there is, and nobody waits for it."""

import logging
import threading
from collections.abc import Iterator, Sequence
from typing import Any, cast

import pytest
from support.assessing import Fixed, asked, assessed, finding
from support.policies import mock, policy

from gateway.clearance import UNKNOWN
from gateway.seams import Seams
from gateway.types import Finding, Message

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


class Yielding:
    """A detector of a third party that yields what it finds, though it should return it."""

    def __init__(self, *findings: Finding) -> None:
        self._findings = findings

    def detect(self, text: str) -> Sequence[Finding]:
        return cast("Sequence[Finding]", (finding for finding in self._findings))


@pytest.mark.parametrize("text", ["short", LONG])
async def test_what_a_detector_yields_is_found(text: str) -> None:
    """It can be read only once, and is."""
    read = await assessed(asked(text), detectors={"yielding": Yielding(finding("phi"))})

    assert (read.failed_detectors, [one.kind for one in read.findings]) == ((), ["phi"])


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": ""},
        {"kind": None},
        {"type": ""},
        {"type": 7},
        {"strength": "certain"},
        {"strength": None},
        {"detector": None},
        {"start": -1},
        {"start": 3, "end": 3},
        {"start": 3, "end": 2},
        {"start": 0, "end": 6},
        {"start": "0"},
        {"end": 1.0},
    ],
)
async def test_a_finding_that_says_nothing_sound_is_a_failure(fields: dict[str, Any]) -> None:
    """A detector whose findings cannot be read has found everything, as far as anybody knows."""
    sound = {"kind": "phi", "type": "T", "start": 0, "end": 5, "strength": "strong", "detector": "d"}
    unsound = Finding(**{**sound, **fields})

    reads = [
        await assessed(asked("short"), detectors={"odd": Yielding(one)})
        for one in (Finding(**cast("Any", sound)), unsound)
    ]

    assert [read.failed_detectors for read in reads] == [(), ("odd",)]
    assert reads[1].label.covers(UNKNOWN)


async def test_what_goes_wrong_where_texts_meet_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no error of the request."""

    def fails(*_: object) -> Iterator[Finding]:
        raise IndexError

    monkeypatch.setattr(Seams, "straddling", fails)
    request = asked(messages=(Message(role="user", content="4111 1111"), Message(role="user", content="1111 1111")))

    read = await assessed(request, detectors={"one": Fixed()})

    assert read.failed_detectors == ("one",)
