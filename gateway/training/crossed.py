"""Scoring the rows that a model learned from: each by a router that learned from the others alone."""

from collections.abc import Sequence

import numpy as np

from gateway.estimate.model import Manifest, Model, load, packaged
from gateway.training.fit import fit
from gateway.training.metrics import Array
from gateway.training.rows import Row
from gateway.training.scoring import Use, difficulties
from gateway.training.splits import folds

CROSS_FOLDS = 5


def untaught(model: Model) -> Model:
    """Return what a router may begin with that is measured on rows the model may know: its words, the packaged rest."""
    start = load(packaged())
    fits = start.words.names == model.words.names
    return Model(model.words, start.heads if fits else {}, Manifest())


def crossed(rows: Sequence[Row], *, base: Model, use: Use) -> Array:
    """Return the difficulty of each row by a router that learned from the other folds."""
    scores = np.empty(len(rows))
    for learned, tested in folds(len(rows), CROSS_FOLDS, seed=0):
        router = fit([rows[place] for place in learned], base=untaught(base), use=use)
        scores[tested] = difficulties(router, [rows[place] for place in tested], use=use)
    return scores
