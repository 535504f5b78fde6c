"""What each model licence asks to be shown, one YAML file a licence. A starting point, and no legal advice.

The strings are the licences' own, to the byte; `source` and `sha256` name the text that they were taken from.
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

from gateway.errors import LicenceError
from gateway.spelling import remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """A licence's strings, None where it asks for none.

    `display` is shown where a product with the model is offered, `notice` goes into the Notice file of copies that are
    handed on, and `name_prefix` begins the name of a model made with it. `sha256` is of the licence's text.
    """

    id: str
    name: str
    display: str | None
    notice: str | None
    name_prefix: str | None
    source: str
    sha256: str | None


@cache
def ids() -> tuple[str, ...]:
    """Return the ids of the licences that are known."""
    files = resources.files("gateway.licences").joinpath("texts").iterdir()
    return tuple(sorted(file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml")))


@cache
def get(licence_id: str) -> Licence:
    """Return a licence; raises `LicenceError` with the nearest right spelling for an unknown id."""
    if licence_id not in ids():
        raise LicenceError(f"unknown licence {licence_id!r}; {remedy(licence_id, ids())}")
    text = resources.files("gateway.licences").joinpath("texts", f"{licence_id}.yaml").read_text(encoding="utf-8")
    return Licence(**yaml.safe_load(text))


def attribution(licence: Licence) -> tuple[str, ...]:
    """Return the texts to show beside an answer: the display string. The notice belongs to copies, not to answers."""
    return () if licence.display is None else (licence.display,)
