"""Make the picture of the report that the documentation shows, from a made-up ledger.

Run: PYTHONPATH=.:tests .venv/bin/python tests/support/picture.py docs/report.png
"""

import asyncio
import base64
import struct
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gateway.cli.main import main
from support import browser, made_up
from support.made_up import Desk, make

REQUESTS = 1_000_000
WIDTH, HEIGHT = 1240, 1560
_COLOURS = 256


def picture() -> bytes:
    """Return the top of a report on 1,000,000 made-up requests, as a small PNG."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder / "made-up.sqlite3", Desk(requests=REQUESTS, compared=2_000))
        (folder / "policy.yaml").write_text(made_up.POLICY)
        ledger = ["--policy", str(folder / "policy.yaml"), "--ledger", str(folder / "made-up.sqlite3")]
        code = main(["report", "--html", str(folder / "report.html"), *ledger, "--month", "2026-10"])
        assert code == 0
        return small(asyncio.run(_taken(folder)))


async def _taken(folder: Path) -> bytes:
    async with browser.browsing(folder) as page:
        await page.size(WIDTH, HEIGHT)
        await page.open(folder / "report.html")
        clip = {"x": 0, "y": 0, "width": WIDTH, "height": HEIGHT, "scale": 1}
        taken = await page.tell("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        return base64.b64decode(taken["data"])


def small(png: bytes) -> bytes:
    """Return a PNG of at most 256 colours: those that are seen most, and for the others the nearest of them."""
    pixels = _pixels(png)
    keys = pixels.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], dtype=np.uint32)
    found, places, often = np.unique(keys, return_inverse=True, return_counts=True)
    colours = np.stack([found >> 16, found >> 8 & 255, found & 255], axis=1).astype(np.int32)
    kept = colours[np.argsort(-often, kind="stable")[:_COLOURS]]
    nearest = np.array([np.abs(kept - colour).sum(axis=1).argmin() for colour in colours], dtype=np.uint8)
    height, width = keys.shape
    rows = nearest[places.reshape(height, width)]
    body = np.concatenate([np.zeros((height, 1), np.uint8), rows], axis=1).tobytes()
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = [
        (b"IHDR", head),
        (b"PLTE", kept.astype(np.uint8).tobytes()),
        (b"IDAT", zlib.compress(body, 9)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, chunks))


def _chunk(chunk: tuple[bytes, bytes]) -> bytes:
    kind, body = chunk
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _pixels(png: bytes) -> NDArray[np.uint8]:
    """Return the pixels of a PNG of 8 bits a channel, without transparency."""
    place, data, width, height, channels = 8, b"", 0, 0, 3
    while place < len(png):
        (length,), kind = struct.unpack(">I", png[place : place + 4]), png[place + 4 : place + 8]
        body = png[place + 8 : place + 8 + length]
        if kind == b"IHDR":
            width, height, _, colour = struct.unpack(">IIBB", body[:10])
            channels = 4 if colour == 6 else 3
        data += body if kind == b"IDAT" else b""
        place += 12 + length
    raw = np.frombuffer(zlib.decompress(data), np.uint8).reshape(height, 1 + width * channels)
    before, rows = np.zeros(width * channels, np.int32), []
    for line in raw:
        before = _unfiltered(int(line[0]), line[1:].astype(np.int32), before, channels)
        rows.append(before)
    return np.stack(rows).astype(np.uint8).reshape(height, width, channels)[:, :, :3]


def _unfiltered(kind: int, line: NDArray[np.int32], above: NDArray[np.int32], channels: int) -> NDArray[np.int32]:
    if kind in (0, 2):
        return (line + above * (kind == 2)) % 256
    made = line.copy()
    for at in range(len(line)):
        left = int(made[at - channels]) if at >= channels else 0
        corner = int(above[at - channels]) if at >= channels else 0
        up = int(above[at])
        made[at] = (int(line[at]) + _predicted(kind, left, up, corner)) % 256
    return made


def _predicted(kind: int, left: int, up: int, corner: int) -> int:
    if kind == 1:
        return left
    if kind == 3:
        return (left + up) // 2
    guess = left + up - corner
    return min((left, up, corner), key=lambda one: abs(guess - one))


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(picture())
