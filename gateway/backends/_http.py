"""One pinned server over HTTP: the session, its errors translated, answers read up to a bound. No kind by itself.

No redirect is followed, no proxy is taken from the environment, no cookie is kept, nothing is retried. A body is sent
with a clearance for where it goes, and in no other way.
aiohttp is used as it is: behind httpx's API the same call costs about twice the CPU, and a connection that breaks
reads like one that never was.
"""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from functools import partial
from io import BytesIO

import aiohttp
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from yarl import URL

from gateway import errors
from gateway.backends._resolver import OutsideError, Resolver
from gateway.backends._url import url_of
from gateway.clearance import Clearance, confirm
from gateway.policy.place import place_of
from gateway.wire.failures import failure, retry_after_s
from gateway.wire.openai import decode

ANSWER_BYTES = 64 * 2**20
REFUSAL_BYTES = 64 * 2**10

# uvicorn and cpp-httplib close an idle connection after 5 s; letting go first, no request meets one that is closing.
KEEP_ALIVE_S = 4.0
# aiohttp warns of larger bodies given as bytes: it writes those in one go.
BIG_BODY = 2**20


class HttpOptions(BaseModel):
    """Where a server is and how it is reached."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: str = Field(default="openai_http", description="The backend's name, for errors.")
    url: str = Field(description="The base URL, with or without /v1.")
    networks: tuple[str, ...] = Field(default=(), description="Where its name may lead (CIDR). Unset: anywhere.")
    api_key: SecretStr | None = Field(default=None, description="Sent as a bearer token.")
    headers: dict[str, SecretStr] = Field(default_factory=dict, description="Further headers.")
    connections: int = Field(default=100, gt=0, description="Calls at the same time; more wait their turn.")
    keep_alive: bool = Field(default=True, description="Use a connection for one call after the other.")
    connect_timeout_s: float = Field(default=5.0, gt=0, description="Seconds to open a connection, and for a probe.")
    read_timeout_s: float | None = Field(
        default=None, gt=0, description="Seconds without a byte before a call is given up. Unset: the policy's alone."
    )

    @field_validator("url")
    @classmethod
    def _plain_url(cls, value: str) -> str:
        url = url_of(value)
        if url.scheme not in ("http", "https") or not url.host:
            raise ValueError("no URL of a server; write for instance http://127.0.0.1:8080")
        if url.user is not None or url.password is not None:
            raise ValueError("a URL must not hold a user or a password; use api_key or headers")
        if url.query_string or url.fragment:
            raise ValueError("a base URL has neither a query nor a fragment; remove it")
        return value

    @field_validator("api_key")
    @classmethod
    def _sendable_key(cls, value: SecretStr | None) -> SecretStr | None:
        return value if value is None else _sendable(value)

    @field_validator("headers")
    @classmethod
    def _sendable_headers(cls, value: dict[str, SecretStr]) -> dict[str, SecretStr]:
        return {name: _sendable(secret) for name, secret in value.items()}


def _sendable(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value().strip()
    if not text or not text.isascii() or not text.isprintable():
        raise ValueError("empty, or with characters that no header can hold (a line break?); correct it")
    return SecretStr(text)


class HttpServer:
    """The one server behind a session. Called concurrently; raises `BackendError`."""

    def __init__(self, session: aiohttp.ClientSession, options: HttpOptions) -> None:
        self.name = options.name
        self._session = session
        self._options = options
        self._origin = URL(options.url).origin()
        self._place = str(self._origin)
        self._named = place_of(options.url)
        # cpp-httplib, and so llama.cpp, closes the connection of a stream without saying so: the next request would
        # meet it closing. Without TLS a new connection costs little; with TLS another server stands in front.
        self._stream_headers = {"Connection": "close"} if URL(options.url).scheme == "http" else {}

    async def look(self, url: URL) -> bytes:
        """Ask for something about the server, sending nothing of any request; the answer's whole body."""
        return await _joined_whole(self._read(partial(self._session.get, url, allow_redirects=False)))

    async def whole(self, clearance: Clearance, url: URL, data: bytes) -> bytes:
        """Send and return the answer's whole body; raises `MalformedResponseError` beyond `ANSWER_BYTES`."""
        return await _joined_whole(self._sent(clearance, url, data, {}))

    def pieces(self, clearance: Clearance, url: URL, data: bytes) -> AsyncGenerator[bytes, None]:
        """Send and give the body as it comes, up to `ANSWER_BYTES`; closing it early closes the connection."""
        return self._sent(clearance, url, data, self._stream_headers)

    def _sent(
        self, clearance: Clearance, url: URL, data: bytes, headers: dict[str, str]
    ) -> AsyncGenerator[bytes, None]:
        confirm(clearance, backend=self.name, place=self._named)
        if url.origin() != self._origin:
            text = f"{str(url.origin())!r} is not {self._place!r}; nothing was sent"
            raise errors.NotClearedError(text, backend=self.name)
        body = BytesIO(data) if len(data) > BIG_BODY else data
        return self._read(partial(self._session.post, url, data=body, headers=headers, allow_redirects=False))

    async def _read(
        self, ask: Callable[[], AbstractAsyncContextManager[aiohttp.ClientResponse]]
    ) -> AsyncGenerator[bytes, None]:
        # The body is read in here and errors are raised outside the `except`, so that none has an error of aiohttp's
        # as its context: those may hold the request's headers, and so the key.
        fault: errors.BackendError | None = None
        try:
            async with ask() as response:
                if 200 <= response.status < 300:  # noqa: PLR2004 - HTTP's range of success
                    size = 0
                    async for piece in response.content.iter_any():
                        size = self._counted(size + len(piece))
                        yield piece
                else:
                    fault = await self._refusal(response)
        except (aiohttp.ClientError, OSError) as error:
            fault = self._broken(error)
        if fault is not None:
            raise fault

    def _counted(self, size: int) -> int:
        if size > ANSWER_BYTES:
            text = f"{self.name!r} answered with more than {ANSWER_BYTES} bytes"
            raise errors.MalformedResponseError(text, backend=self.name)
        return size

    async def _refusal(self, response: aiohttp.ClientResponse) -> errors.BackendError:
        raw = await _joined(response.content.iter_any(), REFUSAL_BYTES)
        try:
            payload = decode(raw, backend=self.name)
        except errors.MalformedResponseError:
            payload = None
        wait = retry_after_s(response.headers)
        return failure(response.status, payload, backend=self.name, retry_after=wait)

    def _broken(self, error: Exception) -> errors.BackendError:
        name, place = self.name, self._place
        if isinstance(error, aiohttp.ConnectionTimeoutError):
            text = f"no connection to {place!r} within {self._options.connect_timeout_s:g} s; is the server up?"
            return errors.BackendUnavailableError(text, backend=name)
        if isinstance(error, aiohttp.ServerTimeoutError):
            text = f"{name!r} at {place!r} sent nothing for {self._options.read_timeout_s} s"
            return errors.BackendTimeoutError(text, backend=name)
        if isinstance(error, aiohttp.ClientConnectorError):
            return self._unmade(error)
        if isinstance(error, aiohttp.ClientResponseError):
            return errors.MalformedResponseError(f"{name!r} at {place!r} did not answer in HTTP", backend=name)
        text = f"{name!r} at {place!r} closed the connection before its answer was complete"
        return errors.BackendUnavailableError(text, backend=name, reached=True)

    def _unmade(self, error: aiohttp.ClientConnectorError) -> errors.BackendError:
        name, place = self.name, self._place
        if isinstance(error.os_error, OutsideError):
            return errors.NotClearedError(f"{name!r}: {error.os_error}", backend=name)
        if isinstance(error, aiohttp.ClientSSLError):
            text = f"no TLS with {place!r} ({type(error).__name__}); check its certificate"
            return errors.BackendUnavailableError(text, backend=name)
        text = f"cannot connect to {place!r} ({type(error.os_error).__name__}); is the server up?"
        return errors.BackendUnavailableError(text, backend=name)


