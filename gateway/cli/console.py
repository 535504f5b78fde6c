"""How commands print: answers and tables on stdout, remarks on stderr, an unknown amount as the word "unknown".

In a pipe a table is one line a row without boxes, as wide as it needs to be.
"""

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.types import Money

NO = 1
FAULT = 2
INTERRUPTED = 130
UNREAD = 141

# A terminal obeys control sequences; nothing that a model or a file says may steer it.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_PIPE_WIDTH = 10_000
Side = Literal["left", "right"]


def complain(text: str) -> None:
    """Print an error on stderr."""
    print(f"error: {harmless(text)}", file=sys.stderr)


def remark(text: str) -> None:
    """Print a remark on stderr, so that stdout can be piped."""
    print(harmless(text), file=sys.stderr)


def say(text: str = "") -> None:
    """Print a line on stdout."""
    print(harmless(text) if sys.stdout.isatty() else text)


def say_json(value: Mapping[str, Any] | Sequence[Any]) -> None:
    """Print a value as JSON on stdout."""
    print(json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False))


def harmless(text: str) -> str:
    """Return a text without control characters other than line breaks and tabs."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def width() -> int | None:
    """Return the columns of the terminal, None in a pipe."""
    return Console().width if sys.stdout.isatty() else None


def say_table(columns: Mapping[str, Side], rows: Iterable[Sequence[object]], *, styles: Sequence[str] = ()) -> None:
    """Print a table on stdout; `styles` gives the rows their colours. An empty one prints its heading alone."""
    table = Table(box=box.SIMPLE_HEAD if sys.stdout.isatty() else None, pad_edge=False, header_style="bold")
    for name, side in columns.items():
        table.add_column(name, justify=side, no_wrap=side == "right")
    for number, row in enumerate(rows):
        cells = [Text(harmless(str(value))) for value in row]
        table.add_row(*cells, style=styles[number] if styles else None)
    console = Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH)
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():
        print(line.rstrip())


def amount(money: Money | None) -> str:
    """Return an amount for people; what is not known is never 0."""
    return "unknown" if money is None else str(money)


def usd(money: Money | None) -> float | None:
    """Return an amount for programs, in USD."""
    return None if money is None else float(money.usd)
