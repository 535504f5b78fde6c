"""One call that just works."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import entry, route, route_sync
from gateway.errors import ConfigurationError

POLICY = """
version: 1
ledger: memory
backends:
  llama: {kind: mock, model: mock-1, clearance: restricted, local: true, answers: [hello back]}
rules:
  - {name: default, use: [llama]}
"""


@pytest.fixture(autouse=True)
def _policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    monkeypatch.setenv("GATEWAY_POLICY", str(path))
    yield
    entry.close_background()


async def test_route_answers_by_the_policy_of_the_environment() -> None:
    """Five lines are enough."""
    assert (await route("hello")).text == "hello back"


async def test_calls_of_one_loop_share_a_router() -> None:
    """The first call opens it, also when many come at once."""
    await asyncio.gather(*(route("hello") for _ in range(20)))

    (resident,) = entry._residents.values()
    assert await resident.router() is await resident.router()


def test_the_router_closes_with_its_loop() -> None:
    """Nothing is left behind when the loop ends."""
    asyncio.run(_ask())

    assert len(entry._residents) == 0


def test_route_sync_serves_code_without_a_loop() -> None:
    """A script needs no asyncio, and the second call finds the router open."""
    assert [route_sync("hello").text for _ in range(2)] == ["hello back"] * 2


async def test_route_sync_says_what_to_write_in_a_loop() -> None:
    """Blocking a running loop would stop everything else in it."""
    with pytest.raises(ConfigurationError, match="await route"):
        route_sync("hello")


async def test_a_policy_that_cannot_be_opened_is_tried_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A mended policy works without a new process."""
    monkeypatch.setenv("GATEWAY_POLICY", str(tmp_path / "missing.yaml"))
    with pytest.raises(ConfigurationError, match=r"missing\.yaml"):
        await route("hello")
    monkeypatch.setenv("GATEWAY_POLICY", str(tmp_path / "policy.yaml"))

    assert (await route("hello")).text == "hello back"


async def _ask() -> None:
    await route("hello")
