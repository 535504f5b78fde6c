"""`kind: embedded` before anything is started: its options, its name, its import."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError
from support.unmeasured import unmeasured

from gateway import plugins
from gateway.backends import embedded
from gateway.types import Need


def test_a_path_at_home_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` is the user's home."""
    monkeypatch.setenv("HOME", "/home/somebody")

    options = embedded.Options(model="m", path=Path("~/model.gguf"))

    assert options.path == Path("/home/somebody/model.gguf")


@pytest.mark.parametrize("option", ["threads", "parallel", "context_tokens", "start_timeout_s"])
def test_a_size_of_nothing_is_refused(option: str) -> None:
    """A model with no threads, slots, context or time could never answer."""
    with pytest.raises(ValidationError, match=option):
        embedded.Options.model_validate({"model": "m", "path": "m.gguf", option: 0})


def test_the_kind_is_found_by_its_name() -> None:
    """`kind: embedded` needs no registration."""
    assert plugins.load("backends", "embedded").Options is embedded.Options


def test_an_embedded_model_says_what_it_supports() -> None:
    """Tools and structured answers may be asked for."""
    assert frozenset({Need.TOOLS, Need.RESPONSE_FORMAT}) == embedded.SUPPORTS


def test_importing_the_kind_does_not_load_llama() -> None:
    """A policy without an embedded model pays nothing for it."""
    code = "import sys, gateway.backends.embedded; raise SystemExit('xllamacpp' in sys.modules)"

    # Our own interpreter, our own line.
    done = subprocess.run([sys.executable, "-c", code], env=unmeasured(), check=False)  # noqa: S603

    assert done.returncode == 0
