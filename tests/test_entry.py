"""One call that just works."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway import entry, route, route_sync
from gateway.errors import ConfigurationError
from gateway.ledgers.sqlite import read_entries

POLICY = """
version: 1
ledger: memory
backends:
  llama: {kind: mock, model: mock-1, clearance: restricted, local: true, answers: [hello back]}
rules:
  - {name: default, use: [llama]}
"""


SYNC = "from gateway import route_sync; print(route_sync('hello').text)"
ASYNC = "import asyncio; from gateway import route; print(asyncio.run(route('hello')).text)"


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
    assert await resident.router() is resident.opened.result()


def test_the_router_closes_with_its_loop() -> None:
    """Nothing is left behind when the loop ends."""
    asyncio.run(_ask())

    assert len(entry._residents) == 0


@pytest.mark.parametrize("code", [SYNC, ASYNC])
def test_a_process_that_ends_leaves_no_complaint(tmp_path: Path, code: str) -> None:
    """The router closes with its loop, or with the interpreter: nothing is printed, and the books are whole."""
    ledger = tmp_path / "ledger.sqlite3"
    environ = {**os.environ, "GATEWAY_LEDGER": str(ledger)}
    policy = Path(os.environ["GATEWAY_POLICY"])
    policy.write_text(policy.read_text().replace("ledger: memory\n", ""))

    done = subprocess.run([sys.executable, "-Wd", "-c", code], capture_output=True, text=True, env=environ, check=True)  # noqa: S603

    assert (done.stdout, done.stderr) == ("hello back\n", "")
    assert len(list(read_entries(ledger))) == 1


def test_route_sync_serves_code_without_a_loop() -> None:
    """A script needs no asyncio, and the second call finds the router open."""
    assert [route_sync("hello").text for _ in range(2)] == ["hello back"] * 2


def test_route_sync_works_in_a_forked_process() -> None:
    """A pre-forking server's children have a loop of their own."""
    code = (
        "import os, signal; from gateway import route_sync; route_sync('hello')\n"
        "child = os.fork()\n"
        "if not child: signal.alarm(20); print(route_sync('hello').text, flush=True); os._exit(0)\n"
        "raise SystemExit(os.waitpid(child, 0)[1])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)  # noqa: S603

    assert done.stdout == "hello back\n"


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


async def test_a_router_that_cannot_be_imported_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was missing may be installed meanwhile, and a loop that ends is not kept alive."""
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "gateway.router", None)
        with pytest.raises(ImportError):
            await route("hello")

    assert (await route("hello")).text == "hello back"


async def _ask() -> None:
    await route("hello")
