"""What litellm's calls go through: one pool of connections, redirects refused, every answer closed with its call.

litellm flattens what it sees; here the true status, headers and codes of a call's answers are kept for the errors.
Nothing goes out without a call's clearance, nor to another server than the one it was opened for: litellm reads
addresses from the environment too.
"""

from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import NoReturn, TypeVar

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from gateway.backends._http import ANSWER_BYTES
from gateway.backends._resolver import OutsideError, Resolver
from gateway.clearance import Clearance, confirm
from gateway.errors import NotClearedError
from gateway.policy.place import place_of

T = TypeVar("T")

CONNECTIONS = 100
# A provider's load balancer closes idle connections after some minutes; letting go first costs one handshake.
KEEP_ALIVE_S = 30.0
CONNECT_S = 10.0

_NEVER_MADE = (
    *(aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError),
    *(httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout),
)


class Call:
    """One call of litellm's; with `mark`, its answers are searched for these bytes while they pass."""

    def __init__(self, clearance: Clearance, *, mark: bytes | None = None) -> None:
        self.clearance = clearance
        # What kept a request of the call from being sent.
        self.uncleared: str | None = None
        self.responses: list[httpx.Response] = []
        self.marked = False
        # What is wrong with an answer that was not read to its end.
        self.fault: str | None = None
        self._mark = mark

    @property
    def refusal(self) -> httpx.Response | None:
        """The last answer where its status is none of success."""
        last = self.responses[-1] if self.responses else None
        return last if last is not None and not last.is_success else None

    async def run(self, awaitable: Awaitable[T]) -> T:
        """Await a part of the call: the requests that it sends belong to the call."""
        token = _current.set(self)
        try:
            return await awaitable
        finally:
            _current.reset(token)

    def record(self, response: httpx.Response) -> None:
        """Take note of an answer that begins."""
        self.responses.append(response)
        if isinstance(response.stream, httpx.AsyncByteStream):
            encoded = response.headers.get("content-encoding", "identity") != "identity"
            response.stream = _Watched(response.stream, self, encoded=encoded)

    def watch(self, size: int, found: bytes) -> bytes:
        """Look at an answer's newest bytes, and return those that the mark may begin in; raises beyond the bound."""
        if size > ANSWER_BYTES:
            self.refuse(f"answered with more than {ANSWER_BYTES} bytes")
        if self._mark is None:
            return b""
        self.marked = self.marked or self._mark in found
        return found[1 - len(self._mark) :]

    def refuse(self, fault: str) -> NoReturn:
        """Read no further."""
        self.fault = fault
        # Of this class, litellm asks no second time.
        raise httpx.ReadError(fault)

    async def close(self) -> None:
        """Close what is still open; an answer that was not read to its end takes its connection with it."""
        for response in self.responses:
            await response.aclose()


_current: ContextVar[Call] = ContextVar("_current")


class _Recording(httpx.AsyncBaseTransport):
    def __init__(self, inner: httpx.AsyncBaseTransport, *, backend: str, url: str) -> None:
        self._inner, self._backend, self._url = inner, backend, httpx.URL(url)
        self._place = place_of(url)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        call = _current.get(None)
        try:
            self._check(call, request)
        except NotClearedError as error:
            if call is not None:
                call.uncleared = str(error)
            raise httpx.ReadError("not cleared", request=request) from error
        try:
            response = await self._inner.handle_async_request(request)
        except httpx.ReadTimeout:
            raise
        except httpx.TransportError as error:
            outside = next((one for one in _causes(error) if isinstance(one, OutsideError)), None)
            if outside is not None and call is not None:
                call.uncleared = f"{self._backend!r}: {outside}"
            # As ConnectError or RemoteProtocolError, litellm would ask again, and over a client of its own.
            raise httpx.ReadError("no connection, or it broke", request=request) from error
        if call is not None:
            call.record(response)
        return response

    def _check(self, call: Call | None, request: httpx.Request) -> None:
        confirm(call and call.clearance, backend=self._backend, place=self._place)
        asked = _origin(request.url)
        if asked != _origin(self._url):
            text = (
                f"litellm would ask {asked!r}, and the policy means {self._place!r}: a variable of the environment, or "
                "a setting of litellm's, names another address; nothing was sent; write it as api_base, or unset it"
            )
            raise NotClearedError(text, backend=self._backend)

    async def aclose(self) -> None:
        await self._inner.aclose()


def _origin(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode()}"


class _Watched(httpx.AsyncByteStream):
    def __init__(self, inner: httpx.AsyncByteStream, call: Call, *, encoded: bool) -> None:
        self._inner, self._call, self._encoded = inner, call, encoded

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._encoded:
            # A few bytes could stand for gigabytes.
            self._call.refuse("compressed its answer, unasked")
        tail, size = b"", 0
        async for piece in self._inner:
            size += len(piece)
            tail = self._call.watch(size, tail + piece)
            yield piece

    async def aclose(self) -> None:
        await self._inner.aclose()


@asynccontextmanager
async def opened(
    *, backend: str, url: str, networks: Sequence[str], read_timeout_s: float | None
) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client that asks one server for one backend: with clearances alone, by host and port of `url`.

    It records its answers, follows no redirect, keeps no cookie, retries nothing. A proxy of the environment is taken
    for https alone, since it carries TLS without reading it, and not where `networks` say which addresses the server
    must be at: it would look the name up in our place.
    """
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=KEEP_ALIVE_S, resolver=Resolver(networks)),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=httpx.URL(url).scheme == "https" and not networks,
    )
    transport = _Recording(AiohttpTransport(client=session), backend=backend, url=url)
    timeout = httpx.Timeout(None, connect=CONNECT_S, read=read_timeout_s)
    async with httpx.AsyncClient(
        transport=transport,
        follow_redirects=False,
        trust_env=False,
        timeout=timeout,
        headers={"Accept-Encoding": "identity"},
    ) as client:
        yield client


def timed_out(error: BaseException) -> bool:
    """Whether an error came from waiting too long for an answer."""
    return any(isinstance(cause, httpx.ReadTimeout) for cause in _causes(error))


def broke(error: BaseException) -> bool:
    """Whether an error came from a connection that broke, or never was."""
    return any(isinstance(cause, (httpx.TransportError, aiohttp.ClientError)) for cause in _causes(error))


def reached(error: BaseException) -> bool:
    """Whether the connection that broke had been made, so that the call may be billed."""
    # By aiohttp's classes where there are some: httpx's have one word for no connection and for a lost one.
    causes = list(_causes(error))
    own = [cause for cause in causes if isinstance(cause, aiohttp.ClientError)]
    return not any(isinstance(cause, _NEVER_MADE) for cause in own or causes)


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or cause.__context__
