"""`hosted` asks its provider's host or that of `api_base`, whatever litellm finds in its environment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from support.clearances import cleared
from support.names import Names
from support.wire_servers import openai_plain, serving

from gateway import errors
from gateway.backends import hosted
from gateway.backends.hosted import HostedBackend, Options
from gateway.clearance import Clearance
from gateway.policy.place import PROVIDER_URLS
from gateway.wire.openai import parse_request

# What litellm does with pydantic is litellm's to mend, and is seen once a process.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pydantic.PydanticDeprecatedSince211"),
    pytest.mark.filterwarnings("ignore:Item .* on TypedDict class:UserWarning"),
]

KEY = "not-a-Zebra7741"
SECRET = "the quick Zebra"
REQUEST = parse_request(SECRET)
FOREIGN = "203.0.113.7"
# Where litellm looks for an address of each provider's.
VARIABLES = {
    "anthropic": ("ANTHROPIC_API_BASE", "ANTHROPIC_BASE_URL"),
    "deepseek": ("DEEPSEEK_API_BASE",),
    "fireworks_ai": ("FIREWORKS_API_BASE",),
    "gemini": ("GEMINI_API_BASE",),
    "groq": ("GROQ_API_BASE",),
    "mistral": ("MISTRAL_API_BASE",),
    "openai": ("OPENAI_BASE_URL", "OPENAI_API_BASE"),
    "openrouter": ("OPENROUTER_API_BASE",),
    "together_ai": ("TOGETHER_AI_API_BASE",),
    "xai": ("XAI_API_BASE",),
}
ODD = [(provider, name) for provider, names in VARIABLES.items() for name in names]


@pytest.fixture(autouse=True)
def _no_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    for _, name in ODD:
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def _open(provider: str, **options: Any) -> AbstractAsyncContextManager[HostedBackend]:
    return hosted.build(
        Options.model_validate({"name": "frontier", "model": f"{provider}/some-model", "api_key": KEY, **options})
    )


def _for(provider: str) -> Clearance:
    return cleared("frontier", PROVIDER_URLS[provider])


async def _faults(backend: HostedBackend, token: Clearance) -> list[errors.BackendError]:
    """Return what whole and streamed calls end with."""
    with pytest.raises(errors.BackendError) as whole:
        await backend.complete(REQUEST, token)
    with pytest.raises(errors.BackendError) as streamed:
        await anext(backend.stream(REQUEST, token))
    return [whole.value, streamed.value]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """Take the place of the system's names."""
    return Names(monkeypatch)


@pytest.mark.parametrize("provider", sorted(hosted.KEYS))
async def test_a_provider_is_asked_at_its_own_host(names: Names, provider: str) -> None:
    """Ours is the host that litellm asks by default: nothing else is even looked up."""
    async with _open(provider) as backend:
        faults = await _faults(backend, _for(provider))

    assert set(names.asked) == {urlsplit(PROVIDER_URLS[provider]).hostname}
    assert [type(fault) for fault in faults] == [errors.BackendUnavailableError] * 2


@pytest.mark.parametrize(("provider", "variable"), ODD)
async def test_no_variable_of_the_environment_leads_elsewhere(
    names: Names, monkeypatch: pytest.MonkeyPatch, provider: str, variable: str
) -> None:
    """Where litellm would follow it, the call ends before anything is sent."""
    async with serving(openai_plain) as server:
        monkeypatch.setenv(variable, f"{server.url}/v1")

        async with _open(provider) as backend:
            faults = await _faults(backend, _for(provider))

    followed = not names.asked
    assert (server.seen, server.connections) == ([], set())
    assert followed or set(names.asked) == {urlsplit(PROVIDER_URLS[provider]).hostname}
    assert {type(fault) for fault in faults} == {errors.NotClearedError if followed else errors.BackendUnavailableError}


async def test_who_sets_a_variable_for_litellm_is_told_what_to_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names both addresses and the key to write; it quotes nothing."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")

    async with _open("openai") as backend:
        faults = await _faults(backend, _for("openai"))

    for fault in faults:
        assert "'http://127.0.0.1:9', and the policy means 'api.openai.com:443'" in str(fault)
        assert "write it as api_base, or unset it" in str(fault)
        assert fault.__context__ is None
        assert SECRET not in str(fault) + str(vars(fault))


