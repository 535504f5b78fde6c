"""A closed API, asked through litellm: OpenAI, Anthropic, Gemini and whom else it asks over a client of ours.

litellm costs seconds to import, so it is imported by the first call, in a thread; its price list is the one it ships
with, its retries, cache and reports are off, its loggers are silenced. Hooks that the process itself set in litellm
(`callbacks`, `input_callback`) still see a call before it is sent: they cannot be switched off for one call.
What a model does not know among the sampling parameters is left out; tools, formats and limits are never. Errors are
read by class, status and machine code.
"""

import asyncio
import importlib
import json
import logging
import os
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from yarl import URL

from gateway import errors
from gateway.backends._url import url_of
from gateway.clearance import Clearance, confirm
from gateway.policy.place import PROVIDER_URLS, place_of
from gateway.types import Completion, Delta, Need, Request
from gateway.wire import openai
from gateway.wire.deltas import Ending
from gateway.wire.failures import failure, retry_after_s
from gateway.wire.usage import parse_cost

if TYPE_CHECKING:
    from types import ModuleType

    from httpx import Response

    from gateway.backends._upstream import Call

SUPPORTS = frozenset({Need.TOOLS, Need.RESPONSE_FORMAT, Need.IMAGES})

# Whom we ask, and where each one's key usually is; one of the variables is enough. Listed is who litellm asks over a
# client of ours alone: its own clients follow a redirect to any host, with prompt and key, and take any proxy.
KEYS: Mapping[str, tuple[str, ...]] = {
    "anthropic": ("ANTHROPIC_API_KEY",),
    "deepseek": ("DEEPSEEK_API_KEY",),
    "fireworks_ai": ("FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY"),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "groq": ("GROQ_API_KEY",),
    "mistral": ("MISTRAL_API_KEY",),
    "openai": ("OPENAI_API_KEY",),
    "openrouter": ("OPENROUTER_API_KEY",),
    "together_ai": ("TOGETHERAI_API_KEY", "TOGETHER_API_KEY"),
    "xai": ("XAI_API_KEY",),
}

# Who fetches images by itself. For the others litellm would, from our network and from any address.
_FETCH_IMAGES = frozenset({"openai", "openrouter"})
# Who says what a call cost; for the others litellm writes its own estimate into the same place.
_REPORT_COST = frozenset({"openrouter"})
# How the end of a stream looks on the wire where litellm takes every piece for the last. In JSON, a text cannot hold
# these bytes: its quotes are escaped.
_END_MARKS = {"gemini": b'"finishReason"'}
# litellm wants a number; the policy's time-outs end a call long before.
_PATIENCE_S = 86_400.0
# What the first call and the first stream would import on the event loop, and hold it up for a second.
_LATE = ("litellm.llms.custom_httpx.http_handler", "litellm.litellm_core_utils.default_encoding", "openai.resources")
_NEVER_DROPPED = ("tools", "response_format")
# Everything that litellm is passed from a request: among its other keywords are `fallbacks`, `api_base` and `client`.
_PASSED = openai.SAMPLING - openai.LOCAL_SAMPLING | {
    *("model", "messages", "tools", "tool_choice", "response_format"),
    *("stream", "stream_options", "logprobs", "top_logprobs"),
}
# Who documents which of the local servers' parameters; litellm passes them on to anybody.
_LOCAL_SAMPLING: Mapping[str, frozenset[str]] = {
    "anthropic": frozenset({"top_k"}),
    "fireworks_ai": frozenset({"top_k", "min_p", "repetition_penalty"}),
    "gemini": frozenset({"top_k"}),
    "openrouter": frozenset({"top_k", "min_p", "repetition_penalty"}),
    "together_ai": frozenset({"top_k", "min_p", "repetition_penalty"}),
}
# What they write below the level may hold content: on DEBUG prompts, on INFO URLs; litellm on ERROR what was answered.
_TALKATIVE = {
    **dict.fromkeys(("LiteLLM", "LiteLLM Router", "LiteLLM Proxy"), logging.CRITICAL),
    **dict.fromkeys(("openai", "httpx", "httpcore"), logging.WARNING),
}
# litellm's own errors are OpenAIErrors; the others are what its own faults let through.
_SLIPS = (ValueError, TypeError, LookupError, AttributeError, RuntimeError, OSError)


