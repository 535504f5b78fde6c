"""A server on loopback is asked for real: what it is sent, what is made of its answers, and how its faults read."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, contextmanager
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from support.clearances import cleared
from support.wire_servers import (
    OPENAI_TOOL_CALL,
    TEXT,
    Answer,
    WireServer,
    event,
    openai_chunk,
    openai_completion,
    openai_stream,
)
from yarl import URL

from gateway import errors, plugins
from gateway.backends import _http
from gateway.backends.openai_http import OpenAIBackend, Options, connect
from gateway.interfaces import Backend
from gateway.types import Delta, Message, Need, ToolCall, Usage
from gateway.wire.openai import parse_request

KEY = "sk-Zebra7741"
SECRET = "the quick Zebra"
REQUEST = parse_request(SECRET)
MINE = cleared("llama")
KINDS = ["llamacpp", "lmstudio", "ollama", "openai_http", "tgi", "vllm"]


def _open(server: WireServer, **options: Any) -> AbstractAsyncContextManager[OpenAIBackend]:
    return connect(**{"url": server.url, "model": "m", "name": "llama", **options})


async def _all(stream: AsyncIterator[Delta]) -> list[Delta]:
    return [delta async for delta in stream]


def _chain(error: BaseException | None) -> str:
    """Everything that a log could show of an error and of what it came from."""
    shown = ""
    while error is not None:
        shown += f"{error} {error!r} {vars(error)!r}"
        error = error.__context__
    return shown


async def _fault(server: WireServer, answer: Answer, **options: Any) -> errors.BackendError:
    server.answers = [answer]
    async with _open(server, **options) as backend:
        with pytest.raises(errors.BackendError) as raised:
            await backend.complete(REQUEST, MINE)
    return raised.value


async def test_an_answer_is_read_whole(openai_server: WireServer) -> None:
    """Text, model and usage arrive as the server sent them."""
    async with _open(openai_server) as backend:
        completion = await backend.complete(REQUEST, MINE)

    assert completion.message == Message(role="assistant", content=TEXT)
    assert completion.model == "served-model"
    assert completion.usage == Usage(prompt_tokens=20, completion_tokens=7, cached_tokens=16, reasoning_tokens=2)


async def test_a_request_is_sent_in_openais_format(openai_server: WireServer) -> None:
    """The server sees the model, the messages, the parameters, the key and nothing else of the caller's."""
    request = parse_request(SECRET, temperature=0.5, tags={"pii"}, tenant="acme", task="chat")

    async with _open(openai_server, api_key=KEY, headers={"X-Team": "blue"}) as backend:
        await backend.complete(request, MINE)

    seen = openai_server.seen[0]
    assert (seen.method, seen.path) == ("POST", "/v1/chat/completions")
    assert seen.body == {"model": "m", "messages": [{"role": "user", "content": SECRET}], "temperature": 0.5}
    assert (seen.headers["Authorization"], seen.headers["X-Team"]) == (f"Bearer {KEY}", "blue")


async def test_a_tool_call_is_read(openai_server: WireServer) -> None:
    """A model can ask for a function."""
    openai_server.answers = [Answer(body=openai_completion(None, tool_calls=[OPENAI_TOOL_CALL]))]

    async with _open(openai_server) as backend:
        completion = await backend.complete(REQUEST, MINE)

    assert completion.message.tool_calls == (ToolCall(id="call_9", name="weather", arguments='{"city":"Rome"}'),)


async def test_logprobs_are_asked_for(openai_server: WireServer) -> None:
    """A judge of confidence gets its figures."""
    async with _open(openai_server) as backend:
        await backend.complete(REQUEST, MINE, logprobs=True)

    assert openai_server.seen[0].body["logprobs"] is True


@pytest.mark.parametrize(
    ("suffix", "path"),
    [
        ("", "/v1/chat/completions"),
        ("/", "/v1/chat/completions"),
        ("/v1", "/v1/chat/completions"),
        ("/v1/", "/v1/chat/completions"),
        ("/openai", "/openai/v1/chat/completions"),
        ("/openai/v1", "/openai/v1/chat/completions"),
        ("/v1beta/openai/", "/v1beta/openai/chat/completions"),
        ("/video", "/video/v1/chat/completions"),
    ],
)
async def test_a_base_url_works_with_and_without_its_version(openai_server: WireServer, suffix: str, path: str) -> None:
    """However a server's documentation writes the URL, it can be copied."""
    async with _open(openai_server, url=openai_server.url + suffix) as backend:
        await backend.complete(REQUEST, MINE)

    assert openai_server.seen[0].path == path


