"""How long work takes on a machine of usual speed: machines that others share run at half of it, and back."""

import time
from collections.abc import Callable

# What the reference takes on the machine that the limits of the tests were chosen on.
_USUAL_S = 0.010
# A machine changes its pace within seconds, not within one test.
_KEPT_S = 1.0


class Watch:
    """A clock of CPU time that runs as fast as the machine does."""

    def __init__(self) -> None:
        self._pace = _reference()
        self._started = time.process_time()

    def seconds(self) -> float:
        """Return the CPU seconds since the watch was made, as the usual machine would have taken."""
        spent = time.process_time() - self._started
        return spent * _USUAL_S / max(self._pace, _reference())


def quickest(work: Callable[[], object], *, most: float) -> float:
    """Return the seconds of some work, of up to three tries the best: a machine that others share stalls now and then.

    It is not tried again once it took less than `most`, which is what a test allows.
    """
    best = float("inf")
    for _ in range(3):
        watch = Watch()
        work()
        best = min(best, watch.seconds())
        if best < most:
            break
    return best


_known: tuple[float, float] = (float("-inf"), _USUAL_S)


def _reference() -> float:
    """Return the CPU seconds of a fixed piece of work, the best of three; measured anew once in a while."""
    global _known  # noqa: PLW0603 - the machine is one for all tests
    at, pace = _known
    if time.monotonic() - at > _KEPT_S:
        pace = min(_timed() for _ in range(3))
        _known = time.monotonic(), pace
    return pace


def _timed() -> float:
    started = time.process_time()
    total = 0
    for number in range(60_000):
        total += number % 7
    "".join(sorted("the quick brown fox jumps over the lazy dog" * 500))
    return time.process_time() - started