class Options(BaseModel):
    """Which model of which provider, and the key."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: str = Field(default="hosted", description="The backend's name, for errors.")
    model: str = Field(description="As litellm writes it: provider/model, for instance openai/gpt-5-mini.")
    api_key: SecretStr | None = Field(default=None, description="Unset: the provider's usual environment variable.")
    api_base: str | None = Field(default=None, description="Another URL than the provider's, /v1 included where due.")
    networks: tuple[str, ...] = Field(default=(), description="Where its name may lead (CIDR). Unset: anywhere.")
    read_timeout_s: float | None = Field(
        default=None, gt=0, description="Seconds without a byte before a call is given up. Unset: the policy's alone."
    )
    preload: bool = Field(default=False, description="Import litellm at start instead of with the first call.")

    @field_validator("model")
    @classmethod
    def _with_provider(cls, value: str) -> str:
        provider, _, model = value.partition("/")
        if not provider or not model:
            raise ValueError("no provider; write provider/model, for instance openai/gpt-5-mini")
        if provider not in KEYS:
            known = ", ".join(KEYS)
            raise ValueError(
                "of this provider, litellm's connections could not be kept from going elsewhere; take kind openai_http "
                "with the provider's OpenAI-compatible URL, for a server of yours its own kind (vllm, ollama, "
                f"llamacpp), or one of {known}"
            )
        return value

    @field_validator("api_base")
    @classmethod
    def _plain_url(cls, value: str | None) -> str | None:
        url = url_of(value or "https://host")
        if url.scheme not in ("http", "https") or not url.host or url.user is not None or url.password is not None:
            raise ValueError("no plain URL of a server; write for instance https://eu.api.openai.com/v1")
        return value

    @property
    def provider(self) -> str:
        """Who serves the model."""
        return self.model.partition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """litellm, ready to be asked."""

    # litellm's module: it is looked into by name, and half of it is untyped.
    litellm: Any
    upstream: "ModuleType"
    # The provider's client in the form that litellm takes from us.
    client: Any
    supported: frozenset[str]

    @property
    def foreign(self) -> tuple[type[Exception], ...]:
        """What a call of litellm's raises on purpose, and by its own slips."""
        return (self.litellm.exceptions.openai.OpenAIError, *_SLIPS)


