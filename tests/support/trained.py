"""A model as `gateway train` writes it, for tests that need one and do not train it."""

from pathlib import Path

from gateway.training.fit import fit
from support.routers import labelled


def train_once(folder: Path) -> Path:
    """Learn from 300 rows, and return the model's file."""
    rows = labelled(300, seed=11)
    path = folder / "trained.model"
    fit(rows, use="prompt", seed=0).save(path)
    return path