async def test_a_replica_is_named_by_host_and_port(openai_server: WireServer) -> None:
    """A ledger entry says who answered."""
    async with _open(openai_server) as backend:
        assert f"http://{backend.replica}" == openai_server.url


async def test_further_fields_are_sent(openai_server: WireServer) -> None:
    """A server's own fields can be set in the policy."""
    async with _open(openai_server, extra_body={"min_p": 0.1}) as backend:
        await backend.complete(REQUEST, MINE)

    assert openai_server.seen[0].body["min_p"] == 0.1


@pytest.mark.parametrize("given", ["max_tokens", "max_completion_tokens"])
async def test_a_limit_is_sent_under_the_name_that_the_server_reads(openai_server: WireServer, given: str) -> None:
    """A limit that a server would ignore bounds nothing."""
    async with _open(openai_server, output_limit="max_tokens") as backend:
        await backend.complete(parse_request("Hi", **{given: 5}), MINE)  # type: ignore[arg-type] # one of two known keys

    assert (openai_server.seen[0].body.get("max_tokens"), len(openai_server.seen[0].body)) == (5, 3)


async def test_no_limit_is_made_up(openai_server: WireServer) -> None:
    """A request without a limit stays without one."""
    async with _open(openai_server, output_limit="max_tokens") as backend:
        await backend.complete(REQUEST, MINE)

    assert set(openai_server.seen[0].body) == {"model", "messages"}


async def test_a_large_request_arrives_whole(openai_server: WireServer) -> None:
    """Images of some megabytes are sent without a warning."""
    text = "x" * 3_000_000

    async with _open(openai_server) as backend:
        await backend.complete(parse_request(text), MINE)

    assert openai_server.seen[0].body["messages"][0]["content"] == text


async def test_a_connection_is_used_again(openai_server: WireServer) -> None:
    """Calls one after the other open one connection."""
    async with _open(openai_server) as backend:
        await backend.complete(REQUEST, MINE)
        await backend.complete(REQUEST, MINE)

    assert len(openai_server.connections) == 1


async def test_the_connection_of_a_stream_is_not_used_again(openai_server: WireServer) -> None:
    """llama.cpp closes it without saying so, and no request may meet it closing."""
    async with _open(openai_server) as backend:
        await _all(backend.stream(REQUEST, MINE))
        await backend.complete(REQUEST, MINE)

    assert len(openai_server.connections) == 2


async def test_a_stream_is_passed_on(openai_server: WireServer) -> None:
    """Words, the end and the usage arrive in order."""
    async with _open(openai_server) as backend:
        deltas = await _all(backend.stream(REQUEST, MINE))

    assert "".join(delta.text for delta in deltas) == TEXT
    assert [delta.finish_reason for delta in deltas[-2:]] == ["stop", None]
    assert deltas[-1].usage == Usage(prompt_tokens=20, completion_tokens=7, cached_tokens=16, reasoning_tokens=2)
    assert openai_server.seen[0].body["stream_options"] == {"include_usage": True}


async def test_the_first_token_does_not_wait_for_the_second(openai_server: WireServer) -> None:
    """A delta is passed on while the server is still writing."""
    openai_server.answers = [Answer(pieces=[event(openai_chunk(content="A"))], then="hang")]

    async with _open(openai_server) as backend, aclosing(backend.stream(REQUEST, MINE)) as stream:
        delta = await anext(stream)

    assert delta.text == "A"


async def test_closing_a_stream_closes_the_connection(openai_server: WireServer) -> None:
    """When nobody listens any more, the server stops generating."""
    openai_server.answers = [Answer(pieces=openai_stream("A")[:2], then="hang")]

    async with _open(openai_server) as backend:
        async with aclosing(backend.stream(REQUEST, MINE)) as stream:
            await anext(stream)

        async with asyncio.timeout(5):
            await openai_server.client_left.wait()


async def test_a_cancelled_call_closes_the_connection(openai_server: WireServer) -> None:
    """A caller that goes away frees the server's slot."""
    openai_server.answers = [Answer(then="hang")]

    async with _open(openai_server) as backend:
        call = asyncio.ensure_future(backend.complete(REQUEST, MINE))
        await openai_server.arrived.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

        async with asyncio.timeout(5):
            await openai_server.client_left.wait()


