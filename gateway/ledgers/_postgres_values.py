"""What no column of PostgreSQL can hold is written as its escape, as the SQLite ledger does."""

from collections.abc import Iterable
from typing import Any

from gateway.ledgers._rows import Row

_PLAIN = frozenset({int, bool, bytes})


# Any: a text, a number, bytes, a truth or None.
def kept(value: Any) -> Any:
    """Return a value as it can be kept: half a surrogate pair and NUL escaped, what is no number unknown."""
    if isinstance(value, str):
        return value if value.isascii() and "\0" not in value else escaped(value)
    return None if isinstance(value, float) and value != value else value  # noqa: PLR0124


def escaped(text: str) -> str:
    """Return a text without half surrogate pairs and NUL."""
    return text.encode(errors="backslashreplace").decode().replace("\0", "\\u0000")


def kept_row(row: Iterable[Any]) -> Row:
    """Return the values of a row as they can be kept."""
    return tuple([value if value is None or type(value) in _PLAIN else kept(value) for value in row])
