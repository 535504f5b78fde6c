"""How figures look: the same here and in the browser (`assets/shown.js`), so that a filter changes nothing but values.

An amount is rounded to be read, halves up; the exact one stands in `data-nano` and in the title.
"""

from html import escape
from typing import Literal

from gateway.report.columns import OTHER

Kind = Literal["name", "text", "count", "money", "rate", "signed", "share", "time", "model", "bar"]
MINUS, UNKNOWN, NONE = "\N{MINUS SIGN}", "unknown", "\N{EN DASH}"
_NANO_DIGITS = 9
_SHORT_MS = 10


def digits_for(largest: int) -> int:
    """Return how many digits of a USD are shown where the largest amount is that many nano-USD."""
    usd = 10**_NANO_DIGITS
    return 2 if largest >= 100 * usd else 4 if largest >= usd else 6


def money(nano: int | None, digits: int) -> str:
    """Return an amount, 1,234.50; `unknown` where it is not known."""
    if nano is None:
        return UNKNOWN
    unit = 10 ** (_NANO_DIGITS - digits)
    rounded = (abs(nano) + unit // 2) // unit
    whole, part = divmod(rounded, 10**digits)
    sign = MINUS if nano < 0 and rounded else ""
    return f"{sign}${whole:,}.{part:0{digits}}" if digits else f"{sign}${whole:,}"


def exact(nano: int) -> str:
    """Return an amount to the nano-USD."""
    return money(nano, _NANO_DIGITS)


def share(part: int | None, whole: int | None) -> str:
    """Return a part in percent with one digit, halves up and away from 0; a dash where there is no whole."""
    if part is None or not whole or whole < 0:
        return NONE
    tenths = (abs(part) * 2000 + whole) // (2 * whole)
    # What is not all is not called all, and what is not nothing is not called nothing.
    if 0 < part < whole:
        tenths = min(max(tenths, 1), 999)
    return f"{MINUS if part < 0 and tenths else ''}{tenths // 10:,}.{tenths % 10} %"


def count(value: int | None) -> str:
    """Return a number of things."""
    return NONE if value is None else f"{value:,}"


def time(seconds: float | None) -> str:
    """Return a duration."""
    if seconds is None:
        return NONE
    if seconds >= 1:
        return f"{seconds:,.1f} s"
    milliseconds = seconds * 1000
    return f"{milliseconds:.1f} ms" if milliseconds < _SHORT_MS else f"{milliseconds:.0f} ms"


def name(value: str | None) -> str:
    """Return a name; what has none is a dash."""
    return "other" if value == OTHER else NONE if value is None else value


def model(value: str | None) -> str:
    """Return the name of a model; where there is none, nobody answered."""
    return "(no answer)" if value is None else name(value)


def text(value: object) -> str:
    """Return a text for HTML, also within quotes."""
    return escape(str(value))


def amount_of(nano: int | None, digits: int, *, signed: bool = False) -> str:
    """Return an amount of nano-USD as HTML, with its sign where it is a change."""
    if nano is None:
        return f'<span class="unknown">{UNKNOWN}</span>'
    sign = "+" if signed and nano > 0 else ""
    return f'<span data-nano="{nano}" title="{exact(nano)}">{sign}{money(nano, digits)}</span>'
