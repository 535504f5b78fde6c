"""A real Chromium for tests, driven over its DevTools protocol: one process, a page at a time, no network.

`install_browser.sh` beside this file brings one where there is none.
"""

import asyncio
import base64
import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
    "--remote-debugging-port=0",
)
_DEADLINE_S = 60.0


def find() -> str | None:
    """Return the Chromium of this machine, None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def is_needed() -> bool:
    """Whether a missing Chromium is a fault: in CI nothing is left out."""
    return bool(os.environ.get("CI"))


class Page:
    """A page; what it logs, throws and asks of the network is kept."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._loaded = asyncio.Event()
        self._saved = asyncio.Event()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self._reader = asyncio.ensure_future(self._read())

    async def tell(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and return its result."""
        number = len(self._waiting) + 1
        self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(_DEADLINE_S):
            return await self._waiting[number]

    # Any: whatever the expression is worth, as JSON.
    async def value(self, expression: str) -> Any:
        """Return the value of an expression in the page; a promise is awaited."""
        found = await self.tell("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise AssertionError(found["exceptionDetails"])
        return found["result"].get("value")

    async def open(self, file: Path, *, ready: str | None = "document.documentElement.dataset.ready === '1'") -> None:
        """Open a file and wait until it is ready."""
        self._loaded.clear()
        self.complaints.clear()
        self.requests.clear()
        await self.tell("Page.navigate", url=file.as_uri())
        async with asyncio.timeout(_DEADLINE_S):
            await self._loaded.wait()
        if ready is not None:
            await self.wait_for(ready)

    async def wait_for(self, expression: str) -> None:
        """Wait until an expression is true, frame by frame."""
        frames = "new Promise((done) => requestAnimationFrame(() => done()))"
        async with asyncio.timeout(_DEADLINE_S):
            while not await self.value(expression):
                await self.value(frames)

    async def saved(self, expression: str) -> None:
        """Do something that saves a file, and wait for it."""
        self._saved.clear()
        await self.value(expression)
        async with asyncio.timeout(_DEADLINE_S):
            await self._saved.wait()

    async def size(self, width: int, height: int = 900) -> None:
        """Set the size of the window."""
        await self.tell(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False
        )

    async def scheme(self, name: str) -> None:
        """Prefer `light` or `dark`."""
        await self.tell("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    async def picture(self, *, whole: bool = True) -> bytes:
        """Return a PNG of the page."""
        taken = await self.tell("Page.captureScreenshot", format="png", captureBeyondViewport=whole, **(
            {"clip": {**(await self.tell("Page.getLayoutMetrics"))["cssContentSize"], "scale": 1}} if whole else {}
        ))  # fmt: skip
        return base64.b64decode(taken["data"])

    async def printed(self) -> bytes:
        """Return the page as a PDF on A4."""
        taken = await self.tell("Page.printToPDF", paperWidth=8.27, paperHeight=11.69, preferCSSPageSize=False)
        return base64.b64decode(taken["data"])

    async def _read(self) -> None:
        async for message in self._socket:
            event = json.loads(message.data)
            if "id" in event:
                self._answer(event)
            else:
                self._hear(event["method"], event["params"])

    def _answer(self, event: dict[str, Any]) -> None:
        waiting = self._waiting[event["id"]]
        if "error" in event:
            waiting.set_exception(AssertionError(event["error"]))
        else:
            waiting.set_result(event["result"])

    def _save(self, state: str) -> None:
        if state == "completed":
            self._saved.set()

    def _hear(self, method: str, told: dict[str, Any]) -> None:
        heard: dict[str, Callable[[], object]] = {
            "Page.loadEventFired": self._loaded.set,
            "Runtime.exceptionThrown": lambda: self.complaints.append(json.dumps(told["exceptionDetails"])),
            "Runtime.consoleAPICalled": lambda: self.complaints.append(json.dumps(told["args"])),
            "Log.entryAdded": lambda: self.complaints.append(told["entry"]["text"]),
            "Page.downloadProgress": lambda: self._save(told["state"]),
            "Network.requestWillBeSent": lambda: self.requests.append(told["request"]["url"]),
        }
        heard.get(method, lambda: None)()


@asynccontextmanager
async def browsing(downloads: Path) -> AsyncIterator[Page]:
    """Start the Chromium of this machine and open an empty page, without a network."""
    program = find()
    assert program is not None, "there is no Chromium; run tests/support/install_browser.sh"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            program, *_FLAGS, f"--user-data-dir={profile}", "about:blank",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            async with asyncio.timeout(_DEADLINE_S):
                port = await _port(process)
            async with _page(port, downloads) as page:
                yield page
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.communicate()


async def _port(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    async for raw in process.stderr:
        line = raw.decode(errors="replace").strip()
        if line.startswith("DevTools listening on ws://"):
            return line.split("/")[2]
    raise AssertionError("Chromium did not start")


@asynccontextmanager
async def _page(place: str, downloads: Path) -> AsyncIterator[Page]:
    async with aiohttp.ClientSession() as session:
        async with session.get(f"http://{place}/json/list") as answer:
            target = next(found for found in await answer.json() if found["type"] == "page")
        async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
            page = Page(socket)
            for domain in ("Page", "Runtime", "Log", "Network"):
                await page.tell(f"{domain}.enable")
            await page.tell(
                "Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0
            )
            await page.tell(
                "Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads), eventsEnabled=True
            )
            await page.size(1280)
            try:
                yield page
            finally:
                page._reader.cancel()


def run(work: Callable[[Page], Awaitable[None]], downloads: Path) -> None:
    """Do some work with a browser of its own."""

    async def whole() -> None:
        async with browsing(downloads) as page:
            await work(page)

    asyncio.run(whole())
