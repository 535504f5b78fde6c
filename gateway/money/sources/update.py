"""A new price list from what is installed, and what of it nobody should take over unseen."""

from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType

from gateway.errors import ConfigurationError
from gateway.money.prices import PriceList
from gateway.money.snapshot import Snapshot
from gateway.money.sources import genai, litellm_map
from gateway.money.sources.merge import merged
from gateway.money.sources.plausible import Change, changes


def rebuilt(day: date, *, litellm: Path | None = None) -> Snapshot:
    """Return the list of a day; raises `ConfigurationError` where a source is not installed.

    `litellm` is another file of litellm's map than the installed one. Fetches nothing.
    """
    return merged(genai.read(), litellm_map.read(litellm), day)


def refused(old: PriceList, new: PriceList, at: datetime, *, confirmed: Collection[str]) -> Iterator[Change]:
    """Give the changes that are too large to be believed, but for the models that somebody has looked into."""
    return (change for change in changes(old, new, at) if change.is_large and change.model not in confirmed)


def check_age(old: Snapshot, new: Snapshot) -> None:
    """Refuse sources that are older than those of a list: raises `ConfigurationError` with all of them."""
    older = [source for source in new.sources if _version(new.sources[source]) < _version(old.sources.get(source, ""))]
    if older:
        named = ", ".join(f"{new.sources[one]} is older than {old.sources[one]}" for one in older)
        packages = " ".join(_requirement(one, old.sources[one]) for one in older)
        raise ConfigurationError(
            f"{named}: a list must not go back to earlier prices; nothing was written: run: "
            f"pip install --upgrade {packages}"
        )


# What an extra brings is upgraded with it, within what we work with.
_EXTRAS: Mapping[str, str] = MappingProxyType({"genai-prices": "'hybrid-gateway[prices]'"})


def _requirement(package: str, said: str) -> str:
    needed = f"'{package}>={'.'.join(map(str, _version(said)))}'"
    return " ".join(filter(None, (_EXTRAS.get(package), needed)))


def _version(said: str) -> tuple[int, ...]:
    number = said.split(" ")[1] if " " in said else ""
    return tuple(int(part) for part in number.split(".") if part.isdigit())