async def test_a_stream_that_lingers_after_its_end_is_complete(openai_server: WireServer) -> None:
    """A server that forgets to close after [DONE] does not hold the answer up."""
    openai_server.answers = [Answer(pieces=openai_stream("A"), then="hang")]

    async with _open(openai_server) as backend:
        deltas = await _all(backend.stream(REQUEST, MINE))

    assert deltas[-1].usage is not None


@pytest.mark.parametrize("then", ["end", "break"])
async def test_a_truncated_stream_is_an_error(openai_server: WireServer, then: Any) -> None:
    """Half an answer is passed on, and then said to be half."""
    openai_server.answers = [Answer(pieces=openai_stream("Half", "an")[:2], then=then)]
    kind = {"end": errors.MalformedResponseError, "break": errors.BackendUnavailableError}[then]

    async with _open(openai_server) as backend, aclosing(backend.stream(REQUEST, MINE)) as stream:
        first = await anext(stream)
        with pytest.raises(kind):
            await anext(stream)

    assert first.text == "Half"


async def test_a_stream_may_end_without_a_line_break(openai_server: WireServer) -> None:
    """A server that closes right after its last word has still said it."""
    openai_server.answers = [Answer(pieces=[event(openai_chunk(content="A", finish_reason="stop")).rstrip()])]

    async with _open(openai_server) as backend:
        deltas = await _all(backend.stream(REQUEST, MINE))

    assert [delta.text for delta in deltas] == ["A"]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(status=307, headers={"Location": "http://127.0.0.1:9/"}), errors.RequestRejectedError),
        (Answer(status=400, body={"error": {"message": SECRET}}), errors.RequestRejectedError),
        (Answer(status=401, body={"error": {"message": f"bad key {KEY}"}}), errors.AuthenticationError),
        (Answer(status=408), errors.BackendTimeoutError),
        (Answer(status=429), errors.RateLimitedError),
        (Answer(status=500, body=SECRET.encode()), errors.BackendUnavailableError),
        (
            Answer(status=400, body={"error": {"message": SECRET, "code": "context_length_exceeded"}}),
            errors.ContextWindowExceededError,
        ),
        (
            Answer(status=400, body={"error": {"message": SECRET, "type": "exceed_context_size_error"}}),
            errors.ContextWindowExceededError,
        ),
        (Answer(status=400, body={"error": {"code": "content_filter"}}), errors.ContentFilteredError),
        (Answer(body=SECRET.encode()), errors.MalformedResponseError),
        (Answer(body={"choices": [], "said": SECRET}), errors.MalformedResponseError),
        (Answer(body={"error": {"message": SECRET}}), errors.MalformedResponseError),
        (Answer(then="break"), errors.BackendUnavailableError),
        (Answer(pieces=[b'{"choices"'], then="break"), errors.BackendUnavailableError),
    ],
)
async def test_a_fault_has_its_class_and_quotes_nothing(
    openai_server: WireServer, answer: Answer, kind: type[errors.BackendError]
) -> None:
    """Who is at fault is told by the class; prompts, answers and keys stay out of the error and its context."""
    fault = await _fault(openai_server, answer, api_key=KEY)

    assert type(fault) is kind
    assert fault.backend == "llama"
    assert SECRET not in _chain(fault)
    assert KEY not in _chain(fault)


async def test_a_rate_limit_says_how_long_to_wait(openai_server: WireServer) -> None:
    """The server's own word on when to come back is kept."""
    fault = await _fault(openai_server, Answer(status=429, headers={"Retry-After": "7"}))

    assert isinstance(fault, errors.RateLimitedError)
    assert fault.retry_after == 7.0


async def test_a_redirect_is_not_followed(openai_server: WireServer) -> None:
    """A prompt goes to the host of the policy and to no other."""
    await _fault(openai_server, Answer(status=307, headers={"Location": f"{openai_server.url}/elsewhere"}))

    assert [seen.path for seen in openai_server.seen] == ["/v1/chat/completions"]


async def test_a_refusal_is_read_up_to_a_bound(openai_server: WireServer) -> None:
    """A huge error page costs no memory."""
    fault = await _fault(openai_server, Answer(status=500, body=b"x" * 300_000))

    assert str(fault) == "'llama' answered 500"


