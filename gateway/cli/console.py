"""How commands print: answers and tables on stdout, remarks on stderr, an unknown amount as the word "unknown".

In a pipe a table is one line a row without boxes, as wide as it needs to be.
"""

import json
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from rich.cells import cell_len

from gateway.types import Money

NO = 1
FAULT = 2
INTERRUPTED = 130
UNREAD = 141

# A terminal obeys control sequences; nothing that a model or a file says may steer it.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_PIPE_WIDTH = 10_000
_GAP = "  "
_LEAST_FOLDED = 16
# Stands for a space where no line may end.
_KEPT = "\N{NO-BREAK SPACE}"
_SHORT_MS = 10
# Texts stand left, numbers right; a column that folds stands left and gives way where the terminal is narrow.
Side = Literal["left", "right", "fold"]


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
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def say_facts(facts: Mapping[str, Sequence[str]]) -> None:
    """Print named lines on stdout, those of a terminal folded under their own beginning."""
    indent = max(map(len, facts)) + 2
    columns = width() or _PIPE_WIDTH
    for name, lines in facts.items():
        for number, line in enumerate(lines):
            head = f"{'' if number else name:<{indent}}"
            for folded in textwrap.wrap(
                line,
                columns,
                initial_indent=head,
                subsequent_indent=" " * indent,
                break_long_words=False,
                break_on_hyphens=False,
            ):
                say(folded)


def say_table(columns: Mapping[str, Side], rows: Iterable[Sequence[object]], *, styles: Sequence[str] = ()) -> None:
    """Print a table on stdout; `styles` gives the rows their colours."""
    cells = [[harmless(str(value)) for value in row] for row in rows]
    on_terminal = width()
    if on_terminal is not None:
        if on_terminal < _narrowest(columns, cells):
            _say_records(columns, cells, on_terminal)
        else:
            _draw(columns, cells, styles)
        return
    sides = [column == "right" for column in columns.values()]
    lines = [list(columns), *([cell.replace("\n", " ") for cell in row] for row in cells)]
    widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = map(_padded, line, widths, sides)
        print(_GAP.join(padded).rstrip())


def _narrowest(columns: Mapping[str, Side], rows: Sequence[Sequence[str]]) -> int:
    """Return how wide a table must be to show every number whole; a column that folds gives way to some width."""
    wide = [max(map(cell_len, column)) for column in zip(columns, *rows, strict=True)]
    kept = [min(to, _LEAST_FOLDED) if side == "fold" else to for to, side in zip(wide, columns.values(), strict=True)]
    return sum(kept) + len(_GAP) * (len(kept) - 1)


def _say_records(columns: Mapping[str, Side], rows: Sequence[Sequence[str]], to: int) -> None:
    """Print a row as its first cell, and below it the others by their names: half a number is worse than none."""
    for first, *others in rows:
        say(first or "-")
        told = [f"{name} {cell}" for name, cell in zip(list(columns)[1:], others, strict=True) if cell]
        for line in textwrap.wrap(
            ", ".join(told).replace(" ", _KEPT).replace(f",{_KEPT}", ", "), to - 2, break_on_hyphens=False
        ):
            say(f"  {line.replace(_KEPT, ' ')}")


def _padded(cell: str, to: int, right: bool) -> str:
    space = " " * (to - cell_len(cell))
    return space + cell if right else cell + space


def _draw(columns: Mapping[str, Side], rows: Iterable[Sequence[str]], styles: Sequence[str]) -> None:
    # A pipe has no use for what takes a while to import.
    from rich import box  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for name, column in columns.items():
        justify: Literal["left", "right"] = "right" if column == "right" else "left"
        table.add_column(name, justify=justify, no_wrap=column != "fold", overflow="ellipsis")
    for number, row in enumerate(rows):
        table.add_row(*map(Text, row), style=styles[number] if styles else None)
    console = Console()
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


def took(seconds: float) -> str:
    """Return a duration for people."""
    milliseconds = seconds * 1000
    if milliseconds < _SHORT_MS:
        return f"{milliseconds:.1f} ms"
    return f"{milliseconds:,.0f} ms" if seconds < 1 else f"{seconds:,.1f} s"
