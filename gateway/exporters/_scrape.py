"""A page that is read over HTTP, by threads of its own; without a password: it is for loopback or a closed net."""

import logging
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

log = logging.getLogger("gateway")

PATH = "/metrics"
# From what a reader accepts to the name of a format and a text in it.
Page = Callable[[str], tuple[str, bytes]]
_SLOWEST_READER_S = 10.0
# The server ends within this time.
_LOOKS_UP_S = 0.05


@contextmanager
def listening(host: str, port: int, page: Page) -> Iterator[str]:
    """Give the page to whoever reads it, until the context ends; yields its URL, and raises `OSError`."""
    kind, shown = (_Server6, f"[{host}]") if ":" in host else (_Server, host)
    server = kind((host, port), _reader(page))
    thread = threading.Thread(target=server.serve_forever, args=(_LOOKS_UP_S,), name="gateway-metrics", daemon=True)
    thread.start()
    try:
        yield f"http://{shown}:{server.server_port}{PATH}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    """A reader that is slow or has gone holds a thread, for a while, and nothing else."""

    daemon_threads = True

    def server_bind(self) -> None:
        # Not HTTPServer's own: it looks the host's name up.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    # Any: what a request and an address are depends on the kind of socket.
    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - as the base class has it
        error = sys.exc_info()[0]
        # A reader that has gone is no fault of ours.
        if error is not None and not issubclass(error, OSError):
            log.error("the metrics could not be read: %s", error.__name__)


class _Server6(_Server):
    address_family = socket.AF_INET6


def _reader(page: Page) -> type[BaseHTTPRequestHandler]:
    class Reader(BaseHTTPRequestHandler):
        timeout = _SLOWEST_READER_S

        def do_GET(self) -> None:
            if self.path.partition("?")[0] != PATH:
                self.send_error(404)
                return
            content_type, body = page(self.headers.get("Accept", ""))
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - as the base class has it
            """Say nothing of every reader."""

    return Reader
