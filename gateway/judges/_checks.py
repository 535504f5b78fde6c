"""What can be checked of an answer exactly: its sums, whether its code can be read, whether it quotes what was given.

Nothing of it is run. What cannot be checked, or not within bounds, is neither right nor wrong.
"""

import ast
import re
import warnings
from collections.abc import Callable, Mapping
from textwrap import dedent

from gateway.judges import _json
from gateway.judges._sums import sums
from gateway.judges._tally import Tally
from gateway.judges._text import ends, fences, squeezed

__all__ = ["Tally", "citations", "code", "sums"]

_MOST_CODE = 10_000
_MOST_BLOCKS = 20
_MOST_SOURCE = 100_000
# A shorter text is a question, and gives nothing to quote.
_LEAST_SOURCE = 200
_HEAD, _TAIL = 10_000, 10_000


def code(text: str) -> Tally:
    """Return how many fenced blocks can be read as the language that they name, and how many cannot."""
    told = [_reads(block.language, block.body) for block in fences(ends(text, head=_HEAD, tail=_TAIL))[:_MOST_BLOCKS]]
    return Tally(told.count(True), told.count(False))


def citations(text: str, source: str) -> Tally:
    """Return how many quotations of four words and more stand in the source, and how many do not."""
    found = _quotations(ends(text, head=_HEAD, tail=_TAIL))
    if not found or len(source) < _LEAST_SOURCE:
        return Tally(0, 0)
    given = _even(source[:_MOST_SOURCE])
    told = [all(part in given for part in parts) for parts in found]
    return Tally(told.count(True), 0 if len(source) > _MOST_SOURCE else told.count(False))


def _reads(language: str, body: str) -> bool | None:
    reader = _READERS.get(language)
    if reader is None or not body.strip() or len(body) > _MOST_CODE:
        return None
    return reader(body)


def _reads_as_python(body: str) -> bool | None:
    if ">>>" in body or re.search(r"^\s*[!%]", body, re.MULTILINE):
        # A session, or a notebook's own words.
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(dedent(body).strip("\n"))
    except (SyntaxError, ValueError):
        return False
    except (RecursionError, MemoryError):
        return None
    return True


def _reads_as_json(body: str) -> bool:
    return _json.parsed(body) is not _json.NO_JSON


_PIECE = re.compile(
    r"//[^\n]*|/\*(?:[^*]|\*(?!/))*+\*/|\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.){0,200}+'|`(?:[^`\\]|\\.)*+`|[()\[\]{}]",
    re.DOTALL,
)
_CLOSING = {"(": ")", "[": "]", "{": "}"}


def _is_balanced(body: str) -> bool:
    expected: list[str] = []
    for match in _PIECE.finditer(body):
        piece = match[0]
        if piece in _CLOSING:
            expected.append(_CLOSING[piece])
        elif piece in ")]}" and (not expected or expected.pop() != piece):
            return False
    return not expected


_READERS: Mapping[str, Callable[[str], bool | None]] = {
    **dict.fromkeys(("python", "py", "python3"), _reads_as_python),
    "json": _reads_as_json,
    **dict.fromkeys(
        (
            *("javascript", "js", "jsx", "typescript", "ts", "tsx", "java", "c", "cpp", "c++", "csharp", "cs", "c#"),
            *("go", "kotlin", "swift", "scala", "css", "sql", "php", "dart"),
        ),
        _is_balanced,
    ),
}

_QUOTED = re.compile(
    r"(?<!\w)\"([^\"\n]{12,1000})\"(?!\w)|\u201c([^\u201c\u201d]{12,1000})\u201d|\u201e([^\u201e\u201c\u201d]{12,1000})[\u201c\u201d]"
    r"|\u00ab([^\u00ab\u00bb]{12,1000})\u00bb"
)
_ELLIPSIS = re.compile(r"\[?(?:\.\.\.|\u2026)\]?|\[[^\[\]]{0,40}\]")
_LEAST_WORDS = 4
_MOST_QUOTATIONS = 50
_EVEN = {ord(mark): '"' for mark in "\u201c\u201d\u201e\u00ab\u00bb"} | {ord(mark): "'" for mark in "\u2018\u2019"}


def _quotations(text: str) -> list[list[str]]:
    """Return the longer quotations of a text, each in the parts that are said to stand in the source."""
    found = []
    for match in _QUOTED.finditer(text):
        said = next(group for group in match.groups() if group)
        if len(said.split()) >= _LEAST_WORDS:
            found.append([part for piece in _ELLIPSIS.split(said) if (part := _even(piece).strip(" .,;:!?"))])
    return found[:_MOST_QUOTATIONS]


def _even(text: str) -> str:
    return squeezed(text.translate(_EVEN)).casefold()
