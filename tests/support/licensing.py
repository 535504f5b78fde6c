"""Deployments of models for tests of the licence rules."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from gateway.licences.deployment import Deployment, Entity
from gateway.licences.models import Licence
from gateway.licences.records import Record, Records
from gateway.licences.registry import packaged
from gateway.licences.resolve import Resolution, resolve

TODAY = date(2026, 11, 28)
NOON = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


def entity(**changes: Any) -> Entity:
    """Return a company in Germany with customers."""
    return Entity(**{"name": "Example GmbH", "seat": "DE", "exposure": "customers", **changes})


def carrying(*licences: Licence, modalities: Sequence[Any] = ("text",), **changes: Any) -> Resolution:
    """Return a model under these licences."""
    fields: dict[str, Any] = {
        "model": "some-model",
        "declared": None,
        "licences": licences,
        "families": (),
        "bases": (),
        "modalities": frozenset(modalities),
        "taken": {licence.id: frozenset(modalities) for licence in licences},
        "unsettled": (),
        "conflicts": (),
    }
    return Resolution(**{**fields, **changes})


def deployment(model: str | Resolution = "llama-3.1-8b", who: Entity | None = None, **changes: Any) -> Deployment:
    """Return a model as our company runs it."""
    resolution = resolve(model, packaged()) if isinstance(model, str) else model
    return Deployment(
        **{"backend": "llama", "resolution": resolution, "entity": who or entity(), "day": TODAY, **changes}
    )


def said(what: Any, **fields: Any) -> Record:
    """Return a statement of somebody's, made at noon."""
    return Record(**{"what": what, "by": "compliance officer", "at": NOON, **fields})


def records(*statements: Record) -> Records:
    """Return statements as a file has them."""
    return Records(records=statements)


def users(count: int = 120_000, **fields: Any) -> Record:
    """Return what was said of the users at Llama 3.1's date."""
    return said("mau", **{"value": str(count), "as_of": date(2024, 7, 23), **fields})
