"""One llama.cpp child process: started, checked, ended. It never outlives the context that opened it.

What llama.cpp writes is read only when a start fails; later it may quote requests, and then nobody can read it.
"""

import asyncio
import importlib.util
import json
import re
import secrets
import signal
import sys
import tempfile
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from gateway.backends.embedded.child import Settings
from gateway.errors import BackendUnavailableError, ConfigurationError

_SCRIPT = Path(__file__).with_name("child.py")
_MAGIC = b"GGUF"
_TAIL_BYTES = 4_000
_TAIL_LINES = 2
_TAIL_CHARACTERS = 400
_WAITING = 3
# A kept connection holds a thread of llama.cpp's HTTP server for 5 s, and a call that finds none free waits as long.
# More connections than threads never are open, not even while those that callers broke off are being let go.
_HTTP_THREADS_PER_CONNECTION = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What to start, under which name, and how long a start and an end may take."""

    name: str
    path: Path
    model: str
    threads: int
    context_tokens: int
    parallel: int
    chat_template: str
    start_timeout_s: float
    end_timeout_s: float = 2.0

    @property
    def connections(self) -> int:
        """How many connections the client may keep: one a slot, and a few whose calls wait at the server."""
        return self.parallel + _WAITING


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A llama.cpp server that answers at `url` to whoever has the `key`."""

    url: str
    key: str = field(repr=False)
    process: Process = field(repr=False)

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self.process.pid

    async def ended(self) -> str:
        """Wait until the child is gone; return how it ended, in words."""
        return _how_it_ended(await self.process.wait())


def check(path: Path) -> None:
    """Refuse what cannot be served before anything is started: no xllamacpp, no file, not a GGUF."""
    if importlib.util.find_spec("xllamacpp") is None:
        raise ConfigurationError(
            'kind `embedded` needs xllamacpp, which is not installed; pip install "hybrid-gateway[embedded]"'
        )
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except OSError as error:
        raise ConfigurationError(f"cannot read the model {str(path)!r}: {error.strerror}") from error
    if magic != _MAGIC:
        raise ConfigurationError(f"{str(path)!r} is not a GGUF file; give `path` a model in llama.cpp's format")


@asynccontextmanager
async def running(launch: Launch) -> AsyncIterator[Child]:
    """Start the child and wait until it answers; end it with the context, also when that is cancelled."""
    check(launch.path)
    key = secrets.token_urlsafe(32)
    with tempfile.TemporaryFile() as chatter:
        process = await _spawn(launch, chatter)
        try:
            url = await _url(process, _settings(launch, key), launch, chatter)
            yield Child(url=url, key=key, process=process)
        finally:
            await _end(process, launch.end_timeout_s)


async def _spawn(launch: Launch, chatter: IO[bytes]) -> Process:
    # -P: the script's own folder is no place to import from.
    command = (sys.executable, "-P", str(_SCRIPT))
    try:
        return await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=chatter)
    except OSError as error:
        raise BackendUnavailableError(
            f"cannot start a process for llama.cpp: {error.strerror}", backend=launch.name
        ) from error


def _settings(launch: Launch, key: str) -> Settings:
    return Settings(
        path=str(launch.path),
        alias=launch.model,
        key=key,
        threads=launch.threads,
        context_tokens=launch.context_tokens,
        parallel=launch.parallel,
        http_threads=launch.connections * _HTTP_THREADS_PER_CONNECTION,
        chat_template=launch.chat_template,
    )


async def _url(process: Process, settings: Settings, launch: Launch, chatter: IO[bytes]) -> str:
    """Return the address that the child names once the model is loaded and the port is open."""
    # Both pipes were asked for; the type cannot say so.
    stdin, stdout = cast("StreamWriter", process.stdin), cast("StreamReader", process.stdout)
    stdin.write(json.dumps(settings).encode() + b"\n")
    try:
        async with asyncio.timeout(launch.start_timeout_s):
            line = await stdout.readline()
            code = None if line else await process.wait()
    except TimeoutError as error:
        raise BackendUnavailableError(
            f"llama.cpp did not answer within {launch.start_timeout_s:g} s of its start with {launch.path.name!r}; "
            "raise `start_timeout_s`",
            backend=launch.name,
        ) from error
    if code is not None:
        raise _failed_start(code, launch, chatter)
    return str(json.loads(line)["url"])


def _failed_start(code: int, launch: Launch, chatter: IO[bytes]) -> ConfigurationError | BackendUnavailableError:
    how = _how_it_ended(code)
    if code < 0:
        return BackendUnavailableError(
            f"llama.cpp {how} while it loaded {launch.path.name!r}; does the model fit into memory?",
            backend=launch.name,
        )
    said = _last_words(chatter) or how
    return ConfigurationError(f"llama.cpp cannot load {str(launch.path)!r}: {said}")


def _last_words(chatter: IO[bytes]) -> str:
    """Return the first lines of what llama.cpp complained of: the cause comes first, its consequences after."""
    chatter.seek(0)
    lines = chatter.read(_TAIL_BYTES).decode(errors="replace").splitlines()
    said = "; ".join(re.sub(r"^[\d.]+ E +", "", line.strip()) for line in lines[:_TAIL_LINES])
    return said[:_TAIL_CHARACTERS]


def _how_it_ended(code: int) -> str:
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with code {code}"


async def _end(process: Process, timeout_s: float) -> None:
    """Ask the child to end, then make it; a second cancellation makes it at once."""
    try:
        with suppress(ProcessLookupError):
            process.terminate()
        async with asyncio.timeout(timeout_s):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
        cast("StreamWriter", process.stdin).close()
