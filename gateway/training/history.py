"""What a ledger teaches: the vectors of requests that were answered locally, and what was said of the answers.

Only of answers that were given: a local answer that a judge rejected and somebody else replaced has no outcome. The
share that the holdout draws is free of that choice among those that were kept; feedback is what people chose to say.
"""

from collections import Counter, deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from gateway.entries import Example
from gateway.errors import RowsError
from gateway.estimate.model import Model
from gateway.estimate.packing import Packing
from gateway.interfaces import LedgerReader
from gateway.licences.gate import trains
from gateway.licences.models import Licence
from gateway.licences.registry import packaged
from gateway.licences.resolve import resolve
from gateway.training.fit import fit_vectors
from gateway.training.rows import FEWEST_ROWS
from gateway.training.splits import folds

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

STRONG = "unknown, counted as 1"
# So many of the newest requests show what the traffic is like.
_MOST_TRAFFIC = 20_000
_FEWEST_MEASURED = 100
_PARTS = 5
_NOT_LOCAL, _OTHER_BACKEND, _OTHER_SOURCE = "about answers that were not local", "of other backends", "of other sources"
# what answers of a model may teach is for its terms to say.
_FORBIDDEN, _OF_UNKNOWN_TERMS = "of models whose terms forbid it (R-12)", "of models of unknown terms (R-12)"
_NO_FEATURES, _OTHER_TABLE, _CAPPED = "without features", "of another table of words", "over their tenant's cap"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which outcomes count: of these `sources` and this `backend` (all where none is named), so many of a tenant."""

    sources: Collection[str] = ()
    backend: str | None = None
    most_per_tenant: int = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What is learned from, with its numbers by source and backend, and what was left out by reason."""

    vectors: Floats = field(repr=False)
    outcomes: Doubles = field(repr=False)
    traffic: Floats = field(repr=False)
    sources: Mapping[str, int]
    backends: Mapping[str, int]
    left_out: Mapping[str, int]


def read_history(ledger: LedgerReader, base: Model, selection: Selection) -> History:
    """Return what a ledger teaches a model with the base's table of words.

    Raises `RowsError` where that are fewer than 50 outcomes, with what is missing, or where all are the same.
    """
    packing = Packing(base.words)
    kept, left_out = _kept(ledger.examples(), packing, selection)
    if len(kept) < FEWEST_ROWS:
        raise RowsError([_too_few(len(kept), left_out)])
    outcomes = np.array([example.outcome for example, _ in kept])
    if np.ptp(outcomes) == 0:
        raise RowsError(
            [f"all {len(kept)} outcomes are {outcomes[0]:g}, so that nothing tells an easy request from a hard one"]
        )
    newest = (entry.features for entry in ledger.entries(limit=_MOST_TRAFFIC))
    traffic = [vector for packed in newest if packed is not None and (vector := packing.unpack(packed)) is not None]
    return History(
        vectors=np.stack([vector for _, vector in kept]),
        outcomes=outcomes,
        traffic=np.stack(traffic),
        sources=Counter(example.source for example, _ in kept),
        backends=Counter(example.backend for example, _ in kept),
        left_out=left_out,
    )


def learn(history: History, base: Model, *, seed: int = 0) -> Model:
    """Return the base with its head `prompt` learned from a history."""
    card = {
        "rows": len(history.outcomes),
        "use": "prompt",
        "from": "ledger",
        "strong": STRONG,
        "sources": dict(sorted(history.sources.items())),
        "backends": dict(sorted(history.backends.items())),
        "base": base.sha256,
        # The heads that read answers stay, and what they read.
        "logprobs": bool(base.card.get("logprobs")),
    }
    model = fit_vectors(history.vectors, history.outcomes, base=base, traffic=history.traffic, seed=seed)
    return Model(model.words, model.heads, replace(model.manifest, card=card))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The mean squared error (Brier's score; 0 is best) of what the new model and the base say of outcomes held out."""

    tested: int
    new: float
    base: float


def measure(history: History, base: Model, *, seed: int = 0) -> Measured | None:
    """Learn from four fifths and measure on the other; None where there are fewer than 100 outcomes."""
    if len(history.outcomes) < _FEWEST_MEASURED:
        return None
    learned, tested = next(iter(folds(len(history.outcomes), _PARTS, seed=seed)))
    if np.ptp(history.outcomes[learned]) == 0:
        return None
    new = fit_vectors(
        history.vectors[learned],
        history.outcomes[learned],
        base=base,
        traffic=history.vectors[learned],
        seed=seed,
    )
    return Measured(
        tested=len(tested),
        new=_error(new, history.vectors[tested], history.outcomes[tested]),
        base=_error(base, history.vectors[tested], history.outcomes[tested]),
    )


def _error(model: Model, vectors: Floats, outcomes: Doubles) -> float:
    return float(np.mean((1 - model.heads["prompt"].difficulties(vectors) - outcomes) ** 2))


def _kept(
    examples: Iterable[Example], packing: Packing, selection: Selection
) -> tuple[list[tuple[Example, Floats]], Counter[str]]:
    """Return what counts, of a tenant the newest, and how many do not by reason; the oldest come first."""
    newest: dict[str | None, deque[tuple[Example, Floats]]] = {}
    left_out: Counter[str] = Counter()
    for example in examples:
        reason = _reason_against(example, selection)
        vector = None if reason or example.features is None else packing.unpack(example.features)
        if vector is None:
            left_out[reason or _OTHER_TABLE] += 1
            continue
        of_tenant = newest.setdefault(example.tenant, deque(maxlen=selection.most_per_tenant))
        left_out[_CAPPED] += len(of_tenant) == selection.most_per_tenant
        of_tenant.append((example, vector))
    return [one for of_tenant in newest.values() for one in of_tenant], +left_out


def _reason_against(example: Example, selection: Selection) -> str | None:
    if not example.local:
        return _NOT_LOCAL
    if selection.backend is not None and example.backend != selection.backend:
        return _OTHER_BACKEND
    if selection.sources and example.source not in selection.sources:
        return _OTHER_SOURCE
    return _NO_FEATURES if example.features is None else _reason_of_terms(example)


def _reason_of_terms(example: Example) -> str | None:
    licences = _licences(example.model, example.licence)
    if not licences:
        return _OF_UNKNOWN_TERMS
    return None if trains(licences, classifier=True) is None else _FORBIDDEN


@lru_cache(maxsize=1024)
def _licences(model: str | None, licence: str | None) -> tuple[Licence, ...]:
    """Return what an answer's model carries: as the ledger kept it, with all that its name says."""
    found = resolve(model or "", packaged(), declared=licence)
    kept = packaged().licences.get(licence or "")
    if kept is None:
        return found.licences if found.known else ()
    return tuple({one.id: one for one in (kept, *found.licences)}.values())


def _too_few(count: int, left_out: Mapping[str, int]) -> str:
    said = f"{count} outcomes are too few to learn from; at least {FEWEST_ROWS} are needed"
    if left_out:
        said += f" ({'; '.join(f'{number:,} {reason}' for reason, number in left_out.items())})"
    if left_out.get(_NO_FEATURES):
        said += "; with `classifier: logistic` and `learning: {keep: features}` the policy keeps what is learned from"
    if left_out.get(_OF_UNKNOWN_TERMS):
        said += "; name the `licence` of the backend, for the answers to come"
    if left_out.get(_OTHER_TABLE):
        said += "; name the model that the policy used as --base"
    return said
