"""A real llama.cpp that serves HTTP as `llama-server` does, for tests of the kinds that call one.

Run as a script it is the server: it takes a model's path and a name, says its URL on stdout and lives until its stdin
is closed.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CONTEXT_TOKENS = 1_024
SLOTS = 2


@contextmanager
def serving_llamacpp(path: Path, *, name: str) -> Iterator[str]:
    """Serve a model under a name on a free port of loopback; give the base URL."""
    command = [sys.executable, "-P", __file__, str(path), name]
    # Our own interpreter, this file.
    with subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        assert url, f"llama.cpp ended with code {server.wait()} while it loaded {path.name}"
        try:
            yield url
        finally:
            server.terminate()


def main(path: str, name: str) -> None:
    """Serve with llama.cpp's defaults but for the threads: the tests have few cores."""
    import xllamacpp  # noqa: PLC0415 - only in the server's own process

    given = xllamacpp.CommonParams()
    given.model.path = path
    given.model_alias = {name}
    given.hostnames, given.port = ["127.0.0.1"], 0
    given.n_parallel = SLOTS
    given.n_ctx = CONTEXT_TOKENS * SLOTS
    given.cpuparams.n_threads = given.cpuparams_batch.n_threads = 1
    given.use_jinja = given.endpoint_metrics = True
    server = xllamacpp.Server(given)
    sys.stdout.write(f"{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
