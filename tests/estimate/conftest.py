"""One model for the tests of the estimate, learned once."""

from pathlib import Path

import pytest
from support.routers import labelled

from gateway.estimate.model import Model, load, packaged
from gateway.training.fit import fit


@pytest.fixture(scope="session")
def model() -> Model:
    """Learn from 200 rows, prompt and answers."""
    return fit(labelled(200, seed=3, answers=True), use="all", seed=0)


@pytest.fixture(scope="session")
def saved(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the model."""
    path = tmp_path_factory.mktemp("estimate") / "router.model"
    model.save(path)
    return path


@pytest.fixture(scope="session")
def default() -> Model:
    """Load what comes with the package."""
    return load(packaged())