@pytest.mark.parametrize("provider", sorted(hosted.KEYS.keys() - {"openai"}))
async def test_no_setting_of_litellms_leads_elsewhere(monkeypatch: pytest.MonkeyPatch, provider: str) -> None:
    """What another part of the process sets in litellm moves no call of ours."""
    litellm, _ = await asyncio.to_thread(hosted._load)
    async with serving(openai_plain) as server:
        monkeypatch.setattr(litellm, "api_base", f"{server.url}/v1")

        async with _open(provider, api_base="http://127.0.0.1:9/v1") as backend:
            faults = await _faults(backend, cleared("frontier"))

    assert server.seen == []
    assert [type(fault) for fault in faults] == [errors.BackendUnavailableError] * 2


@pytest.mark.parametrize(
    "token",
    [None, cleared("llama"), cleared("frontier"), cleared("frontier", "https://api.x.ai")],
    ids=["none", "another backend", "no place", "another provider"],
)
async def test_nothing_is_sent_without_a_clearance_for_this_provider(names: Names, token: Any) -> None:
    """Not even litellm is asked."""
    async with _open("openai") as backend:
        faults = await _faults(backend, token)

        assert backend._opened is None

    assert [type(fault) for fault in faults] == [errors.NotClearedError] * 2
    assert names.asked == []


async def test_the_transport_sends_nothing_that_belongs_to_no_call(names: Names) -> None:
    """What litellm might send on the side has no clearance."""
    async with _open("openai") as backend:
        opened = await backend.open()
        with pytest.raises(opened.upstream.httpx.ReadError, match="not cleared"):
            await opened.client._client.post("https://api.openai.com/v1/files", content=SECRET)

    assert names.asked == []


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
async def test_a_server_of_ours_behind_litellm_is_held_to_its_networks(names: Names, provider: str) -> None:
    """A name that leads to strangers is refused there as well, and the message says so."""
    names.answer("llm.test", [FOREIGN])
    url = "http://llm.test:8000/v1"

    async with _open(provider, api_base=url, networks=("10.0.0.0/8",)) as backend:
        faults = await _faults(backend, cleared("frontier", url))

    assert [type(fault) for fault in faults] == [errors.NotClearedError] * 2
    assert all(f"'llm.test' resolves to {FOREIGN}" in str(fault) for fault in faults)


async def test_a_server_of_ours_behind_litellm_is_asked_where_it_is(names: Names) -> None:
    """A name within the networks is asked."""
    names.answer("llm.test", ["127.0.0.1"])

    async with serving(openai_plain) as server:
        url = server.url.replace("127.0.0.1", "llm.test")
        async with _open("openai", api_base=url, networks=("127.0.0.0/8",)) as backend:
            await backend.complete(REQUEST, cleared("frontier", url))

    assert len(server.seen) == 1


@asynccontextmanager
async def _proxy(heard: list[bytes]) -> AsyncIterator[str]:
    """Serve a proxy that refuses, and hear what it is told."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(speak, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize("provider", sorted(hosted.KEYS))
async def test_a_proxy_hears_the_providers_host_and_nothing_of_the_prompt(
    names: Names, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    """It is told whom to connect to; TLS begins behind it."""
    heard: list[bytes] = []
    host = urlsplit(PROVIDER_URLS[provider]).hostname
    async with _proxy(heard) as url:
        monkeypatch.setenv("HTTPS_PROXY", url)
        async with _open(provider) as backend:
            faults = await _faults(backend, _for(provider))

    told = b"".join(heard)
    assert [line for line in told.split(b"\r\n") if line.startswith(b"CONNECT")] == [
        f"CONNECT {host}:443 HTTP/1.1".encode()
    ] * len(faults)
    assert [word for word in (SECRET, KEY, "some-model") if word.encode() in told] == []
    assert names.asked == []


async def test_who_is_held_to_addresses_takes_no_proxy(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would look the name up in our place."""
    names.answer("api.openai.com", [FOREIGN])
    heard: list[bytes] = []
    async with _proxy(heard) as url:
        monkeypatch.setenv("HTTPS_PROXY", url)
        async with _open("openai", networks=("192.0.2.0/24",)) as backend:
            faults = await _faults(backend, _for("openai"))

    assert heard == []
    assert [type(fault) for fault in faults] == [errors.NotClearedError] * 2
