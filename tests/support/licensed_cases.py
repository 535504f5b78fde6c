"""Every licence before everybody, and what would make one stricter, for tests and benchmarks."""

from datetime import date
from typing import Any

from gateway.licences.deployment import EXPOSURES, Deployment
from gateway.licences.models import Display, Licence, Mau, NamePrefix, OutputRule, Region, UsePolicy
from gateway.licences.registry import packaged
from support.licensing import carrying, deployment, entity

LICENCES = tuple(packaged().licences.values())
MODALITIES = (("text",), ("text", "image"), ("text", "audio"), ())
SEATS = (None, "DE", "US", "GB", "CH", "NO")
HOSTS = (None, "bedrock", "openai", "unknown")


def cases(licence: Licence) -> list[Deployment]:
    return [
        deployment(carrying(licence, modalities=modalities), entity(exposure=exposure, seat=seat), hosted_by=host)
        for exposure in EXPOSURES
        for host in HOSTS
        for seat in SEATS
        for modalities in MODALITIES
    ]


def mau(measured: Any, *, as_of: date | None = None, days: int | None = None) -> Mau:
    return Mau(
        limit=1,
        revenue_usd_a_month=None,
        measured=measured,
        as_of=as_of,
        days=days,
        consequence="separate_licence",
        display=None,
    )


MORE: tuple[dict[str, Any], ...] = (
    {"commercial": False},
    {"display": Display(text="Built with Something", trigger="uses", places=("website",))},
    {"name_prefix": NamePrefix(text="Something", outputs=True)},
    {
        "mau": Mau(
            limit=1,
            revenue_usd_a_month=None,
            measured="continuous",
            as_of=None,
            days=31,
            consequence="separate_licence",
            display=None,
        )
    },
    {
        "mau": Mau(
            limit=1,
            revenue_usd_a_month=None,
            measured="fixed_date",
            as_of=date(2020, 1, 1),
            days=None,
            consequence="separate_licence",
            display=None,
        )
    },
    {"regions": (Region(deny_host_seat="EU", modalities=("text", "image"), exempt=None, clause="licence"),)},
    {"use_policy": UsePolicy(url="x", sha256=(), categories=("military", "banking", "minors"))},
    {"outputs": OutputRule(train="forbidden", internal_classifier=False)},
)


def with_licences(case: Deployment, *own: Licence) -> Deployment:
    found = case.resolution
    taken = {**found.taken, **{one.id: found.taken.get(one.id, found.modalities) for one in own}}
    fields = {name: getattr(found, name) for name in ("bases", "unsettled", "conflicts")}
    resolution = carrying(*own, modalities=tuple(found.modalities), taken=taken, **fields)
    values = {name: getattr(case, name) for name in case.__dataclass_fields__}
    return Deployment(**{**values, "resolution": resolution})


def adds_to(licence: Licence) -> set[str]:
    """What a licence does not have yet, so that it is not replaced by less."""
    return {name for name in Licence.model_fields if getattr(licence, name) in (None, (), True)} | {"outputs"}
