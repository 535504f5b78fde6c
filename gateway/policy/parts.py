"""Parts of a policy that name a kind: which further keys they have is the kind's to say."""

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from gateway.policy.words import Model


class Open(BaseModel):
    """A mapping whose further keys belong to its kind; what they hold may be a secret and is in no `repr`."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True, defer_build=True)

    @property
    def options(self) -> dict[str, Any]:
        """The keys that belong to the kind."""
        return dict(self.model_extra or {})

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Leave out the kind's keys."""
        return ((name, value) for name, value in super().__repr_args__() if name in type(self).model_fields)


class PartPolicy(Open):
    """A classifier, detector, exporter, judge or ledger: its `kind`, other keys belong to the kind."""

    kind: str = Field(description="Which one; a part without keys may be written as its kind alone.")


class SpoolPolicy(Model):
    """Where entries are kept that the ledger does not take, until it does. They name tenants and subjects in clear."""

    folder: str | None = Field(
        default=None, min_length=1, description="Unset: beside the ledger's file; best on another disk."
    )
    most_mb: int = Field(default=256, ge=1, le=1_000_000, description="What does not fit is lost, and an alarm.")


class LedgerPolicy(PartPolicy):
    """The ledger: its `kind`, and what to do while it is down or full; other keys belong to the kind."""

    required: bool = Field(
        default=False, description="Refuse requests while the ledger is down, instead of spooling their entries."
    )
    spool: SpoolPolicy = Field(
        default=SpoolPolicy.model_construct(), description="Where entries wait while the ledger is down."
    )


def _part(value: object) -> object:
    return {"kind": value} if isinstance(value, str) else value


def _parts(value: object) -> object:
    return tuple(_part(item) for item in value) if isinstance(value, (list, tuple)) else value


Part = Annotated[PartPolicy, BeforeValidator(_part, json_schema_input_type=str | PartPolicy)]
Parts = Annotated[tuple[PartPolicy, ...], BeforeValidator(_parts, json_schema_input_type=tuple[str | PartPolicy, ...])]
LedgerPart = Annotated[LedgerPolicy, BeforeValidator(_part, json_schema_input_type=str | LedgerPolicy)]
