"""What `import gateway` may not cost."""

import json
import subprocess
import sys

from support.unmeasured import unmeasured

HEAVY = (
    *("litellm", "openai", "sklearn", "redis", "xllamacpp", "numpy", "aiohttp", "typer", "rich"),
    *("prometheus_client", "opentelemetry"),
)
# What only opening a router needs.
OPENING = ("yaml", "pydantic_settings", "importlib.metadata", "gateway.assembly", "gateway.licences.models")


def fresh(code: str) -> str:
    """Run code in a fresh interpreter and return what it printed."""
    done = subprocess.run([sys.executable, "-c", code], env=unmeasured(), capture_output=True, text=True, check=True)  # noqa: S603
    return done.stdout


def test_importing_loads_nothing_heavy() -> None:
    """`from gateway import route` leaves every heavy dependency where it is."""
    loaded = fresh("import sys, json; from gateway import route, Router; print(json.dumps(sorted(sys.modules)))")

    assert not set(HEAVY) & set(json.loads(loaded))


def test_importing_loads_nothing_that_only_opening_needs() -> None:
    """Who imports `route` reads no policy, no settings and no licence yet."""
    loaded = fresh("import sys, json; from gateway import route, Router; print(json.dumps(sorted(sys.modules)))")

    assert not set(OPENING) & set(json.loads(loaded))


def test_importing_opens_no_socket() -> None:
    """Python's own audit sees no socket made and no name looked up."""
    opened = fresh(
        "import sys\n"
        "seen = []\n"
        "sys.addaudithook(lambda event, _: seen.append(event) if event.startswith('socket.') else None)\n"
        "from gateway import route, Router\n"
        "print(seen)"
    )

    assert opened.strip() == "[]"


def test_importing_costs_next_to_nothing_beside_httpx() -> None:
    """`import gateway` takes at most 1.5 times the CPU of `import httpx`; the best of three counts."""
    code = "import time; began = time.process_time(); import {}; print(time.process_time() - began)"

    ours, theirs = (min(float(fresh(code.format(name))) for _ in range(3)) for name in ("gateway", "httpx"))

    assert ours <= 1.5 * theirs


def test_an_unknown_name_is_an_attribute_error() -> None:
    """Lazy names fail like any other."""
    said = fresh("import gateway\ntry: gateway.rout\nexcept AttributeError as error: print(error)")

    assert "rout" in said


def test_all_public_names_can_be_imported() -> None:
    """Whatever `__all__` promises is there."""
    said = fresh("import gateway; print([name for name in dir(gateway) if not hasattr(gateway, name)])")

    assert said.strip() == "[]"
