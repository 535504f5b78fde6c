"""A model as somebody runs it: who deploys it, where, under which name, before whom, and what was said about it."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from gateway.licences.identify import Identified
from gateway.licences.models import Licence
from gateway.licences.records import NONE, Records
from gateway.licences.resolve import Resolution

Exposure = Literal["research", "internal", "customers", "public", "weights_distributed"]
EXPOSURES: tuple[Exposure, ...] = ("research", "internal", "customers", "public", "weights_distributed")
Tier = Literal["free", "paid"]
EU = frozenset(
    {
        *("AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE"),
        *("IT", "LV", "LT", "LU", "MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE"),
    }
)
EEA = EU | {"IS", "LI", "NO"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """Who deploys: `seat` None where nobody said it, `users_in` empty where nobody said where users are."""

    name: str
    seat: str | None
    exposure: Exposure
    affiliates: bool = False
    sectors: frozenset[str] = frozenset()
    users_in: frozenset[str] = frozenset()

    def exposed(self, least: Exposure) -> bool:
        """Whether at least so many see the answers."""
        return EXPOSURES.index(self.exposure) >= EXPOSURES.index(least)

    @property
    def third_parties(self) -> bool:
        """Whether somebody outside the one legal entity is served; an affiliate is somebody else."""
        return self.exposed("customers") or (self.affiliates and self.exposure == "internal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One model as somebody runs it. `hosted_by` None means: by the entity itself."""

    backend: str
    resolution: Resolution
    entity: Entity
    day: date
    hosted_by: str | None = None
    displayed: bool = False
    served_as: str | None = None
    tier: Tier | None = None
    sees_private: bool = True
    records: Records = NONE
    text: Identified | None = None

    @property
    def licences(self) -> tuple[Licence, ...]:
        """All that the model carries."""
        return self.resolution.licences

    @property
    def basis(self) -> str:
        """Whose words the duty stands in."""
        return (
            "the licence's text"
            if self.hosted_by is None
            else f"the licence's text, beside the terms of {self.hosted_by}"
        )
