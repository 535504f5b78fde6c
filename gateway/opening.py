"""The ledger that a policy or the environment names: opened with a spool beside it, or read."""

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway import plugins
from gateway.interfaces import Ledger, LedgerReader, SpoolPlace
from gateway.policy.models import Policy
from gateway.policy.parts import LedgerPolicy
from gateway.spooling import Spooling, spooled

if TYPE_CHECKING:
    from gateway.settings import Settings


def ledger_part(policy: Policy, settings: "Settings") -> LedgerPolicy:
    """Return the kind and the options of the ledger in force: the policy's, or the environment's."""
    return policy.ledger or LedgerPolicy.model_validate(settings.ledger_part())


@asynccontextmanager
async def open_ledger(part: LedgerPolicy) -> AsyncIterator[Ledger]:
    """Open a ledger; raises `LedgerError` where neither it nor its spool can be opened, or the policy requires it."""
    module = plugins.load("ledgers", part.kind)
    build = partial(module.build, module.Options.model_validate(part.options))
    place = spool_place(part)
    if place is None:
        async with build() as ledger:
            yield ledger
        return
    spooling = Spooling(place=place, most_bytes=part.spool.most_mb << 20, required=part.required)
    async with spooled(build, spooling) as ledger:
        yield ledger


def spool_place(part: LedgerPolicy) -> SpoolPlace | None:
    """Return where what a ledger does not take is kept, None for a kind that takes all or has no trail."""
    module = plugins.load("ledgers", part.kind)
    # Not every kind has it.
    place_of: Callable[[Any], SpoolPlace] | None = getattr(module, "spool", None)
    if place_of is None:
        return None
    place = place_of(module.Options.model_validate(part.options))
    if part.spool.folder is None:
        return place
    # Ledgers of one name may share a folder.
    other = hashlib.sha256(str(place.stem).encode()).hexdigest()[:8]
    folder = Path(part.spool.folder).expanduser().absolute()
    return place._replace(stem=folder / f"{place.stem.name}-{other}")


def reader_of(part: LedgerPolicy) -> LedgerReader | None:
    """Return what reads a ledger, None of a kind that leaves nothing to read."""
    module = plugins.load("ledgers", part.kind)
    # Not every kind has it.
    reader: Callable[[Any], LedgerReader] | None = getattr(module, "reader", None)
    return None if reader is None else reader(module.Options.model_validate(part.options))
