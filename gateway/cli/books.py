"""The ledger that a command reads: of any kind that can be read, wherever it was named."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from gateway import plugins
from gateway.cli.inputs import ledger_part
from gateway.errors import ConfigurationError, LedgerError
from gateway.interfaces import LedgerReader
from gateway.policy.models import PartPolicy, Policy


def ledger_of(given: str | None, policy: Path | Policy | None) -> LedgerReader:
    """Return the ledger in force, for reading: a report on one that nobody has begun yet is empty.

    Raises `LedgerError` for one that was named and is not there, `ConfigurationError` where nothing can be read.
    """
    reader = reader_of(ledger_part(given, policy))
    if given is not None and not reader.is_there():
        raise LedgerError(f"there is no ledger at {reader.place!r}; name one with --ledger")
    return reader


def reader_of(part: PartPolicy) -> LedgerReader:
    """Return what reads a ledger; raises `ConfigurationError` for a kind that leaves nothing to read."""
    module = plugins.load("ledgers", part.kind)
    if not hasattr(module, "reader"):
        raise ConfigurationError(
            f"the ledger is of kind {part.kind!r}, which leaves nothing to read; use sqlite or postgres"
        )
    # Any: that a kind has a reader is looked at here alone.
    readable: Any = module
    reader: LedgerReader = readable.reader(_options(part, module.Options))
    return reader


# Any: the part is of a kind's own type.
def opened(part: PartPolicy) -> AbstractAsyncContextManager[Any]:
    """Open a ledger for writing."""
    module = plugins.load("ledgers", part.kind)
    return module.build(_options(part, module.Options))


def _options(part: PartPolicy, kind: type[BaseModel]) -> BaseModel:
    try:
        return kind.model_validate(part.options)
    except ValidationError as error:
        # Not its text: that repeats the values, and one of them may be a password.
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise ConfigurationError(f"the ledger of kind {part.kind!r} cannot be used: {faults}") from None
