"""Texts that have nothing to do with a request and are to drive it to the dear model, and what stops them.

The file beside this holds gadgets of our own making. Another is searched for against the model itself, its numbers
known: words and signs are added one at a time, whichever raises the difficulty of a few prompts most. Success is the
share of other prompts below the threshold that cross it. A quota bounds what a tenant can gain by it.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from routing_perturb import prompt_of, with_prompt
from routing_runs import base, drawn, mmlu_learned, scorer
from table import Measure

from gateway.fleet.quota import Quota
from gateway.policy.models import EscalationPolicy
from gateway.training.evaluate import Scorer
from gateway.training.metrics import Array
from gateway.training.rows import Row

FILE = Path(__file__).with_name("gadgets.txt")
QUOTA = EscalationPolicy(per_tenant=0.3)
_SEED = 0
_DRAWN, _SEARCHED = 1_200, 40
_STEPS, _TRIED = 12, 50
_SIGNS = (
    *(
        "\\frac{",
        "$",
        "^{2}",
        "?",
        ";",
        ":",
        "(",
        "%",
        '"',
        "__",
        "\n",
        "1984",
        "3.5",
        "100,000",
        "=",
        "```",
        "é",
        "数",
    ),
    *("\nA. ", "\nB. yes", "Why"),
)


@dataclass(frozen=True, slots=True)
class Gadget:
    """A text, and whether it stands before a request or after it."""

    where: str
    text: str

    def on(self, row: Row) -> Row:
        """Return the row with the gadget in place."""
        said = prompt_of(row)
        return with_prompt(row, self.text + said if self.where == "before" else said + self.text)


@dataclass(frozen=True, slots=True)
class Target:
    """A router under attack."""

    score: Scorer
    cut: float

    def crossed(self, gadget: Gadget, rows: Sequence[Row]) -> float:
        """Return the share of rows that a gadget brings over the threshold."""
        return float((self.score([gadget.on(row) for row in rows]) >= self.cut).mean())


def gadgets() -> Iterator[Measure]:
    """Measure gadgets against a router that sends half of MMLU to the strong model."""
    model, others = mmlu_learned(_SEED)
    rows = drawn(others, _DRAWN, seed=_SEED)
    score = scorer(model)
    before = score(rows)
    target = Target(score, float(np.median(before)))
    below = [row for row, one in zip(rows, before, strict=True) if one < target.cut]
    seen, unseen = below[:_SEARCHED], below[_SEARCHED:]
    written = {gadget: target.crossed(gadget, unseen) for gadget in ours()}
    best = max(written, key=written.__getitem__)
    shares = sorted(written.values())
    yield Measure(
        name=f"prompts below the threshold that cross it, {len(shares)} gadgets by hand",
        measured=f"{np.mean(shares):.1%} in the mean, median {np.median(shares):.1%}, best {shares[-1]:.1%}",
    )
    found = {where: searched(target, seen, where, seed=_SEED) for where in ("before", "after")}
    for where, gadget in found.items():
        yield Measure(
            name=f"the same, a gadget of {_STEPS} pieces searched for with the model in hand, put {where}",
            measured=f"{target.crossed(gadget, unseen):.1%}",
        )
    worst = max([best, *found.values()], key=lambda gadget: target.crossed(gadget, unseen))
    yield from _quota(target, worst, rows, before)


def _quota(target: Target, worst: Gadget, rows: Sequence[Row], before: Array) -> Iterator[Measure]:
    attacked = target.score([worst.on(row) for row in rows]) >= target.cut
    quota = Quota()
    attacker = passed(quota, "attacker", attacked.tolist())
    neighbour = passed(Quota(), "neighbour", (before >= target.cut).tolist())
    yield Measure(
        name="strong calls of a tenant that puts the worst of them on every request",
        measured=f"{attacked.mean():.1%} without a quota, {attacker:.1%} with `escalation: {{per_tenant: 0.3}}`",
    )
    yield Measure(
        name="strong calls of a tenant without gadgets under the same quota",
        measured=f"{neighbour:.1%}, of {(before >= target.cut).mean():.1%} that the threshold alone would send",
    )


def ours() -> list[Gadget]:
    """Return the gadgets of the file."""
    found = []
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            where, _, text = line.partition("\t")
            where, _, times = where.partition("*")
            found.append(Gadget(where, json.loads(text) * int(times or 1)))
    return found


def searched(target: Target, rows: Sequence[Row], where: str, *, seed: int) -> Gadget:
    """Return the gadget that a greedy search with lots ends at; it knows all words of the model's table."""
    lots = random.Random(seed)
    pieces = [*base().words.stems, *_SIGNS]
    text, highest = " ", -1.0
    for _ in range(_STEPS):
        tried = {f"{text}{piece} ": 0.0 for piece in lots.sample(pieces, _TRIED - len(_SIGNS)) + list(_SIGNS)}
        for one in tried:
            tried[one] = _mean(target, Gadget(where, one), rows)
        best = max(tried, key=tried.__getitem__)
        if tried[best] > highest:
            text, highest = best, tried[best]
    return Gadget(where, text)


def passed(quota: Quota, tenant: str, wanted: Sequence[bool]) -> float:
    """Return the share of strong calls that a tenant gets who wants them in this order."""
    got = []
    for wants in wanted:
        leaves = wants and not quota.is_used_up(tenant, QUOTA)
        quota.count(tenant, QUOTA, left=leaves)
        got.append(leaves)
    return float(np.mean(got))


def _mean(target: Target, gadget: Gadget, rows: Sequence[Row]) -> float:
    return float(target.score([gadget.on(row) for row in rows]).mean())
