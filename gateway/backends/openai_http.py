"""Any server that speaks OpenAI's chat.completions over HTTP: one plain call, nothing retried, nothing followed."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from typing import Any, Literal

from pydantic import Field, field_validator
from yarl import URL

from gateway.backends._http import HttpOptions, HttpServer
from gateway.backends._http import connect as connect_http
from gateway.clearance import Clearance
from gateway.errors import (
    AuthenticationError,
    BackendError,
    BackendUnavailableError,
    ConfigurationError,
    NotClearedError,
)
from gateway.policy.models import AUTO
from gateway.types import Completion, Delta, Need, Request
from gateway.wire import openai
from gateway.wire.sse import DeltaReader

SUPPORTS = frozenset({Need.TOOLS, Need.RESPONSE_FORMAT})

_VERSIONED = re.compile(r"/v\d+[a-z0-9]*(/|$)")
_FROM_THE_REQUEST = frozenset({"model", "messages", "stream", "stream_options", "tools", "tool_choice"})
_LIMITS = ("max_tokens", "max_completion_tokens")


class Options(HttpOptions):
    """Where the server is and what it is asked for."""

    model: str = Field(min_length=1, description="The model's name at the server; `auto`: the first that it lists.")
    extra_body: dict[str, Any] = Field(default_factory=dict, description="Further fields of every request's body.")
    output_limit: Literal["max_tokens", "max_completion_tokens"] | None = Field(
        default=None, description="The only name under which the server reads a limit of the answer's length."
    )
    probe: bool = Field(default=False, description="Look at start whether the server is there.")

    @field_validator("extra_body")
    @classmethod
    def _foreign(cls, value: dict[str, Any]) -> dict[str, Any]:
        if ours := sorted(_FROM_THE_REQUEST.intersection(value)):
            raise ValueError(f"{', '.join(ours)}: given by every request; remove from extra_body")
        return value

    @property
    def base(self) -> URL:
        """The URL that ends in the API's version."""
        url = URL(self.url.rstrip("/"))
        return url if _VERSIONED.search(url.path) else url / "v1"


class OpenAIBackend:
    """One model of one server."""

    def __init__(self, server: HttpServer, options: Options, *, model: str) -> None:
        self._server = server
        self._name = options.name
        self._model = model
        self._endpoint = options.base / "chat" / "completions"
        self._extra_body = options.extra_body
        self._output_limit = options.output_limit

    @property
    def replica(self) -> str:
        """Host and port."""
        return f"{self._endpoint.host_subcomponent}:{self._endpoint.port}"

    @property
    def model(self) -> str:
        """The model that is asked for: where the policy says `auto`, what the server listed first."""
        return self._model

    async def complete(self, request: Request, clearance: Clearance, *, logprobs: bool = False) -> Completion:
        """Ask for the whole answer."""
        body = openai.body(request, model=self._model, logprobs=logprobs, backend=self._name)
        raw = await self._server.whole(clearance, self._endpoint, self._encoded(body))
        payload = openai.decode(raw, backend=self._name)
        return openai.parse_completion(payload, backend=self._name, model=self._model)

    async def stream(self, request: Request, clearance: Clearance) -> AsyncGenerator[Delta, None]:
        """Ask for the answer in pieces and pass each on as it comes; closing it closes the connection."""
        body = openai.body(request, model=self._model, stream=True, backend=self._name)
        reader = DeltaReader(backend=self._name)
        async with aclosing(self._server.pieces(clearance, self._endpoint, self._encoded(body))) as pieces:
            async for piece in pieces:
                for delta in reader.feed(piece):
                    yield delta
                if reader.done:
                    break
        for delta in reader.end():
            yield delta

    def _encoded(self, body: dict[str, Any]) -> bytes:
        if self._output_limit is not None:
            limits = [body.pop(name) for name in _LIMITS if name in body]
            body.update(zip([self._output_limit], limits, strict=False))
        return openai.encode(body | self._extra_body, backend=self._name)


@asynccontextmanager
async def build(options: Options) -> AsyncIterator[OpenAIBackend]:
    """Open the backend; the server is asked at once only for a probe or for the name of its model."""
    async with connect_http(options) as server:
        model = options.model
        if options.probe or model == AUTO:
            models = await _models(server, options)
            model = models[0] if model == AUTO and models else model
        if model == AUTO:
            raise ConfigurationError(f"{options.name!r} lists no model at {options.url!r}; name it in the policy")
        yield OpenAIBackend(server, options, model=model)


def connect(*, url: str, model: str = AUTO, name: str, **more: Any) -> AbstractAsyncContextManager[OpenAIBackend]:
    """Open a backend from code, without a policy; `more` are fields of Options."""
    return build(Options(url=url, model=model, name=name, **more))


async def _models(server: HttpServer, options: Options) -> list[str]:
    """Return the models that a server lists, none where it has no list; raises where nobody can answer a request."""
    try:
        async with asyncio.timeout(options.connect_timeout_s):
            raw = await server.look(options.base / "models")
        listed = openai.decode(raw, backend=options.name)
    except TimeoutError:
        raise BackendUnavailableError(
            f"{options.url!r} did not list its models within {options.connect_timeout_s:g} s; is the server up?",
            backend=options.name,
        ) from None
    except (AuthenticationError, BackendUnavailableError, NotClearedError):
        raise
    except BackendError:
        return []
    models = listed.get("data") if isinstance(listed, dict) else None
    names = [model.get("id") for model in models or () if isinstance(model, dict)] if isinstance(models, list) else []
    return [name for name in names if isinstance(name, str) and name]