class HostedBackend:
    """One model of one provider."""

    def __init__(self, options: Options, stack: AsyncExitStack) -> None:
        self._options = options
        self._name = options.name
        self._url = options.api_base or PROVIDER_URLS[options.provider]
        self._place = place_of(self._url)
        self._stack = stack
        self._lock = asyncio.Lock()
        self._opened: _Opened | None = None

    @property
    def replica(self) -> str:
        """The provider, or the host and port of `api_base`."""
        return self._options.provider if self._options.api_base is None else URL(self._options.api_base).authority

    async def open(self) -> _Opened:
        """Import litellm and make the client, once; the client lives as long as the backend."""
        if self._opened is None:
            async with self._lock:
                self._opened = self._opened or await self._open()
        return self._opened

    async def complete(self, request: Request, clearance: Clearance, *, logprobs: bool = False) -> Completion:
        """Ask for the whole answer."""
        confirm(clearance, backend=self._name, place=self._place)
        opened = await self.open()
        body = openai.body(request, model=self._options.model, logprobs=logprobs, backend=self._name)
        arguments = self._arguments(opened, body)
        call = opened.upstream.Call(clearance)
        try:
            payload = await self._run(opened, call, self._payload(opened.litellm.acompletion(**arguments)))
        finally:
            await call.close()
        return openai.parse_completion(payload, backend=self._name, model=self._options.model)

    async def stream(self, request: Request, clearance: Clearance) -> AsyncGenerator[Delta, None]:
        """Ask for the answer in pieces and pass each on as it comes; closing it closes the connection."""
        confirm(clearance, backend=self._name, place=self._place)
        opened = await self.open()
        body = openai.body(request, model=self._options.model, stream=True, backend=self._name)
        arguments = self._arguments(opened, body)
        call, answer = opened.upstream.Call(clearance, mark=_END_MARKS.get(self._options.provider)), None
        ending = Ending()
        try:
            answer = await self._run(opened, call, opened.litellm.acompletion(**arguments))
            while not ending.over:
                chunk = await self._run(opened, call, self._payload(anext(answer, None)))
                if chunk is None:
                    break
                delta = ending.take(openai.parse_chunk(chunk, backend=self._name))
                if delta.usage is not None:
                    delta = self._as_reported(delta, answer)
                if delta.finish_reason is not None and not self._was_finished(answer, call):
                    ending.finished = False
                    break
                if delta.text or delta.tool_calls or delta.finish_reason or delta.usage or delta.logprobs:
                    yield delta
        finally:
            if answer is not None:
                await answer.aclose()
            await call.close()
        if not ending.finished:
            text = f"{self._name!r} broke its stream off before the answer was complete"
            raise errors.MalformedResponseError(text, backend=self._name)

    async def _open(self) -> _Opened:
        litellm, upstream = await asyncio.to_thread(_load)
        options = self._options
        http = await self._stack.enter_async_context(
            upstream.opened(
                backend=self._name, url=self._url, networks=options.networks, read_timeout_s=options.read_timeout_s
            )
        )
        client: Any
        if options.provider == "openai":
            sdk = litellm.exceptions.openai
            client = sdk.AsyncOpenAI(api_key=_key(options), base_url=options.api_base, max_retries=0, http_client=http)
        else:
            client = litellm.llms.custom_httpx.http_handler.AsyncHTTPHandler()
            await client.client.aclose()
            client.client, client.timeout = http, http.timeout
        supported = frozenset(litellm.get_supported_openai_params(model=options.model) or ())
        return _Opened(litellm=litellm, upstream=upstream, client=client, supported=supported)

    def _arguments(self, opened: _Opened, body: dict[str, Any]) -> dict[str, Any]:
        self._refuse(opened, body)
        passed = _PASSED | _LOCAL_SAMPLING.get(self._options.provider, frozenset())
        return {name: value for name, value in body.items() if name in passed} | {
            "api_key": _key(self._options),
            "api_base": self._options.api_base,
            "client": opened.client,
            "num_retries": 0,
            "max_retries": 0,
            "drop_params": True,
            "no-log": True,
            "caching": False,
            "timeout": self._options.read_timeout_s or _PATIENCE_S,
            # With tools, litellm would look for a package that only its proxy needs.
            "_skip_mcp_handler": True,
            # To OpenAI's other endpoint, for some models, litellm goes over a client of its own.
            "_skip_responses_api_bridge": True,
        }

    def _refuse(self, opened: _Opened, body: dict[str, Any]) -> None:
        for name in _NEVER_DROPPED:
            if name in body and name not in opened.supported:
                raise errors.RequestRejectedError(f"{self._name!r} cannot take {name}", backend=self._name)
        if self._options.provider not in _FETCH_IMAGES and any(map(_has_address, _parts(body))):
            text = f"{self._name!r} takes images as data: URLs only; nothing is fetched on a caller's behalf"
            raise errors.RequestRejectedError(text, backend=self._name)
        if opened.litellm.model_fallbacks or self._options.model in opened.litellm.model_alias_map:
            text = "litellm.model_fallbacks or litellm.model_alias_map would lead this call to another model; unset it"
            raise errors.RequestRejectedError(text, backend=self._name)

    def _was_finished(self, stream: Any, call: "Call") -> bool:
        """Whether the provider ended a stream; where it breaks off, litellm says "stop" in the provider's place."""
        if self._options.provider in _END_MARKS:
            return call.marked
        return stream.received_finish_reason is not None or stream.intermittent_finish_reason is not None

    async def _run(self, opened: _Opened, call: "Call", awaitable: Awaitable[Any]) -> Any:
        """Await a part of a call; its errors are raised anew, because litellm's hold the prompt and the key."""
        try:
            return await call.run(awaitable)
        except Exception as error:  # noqa: BLE001 - litellm raises bare Exceptions that quote; none passes this border
            fault = self._translated(opened, call, error)
        raise fault

    def _translated(self, opened: _Opened, call: "Call", error: Exception) -> errors.BackendError:
        name, kinds = self._name, opened.litellm.exceptions
        if call.uncleared is not None:
            return errors.NotClearedError(call.uncleared, backend=name)
        if call.fault is not None:
            return errors.MalformedResponseError(f"{name!r} {call.fault}", backend=name)
        if isinstance(error, kinds.ContextWindowExceededError):
            return errors.ContextWindowExceededError(f"the prompt is too long for {name!r}", backend=name)
        if isinstance(error, kinds.ContentPolicyViolationError):
            return errors.ContentFilteredError(f"{name!r} refused the request for its content", backend=name)
        if call.refusal is not None:
            wait = retry_after_s(call.refusal.headers)
            return failure(call.refusal.status_code, _json(call.refusal), backend=name, retry_after=wait)
        return self._broken(opened, call, error)

    def _broken(self, opened: _Opened, call: "Call", error: Exception) -> errors.BackendError:
        name, kinds = self._name, opened.litellm.exceptions
        if isinstance(error, kinds.Timeout) or opened.upstream.timed_out(error):
            return errors.BackendTimeoutError(f"{name!r} did not answer in time", backend=name)
        if opened.upstream.broke(error):
            reached = bool(call.responses) or opened.upstream.reached(error)
            fault = f"{self.replica!r} closed the connection before its answer was complete"
            unmade = f"no connection to {self.replica!r}; can this machine reach it?"
            return errors.BackendUnavailableError(fault if reached else unmade, backend=name, reached=reached)
        if not isinstance(error, opened.foreign):
            text = f"litellm failed in a call of {name!r} ({type(error).__name__})"
            return errors.MalformedResponseError(text, backend=name)
        if call.responses and not isinstance(error, kinds.MidStreamFallbackError):
            return errors.MalformedResponseError(f"{name!r} answered with something unreadable", backend=name)
        status = getattr(error, "status_code", None)
        if not call.responses and (status is None or status >= 500):  # noqa: PLR2004
            text = f"litellm cannot write this request for {name!r} ({type(error).__name__})"
            return errors.RequestRejectedError(text, backend=name)
        return failure(status, None, backend=name)

    def _as_reported(self, delta: Delta, stream: Any) -> Delta:
        """Return the end of a stream with what the provider said of its usage and cost.

        Where it said nothing, litellm counts with a tokenizer of its own; of what it said, litellm loses the cost.
        """
        reports = [chunk.usage for chunk in stream.chunks if getattr(chunk, "usage", None) is not None]
        if not reports:
            return replace(delta, usage=None, reported_cost=None)
        return replace(delta, reported_cost=parse_cost({"usage": self._reported(dict(reports[-1]))}))

    def _reported(self, usage: dict[str, Any]) -> dict[str, Any]:
        if self._options.provider not in _REPORT_COST:
            usage.pop("cost", None)
        return usage

    async def _payload(self, awaited: Awaitable[Any]) -> Any:
        """Return an answer as the provider gave it: what litellm reckons is no report of a usage or a cost."""
        answer = await awaited
        if answer is None:
            return None
        payload = answer.model_dump()
        usage = payload.get("usage")
        if isinstance(usage, dict):
            self._reported(usage)
            if not usage.get("prompt_tokens") and not usage.get("completion_tokens"):
                payload["usage"] = None
        return payload


