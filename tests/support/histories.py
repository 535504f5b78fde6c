"""Ledgers with a past: requests whose features were kept, and what was said of the answers."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from gateway.entries import Feedback, HoldoutRecord
from gateway.estimate.model import Model
from gateway.estimate.packing import Packing
from gateway.ledgers import sqlite
from gateway.training.rows import Row
from support.entries import NOON, attempt_record, ledger_entry


def version_of(model: Model) -> str:
    """Return what entries call a model."""
    return f"logistic:{model.sha256[:12]}"


async def write_history(
    path: Path,
    rows: Sequence[Row],
    base: Model,
    *,
    source: str = "caller",
    first: int = 0,
    **fields: Any,
) -> None:
    """Record an entry a row, a second each, and what its source said of the answer: the row's `weak`."""
    packing = Packing(base.words)
    async with sqlite.build(sqlite.Options(path=str(path), durable=False)) as ledger:
        for number, row in enumerate(rows, start=first):
            vector = base.vector(row.request)
            at = NOON + timedelta(seconds=number)
            given = {
                "at": at,
                "tenant": None,
                "classifier": version_of(base),
                "difficulty": base.heads["prompt"].difficulty(vector),
                "features": packing.pack(vector),
                "holdout": source == "holdout",
                **fields,
            }
            await ledger.record(ledger_entry(f"e{number}", **given))
            if source == "holdout":
                attempt = attempt_record(backend="frontier", purpose="holdout", score=row.weak)
                await ledger.holdout(HoldoutRecord(entry_id=f"e{number}", attempt=attempt, at=at))
            elif source:
                said = Feedback(entry_id=f"e{number}", score=row.weak, source=source, at=at, tenant=given["tenant"])
                await ledger.feedback(said)