async def test_an_answer_is_read_up_to_a_bound(openai_server: WireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server cannot fill the memory."""
    monkeypatch.setattr(_http, "ANSWER_BYTES", 100)

    fault = await _fault(openai_server, Answer(body=b" " * 200))

    assert isinstance(fault, errors.MalformedResponseError)


async def test_a_stream_is_read_up_to_a_bound(openai_server: WireServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small events without end fill no memory either, and the server is left."""
    monkeypatch.setattr(_http, "ANSWER_BYTES", 1_000)
    openai_server.answers = [Answer(pieces=[event(openai_chunk(content="more"))] * 50, then="hang")]

    async with _open(openai_server) as backend:
        with pytest.raises(errors.MalformedResponseError, match="more than 1000 bytes"):
            await _all(backend.stream(REQUEST, MINE))

    await asyncio.wait_for(openai_server.client_left.wait(), 5)


async def test_a_stream_that_goes_on_after_its_end_is_left(openai_server: WireServer) -> None:
    """The answer is complete; what follows it is neither read nor waited for."""
    late = event(openai_chunk(content="more"))
    openai_server.answers = [Answer(pieces=[*openai_stream("A")[:-1], *[late] * 50], then="hang")]

    async with _open(openai_server) as backend:
        deltas = await _all(backend.stream(REQUEST, MINE))

    assert "".join(delta.text for delta in deltas) == "A"


@pytest.mark.parametrize(("status", "streamed"), [(200, False), (200, True), (500, False)])
async def test_an_answer_that_breaks_off_holds_nothing_of_aiohttps(
    openai_server: WireServer, status: int, *, streamed: bool
) -> None:
    """The error that a caller may log is ours alone, also where the body was already being read."""
    openai_server.answers = [Answer(status=status, pieces=[b'{"'], then="break")]

    async with _open(openai_server) as backend:
        with pytest.raises(errors.BackendUnavailableError) as raised:
            await (anext(backend.stream(REQUEST, MINE)) if streamed else backend.complete(REQUEST, MINE))

    assert (raised.value.__context__, raised.value.reached) == (None, True)


async def test_silence_ends_with_the_read_timeout(openai_server: WireServer) -> None:
    """A server that says nothing is given up where the policy bounds its silence."""
    fault = await _fault(openai_server, Answer(then="hang"), read_timeout_s=0.05)

    assert isinstance(fault, errors.BackendTimeoutError)


async def test_nobody_there_is_said_plainly(closed_port: int) -> None:
    """The message names the URL and asks the right question."""
    async with connect(url=f"http://127.0.0.1:{closed_port}", model="m", name="llama") as backend:
        with pytest.raises(errors.BackendUnavailableError) as raised:
            await backend.complete(REQUEST, MINE)

    assert f"cannot connect to 'http://127.0.0.1:{closed_port}'" in str(raised.value)
    assert "is the server up?" in str(raised.value)


async def test_a_server_without_tls_is_told_apart() -> None:
    """TLS against a server that speaks something else is a fault of the connection."""
    async with _raw_server(b"SSH-2.0\r\n") as port, connect(url=f"https://127.0.0.1:{port}", model="m", name="n") as b:
        with pytest.raises(errors.BackendUnavailableError, match="no TLS with"):
            await b.complete(REQUEST, cleared("n"))


async def test_something_that_is_no_http_is_malformed() -> None:
    """Another service on the port is not taken for a model."""
    async with (
        _raw_server(b"SSH-2.0\r\n\r\n") as port,
        connect(url=f"http://127.0.0.1:{port}", model="m", name="n") as b,
    ):
        with pytest.raises(errors.MalformedResponseError, match="did not answer in HTTP"):
            await b.complete(REQUEST, cleared("n"))


async def test_a_connection_that_is_not_accepted_is_unavailable() -> None:
    """A host that swallows connections is given up after the connect time-out."""
    with _full_port() as port:
        async with connect(url=f"http://127.0.0.1:{port}", model="m", name="llama", connect_timeout_s=0.05) as backend:
            with pytest.raises(errors.BackendUnavailableError, match=r"no connection to .* within 0.05 s"):
                await backend.complete(REQUEST, MINE)


async def test_a_proxy_of_the_environment_sees_nothing(
    openai_server: WireServer, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prompts go straight to the server of the policy."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")

    async with _open(openai_server) as backend:
        completion = await backend.complete(REQUEST, MINE)

    assert completion.message.text == TEXT


async def test_no_cookie_is_kept(openai_server: WireServer) -> None:
    """A server cannot tie one caller's requests to another's."""
    openai_server.answers = [Answer(body=openai_completion(), headers={"Set-Cookie": "a=b"})]

    async with _open(openai_server) as backend:
        await backend.complete(REQUEST, MINE)
        await backend.complete(REQUEST, MINE)

    assert "Cookie" not in openai_server.seen[1].headers


async def test_the_model_auto_is_the_first_that_the_server_lists(openai_server: WireServer) -> None:
    """A server with one model needs no name in the policy."""
    async with _open(openai_server, model="auto") as backend:
        await backend.complete(REQUEST, MINE)

        assert backend.model == "first-model"
    assert openai_server.seen[1].body["model"] == "first-model"


@pytest.mark.parametrize(
    "body", [{"data": []}, {"data": "x"}, {"data": ["x", {"id": 7}]}, [], b"no json", {"data": [{"id": ""}]}]
)
async def test_a_server_without_a_list_needs_a_model_by_name(openai_server: WireServer, body: object) -> None:
    """What cannot be found out is asked for, at start."""
    openai_server.answers = [Answer(body=body)]

    with pytest.raises(errors.ConfigurationError, match="name it in the policy"):
        async with _open(openai_server, model="auto"):
            pass


async def test_without_a_probe_nothing_is_opened(closed_port: int) -> None:
    """A policy can be loaded while its servers are down."""
    async with connect(url=f"http://127.0.0.1:{closed_port}", model="m", name="llama") as backend:
        assert isinstance(backend, Backend)


async def test_a_probe_passes_where_somebody_is_there(openai_server: WireServer) -> None:
    """The model of the policy stays the one that is asked for."""
    async with _open(openai_server, probe=True) as backend:
        assert backend.model == "m"

    assert [seen.path for seen in openai_server.seen] == ["/v1/models"]


@pytest.mark.parametrize("status", [404, 405])
async def test_a_probe_passes_where_models_are_not_listed(openai_server: WireServer, status: int) -> None:
    """Not every server has the list."""
    openai_server.answers = [Answer(status=status)]

    async with _open(openai_server, probe=True) as backend:
        assert backend.model == "m"


async def test_a_probe_finds_nobody(closed_port: int) -> None:
    """A server that is down is known at start."""
    with pytest.raises(errors.BackendUnavailableError):
        async with connect(url=f"http://127.0.0.1:{closed_port}", model="m", name="llama", probe=True):
            pass


async def test_a_probe_finds_a_wrong_key(openai_server: WireServer) -> None:
    """A key that is refused is known at start."""
    openai_server.answers = [Answer(status=401)]

    with pytest.raises(errors.AuthenticationError):
        async with _open(openai_server, probe=True):
            pass


async def test_a_probe_does_not_wait_for_ever(openai_server: WireServer) -> None:
    """A server that hangs counts as one that is not there."""
    openai_server.answers = [Answer(then="hang")]

    with pytest.raises(errors.BackendUnavailableError, match=r"within 0.05 s"):
        async with _open(openai_server, probe=True, connect_timeout_s=0.05):
            pass


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("url", "127.0.0.1:8080", "no URL of a server"),
        ("url", "ftp://host", "no URL of a server"),
        ("url", "http://", "no URL of a server"),
        ("url", "http://][x@@", "no URL of a server"),
        ("url", "http://[", "no URL of a server"),
        ("url", f"http://me:{KEY}@host", "must not hold a user or a password"),
        ("url", f"http://host?key={KEY}", "neither a query nor a fragment"),
        ("api_key", f"{KEY}\nX: y", "no header can hold"),
        ("api_key", " ", "no header can hold"),
        ("headers", {"X": f"{KEY}\n."}, "no header can hold"),
        ("extra_body", {"messages": [KEY]}, "messages: given by every request"),
        ("model", "", "at least 1 character"),
        ("retries", 3, "Extra inputs are not permitted"),
    ],
)
def test_wrong_options_are_refused_without_being_quoted(field: str, value: object, fault: str) -> None:
    """A key that is written into the wrong place does not end up in a log."""
    with pytest.raises(ValidationError) as refused:
        Options.model_validate({"url": "http://host", "model": "m", field: value})

    assert fault in str(refused.value)
    assert KEY not in str(refused.value)


