"""llama.cpp from a wheel, in a child process of ours that serves one GGUF file and ends with its context.

Nothing leaves the machine: the child listens on loopback, answers only to a key that it was given at its start, and
may fetch nothing.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from gateway.backends import openai_http
from gateway.backends.embedded.process import Child, Launch, running
from gateway.backends.embedded.watch import Watch, kept_up
from gateway.clearance import Clearance
from gateway.interfaces import Backend
from gateway.types import Completion, Delta, Need, Request

SUPPORTS = frozenset({Need.TOOLS, Need.RESPONSE_FORMAT})


class Options(BaseModel):
    """Which file to serve, and how much of the machine it may take."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(default="embedded", description="The backend's name, for errors.")
    model: str = Field(min_length=1, description="The name under which the model answers.")
    path: Path = Field(description="A model in llama.cpp's format (GGUF).")
    threads: int = Field(default=1, ge=1, description="Threads that compute. More than idle cores slow it down.")
    context_tokens: int = Field(default=2048, ge=1, description="Tokens of prompt and answer together, per call.")
    parallel: int = Field(default=1, ge=1, description="Calls that are computed at the same time; more wait.")
    chat_template: str = Field(default="", description="A Jinja template in place of the one in the file.")
    start_timeout_s: float = Field(default=60.0, gt=0, description="Seconds to load the model.")

    @field_validator("path")
    @classmethod
    def _at_home(cls, value: Path) -> Path:
        return value.expanduser()


class EmbeddedBackend:
    """The model behind whichever child serves it at the moment."""

    def __init__(self, watch: Watch, replica: str) -> None:
        self._watch = watch
        self._replica = replica

    @property
    def replica(self) -> str:
        """The model's file: the address changes with every start."""
        return self._replica

    @property
    def pid(self) -> int | None:
        """The process id of llama.cpp, None while it is not up; another one after a restart."""
        return self._watch.pid

    async def complete(self, request: Request, clearance: Clearance, *, logprobs: bool = False) -> Completion:
        """Ask the child for the whole answer."""
        async with self._watch.call() as child:
            return await child.complete(request, clearance, logprobs=logprobs)

    async def stream(self, request: Request, clearance: Clearance) -> AsyncGenerator[Delta]:
        """Ask the child for the answer in pieces."""
        async with self._watch.call() as child, aclosing(child.stream(request, clearance)) as deltas:
            async for delta in deltas:
                yield delta


@asynccontextmanager
async def build(options: Options) -> AsyncIterator[EmbeddedBackend]:
    """Start llama.cpp and keep it up until the context ends."""
    async with kept_up(lambda: _serving(options), name=options.name) as watch:
        yield EmbeddedBackend(watch, options.path.name)


@dataclass(frozen=True, slots=True)
class _Serving:
    backend: Backend
    child: Child

    @property
    def pid(self) -> int:
        return self.child.pid

    async def ended(self) -> str:
        return await self.child.ended()


@asynccontextmanager
async def _serving(options: Options) -> AsyncIterator[_Serving]:
    launch = _launch(options)
    async with running(launch) as child, _connected(launch, child) as backend:
        yield _Serving(backend, child)


def _connected(launch: Launch, child: Child) -> AbstractAsyncContextManager[Backend]:
    return openai_http.connect(
        url=child.url, model=launch.model, name=launch.name, api_key=child.key, connections=launch.connections
    )


def _launch(options: Options) -> Launch:
    return Launch(
        name=options.name,
        path=options.path,
        model=options.model,
        threads=options.threads,
        context_tokens=options.context_tokens,
        parallel=options.parallel,
        chat_template=options.chat_template,
        start_timeout_s=options.start_timeout_s,
    )
