"""Routes requests in a process without any network but its own, and tells every address that it tried to reach.

Prints one line of JSON. In a namespace a foreign server really answers, so that what leaves would be seen to arrive;
where no namespace can be made, the first foreign address is refused by an audit hook of the interpreter instead.
"""

import asyncio
import ctypes
import fcntl
import ipaddress
import json
import socket
import struct
import sys
from typing import Any

from gateway import Router, RoutingError
from support.policies import policy

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCSIFFLAGS, SIOCSIFADDR, UP = 0x8914, 0x8916, 0x1
# TEST-NET-3 (RFC 5737): an address that is nobody's.
FOREIGN = "203.0.113.7"

reached: list[str] = []
isolated = False


def _isolated() -> bool:
    """Leave every network behind; True where a namespace with a foreign address on its loopback could be made."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) and libc.unshare(CLONE_NEWUSER | CLONE_NEWNET):
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        _configure(sock, SIOCSIFFLAGS, b"lo", struct.pack("H", UP))
        _configure(sock, SIOCSIFADDR, b"lo:1", struct.pack("HH4s", socket.AF_INET, 0, socket.inet_aton(FOREIGN)))
    return True


def _configure(sock: socket.socket, what: int, name: bytes, value: bytes) -> None:
    fcntl.ioctl(sock, what, struct.pack("16s24s", name, value))


def _watch(event: str, args: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        _tell(args[1])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        _tell((args[0],))


def _tell(address: object) -> None:
    # A connected socket sends without an address, and an AF_UNIX one goes nowhere.
    if not isinstance(address, tuple) or address[0] is None:
        return
    host = str(address[0])
    reached.append(host)
    if not isolated and not _is_loopback(host):
        raise PermissionError("no foreign address is reached in this test")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def _serve(writers: list[object]) -> asyncio.Server:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer.get_extra_info("peername"))
        await reader.readuntil(b"\r\n\r\n")
        body = b'{"choices":[{"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"model":"far"}'
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    return await asyncio.start_server(answer, FOREIGN if isolated else "127.0.0.1", 8080)


async def _main() -> None:
    arrived: list[object] = []
    # The local server is down: nobody listens on the discard port.
    backends = {
        "llama": {"kind": "llamacpp", "model": "small", "urls": ["http://127.0.0.1:9"], "clearance": "restricted"},
        "frontier": {
            "kind": "openai_http",
            "model": "far",
            "urls": [f"http://{FOREIGN}:8080"],
            "local": False,
            "clearance": "internal",
        },
    }
    rules = policy(backends, {"name": "default", "use": ["llama", "frontier"]})
    said: dict[str, object] = {"isolated": isolated}
    async with await _serve(arrived), Router.from_policy(rules) as router:
        for name, tags in (("private", {"phi"}), ("open", {"public"})):
            reached.clear()
            arrived.clear()
            try:
                said[name] = (await router.route("hello", tags=tags)).text
            except RoutingError as error:
                said[name] = type(error).__name__
            said[f"{name} reached"] = sorted(set(reached))
            said[f"{name} arrived"] = len(arrived)
    sys.stdout.write(json.dumps(said))


if __name__ == "__main__":
    isolated = "--guard" not in sys.argv and _isolated()
    sys.addaudithook(_watch)
    asyncio.run(_main())