def test_a_key_may_end_in_a_line_break() -> None:
    """A key read from a file works as it is."""
    options = Options(url="http://host", model="m", api_key=SecretStr(f"{KEY}\n"))

    assert SecretStr(KEY) == options.api_key
    assert KEY not in repr(options)


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_asks_its_server(openai_server: WireServer, kind: str) -> None:
    """llama.cpp, vLLM, Ollama, LM Studio and TGI are asked in the one format that they share."""
    module = plugins.load("backends", kind)
    options = module.Options.model_validate({"url": openai_server.url, "model": "m", "name": "llama"})

    async with module.build(options) as backend:
        completion = await backend.complete(parse_request("Hi", max_completion_tokens=5), MINE)

    assert completion.message.text == TEXT
    assert openai_server.seen[0].path == "/v1/chat/completions"


@pytest.mark.parametrize(
    ("kind", "port"), [("llamacpp", 8080), ("vllm", 8000), ("ollama", 11434), ("lmstudio", 1234), ("tgi", 8080)]
)
def test_a_kind_knows_its_port(kind: str, port: int) -> None:
    """A server that was started with its defaults needs no URL."""
    options = plugins.load("backends", kind).Options.model_validate({"model": "m"})

    assert options.model_dump()["url"] == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_says_what_it_supports(kind: str) -> None:
    """Text engines take tools and formats."""
    module: Any = plugins.load("backends", kind)

    assert {Need.TOOLS, Need.RESPONSE_FORMAT} == module.SUPPORTS


