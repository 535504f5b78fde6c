"""Fixtures that many tests share; one fixture, one subject."""

import gc
import os
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from support import models
from support.kinds import InstallKind, installing
from support.llamacpp_server import serving_llamacpp
from support.postgres_server import PostgresServer, serving_postgres
from support.wire_servers import WireServer, serving_openai

# A busy machine is no fault of the code, so examples have no time limit of their own. CI tries the same examples every
# time; a developer's machine looks for new ones.
settings.register_profile("project", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("project")


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: the collector need not go through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture
async def openai_server() -> AsyncIterator[WireServer]:
    """An OpenAI-compatible server on loopback; script it by its `answers`, read what came from `seen`."""
    async with serving_openai() as server:
        yield server


@pytest.fixture
def install_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InstallKind]:
    """Install a third party's kind: its socket, its name and the code of its module."""
    folder = tmp_path / "site"
    folder.mkdir()
    with installing(folder, monkeypatch) as install:
        yield install


@pytest.fixture(scope="session")
def llamacpp_server() -> Iterator[str]:
    """The base URL of a real llama.cpp on loopback, which serves SmolLM2 under the name `smollm2`."""
    with serving_llamacpp(models.smollm2(), name="smollm2") as url:
        yield url


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A real PostgreSQL on loopback; a test takes a schema of its own."""
    with serving_postgres() as server:
        yield server


@pytest.fixture
def closed_port() -> int:
    """A port of the loopback on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """Learn ten trees where a hundred are learned: what is said and written around them is the same."""
    monkeypatch.setattr("gateway.training.fit.TREES", 10)
