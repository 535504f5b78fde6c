"""The child process of `kind: embedded`, with a real llama.cpp: how it starts, fails and ends."""

import asyncio
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from support import models
from support.unmeasured import unmeasured

from gateway.backends.embedded import process
from gateway.backends.embedded.process import Child, Launch, running
from gateway.errors import BackendUnavailableError, ConfigurationError

pytestmark = pytest.mark.engine

PARENT = """
import asyncio, sys
from pathlib import Path
from gateway.backends.embedded.process import Launch, running

async def main():
    launch = Launch(name="small", path=Path(sys.argv[1]), model="small", threads=1, context_tokens=256, parallel=1,
                    chat_template="", start_timeout_s=60)
    async with running(launch) as child:
        print(child.pid, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def launch(path: Path | None = None, **keys: Any) -> Launch:
    settings: dict[str, Any] = {
        "name": "small",
        "path": path or models.specialist(),
        "model": "small",
        "threads": 1,
        "context_tokens": 256,
        "parallel": 1,
        "chat_template": "",
        "start_timeout_s": 60.0,
    }
    return Launch(**{**settings, **keys})


def damaged(folder: Path, content: bytes) -> Path:
    path = folder / "damaged.gguf"
    path.write_bytes(content)
    return path


@contextmanager
def watched(pid: int) -> Iterator[int]:
    """Hold a process's descriptor: it becomes readable when the process ends, whoever its parent is by then."""
    descriptor = os.pidfd_open(pid)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def ends_within(descriptor: int, seconds: float) -> bool:
    readable, _, _ = select.select([descriptor], [], [], seconds)
    return bool(readable)


def stop(child: Child) -> None:
    """Halt a child, so that it heeds no request to end."""
    os.kill(child.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOWAIT)


async def status(child: Child, path: str, key: str | None) -> int:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession(headers=headers) as session, session.get(child.url + path) as response:
        return response.status


async def test_a_child_answers_when_it_is_given() -> None:
    """Whoever holds the child can use it at once."""
    async with running(launch()) as child:
        assert await status(child, "/v1/models", child.key) == 200


async def test_a_child_answers_nobody_without_its_key() -> None:
    """Other users of the machine can neither use the model nor read what it was asked."""
    async with running(launch()) as child:
        assert [await status(child, path, None) for path in ("/v1/models", "/props", "/slots")] == [401] * 3


async def test_a_child_shows_neither_its_slots_nor_a_page() -> None:
    """What was asked stays between the caller and the model."""
    async with running(launch()) as child:
        assert [await status(child, path, child.key) for path in ("/slots", "/")] == [501, 404]


async def test_a_key_is_not_shown() -> None:
    """The key of a child is in no repr."""
    async with running(launch()) as child:
        assert child.key not in repr(child)


async def test_a_child_is_gone_after_its_context() -> None:
    """Closing leaves neither a process nor a zombie."""
    async with running(launch()) as child:
        pass

    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)


async def test_a_child_that_does_not_listen_is_killed() -> None:
    """A child that is stopped and cannot end in order is gone all the same."""
    async with running(launch(end_timeout_s=0.05)) as child:
        stop(child)

    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)


async def test_a_cancelled_program_leaves_no_child() -> None:
    """Tearing the event loop down ends the child too."""
    up: asyncio.Future[Child] = asyncio.get_running_loop().create_future()

    async def program() -> None:
        async with running(launch()) as child:
            up.set_result(child)
            await asyncio.Event().wait()

    task = asyncio.create_task(program())
    child = await up
    task.cancel()
    await asyncio.wait([task])

    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)


async def test_a_program_that_is_cancelled_twice_leaves_no_child() -> None:
    """Whoever does not wait for an orderly end gets a quick one."""
    up: asyncio.Future[Child] = asyncio.get_running_loop().create_future()

    async def program() -> None:
        async with running(launch(end_timeout_s=60.0)) as child:
            up.set_result(child)
            await asyncio.Event().wait()

    task = asyncio.create_task(program())
    child = await up
    stop(child)
    with watched(child.pid) as descriptor:
        task.cancel()
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])

        assert ends_within(descriptor, 5)
    await child.process.wait()


@pytest.mark.parametrize("parents_end", [signal.SIGKILL, signal.SIGTERM])
def test_a_child_ends_with_its_parent(parents_end: signal.Signals) -> None:
    """A program that is killed leaves no llama.cpp behind."""
    command = [sys.executable, "-c", PARENT, str(models.specialist())]
    # Our own interpreter, our own script.
    with subprocess.Popen(command, env=unmeasured(), stdout=subprocess.PIPE, text=True) as parent:  # noqa: S603
        assert parent.stdout is not None
        with watched(int(parent.stdout.readline())) as descriptor:
            parent.send_signal(parents_end)
            parent.wait(timeout=5)

            assert ends_within(descriptor, 5)