async def test_llama_cpp_keeps_the_prompt_in_its_cache(openai_server: WireServer) -> None:
    """The next turn of a conversation does not read the first again."""
    llamacpp: Any = plugins.load("backends", "llamacpp")

    async with llamacpp.build(llamacpp.Options(url=openai_server.url, model="m", name="llama")) as backend:
        await backend.complete(REQUEST, MINE)

    assert openai_server.seen[0].body["cache_prompt"] is True


async def test_a_request_that_json_cannot_say_is_rejected(openai_server: WireServer) -> None:
    """A broken tool ends one attempt, and nothing is sent."""
    tool = {"type": "function", "function": {"name": "f", "parameters": {1, 2}}}

    async with _open(openai_server) as backend:
        with pytest.raises(errors.RequestRejectedError):
            await backend.complete(parse_request("Hi", tools=[tool]), MINE)

    assert openai_server.seen == []


@asynccontextmanager
async def _raw_server(answer: bytes) -> AsyncIterator[int]:
    """Serve bytes that are no HTTP."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@contextmanager
def _full_port() -> Iterator[int]:
    """A port whose queue of connections is full, so that the next one is never accepted."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
        for one in waiting:
            one.close()


@pytest.mark.parametrize(
    "token",
    [None, cleared("frontier"), cleared("llama", "http://127.0.0.1:1"), cleared("llama", "http://llama.test:8000")],
    ids=["none", "another backend", "another port", "another host"],
)
async def test_nothing_is_sent_without_a_clearance_for_this_backend_at_this_place(
    openai_server: WireServer, token: Any
) -> None:
    """Whoever gets a call wrong sends nobody anything, whole or in pieces, and keeps the server free."""
    async with _open(openai_server) as backend:
        with pytest.raises(errors.NotClearedError) as whole:
            await backend.complete(REQUEST, token)
        with pytest.raises(errors.NotClearedError) as streamed:
            await _all(backend.stream(REQUEST, token))

    assert (openai_server.seen, openai_server.connections) == ([], set())
    assert not whole.value.transient
    assert SECRET not in _chain(whole.value) + _chain(streamed.value)


async def test_a_clearance_for_the_place_is_enough(openai_server: WireServer) -> None:
    """Host and port of the policy's URL are the place, with or without a path."""
    token = cleared("llama", f"{openai_server.url}/some/path", "http://10.0.0.1")

    async with _open(openai_server) as backend:
        assert (await backend.complete(REQUEST, token)).message.text == TEXT


async def test_a_server_is_sent_nothing_for_another_address(openai_server: WireServer) -> None:
    """The transport itself is bound to one server: a URL that leads elsewhere is not taken."""
    async with _http.connect(_http.HttpOptions(name="llama", url=openai_server.url)) as server:
        with pytest.raises(errors.NotClearedError, match="nothing was sent"):
            await server.whole(MINE, URL(openai_server.url).with_port(1), b"{}")

    assert openai_server.seen == []