@asynccontextmanager
async def connect(options: HttpOptions) -> AsyncIterator[HttpServer]:
    """Open a session for one server; connections are made by the first calls and kept for the next."""
    headers = {name: secret.get_secret_value() for name, secret in options.headers.items()}
    headers |= {"Content-Type": "application/json", "Accept-Encoding": "identity"}
    if options.api_key is not None:
        headers["Authorization"] = f"Bearer {options.api_key.get_secret_value()}"
    async with aiohttp.ClientSession(
        connector=_connector(options),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=headers,
        timeout=aiohttp.ClientTimeout(
            total=None, sock_connect=options.connect_timeout_s, sock_read=options.read_timeout_s
        ),
        trust_env=False,
    ) as session:
        yield HttpServer(session, options)


def _connector(options: HttpOptions) -> aiohttp.TCPConnector:
    resolver = Resolver(options.networks)
    if options.keep_alive:
        return aiohttp.TCPConnector(limit=options.connections, resolver=resolver, keepalive_timeout=KEEP_ALIVE_S)
    return aiohttp.TCPConnector(limit=options.connections, resolver=resolver, force_close=True)


async def _joined_whole(pieces: AsyncGenerator[bytes, None]) -> bytes:
    async with aclosing(pieces):
        return b"".join([piece async for piece in pieces])


async def _joined(pieces: AsyncIterable[bytes], limit: int) -> bytes:
    """Return the pieces as one, up to the first that goes beyond the limit."""
    joined = bytearray()
    async for piece in pieces:
        joined += piece
        if len(joined) > limit:
            break
    return bytes(joined)
