"""How an answer is looked at: its ends where it is long, its words, and its code apart from its prose.

Everything here is linear in a bounded part of the text.
"""

import re
from typing import NamedTuple

# Words, and each sign of a script that writes no spaces between them.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+")
_ASCII_WORD = re.compile(r"\w+")
_FENCE = re.compile(
    r"^[ \t]{0,8}(?P<marks>`{3,8}|~{3,8})[ \t]{0,4}(?P<language>[^\s`]{0,40})[^\n`]{0,200}$", re.MULTILINE
)


class Fence(NamedTuple):
    """A block of code: its body's and its own place in the text; one that nobody closed ends with the text."""

    language: str
    body: str
    start: int
    end: int
    closed: bool


def ends(text: str, *, head: int, tail: int) -> str:
    """Return a text whole, or its two ends with a line between where it is longer than both."""
    return text if len(text) <= head + tail else f"{text[:head]}\n{text[-tail:]}"


def words(text: str) -> list[str]:
    """Return the words of a text in small letters."""
    return (_ASCII_WORD if text.isascii() else _WORD).findall(text.casefold())


def squeezed(text: str) -> str:
    """Return a text with one space where it had white space."""
    return " ".join(text.split())


def fences(text: str) -> list[Fence]:
    """Return the fenced blocks of a text."""
    if "```" not in text and "~~~" not in text:
        return []
    found, opened = [], None
    for match in _FENCE.finditer(text):
        if opened is None:
            opened = match
        elif match["marks"].startswith(opened["marks"]) and not match["language"]:
            found.append(_fence(text, opened, match.start(), match.end(), closed=True))
            opened = None
    if opened is not None:
        found.append(_fence(text, opened, len(text), len(text), closed=False))
    return found


def _fence(text: str, opened: re.Match[str], inner: int, end: int, *, closed: bool) -> Fence:
    body = text[min(opened.end() + 1, inner) : inner]
    return Fence(opened["language"].lower(), body, opened.start(), end, closed)


def prose(text: str, blocks: list[Fence]) -> str:
    """Return a text with spaces where its fenced blocks are, so that every character stays at its place."""
    pieces, place = [], 0
    for block in blocks:
        pieces += [text[place : block.start], " " * (block.end - block.start)]
        place = block.end
    return "".join([*pieces, text[place:]]) if pieces else text
