"""Finds secrets that stand in a column with a secret's name: rows of SQL, of CSV, of a table in Markdown."""

import re
from collections.abc import Iterator, Sequence

from gateway.detectors._keys import Hit
from gateway.detectors._labels import STEM, Label, label_of
from gateway.detectors._page import Page
from gateway.detectors._values import of_assigned

_INSERT = re.compile(
    r"insert\s{1,4}into\s{1,4}[\w.\"`\[\]]{1,128}\s{0,4}\((?P<names>[^()]{1,1000})\)\s{0,8}values(?=\s{0,8}\()",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"'(?P<value>(?:[^'\n]|''){0,512})'|[(),;]|[^'(),;]{1,200}+|'")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_ -]{1,40}")
# A line of names alone.
_HEAD = re.compile(r"[A-Za-z0-9_ |,;\t\r\"'`*-]{3,}")
_CELL_SIGNS = " \t\r\"'`*"
_SEPARATORS = "|,\t;"
_STEMS = ("pass", "pwd", "secret", "token", "key", "kennwort", "senha", "contrase")
_LONGEST_LINE = 2_000
_RULE = frozenset("-: ")


def columns(page: Page) -> Iterator[Hit]:
    """Yield the values in such columns."""
    if not any(stem in page.lower for stem in _STEMS):
        return
    if "insert" in page.lower:
        yield from _inserted(page.text)
    if "\n" in page.text:
        yield from _in_rows(page.text)


def _inserted(text: str) -> Iterator[Hit]:
    place = 0
    while statement := _INSERT.search(text, place):
        labels = [_label(name) for name in statement["names"].split(",")]
        depth = column = 0
        place = statement.end()
        for token in _TOKEN.finditer(text, place):
            sign, place = token[0], token.end()
            if sign == ";" or (depth == 0 and not (sign in ("(", ",") or sign.isspace())):
                break
            if sign in ("(", ")"):
                depth += 1 if sign == "(" else -1
                column = column if depth else 0
            elif sign == "," and depth == 1:
                column += 1
            elif token["value"] and depth == 1 and column < len(labels):
                yield from _hit(labels[column], token["value"], token.start("value"))


def _in_rows(text: str) -> Iterator[Hit]:
    labels: Sequence[Label | None] = ()
    separator, start = "", 0
    for line in text.split("\n"):
        cells = line.split(separator) if separator and len(line) <= _LONGEST_LINE else ()
        if len(cells) == len(labels) > 1:
            yield from _row(labels, cells, start)
        else:
            separator, labels = _head(line)
        start += len(line) + 1


def _row(labels: Sequence[Label | None], cells: Sequence[str], start: int) -> Iterator[Hit]:
    for label, cell in zip(labels, cells, strict=True):
        value = cell.strip(_CELL_SIGNS)
        if label and not _RULE.issuperset(value):
            yield from _hit(label, value, start + cell.index(value))
        start += len(cell) + 1


def _head(line: str) -> tuple[str, Sequence[Label | None]]:
    """Return what separates the columns that the line names, and what each is; nothing where none is a secret's."""
    if len(line) <= _LONGEST_LINE and _HEAD.fullmatch(line) and STEM.search(line):
        for separator in _SEPARATORS:
            cells = line.split(separator)
            if len(cells) > 1 and all(_NAME.fullmatch(cell.strip(_CELL_SIGNS) or "empty") for cell in cells):
                labels = [_label(cell) for cell in cells]
                return (separator, labels) if any(labels) else ("", ())
    return "", ()


def _label(cell: str) -> Label | None:
    name = cell.strip(_CELL_SIGNS)
    stem = STEM.search(name)
    label = label_of(name, stem.start()) if stem else None
    return None if label == "key" else label


def _hit(label: Label | None, value: str, start: int) -> Iterator[Hit]:
    strength = of_assigned(value, made_up=label == "password", quoted=False) if label else None
    if strength:
        yield "PASSWORD" if label == "password" else "TOKEN", start, start + len(value), strength
