"""What leaves the machine, watched from outside the router: by the kernel, and by the interpreter."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.egress_child import FOREIGN
from support.unmeasured import unmeasured

ROOT = Path(__file__).parent.parent
# Whatever the environment says: a local server is asked directly.
PROXIES = dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"), f"http://{FOREIGN}:8080")


@pytest.fixture(scope="module", params=[(), ("--guard",)], ids=["namespace", "guard"])
def said(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return what a process says that routed a private and an open request, while its local server was down."""
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "tests/support/egress_child.py", *request.param],
        cwd=ROOT,
        env=unmeasured(**PROXIES, PYTHONPATH=f"{ROOT}{os.pathsep}{ROOT / 'tests'}"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_a_private_request_opens_no_foreign_connection(said: dict[str, Any]) -> None:
    """Its local server is down, and a closed one would answer: it is not even called."""
    assert said["private"] == "CascadeExhaustedError"
    assert said["private arrived"] == 0
    assert set(said["private reached"]) <= {"127.0.0.1", "::1"}


def test_the_watch_sees_a_request_that_may_leave(said: dict[str, Any]) -> None:
    """What proves that nothing left would have seen it leave."""
    assert FOREIGN in said["open reached"]
    assert said["open arrived"] == int(said["isolated"])
