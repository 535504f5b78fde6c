"""Changes to a prompt that leave its task as it was, and how often they change who answers."""

import random
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import fmean

import numpy as np
from routing_runs import drawn, mmlu_learned, scorer
from table import Measure

from gateway.training.metrics import Array
from gateway.training.rows import Row
from gateway.wire.request import parse_request

_TESTED = 1_500
_SEEDS = range(3)
_TYPOS = 0.03


def typos(text: str, lots: random.Random) -> str:
    """Return the text with three characters in a hundred swapped, left out, doubled by another or replaced."""
    said, place = [], 0
    while place < len(text):
        kind = lots.randrange(4) if text[place] != "\n" and lots.random() < _TYPOS else None
        letter = lots.choice(string.ascii_lowercase)
        piece = text[place : place + 2]
        if kind == 0 and "\n" not in piece:
            said.append(piece[::-1])
            place += 1
        elif kind == 1:
            pass
        elif kind is not None:
            said.append(letter if kind == 2 else text[place] + letter)
        else:
            said.append(text[place])
        place += 1
    return "".join(said)


PERTURBATIONS: Mapping[str, Callable[[str, random.Random], str]] = {
    "typos in 3% of the characters": typos,
    "lower case": lambda text, _: text.lower(),
    "UPPER CASE": lambda text, _: text.upper(),
    "double spaces": lambda text, _: text.replace(" ", "  "),
    "a polite prefix": lambda text, _: f"Could you please help me with this? {text}",
    "'Let's think step by step.' after it": lambda text, _: f"{text}\nLet's think step by step.",
    "'Thanks in advance!' after it": lambda text, _: f"{text}\nThanks in advance!",
}


def robust() -> Iterator[Measure]:
    """Measure the share of decisions that flip, when half of the prompts as they are go to the strong model."""
    flips: dict[str, list[float]] = {name: [] for name in PERTURBATIONS}
    for seed in _SEEDS:
        model, others = mmlu_learned(seed)
        rows = drawn(others, _TESTED, seed=seed)
        score = scorer(model)
        before = score(rows)
        cut = float(np.median(before))
        for name in PERTURBATIONS:
            flips[name].append(_flipped(before, score(perturbed(rows, name, seed=seed)), cut))
    for name, shares in flips.items():
        yield percent(f"decisions that flip, {name}", fmean(shares), 0.03, f"seeds {_listed(shares)}")


def perturbed(rows: Sequence[Row], name: str, *, seed: int) -> list[Row]:
    """Return rows with their prompts changed."""
    lots = random.Random(seed)
    return [with_prompt(row, PERTURBATIONS[name](prompt_of(row), lots)) for row in rows]


def with_prompt(row: Row, text: str) -> Row:
    """Return a row of the same outcome that asks by another text."""
    return Row(request=parse_request(text), weak=row.weak, strong=row.strong, category=row.category)


def prompt_of(row: Row) -> str:
    """Return the text of a row of one message."""
    return row.request.messages[0].text


def percent(name: str, value: float, reach: float, note: str) -> Measure:
    """Return the row of a share that should be low."""
    return Measure(name=name, measured=f"{value:.1%}; {note}", reach=f"<= {reach:.0%}", passed=value <= reach)


def _flipped(before: Array, after: Array, cut: float) -> float:
    return float(((before >= cut) != (after >= cut)).mean())


def _listed(shares: Sequence[float]) -> str:
    return ", ".join(f"{share:.1%}" for share in shares)
