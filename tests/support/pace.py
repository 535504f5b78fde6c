"""How long work takes on a machine of usual speed: machines that others share run at half of it, and back."""

import time

# What `_reference` takes on the machine that the limits of the tests were chosen on.
_USUAL_S = 0.010


class Watch:
    """A clock of CPU time that runs as fast as the machine does."""

    def __init__(self) -> None:
        self._pace = _reference()
        self._started = time.process_time()

    def seconds(self) -> float:
        """Return the CPU seconds since the watch was made, as the usual machine would have taken."""
        spent = time.process_time() - self._started
        return spent * _USUAL_S / max(self._pace, _reference())


def _reference() -> float:
    """Return the CPU seconds of a fixed piece of work, the best of three."""
    return min(_timed() for _ in range(3))


def _timed() -> float:
    started = time.process_time()
    total = 0
    for number in range(60_000):
        total += number % 7
    "".join(sorted("the quick brown fox jumps over the lazy dog" * 500))
    return time.process_time() - started
