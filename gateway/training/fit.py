"""Fitting a model on labelled rows: a line, then trees that see what the line said, then the chances by isotonic steps.

Both outcomes are learned together, how good the weak answer was and how good the strong one. Trees that must explain
both at once find the requests that differ in *who* can answer, not only in how hard they are; learning the difference
alone ranked worse (APGR .649 against .662 with 1,500 labels of RouteLLM's MMLU), and the weak outcome alone far worse
(.578). The line carries the rest where few labels are there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import Ridge

from gateway.errors import RowsError
from gateway.estimate.head import BOUND, Head
from gateway.estimate.model import Manifest, Model, load, packaged
from gateway.training.misspelling import misspelt
from gateway.training.rows import Row, fingerprint, prompt_hash
from gateway.training.scoring import Use, answer_numbers, prompt_numbers, voices_of
from gateway.training.splits import Indices, folds

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

TREES, DEPTH = 100, 5
_LEAF = 8
_NUMBERS_A_SPLIT = 0.3
# The line's, at 1,000 rows; with fewer it is drawn in as much more.
_SHRINKAGE = 300.0
# How much of the line's own gain is added to the trees': none ranks best where labels are many and topics differ, all
# of it where they are few and alike. What inner folds prefer is chance (tried), so that it is fixed between the two.
_BLEND = 0.25
# What the base's line says before any label counts as much as 300 of them.
_PRIOR, _PRIOR_ROWS = 0.05, 300
_INNER = 5
FEWEST = 20


def fit(rows: Sequence[Row], *, base: Model | None = None, use: Use = "all", seed: int = 0) -> Model:
    """Return a model of the rows; `base` gives the table of words (unset: that of the packaged model).

    Raises `RowsError` for fewer than 20 rows, or where all are alike.
    """
    weak, strong = np.array([row.weak for row in rows]), np.array([row.strong for row in rows])
    if len(rows) < FEWEST:
        raise RowsError([f"{len(rows)} rows are too few to learn from; at least {FEWEST} are needed"])
    if np.ptp(weak) == 0:
        raise RowsError(["all rows have the same `weak`; rows of both kinds are needed, good answers and bad ones"])
    base = base or load(packaged())
    outcomes = np.stack((weak, strong), axis=1)
    manifest = Manifest(
        reads_prompt=use != "answers",
        card={
            "rows": len(rows),
            "rows_sha256": fingerprint(rows),
            "use": use,
            # Who judges by the model then asks for them.
            "logprobs": use != "prompt" and any(row.weak_logprobs for row in rows),
        },
    )
    prompts = prompt_numbers(base, rows)
    spoilt = prompt_numbers(base, misspelt(rows, seed=seed))
    heads = {"prompt": _fit_head(prompts, outcomes, seed, prior=base.heads.get("prompt"), spoilt=spoilt)}
    if use != "prompt" and all(row.answers for row in rows):
        manifest = replace(manifest, voices=voices_of(rows))
        beside = prompts if manifest.reads_prompt else None
        heads["weak"] = _fit_head(answer_numbers(rows, (), beside), outcomes, seed)
        if manifest.voices:
            heads["voices"] = _fit_head(answer_numbers(rows, manifest.voices, beside), outcomes, seed)
    manifest = replace(manifest, scores=_scores(heads["prompt"], prompts))
    return Model(base.words, heads, manifest, list(map(prompt_hash, rows)))


def fit_vectors(vectors: Floats, weak: Doubles, *, base: Model, traffic: Floats, seed: int = 0) -> Model:
    """Return the base with its head `prompt` learned anew, from vectors of its table and how good the weak answer was.

    How good the strong one would have been is unknown and counts as 1. `traffic` is what later traffic is compared
    with. Heads that read answers stay as they are; the card is empty. Raises `RowsError` for fewer than 20 vectors, or
    where all outcomes are alike.
    """
    if len(weak) < FEWEST or np.ptp(weak) == 0:
        raise RowsError([f"{len(weak)} outcomes, or all the same, teach nothing; good answers and bad ones are needed"])
    outcomes = np.stack((weak, np.ones(len(weak))), axis=1)
    head = _fit_head(vectors, outcomes, seed, prior=base.heads.get("prompt"))
    manifest = replace(base.manifest, scores=_scores(head, traffic), card={})
    return Model(base.words, {**base.heads, "prompt": head}, manifest, list(base.learned))


def _scores(head: Head, prompts: Floats) -> tuple[float, ...]:
    shares = np.histogram(head.difficulties(prompts), bins=10, range=(0, 1))[0] / len(prompts)
    return tuple(round(float(share), 4) for share in shares)


def _fit_head(
    numbers: Floats, outcomes: Doubles, seed: int, *, prior: Head | None = None, spoilt: Floats | None = None
) -> Head:
    """Fit on all rows, with the chances learned from rows that inner folds had left out.

    `spoilt` are the same rows with typos: learned from beside the others, so that a typo changes less.
    """

    def raw(learned: Indices) -> Head:
        known = numbers[learned] if spoilt is None else np.concatenate((numbers[learned], spoilt[learned]))
        copies = 1 if spoilt is None else 2
        return _fit_raw(known, np.tile(outcomes[learned], (copies, 1)), seed, prior=prior, copies=copies)

    left_out = np.zeros(len(numbers))
    for learned, tested in folds(len(numbers), _INNER, seed=seed):
        left_out[tested] = raw(learned).gain(numbers[tested])
    ranks, chances = rising_chances(left_out, 1 - outcomes[:, 0], seed)
    return replace(raw(np.arange(len(numbers))), ranks=ranks, chances=chances)


def _fit_raw(numbers: Floats, outcomes: Doubles, seed: int, *, prior: Head | None, copies: int) -> Head:
    """Fit the line and the trees; the trees see what the line says of rows that it did not learn from."""
    line = _Line.of(numbers, outcomes)
    rows = len(numbers) // copies
    handed = np.zeros((len(numbers), 2), dtype=np.float32)
    for some, others in folds(rows, _INNER, seed=seed + 1):
        # A row and its copies are left out together.
        learned, tested = (np.concatenate([part + copy * rows for copy in range(copies)]) for part in (some, others))
        handed[tested] = _Line.of(numbers[learned], outcomes[learned]).estimates(numbers[tested])
    leaned = handed[:, 1:] - handed[:, :1]
    forest = ExtraTreesRegressor(
        TREES, max_depth=DEPTH, min_samples_leaf=copies * min(_LEAF, max(1, rows // 10)),
        max_features=_NUMBERS_A_SPLIT, random_state=seed,
    ).fit(np.concatenate((numbers, handed, leaned), axis=1), outcomes)  # fmt: skip
    feature, threshold, value = complete_trees(forest)
    lean = _BLEND * (line.weights[:, 1] - line.weights[:, 0])
    if prior is not None:
        lean = lean + _PRIOR * min(1.0, _PRIOR_ROWS / rows) * _seen_by(line, prior)
    return Head(
        center=line.center, scale=line.scale, line=line.weights, offset=line.offset,
        lean=lean, feature=feature, threshold=threshold, value=value,
        ranks=np.array([0.0, 1.0]), chances=np.array([0.0, 1.0]),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Line:
    center: Floats
    scale: Floats
    weights: Floats
    offset: Floats

    @classmethod
    def of(cls, numbers: Floats, outcomes: Doubles) -> "_Line":
        center, spread = numbers.mean(axis=0), numbers.std(axis=0)
        # What is the same in every row says nothing, and must say nothing of a row where it is not.
        scale = np.where(spread > 1e-6, 1 / np.maximum(spread, 1e-6), 0).astype(np.float32)  # noqa: PLR2004
        z = np.clip((numbers - center) * scale, -BOUND, BOUND)
        ridge = Ridge(alpha=_SHRINKAGE * max(1.0, 1_000 / len(numbers))).fit(z, outcomes)
        weights = ridge.coef_.T.astype(np.float32)
        return cls(center.astype(np.float32), scale, weights, ridge.intercept_.astype(np.float32))

    def estimates(self, numbers: Floats) -> Floats:
        z = np.clip((numbers - self.center) * self.scale, -BOUND, BOUND)
        estimates: Floats = (z @ self.weights + self.offset).astype(np.float32)
        return estimates


def _seen_by(line: _Line, prior: Head) -> Floats:
    """Return the gain of another head's line as weights of numbers that this line has standardised."""
    spread = np.divide(1, line.scale, out=np.zeros_like(line.scale), where=line.scale > 0)
    gain = prior.line[:, 1] - prior.line[:, 0]
    return gain * prior.scale * spread


