"""How a PostgreSQL ledger is reached, and its faults in our words, which repeat no value and no password."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

import asyncpg

from gateway.errors import ConfigurationError, LedgerError
from gateway.ledgers._writer import RowError

if TYPE_CHECKING:
    from asyncpg import Connection, Record

Link: TypeAlias = "Connection[Record]"

# What is gone may be there again: a server that restarts, a connection that was cut, a standby that takes over.
_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.TransactionRollbackError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
_OF_A_ROW = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.ProgramLimitExceededError)
# What a connection raises, whoever is at fault.
FAULTS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)

# Seconds that a statement may take which reads very much.
LONG_S = 600.0


class LostError(Exception):
    """The connection is gone, or cannot be had now: the same may go through on another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where the ledger is. `place` says it for people."""

    dsn: str = field(repr=False)
    place: str
    schema: str
    connect_timeout_s: float
    timeout_s: float

    async def connect(self, *, reads: bool = False) -> Link:
        """Open a connection; raises `LostError` where nobody answers, `LedgerError` where it is refused.

        One that only reads may take its time: nobody waits for it.
        """
        try:
            return await asyncpg.connect(
                self.dsn,
                timeout=self.connect_timeout_s,
                command_timeout=LONG_S if reads else self.timeout_s,
                server_settings={"application_name": "hybrid-gateway"},
            )
        except (asyncpg.ClientConfigurationError, ValueError) as error:
            # What it says may quote the DSN.
            text = f"the DSN of the ledger at {self.place} cannot be used ({type(error).__name__}); see docs/ledgers.md"
            raise ConfigurationError(text) from None
        except FAULTS as error:
            raise in_our_words(error, f"cannot connect to the ledger {self.place!r}") from error

    @asynccontextmanager
    async def transaction(self, link: Link, *, reads: bool = False) -> AsyncIterator[None]:
        """Hold a transaction on our tables; what is written in the block is committed as a whole, or not at all."""
        await link.execute(self._begin(reads=reads))
        try:
            yield
        except BaseException:
            if not link.is_closed():
                await link.execute("ROLLBACK")
            raise
        await link.execute("COMMIT")

    def _begin(self, *, reads: bool) -> str:
        # For this transaction alone: behind a pooler the next one may run in another session.
        # Whoever waits for a lock is told by the server, before the driver gives the connection up.
        patience_ms = max(1, round(self.timeout_s * 800))
        return f"""
            BEGIN{" ISOLATION LEVEL REPEATABLE READ READ ONLY" if reads else ""};
            SET LOCAL search_path TO "{self.schema}";
            SET LOCAL lock_timeout TO {patience_ms};
            SET LOCAL idle_in_transaction_session_timeout TO {0 if reads else 2 * patience_ms}"""


def in_our_words(error: Exception, doing: str) -> Exception:
    """Return the fault of a connection as `LostError`, `RowError` or `LedgerError`."""
    if isinstance(error, OverflowError):
        return RowError("a number is out of the bounds of its column")
    if isinstance(error, _OF_A_ROW):
        return RowError(f"a value is none that its column can hold (SQLSTATE {error.sqlstate})")
    if isinstance(error, asyncpg.PostgresError):
        # Not its detail: that quotes rows.
        text = f"{doing}: {error.args[0] if error.args else type(error).__name__} (SQLSTATE {error.sqlstate})"
    else:
        text = f"{doing}: {error or type(error).__name__}"
    return LostError(text) if isinstance(error, _LOST) else LedgerError(text)
