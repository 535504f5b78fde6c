"""Corrections as rows of a database and back, and what their records say."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from gateway.audit.records import Noted
from gateway.entries import Correction
from gateway.times import hour_of, hour_start, microseconds, time_of
from gateway.types import Money

CORRECTION_COLUMNS = (
    "id", "at_us", "hour", "nano_usd", "reason", "month", "entry", "provider", "model", "tenant", "team",
)  # fmt: skip
SELECT_CORRECTIONS = f"SELECT {', '.join(CORRECTION_COLUMNS)} FROM corrections"  # noqa: S608 - the names are ours


def noted_correction(correction: Correction) -> Noted:
    """Return what the record of a correction must say."""
    # All but the tenant, who may be erased.
    said = [*said_of(replace(correction, tenant=None)), microseconds(correction.at), hour_of(correction.counted)]
    return Noted("correction", correction.id, hashlib.sha256(json.dumps(said).encode()).hexdigest())


def said_of(correction: Correction) -> tuple[Any, ...]:
    """Return what a correction says, whenever it was booked."""
    return (
        correction.amount.nano_usd,
        correction.reason,
        correction.month,
        correction.entry_id,
        correction.provider,
        correction.model,
        correction.tenant,
        correction.team,
    )


def correction_row(correction: Correction) -> tuple[Any, ...]:
    """Return the values of `CORRECTION_COLUMNS`."""
    when = microseconds(correction.at), hour_of(correction.counted)
    return correction.id, *when, *said_of(correction)


def corrections_of(rows: Iterable[tuple[Any, ...]]) -> Iterator[Correction]:
    """Turn rows (`CORRECTION_COLUMNS`) into corrections."""
    for id_, at_us, hour, nano_usd, reason, month, *about in rows:
        entry_id, provider, model, tenant, team = about
        yield Correction(
            id=id_,
            at=time_of(at_us),
            counted=hour_start(hour),
            amount=Money(nano_usd),
            reason=reason,
            month=month,
            entry_id=entry_id,
            provider=provider,
            model=model,
            tenant=tenant,
            team=team,
        )
