"""A new price list from what is installed, and what of it nobody should take over unseen."""

from collections.abc import Collection, Iterator
from datetime import date, datetime
from pathlib import Path

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
    """Refuse sources that are older than those of a list: raises `ConfigurationError`."""
    for source, said in new.sources.items():
        before = _version(old.sources.get(source, ""))
        if before and _version(said) < before:
            text = f"{said} is older than what the list in force was made of ({old.sources[source]}); upgrade it"
            raise ConfigurationError(text)


def _version(said: str) -> tuple[int, ...]:
    number = said.split(" ")[1] if " " in said else ""
    return tuple(int(part) for part in number.split(".") if part.isdigit())
