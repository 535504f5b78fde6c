"""Which licence a text is: by its hash, else by words that stand in it and in no other.

Versions of one licence differ in a few words, so that likeness says nothing: Llama 3's text is 95 in 100 that of 3.1,
and asks for another display text.
"""

import hashlib
import re
from dataclasses import dataclass

from gateway.licences.models import Licence
from gateway.licences.registry import Registry

# What editors and converters change: line ends, marks of Markdown, and the shape of quotes.
_MARKUP = re.compile(r"\\(?=[^\w\s])|\*\*|\N{ZERO WIDTH NO-BREAK SPACE}|\N{ZERO WIDTH SPACE}")
_QUOTES = str.maketrans(
    {
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """What a text is: `licence` None where no licence's words are all in it. `exact` says that its hash is known."""

    licence: Licence | None
    exact: bool
    sha256: str


def identify(raw: bytes, registry: Registry) -> Identified:
    """Return which licence a file is the text of."""
    sha256 = hashlib.sha256(raw).hexdigest()
    known = next((one for one in registry.licences.values() if sha256 in one.text.sha256), None)
    if known is not None:
        return Identified(licence=known, exact=True, sha256=sha256)
    text = normal(raw.decode("utf-8", "replace"))
    fitting = [
        one for one in registry.licences.values() if one.marks and all(normal(mark) in text for mark in one.marks)
    ]
    # A modified licence holds the words of the plain one, and more.
    found = max(fitting, key=lambda one: (len(one.marks), sum(map(len, one.marks))), default=None)
    return Identified(licence=found, exact=False, sha256=sha256)


def normal(text: str) -> str:
    """Return a text with one space between words, straight quotes and no marks of Markdown; case stays."""
    return " ".join(_MARKUP.sub("", text).translate(_QUOTES).split())
