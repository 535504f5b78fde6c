"""The child process: llama.cpp's own server for one model file, on loopback, behind a key of this start.

Runs as a script and imports nothing of ours, so that it is up fast. It lives as long as somebody holds the other end
of its stdin; once it serves, whatever llama.cpp writes (it quotes requests) goes nowhere.
"""

import ctypes
import json
import os
import signal
import sys
from typing import Any, TypedDict

_PR_SET_PDEATHSIG = 1
_ERRORS_ONLY = 1


class Settings(TypedDict):
    """What the parent writes to stdin, one line of JSON."""

    path: str
    alias: str
    key: str
    threads: int
    context_tokens: int
    parallel: int
    http_threads: int
    chat_template: str


def main() -> None:
    """Serve until the parent closes stdin or dies."""
    _die_with_the_parent()
    # Ctrl-C reaches every process of the terminal; when we end is the parent's decision.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settings: Settings = json.loads(sys.stdin.readline())
    # Only here: our parent reads this module too, and has no use for llama.cpp.
    import xllamacpp  # noqa: PLC0415

    answer = os.dup(1)
    os.dup2(2, 1)
    try:
        server = xllamacpp.Server(configured(xllamacpp.CommonParams(), settings))
    except RuntimeError:
        # llama.cpp has written the reason to stderr; the exception has none.
        sys.exit(1)
    _fall_silent()
    os.write(answer, json.dumps({"url": server.listening_address}).encode() + b"\n")
    sys.stdin.read()
    # llama.cpp's threads may be in the middle of an answer: no orderly shutdown, it could take minutes.
    os._exit(0)


# Any: xllamacpp ships no types.
def configured(given: Any, settings: Settings) -> Any:
    """Return llama.cpp's parameters: one model, a port of the kernel's choice, no page and no view into the slots."""
    given.model.path = settings["path"]
    given.model_alias = {settings["alias"]}
    given.chat_template = settings["chat_template"]
    given.use_jinja = True
    given.hostnames, given.port = ["127.0.0.1"], 0
    given.api_keys = [settings["key"]]
    given.ui = given.endpoint_slots = given.endpoint_props = False
    given.offline = True
    given.verbosity = _ERRORS_ONLY
    given.n_parallel = settings["parallel"]
    given.n_ctx = settings["context_tokens"] * settings["parallel"]
    given.n_threads_http = settings["http_threads"]
    given.cpuparams.n_threads = given.cpuparams_batch.n_threads = settings["threads"]
    # We say how large it is: fitting it to the machine would load the model twice.
    given.fit_params = False
    # Finished prompts are kept in their slot only; llama.cpp would keep up to 8 GiB of them beside it.
    given.cache_ram_mib = 0
    return given


def _die_with_the_parent() -> None:
    """Cover the time in which llama.cpp loads and nobody reads stdin (Linux)."""
    if sys.platform == "linux":  # pragma: no branch - elsewhere the closed pipe alone tells
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _fall_silent() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


if __name__ == "__main__":
    main()
