"""Measuring a router on rows that it did not learn from, beside what it has to beat.

Scores out of several folds are pooled as they are: each is a calibrated probability, so they are on one scale, and
bringing them to ranks first would hide folds that are not. Figures over several seeds are means.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from gateway.errors import RowsError
from gateway.training.baselines import category_scores, length_scores, oracle_scores
from gateway.training.metrics import (
    CHANCE,
    NO_GAP,
    Array,
    Curve,
    Figures,
    auc,
    binned,
    ece,
    exact,
    exact_curve,
    interval,
)
from gateway.training.rows import Row
from gateway.training.splits import folds, split

Use = Literal["prompt", "answers", "all"]
# From rows to P(the weak answer is not good enough), and from training rows and a seed to such a function.
Scorer = Callable[[Sequence[Row]], Array]
Trainer = Callable[[Sequence[Row], int], Scorer]

OURS = "router"
_GRID = np.linspace(0, 1, 101)
FEWEST_TESTED = 10
_CHANCE = 0.5
_RELIABILITY_BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Requests that were given about the same chance: what was said of them, and what came true."""

    said: float
    true: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """How good a router is. `curves` are mean quality over `shares` of strong calls, by name; None where unknown."""

    protocol: str
    use: Use
    seeds: tuple[int, ...]
    n_train: int | None
    n_test: int
    binned: Figures
    exact: Figures
    ci95: tuple[float, float] | None
    ece: float
    auc: float | None
    baselines: Mapping[str, Figures | None]
    curves: Mapping[str, Curve] = field(repr=False)
    bins: tuple[Bin, ...] = field(repr=False)

    def as_dict(self) -> dict[str, Any]:
        """Return what programs read."""
        return {
            "protocol": self.protocol,
            "use": self.use,
            "seeds": list(self.seeds),
            "n_train": self.n_train,
            "n_test": self.n_test,
            **_figures(self.binned),
            "exact": {**_figures(self.exact), "ci95": None if self.ci95 is None else list(self.ci95)},
            "ece": self.ece,
            "auc": self.auc,
            "baselines": {
                name: None if figures is None else _figures(figures) for name, figures in self.baselines.items()
            },
        }

    def verdicts(self) -> tuple[str, ...]:
        """Return what the figures say in words, the hard truths first."""
        if self.exact.apgr is None:
            return ("the strong model is not better than the weak one on these rows: there is nothing to route for",)
        said = [*_against_chance(self.exact.apgr, self.ci95)]
        # The router is compared as the baselines are: over ten bins.
        length = self.baselines["length"]
        if length is not None and _is_below(self.binned.apgr, length.apgr):
            said.append("the length of the prompt alone does better")
        return tuple(said) or ("better than chance and than the length of the prompt",)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """One set of test rows, scored."""

    rows: Sequence[Row]
    difficulty: Array
    n_train: int | None
    seed: int


def use_of(rows: Sequence[Row], wanted: Use | None) -> Use:
    """Return what of the rows is used; unset: all, where every row has answers. Raises `RowsError`."""
    without = sum(not row.answers for row in rows)
    if wanted in (None, "prompt"):
        return "prompt" if wanted or without else "all"
    if without:
        raise RowsError([f"{without} of {len(rows)} rows have no `answers`; add them, or use the prompt alone"])
    return wanted


def evaluate_as_is(rows: Sequence[Row], score: Scorer, *, use: Use) -> Evaluation:
    """Measure a router that is there already; that it did not learn from these rows is the caller's to know."""
    _check_testable(len(rows))
    measured = _Measured(rows=rows, difficulty=score(rows), n_train=None, seed=0)
    return _evaluation([measured], protocol="as it is", use=use)


def evaluate_folds(rows: Sequence[Row], train: Trainer, *, number: int, use: Use, seed: int = 0) -> Evaluation:
    """Measure by cross-validation: every row is scored by a router that learned from the other folds."""
    _check_testable(len(rows))
    difficulty = np.empty(len(rows))
    parts = folds(len(rows), number, seed=seed)
    for learned, tested in parts:
        difficulty[tested] = train(_take(rows, learned), seed)(_take(rows, tested))
    least = min(len(learned) for learned, _ in parts)
    measured = _Measured(rows=rows, difficulty=difficulty, n_train=least, seed=seed)
    return _evaluation([measured], protocol=f"{len(parts)} folds", use=use)


def evaluate_split(
    rows: Sequence[Row], train: Trainer, *, train_size: int, seeds: Sequence[int], use: Use
) -> Evaluation:
    """Measure by learning from `train_size` rows chosen by lot and scoring all others, once a seed."""
    _check_testable(len(rows) - train_size)
    measured = []
    for seed in seeds:
        learned, tested = split(len(rows), train_size, seed=seed)
        test = _take(rows, tested)
        score = train(_take(rows, learned), seed)
        measured.append(_Measured(rows=test, difficulty=score(test), n_train=train_size, seed=seed))
    return _evaluation(measured, protocol="split", use=use)


