"""What one estimate costs on one core, in CPU time: a request as it comes, and many at once."""

import time
from collections.abc import Iterator, Sequence
from statistics import median, quantiles

from routing_perturb import prompt_of, with_prompt
from routing_runs import base, drawn
from routing_sets import routellm
from table import Measure, at_most
from threadpoolctl import threadpool_limits

from gateway.estimate.model import Model, load, packaged
from gateway.training.rows import Row
from gateway.training.scoring import difficulties
from gateway.types import Request

_SHORT, _LONG = 300, 4_000
_TIMED_SHORT, _TIMED_LONG = 600, 200
_ROUNDS = 5
_BATCH_REACH = 5_000


def speed() -> Iterator[Measure]:
    """Measure the packaged model on prompts of MMLU, after it has met the words of others."""
    rows = drawn(routellm("mmlu"), 10**6, seed=0)
    long_rows, others = _joined(rows, _TIMED_LONG)
    short_rows = [row for row in others if 0.9 * _SHORT <= len(prompt_of(row)) <= 1.1 * _SHORT][:_TIMED_SHORT]
    short, long = ([row.request for row in timed] for timed in (short_rows, long_rows))
    with threadpool_limits(1):
        cold = _milliseconds(load(packaged()), short[:1]) + _milliseconds(load(packaged()), short)
        yield Measure(name="CPU of a new process's requests of 300 characters", measured=_spread(cold[1:]))
        timed_texts = {id(row) for row in short_rows}
        for row in others:
            if id(row) not in timed_texts:
                _difficulty(base(), row.request)
        yield _row("CPU of one request of 300 characters, ms", short, 0.15)
        yield _row("CPU of one request of 4,000 characters, ms", long, 1.0)
        yield _batch(short_rows)


def _row(name: str, requests: Sequence[Request], reach: float) -> Measure:
    # The first round meets what words the others have not, which a long-lived process seldom does.
    first = _milliseconds(base(), requests)
    taken = [value for _ in range(_ROUNDS) for value in _milliseconds(base(), requests)]
    return at_most(name, median(taken), reach, f"{_spread(taken)}; first round {_spread(first)}")


def _batch(rows: Sequence[Row]) -> Measure:
    started = time.process_time()
    for _ in range(_ROUNDS):
        difficulties(base(), rows, use="prompt")
    rate = _ROUNDS * len(rows) / (time.process_time() - started)
    return Measure(
        name="prompts of 300 characters a CPU second, many at once",
        measured=f"{rate:,.0f}",
        reach=f">= {_BATCH_REACH:,}",
        passed=rate >= _BATCH_REACH,
    )


def _difficulty(model: Model, request: Request) -> float:
    return model.heads["prompt"].difficulty(model.vector(request))


def _milliseconds(model: Model, requests: Sequence[Request]) -> list[float]:
    taken = []
    for request in requests:
        started = time.process_time_ns()
        _difficulty(model, request)
        taken.append((time.process_time_ns() - started) / 1e6)
    return taken


def _spread(taken: Sequence[float]) -> str:
    cuts = quantiles(taken, n=100)
    return f"p50 {cuts[49]:.3f}, p95 {cuts[94]:.3f}, p99 {cuts[98]:.3f} ms"


def _joined(rows: Sequence[Row], count: int) -> tuple[list[Row], list[Row]]:
    """Return so many rows of the long size, each made of several prompts, and the rows that are in none."""
    joined: list[Row] = []
    text = ""
    for place, row in enumerate(rows):
        text = f"{text}\n\n{prompt_of(row)}" if text else prompt_of(row)
        if len(text) >= _LONG:
            joined.append(with_prompt(row, text[:_LONG]))
            text = ""
        if len(joined) == count:
            return joined, list(rows[place + 1 :])
    return joined, []