async def test_a_child_ends_when_its_stdin_does() -> None:
    """Where no signal tells of the parent's death, the closed pipe does."""
    async with running(launch()) as child:
        assert child.process.stdin is not None
        child.process.stdin.close()

        assert await asyncio.wait_for(child.ended(), 5) == "ended with code 0"


async def test_a_child_does_not_heed_ctrl_c() -> None:
    """Ctrl-C reaches parent and child; the parent closes in order, and only then the child ends."""
    async with running(launch()) as child:
        os.kill(child.pid, signal.SIGINT)

        assert await status(child, "/v1/models", child.key) == 200


async def test_a_killed_child_says_how_it_ended() -> None:
    """The end of a child is named in words."""
    async with running(launch()) as child:
        os.kill(child.pid, signal.SIGKILL)

        assert await asyncio.wait_for(child.ended(), 5) == "was ended by SIGKILL"


async def test_each_slot_has_the_whole_context() -> None:
    """With two calls at a time, each may be as long as the policy says."""
    async with running(launch(parallel=2, context_tokens=512)) as child:
        headers = {"Authorization": f"Bearer {child.key}"}
        async with aiohttp.ClientSession(headers=headers) as session, session.get(child.url + "/v1/models") as response:
            listed = json.loads(await response.read())

    assert listed["data"][0]["meta"]["n_ctx"] == 512


async def test_a_missing_model_is_named() -> None:
    """A wrong path is told before anything is started."""
    with pytest.raises(ConfigurationError, match=r"cannot read the model '/no/such\.gguf': No such file"):
        async with running(launch(Path("/no/such.gguf"))):
            pass


async def test_a_text_named_gguf_is_refused(tmp_path: Path) -> None:
    """A download page saved in place of the model is recognised."""
    path = damaged(tmp_path, b"<html>please log in</html>")

    with pytest.raises(ConfigurationError, match=r"damaged\.gguf' is not a GGUF file"):
        async with running(launch(path)):
            pass


async def test_a_truncated_model_is_refused_with_the_reason(tmp_path: Path) -> None:
    """A download that broke off is told in llama.cpp's words."""
    whole = models.specialist().read_bytes()
    path = damaged(tmp_path, whole[: len(whole) // 2])

    with pytest.raises(ConfigurationError, match=r"cannot load .*corrupted or incomplete"):
        async with running(launch(path)):
            pass


async def test_a_model_without_a_readable_header_is_refused(tmp_path: Path) -> None:
    """Four right bytes do not make a model."""
    path = damaged(tmp_path, b"GGUF" + bytes(64))

    with pytest.raises(ConfigurationError, match=r"cannot load .*GGUF"):
        async with running(launch(path)):
            pass


async def test_a_start_that_takes_too_long_is_given_up() -> None:
    """A model that does not load in time is an unavailable backend, with the option that gives it more."""
    with pytest.raises(BackendUnavailableError, match=r"within 0\.001 s .*`start_timeout_s`"):
        async with running(launch(start_timeout_s=0.001)):
            pass


async def test_a_child_that_is_killed_while_loading_is_unavailable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The kernel's out-of-memory killer is told apart from a broken model."""
    script = tmp_path / "child.py"
    script.write_text("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    monkeypatch.setattr(process, "_SCRIPT", script)

    with pytest.raises(BackendUnavailableError, match=r"was ended by SIGKILL while it loaded .* memory"):
        async with running(launch()):
            pass


async def test_a_child_that_says_nothing_is_named_by_its_code(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An end without a word is reported as what it was."""
    script = tmp_path / "child.py"
    script.write_text("raise SystemExit(3)")
    monkeypatch.setattr(process, "_SCRIPT", script)

    with pytest.raises(ConfigurationError, match=r"cannot load .*: ended with code 3"):
        async with running(launch()):
            pass


async def test_a_system_without_room_for_a_process_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A start that the system refuses is an unavailable backend."""
    monkeypatch.setattr(sys, "executable", "/no/such/python")

    with pytest.raises(BackendUnavailableError, match="cannot start a process"):
        async with running(launch()):
            pass


def test_without_xllamacpp_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has not installed llama.cpp is told how."""
    monkeypatch.setitem(sys.modules, "xllamacpp", None)

    with pytest.raises(ConfigurationError, match=r'pip install "hybrid-gateway\[embedded\]"'):
        process.check(models.specialist())
