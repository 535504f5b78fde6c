"""A ledger in PostgreSQL, for several machines that write. `record` returns after the commit.

What was committed survives whatever the server's own settings let it survive; a connection that is lost is replaced,
and what was to be written is written then, once. Needs the extra `postgres`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from gateway.errors import ConfigurationError
from gateway.interfaces import SpoolPlace

if TYPE_CHECKING:
    from gateway.ledgers._ledger import SqlLedger
    from gateway.ledgers._postgres_reading import PostgresReader

SCHEMES = ("postgres", "postgresql")
_NO_URL = "is no URL of a PostgreSQL database; write for instance postgresql://user@host:5432/database"


class Options(BaseModel):
    """Where the database is, and how long the ledger waits for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dsn: SecretStr = Field(
        description="The database's URL: `${LEDGER_DSN}`. What it leaves out is taken from `PGPASSWORD` and its like."
    )
    in_schema: str = Field(
        default="gateway",
        pattern="^[a-z_][a-z0-9_]{0,62}$",
        description="The schema of the tables. It is made where it is missing.",
    )
    connect_timeout_s: float = Field(default=5.0, gt=0, description="Seconds to wait for a connection.")
    timeout_s: float = Field(
        default=10.0, gt=0, description="Seconds to wait for a statement, or for another program that writes."
    )
    retry_s: float = Field(
        default=5.0, ge=0, description="Seconds within which a lost connection is replaced, and the writing done."
    )

    @field_validator("dsn")
    @classmethod
    def _url(cls, value: SecretStr) -> SecretStr:
        parts = _split(value.get_secret_value())
        if parts.scheme not in SCHEMES:
            raise ValueError(_NO_URL)
        if "@" in f"{parts.path}{parts.query}{parts.fragment}" or parts.fragment:
            raise ValueError("has a character that must be escaped: write / in a password as %2F, # as %23, ? as %3F")
        return value


def _split(dsn: str) -> SplitResult:
    try:
        return urlsplit(dsn)
    except ValueError:
        # What it says quotes the URL.
        raise ValueError(_NO_URL) from None


@asynccontextmanager
async def build(options: Options) -> AsyncIterator["SqlLedger"]:
    """Open the ledger, or make it; write what waits and close it at the end."""
    ledger, writer = await asyncio.to_thread(_parts().open_ledger, options)
    try:
        yield ledger
    finally:
        # Not in a thread: at the interpreter's end, when `route_sync` closes its router, no pool takes work any more.
        writer.close()


def reader(options: Options) -> "PostgresReader":
    """Return what reads the ledger."""
    found: PostgresReader = _parts().open_reader(options)
    return found


def spool(options: Options) -> SpoolPlace:
    """Return where the spool is: on this machine, in our own folder."""
    # pydantic-settings is a large part of what importing this module would cost.
    from gateway.settings import state_folder  # noqa: PLC0415

    name = sha256(place_of(options).encode()).hexdigest()[:12]
    return SpoolPlace(state_folder().expanduser().absolute() / f"postgres-{name}", durable=False)


def place_of(options: Options) -> str:
    """Return where the ledger is, for people: without the user and the password."""
    parts = urlsplit(options.dsn.get_secret_value())
    return f"postgresql://{parts.netloc.rpartition('@')[2]}{parts.path}, schema {options.in_schema}"


def _parts() -> ModuleType:
    """Import what needs the driver: who only checks a policy need not have it."""
    if find_spec("asyncpg") is None:
        raise ConfigurationError(
            'a ledger of kind postgres needs the package asyncpg; pip install "hybrid-gateway[postgres]"'
        )
    from gateway.ledgers import _postgres_ledger  # noqa: PLC0415

    return _postgres_ledger