def _against_chance(apgr: float, ci95: tuple[float, float] | None) -> tuple[str, ...]:
    if ci95 is None:
        return ("too few rows to say how sure this is",)
    if ci95[0] <= _CHANCE <= ci95[1]:
        return ("this is chance: the interval of the APGR holds 0.5",)
    return ("this is worse than chance",) if apgr < _CHANCE else ()


def _is_below(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and one < other


def _check_testable(count: int) -> None:
    if count < FEWEST_TESTED:
        raise RowsError([f"{max(count, 0)} rows are left to test on; at least {FEWEST_TESTED} are needed"])


def _take(rows: Sequence[Row], indices: Any) -> list[Row]:
    return [rows[index] for index in indices]


def _evaluation(measured: Sequence[_Measured], *, protocol: str, use: Use) -> Evaluation:
    pairs = [(part, *_outcomes(part.rows)) for part in measured]
    scores = [_scores(part) for part in measured]
    intervals = [interval(part.difficulty, weak, strong, seed=part.seed) for part, weak, strong in pairs]
    good = [1 - part.difficulty for part in measured]
    return Evaluation(
        protocol=protocol,
        use=use,
        seeds=tuple(part.seed for part in measured),
        n_train=measured[0].n_train,
        n_test=len(measured[0].rows),
        binned=_mean_figures([binned(part.difficulty, weak, strong) for part, weak, strong in pairs]),
        exact=_mean_figures([exact(part.difficulty, weak, strong) for part, weak, strong in pairs]),
        ci95=_mean_interval(intervals),
        ece=float(np.mean([ece(chance, weak) for chance, (_, weak, _) in zip(good, pairs, strict=True)])),
        auc=_mean([auc(part.difficulty, weak) for part, weak, _ in pairs]),
        baselines={"random": CHANCE if _has_gap(pairs) else NO_GAP, **_baselines(scores, pairs)},
        curves=_curves(scores, pairs),
        bins=_reliability(np.concatenate(good), np.concatenate([weak for _, weak, _ in pairs])),
    )


Pairs = Sequence[tuple[_Measured, Array, Array]]


def _outcomes(rows: Sequence[Row]) -> tuple[Array, Array]:
    return np.array([row.weak for row in rows]), np.array([row.strong for row in rows])


def _has_gap(pairs: Pairs) -> bool:
    return all(strong.mean() > weak.mean() for _, weak, strong in pairs)


def _scores(part: _Measured) -> dict[str, Array | None]:
    return {
        OURS: part.difficulty,
        "length": length_scores(part.rows),
        "category": category_scores(part.rows),
        "oracle": oracle_scores(part.rows),
    }


def _baselines(scores: Sequence[Mapping[str, Array | None]], pairs: Pairs) -> dict[str, Figures | None]:
    found: dict[str, Figures | None] = {}
    for name in ("length", "category", "oracle"):
        figures = [
            binned(part, weak, strong)
            for by_name, (_, weak, strong) in zip(scores, pairs, strict=True)
            if (part := by_name[name]) is not None
        ]
        found[name] = _mean_figures(figures) if len(figures) == len(pairs) else None
    return found


def _curves(scores: Sequence[Mapping[str, Array | None]], pairs: Pairs) -> dict[str, Curve]:
    """Return the mean curves on one grid of shares; what is not known everywhere is left out."""
    found: dict[str, Curve] = {}
    for name in scores[0]:
        curves = [
            exact_curve(part, weak, strong)
            for by_name, (_, weak, strong) in zip(scores, pairs, strict=True)
            if (part := by_name[name]) is not None
        ]
        if len(curves) == len(pairs):
            qualities = [np.interp(_GRID, curve.shares, curve.quality) for curve in curves]
            found[name] = Curve(_GRID, np.mean(qualities, axis=0))
    ends = [float(found[OURS].quality[0]), float(found[OURS].quality[-1])]
    found["random"] = Curve(_GRID, np.interp(_GRID, [0, 1], ends))
    return found


def _reliability(good: Array, weak: Array) -> tuple[Bin, ...]:
    bins = np.minimum((good * _RELIABILITY_BINS).astype(np.int64), _RELIABILITY_BINS - 1)
    return tuple(
        Bin(said=float(good[bins == number].mean()), true=float(weak[bins == number].mean()), count=int(count))
        for number, count in enumerate(np.bincount(bins, minlength=_RELIABILITY_BINS))
        if count
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None


def _mean_figures(figures: Sequence[Figures]) -> Figures:
    return Figures(
        apgr=_mean([each.apgr for each in figures]),
        cpt50=_mean([each.cpt50 for each in figures]),
        cpt80=_mean([each.cpt80 for each in figures]),
    )


def _mean_interval(intervals: Sequence[tuple[float, float] | None]) -> tuple[float, float] | None:
    low, high = (_mean([None if each is None else each[end] for each in intervals]) for end in (0, 1))
    return None if low is None or high is None else (low, high)


def _figures(figures: Figures) -> dict[str, float | None]:
    return {"apgr": figures.apgr, "cpt50": figures.cpt50, "cpt80": figures.cpt80}
