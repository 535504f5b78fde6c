"""A policy that changes while requests are on their way."""

import asyncio
import logging
from pathlib import Path

import pytest

from gateway import Router
from gateway.backends.mock import Mock
from gateway.errors import ConfigurationError, PolicyError
from gateway.policy.watch import PolicyFile

POLICY = """
version: 1
ledger: memory
backends:
  llama:
    {{kind: mock, model: m, clearance: restricted, local: true, answers: [{{text: {text}, latency_s: {wait}}}]}}
rules:
  - {{name: default, use: [llama]}}
"""

UNOPENABLE = """
version: 1
backends:
  llama: {kind: embedded, model: m, path: /nowhere/model.gguf, clearance: restricted}
rules:
  - {name: default, use: [llama]}
"""


def write(path: Path, text: str, wait: float = 0) -> Path:
    """Write a policy whose one backend says `text`."""
    path.write_text(POLICY.format(text=text, wait=wait))
    return path


async def test_a_changed_policy_is_in_force_for_the_next_request(tmp_path: Path) -> None:
    """The file is the switch."""
    path = write(tmp_path / "p.yaml", "old")
    async with Router.from_policy(path) as router:
        before = await router.route("hello")
        write(path, "newer")

        changed = await router.refresh()
        after = await router.route("hello")

    assert (before.text, changed, after.text) == ("old", True, "newer")
    assert before.plan.policy_version != after.plan.policy_version


async def test_a_request_ends_on_the_policy_that_it_began_with(tmp_path: Path) -> None:
    """What is leased stays open until it is given back."""
    path = write(tmp_path / "p.yaml", "old", wait=0.2)
    async with Router.from_policy(path) as router:
        (backend,) = router.replicas("llama")
        assert isinstance(backend, Mock)
        old = asyncio.create_task(router.route("hello"))
        await asyncio.sleep(0)
        write(path, "newer")

        await router.refresh()

        assert (await old).text == "old"
        assert router.replicas("llama")[0] is not backend


async def test_a_broken_policy_is_refused_and_the_last_good_one_stays(tmp_path: Path) -> None:
    """A slip in the editor does not stop the service."""
    path = write(tmp_path / "p.yaml", "old")
    async with Router.from_policy(path) as router:
        path.write_text("version: 1\nbackends: 3\n")

        with pytest.raises(PolicyError, match="backends"):
            await router.refresh()

        assert (await router.route("hello")).text == "old"
        assert not await router.refresh()


async def test_a_policy_that_cannot_be_opened_leaves_the_last_good_one(tmp_path: Path) -> None:
    """A backend that cannot be built is found out before anything is swapped."""
    path = write(tmp_path / "p.yaml", "old")
    async with Router.from_policy(path) as router:
        path.write_text(UNOPENABLE)

        with pytest.raises(ConfigurationError, match=r"model\.gguf"):
            await router.refresh()

        assert (await router.route("hello")).text == "old"


async def test_the_file_is_looked_at_while_requests_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody has to call anything: a change is found by itself, and a broken one is logged with its place."""
    monkeypatch.setattr("gateway.generations.LOOK_AGAIN_S", 0.0)
    path = write(tmp_path / "p.yaml", "old")
    async with Router.from_policy(path) as router:
        write(path, "newer")
        await _noticed(router)
        assert (await router.route("hello")).text == "newer"

        path.write_text("version: 1\nbackend: {}\n")
        with caplog.at_level(logging.ERROR, "gateway"):
            await _noticed(router)
        assert (await router.route("hello")).text == "newer"

    assert f"{path}:2:1" in caplog.text


async def test_a_policy_that_could_not_be_opened_is_tried_again(tmp_path: Path) -> None:
    """A passing fault does not lose the change."""
    path = write(tmp_path / "p.yaml", "old")
    async with Router.from_policy(path) as router:
        path.write_text(UNOPENABLE.replace("/nowhere/model.gguf", str(tmp_path / "later.gguf")))

        for _ in range(2):
            with pytest.raises(ConfigurationError, match=r"later\.gguf"):
                await router.refresh()


async def test_a_policy_that_stays_unopenable_is_complained_of_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The file is looked at every second; the log is not filled with the same line."""
    monkeypatch.setattr("gateway.generations.LOOK_AGAIN_S", 0.0)
    path = write(tmp_path / "p.yaml", "old")
    async with Router.from_policy(path) as router:
        path.write_text(UNOPENABLE)
        for _ in range(3):
            await _noticed(router)

    assert len([record for record in caplog.records if "was refused" in record.message]) == 1


async def test_the_same_slip_a_second_time_is_complained_of_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Once it was mended, it is news."""
    monkeypatch.setattr("gateway.generations.LOOK_AGAIN_S", 0.0)
    path = write(tmp_path / "p.yaml", "old")
    async with Router.from_policy(path) as router:
        for text in (UNOPENABLE, POLICY.format(text="newer", wait=0), UNOPENABLE):
            path.write_text(text)
            await _noticed(router)

    assert len([record for record in caplog.records if "was refused" in record.message]) == 2


async def test_of_two_refreshes_at_once_one_puts_the_change_in_force(tmp_path: Path) -> None:
    """They take turns."""
    path = write(tmp_path / "p.yaml", "old")
    async with Router.from_policy(path) as router:
        write(path, "newer")

        assert sorted(await asyncio.gather(router.refresh(), router.refresh())) == [False, True]


async def test_a_fault_while_looking_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody awaits the look: what went wrong must not vanish with it."""
    monkeypatch.setattr("gateway.generations.LOOK_AGAIN_S", 0.0)
    monkeypatch.setattr(PolicyFile, "refresh", _fails)
    async with Router.from_policy(write(tmp_path / "p.yaml", "old")) as router:
        await _noticed(router)

    assert "disk on fire" in caplog.text


async def test_a_changed_ledger_is_said_and_not_taken(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The books stay where they are while the process lives."""
    path = write(tmp_path / "p.yaml", "old")
    async with Router.from_policy(path) as router:
        path.write_text(path.read_text().replace("ledger: memory", f"ledger: {{kind: sqlite, path: {tmp_path}/l}}"))

        await router.refresh()

        assert router.ledger.place == "memory"
    assert "ledger changed" in caplog.text


async def test_a_policy_given_as_a_value_has_no_file_to_change(tmp_path: Path) -> None:
    """Refreshing it does nothing."""
    async with Router.from_policy(write(tmp_path / "p.yaml", "old")) as router:
        rules = router.policy
    async with Router.from_policy(rules) as router:
        assert not await router.refresh()


def _fails(_: PolicyFile) -> None:
    raise OSError("disk on fire")


async def _noticed(router: Router) -> None:
    """Make a request, and wait until the look at the file that it began is over."""
    await router.route("hello")
    refreshing = router._generations._refreshing
    assert refreshing is not None
    await refreshing
