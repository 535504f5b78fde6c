"""What each kind of ledger needs to be built for a test: books of the test's own, that nobody has begun."""

import secrets
from typing import Any

import pytest


def options_for(kind: str, request: pytest.FixtureRequest) -> dict[str, Any]:
    """Return the options of a kind."""
    if kind == "sqlite":
        return {"path": f"{request.getfixturevalue('tmp_path')}/ledger.db"}
    if kind == "postgres":
        return postgres_options(request.getfixturevalue("postgres_server").dsn)
    return {}


def postgres_options(dsn: str) -> dict[str, Any]:
    """Return the options of a ledger in a schema of its own."""
    return {"dsn": dsn, "in_schema": f"books_{secrets.token_hex(6)}"}
