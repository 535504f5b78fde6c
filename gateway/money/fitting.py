"""How much GPU time a token takes, fitted to the gateway's own log by least squares. Pure; estimates are floats.

The log says when a call began and how long it took, not how busy the card was: calls that run at once share it. So
time is cut into windows of a minute for each replica. A window's busy time is that in which any call ran; its tokens
are those of its calls, each spread evenly over its duration. Then, over the busiest windows,

    busy time = input_us x tokens of prompts + output_us x tokens of answers

Only the busiest quarter is looked at: a card that answers one call at a time shows how slow one is, not how many it
could serve. The result is an upper bound where the card was never full.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, sqrt

WINDOW_S = 60.0
# Fewer windows say nothing.
FEWEST = 12
_BUSIEST = 0.25
# Below that the two kinds of tokens always come in the same proportion: nobody can tell them apart.
_LEAST_DETERMINANT = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a replica: when it began and how long it took in seconds, and its tokens that were not cached."""

    replica: str
    start_s: float
    duration_s: float
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """GPU-microseconds a token with their standard errors; `error` is the mean relative error of a window."""

    input_us: float
    output_us: float
    input_se: float
    output_se: float
    windows: int
    concurrency: float
    error: float


@dataclass(slots=True)
class _Window:
    input_tokens: float = 0.0
    output_tokens: float = 0.0
    in_flight_s: float = 0.0
    spans: list[tuple[float, float]] = field(default_factory=list)

    @property
    def busy_s(self) -> float:
        """The time in which any call ran."""
        busy, reached = 0.0, float("-inf")
        for start, end in sorted(self.spans):
            busy += max(0.0, end - max(start, reached))
            reached = max(reached, end)
        return busy

    @property
    def concurrency(self) -> float:
        return self.in_flight_s / WINDOW_S


def fit(calls: Iterable[Call], *, gpus_per_replica: float = 1.0) -> Fit | None:
    """Return the rates that explain the busiest windows best, None where they cannot be told."""
    windows = sorted(_windows(calls), key=lambda window: window.concurrency)
    chosen = windows[floor(len(windows) * (1 - _BUSIEST)) :] if len(windows) >= FEWEST / _BUSIEST else windows
    if len(chosen) < FEWEST:
        return None
    points = [(w.input_tokens, w.output_tokens, w.busy_s * 1e6 * gpus_per_replica) for w in chosen]
    solved = _solve(points)
    if solved is None:
        return None
    alpha, beta, alpha_se, beta_se = solved
    wrong = sum(abs(alpha * x + beta * y - busy) / busy for x, y, busy in points if busy) / len(points)
    return Fit(
        input_us=alpha,
        output_us=beta,
        input_se=alpha_se,
        output_se=beta_se,
        windows=len(points),
        concurrency=sum(window.concurrency for window in chosen) / len(chosen),
        error=wrong,
    )


def _windows(calls: Iterable[Call]) -> list[_Window]:
    windows: defaultdict[tuple[str, int], _Window] = defaultdict(_Window)
    for call in calls:
        end = call.start_s + call.duration_s
        if call.duration_s <= 0:
            continue
        for number in range(floor(call.start_s / WINDOW_S), ceil(end / WINDOW_S)):
            start_in, end_in = max(call.start_s, number * WINDOW_S), min(end, (number + 1) * WINDOW_S)
            share = (end_in - start_in) / call.duration_s
            window = windows[call.replica, number]
            window.input_tokens += call.input_tokens * share
            window.output_tokens += call.output_tokens * share
            window.in_flight_s += end_in - start_in
            window.spans.append((start_in, end_in))
    return list(windows.values())


def _solve(points: Sequence[tuple[float, float, float]]) -> tuple[float, float, float, float] | None:
    """Return the least squares of two rates that are not negative, with standard errors."""
    xx = sum(x * x for x, _, _ in points)
    yy = sum(y * y for _, y, _ in points)
    xy = sum(x * y for x, y, _ in points)
    determinant = xx * yy - xy * xy
    if not xx or not yy or determinant / (xx * yy) < _LEAST_DETERMINANT:
        return None
    xb = sum(x * busy for x, _, busy in points)
    yb = sum(y * busy for _, y, busy in points)
    alpha, beta = (xb * yy - yb * xy) / determinant, (yb * xx - xb * xy) / determinant
    # A negative rate is none: then the other one explains it all.
    alpha, beta = (0.0, yb / yy) if alpha < 0 else (alpha, beta)
    alpha, beta = (xb / xx, 0.0) if beta < 0 else (alpha, beta)
    residual = sum((alpha * x + beta * y - busy) ** 2 for x, y, busy in points) / max(1, len(points) - 2)
    return alpha, beta, sqrt(residual * yy / determinant), sqrt(residual * xx / determinant)