@asynccontextmanager
async def build(options: Options) -> AsyncIterator[HostedBackend]:
    """Open the backend without connecting to anybody; raises `AuthenticationError` where there is no key."""
    names = KEYS[options.provider]
    if options.api_key is None and _key(options) is None:
        text = f"no key for {options.name!r}; set {' or '.join(names)}, or api_key in the policy"
        raise errors.AuthenticationError(text, backend=options.name)
    async with AsyncExitStack() as stack:
        backend = HostedBackend(options, stack)
        if options.preload:
            await backend.open()
        yield backend


def _load() -> tuple[Any, "ModuleType"]:
    # Without this, litellm asks a server on the internet for its price list while it is imported.
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm  # noqa: PLC0415 - seconds of CPU, paid by who asks a closed API

    for late in _LATE:
        with suppress(ModuleNotFoundError):
            importlib.import_module(late)
    litellm.telemetry = False
    litellm.suppress_debug_info = True
    for name, level in _TALKATIVE.items():
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, level))
    return litellm, importlib.import_module("gateway.backends._upstream")


def _key(options: Options) -> str | None:
    if options.api_key is not None:
        return options.api_key.get_secret_value().strip()
    found = (os.environ.get(name, "").strip() for name in KEYS[options.provider])
    return next(filter(None, found), None)


def _json(response: "Response") -> object:
    try:
        return json.loads(response.content) if response.is_stream_consumed else None
    except ValueError:
        return None


def _parts(body: Mapping[str, Any]) -> Iterator[object]:
    for message in body["messages"]:
        if isinstance(message["content"], list):
            yield from (part for part in message["content"] if part["type"] != "text")


def _has_address(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_address, value.values()))
    return isinstance(value, str) and value[:8].lower().startswith(("http:", "https:", "file:", "ftp:"))
