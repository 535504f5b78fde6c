"""Labelled rows whose difficulty is known, and routers that learn a little or nothing from them."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gateway.training.evaluate import Scorer
from gateway.training.metrics import Array
from gateway.training.rows import Row
from gateway.wire.request import parse_request


def labelled(count: int, *, seed: int = 0, categories: bool = False, answers: bool = False) -> list[Row]:
    """Make rows: the more a prompt proves (0 to 9), the more often the weak model fails; greetings only lengthen it."""
    random = np.random.default_rng(seed)
    hard, long = random.integers(0, 10, count), random.integers(1, 200, count)
    fails = random.random(count) < hard / 10
    right = random.random(count) < 0.95
    return [
        Row(
            request=parse_request("prove " * hard[index] + "hello " * long[index] + f"{seed}x{index}"),
            weak=float(not fails[index]),
            strong=float(right[index]),
            category=f"group {hard[index] // 3}" if categories else None,
            answers={"weak": "42"} if answers else {},
        )
        for index in range(count)
    ]


def write_rows(path: Path, rows: Sequence[Row]) -> Path:
    """Write rows as JSON lines."""
    lines = [
        {
            "prompt": row.request.messages[0].text,
            "weak": row.weak,
            "strong": row.strong,
            **({"category": row.category} if row.category else {}),
            **({"answers": dict(row.answers)} if row.answers else {}),
        }
        for row in rows
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def hardness(rows: Sequence[Row]) -> Array:
    """Return how hard rows of `labelled` are, 0 to 1: the share in which the weak model fails."""
    return np.array([row.request.messages[0].text.count("prove") / 10 for row in rows])


class Tables:
    """Learns how often the weak model fails by how much a prompt proves, and remembers what it learned from."""

    def __init__(self) -> None:
        self.learned: list[list[Row]] = []
        self.scored: list[list[Row]] = []
        self.seeds: list[int] = []

    def __call__(self, rows: Sequence[Row], seed: int) -> Scorer:
        self.learned.append(list(rows))
        self.seeds.append(seed)
        hard = (hardness(rows) * 10).astype(np.int64)
        fails = np.array([1 - row.weak for row in rows])
        table = (np.bincount(hard, weights=fails, minlength=10) + 0.5) / (np.bincount(hard, minlength=10) + 1)

        def score(tested: Sequence[Row]) -> Array:
            self.scored.append(list(tested))
            found: Array = table[(hardness(tested) * 10).astype(np.int64)]
            return found

        return score


def by_lot(rows: Sequence[Row]) -> Array:
    """Score rows by lot: the same each time."""
    return np.random.default_rng(9).random(len(rows))