# scikit-learn's trees are typed by its documentation alone.
def complete_trees(forest: Any) -> tuple[npt.NDArray[np.int16], Floats, Floats]:
    """Return the trees with every branch grown to the full depth."""
    trees, inner, leaves = len(forest.estimators_), 2**DEPTH - 1, 2**DEPTH
    feature = np.zeros((trees, inner), dtype=np.int16)
    threshold = np.zeros((trees, inner), dtype=np.float32)
    value = np.zeros((trees, leaves, 2), dtype=np.float32)
    for number, estimator in enumerate(forest.estimators_):
        tree = estimator.tree_
        # Node by node of the complete tree, which node of the fitted one stands there; a leaf stands for all below it.
        stands = np.zeros(inner + leaves, dtype=int)
        for node in range(inner):
            at = stands[node]
            is_leaf = tree.children_left[at] < 0
            stands[2 * node + 1] = at if is_leaf else tree.children_left[at]
            stands[2 * node + 2] = at if is_leaf else tree.children_right[at]
            if not is_leaf:
                feature[number, node] = tree.feature[at]
                threshold[number, node] = tree.threshold[at]
        value[number] = tree.value[stands[inner:], :, 0]
    return feature, threshold, value


def rising_chances(scores: Doubles, wrong: Doubles, seed: int) -> tuple[Doubles, Doubles]:
    """Return points of the rising function from score to chance: the mean of isotonic fits to resampled rows.

    One isotonic fit is steps, whose edges are chance: the mean of many has none, and ranks as the scores do.
    """
    ranks = np.unique(np.quantile(scores, np.linspace(0, 1, _POINTS)))
    random = np.random.default_rng(seed)
    total = np.zeros(len(ranks))
    for _ in range(_RESAMPLES):
        drawn = random.integers(0, len(scores), len(scores))
        steps = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(scores[drawn], wrong[drawn])
        total += steps.predict(ranks)
    # Nobody is sure after so few rows: the ends are drawn in by half a row's worth, and left a little slope.
    few = 1 / (len(scores) / _POINTS + 1)
    chances = (1 - few) * total / _RESAMPLES + few * wrong.mean()
    chances = np.clip(chances + np.linspace(-_SLOPE, _SLOPE, len(ranks)), 0, 1)
    span = max(float(np.ptp(ranks)), 1e-9)
    ends = np.clip([chances[0] - _SLOPE, chances[-1] + _SLOPE], 0, 1)
    return np.concatenate(([ranks[0] - span], ranks, [ranks[-1] + span])), np.concatenate((ends[:1], chances, ends[1:]))


_POINTS = 64
_RESAMPLES = 30
_SLOPE = 1e-3
