"""What an answer finally says: a number, an option's letter, a label, JSON, a call, code, else its text.

So that `18`, `#### 18`, `{"answer": "18"}` and a worked solution that ends in `... = $18.00` are read as one. Nothing
is said of whether it is right. Never raises; long texts are read at their end, where answers are.
"""

import re
from collections import deque
from collections.abc import Iterator
from functools import cached_property

from gateway.judges import _json
from gateway.judges._numbers import Number, numbers, written
from gateway.judges._options import options_of
from gateway.judges._statements import Answer, Kind, label_of, number_answer, plain, read, trimmed
from gateway.judges._text import ends, fences, prose, squeezed, words

__all__ = ["Answer", "Kind", "final_answer", "last_number"]

_MOST_BARE = 120
_STATEMENT = 300
# What is longer is read at its end, so many characters.
_TAIL = 12_000
# Below this share of the answer, a block of code or JSON stands in it as an example.
_MAIN_PART = 0.3


def final_answer(text: str, *, prompt: str = "") -> Answer | None:
    """Return what a text finally says, None for an empty one; the prompt tells options and sums from prose."""
    text = text.rstrip()
    if not text:
        return None
    page = _Page(text, prompt)
    for reader in (_from_json, _from_marks, _from_bare, _from_code, _from_option, _from_sum, _from_label):
        answer = reader(page)
        if answer is not None:
            return Answer(answer.kind, answer.value, (answer.span[0] + page.offset, answer.span[1] + page.offset))
    start, end = trimmed(text, 0, len(text))
    return Answer("text", plain(text), (start, end))


def last_number(text: str) -> str | None:
    """Return the last number of a text, as an answer's value is written."""
    found = deque(numbers(text[-_TAIL:]), maxlen=1)
    return written(found[0].value) if found else None


class _Page:
    """The part of a text that is read, `offset` characters from its start; `prose` is blank where code stands."""

    def __init__(self, text: str, prompt: str) -> None:
        self.offset = max(0, len(text) - _TAIL)
        # JSON is read from its start, or not at all.
        self.whole = text if _json.is_short(text) else ""
        self.text = text[self.offset :]
        self.blocks = fences(self.text)
        outside = prose(self.text, self.blocks)
        self.prose = outside if outside.strip() else self.text
        self._prompt = prompt

    @cached_property
    def asks_number(self) -> bool:
        """Whether the prompt asks for one."""
        return _ASKS_NUMBER.search(self._task.lower()) is not None

    @cached_property
    def options(self) -> dict[str, str]:
        """The options of the prompt."""
        return options_of(self._task)

    @cached_property
    def _task(self) -> str:
        return ends(self._prompt, head=2_000, tail=4_000)

    def read(self, span: tuple[int, int], *, marked: bool) -> Answer | None:
        """Read one statement; where a number is asked for, a marked one with a single number says that."""
        answer = read(self.text, span, lambda: self.options, marked=marked)
        if marked and answer is not None and answer.kind in ("label", "text") and self.asks_number:
            found = list(_numbers_in(self.text, *span))
            return number_answer(found[0]) if len(found) == 1 else answer
        return answer

    @property
    def is_cut_json(self) -> bool:
        """Whether it is JSON that never came to its answer."""
        if self.blocks and not self.blocks[-1].closed:
            return self.blocks[-1].language == "json"
        return self.whole.lstrip()[:2] in ("{", '{"', "{\n", "{ ") and self.text[-1:] != "}"


_ASKS_NUMBER = re.compile(
    r"how\s(?:many|much|far|long|old|tall|fast|big)\b|calculat|comput(?:e|ation)\b|solve\b|evaluate\b|percent"
    r"|what\sis\sthe\s(?:\w{1,20}\s)?(?:total|sum|product|difference|average|mean|value|number|cost|price|area|ratio)"
    r"|find\sthe\s(?:\w{1,20}\s)?(?:total|sum|value|number|area)|wie\s?viele?\b|combien\b|cu[a\u00e1]nt[oa]s?\b"
    r"|[0-9]\s?[+*/\u00d7\u00f7-]\s?[0-9]"
)


def _from_json(page: _Page) -> Answer | None:
    for body, start in _json_bodies(page):
        value = _json.parsed(body)
        if isinstance(value, (dict, list)):
            lead = len(body) - len(body.lstrip())
            return _of_json(page, value, (start + lead, start + len(body.rstrip())))
    return _keyed(page)


def _json_bodies(page: _Page) -> Iterator[tuple[str, int]]:
    """Yield what may be the JSON that the text is, and where it begins."""
    if page.whole.lstrip()[:1] in ("{", "["):
        yield page.whole, -page.offset
    least = _MAIN_PART * len(page.text)
    for block in reversed(page.blocks):
        if block.language in ("", "json", "json5", "jsonc") and len(block.body) >= least:
            yield block.body, page.text.find(block.body, block.start)
    for match in (_CALL_TAG.search(page.text), _JSON_LINE.search(page.text)):
        whole = _json.leading(page.text, match.end() - 1) if match else ""
        if match and whole and (match.re is _CALL_TAG or len(whole) >= least):
            yield whole, match.end() - 1


_CALL_TAG = re.compile(r"<tool_call>\s{0,20}\{|<function=[\w.-]{1,80}>\s{0,20}\{|<\|python_tag\|>\s{0,20}\{")
_JSON_LINE = re.compile(r"^[ \t]{0,20}[{\[]", re.MULTILINE)


def _of_json(page: _Page, value: object, span: tuple[int, int]) -> Answer:
    called = _json.call_in(value, _named_function(page.text, span[0]))
    if called is not None:
        return Answer("call", _json.written(called), span)
    inner = _json.answer_in(value)
    if inner is None:
        return Answer("json", _json.written(value), span)
    keyed = _keyed(page)
    if isinstance(inner, (dict, list)):
        return Answer("json", _json.written(inner), span)
    if keyed is not None:
        span = keyed.span
    said = inner if isinstance(inner, str) else _json.written(inner)
    answer = read(said, (0, len(said)), lambda: page.options, marked=True)
    return Answer(answer.kind, answer.value, span) if answer else Answer("label", "", span)


def _named_function(text: str, end: int) -> str | None:
    match = re.search(r"<function=([\w.-]{1,80})>\s{0,20}$", text[max(0, end - 120) : max(0, end)])
    return match[1] if match else None


_KEYED = re.compile(
    r'["\'](?:final[_ ]?)?answer["\']\s{0,4}:\s{0,4}'
    r'(?:"(?P<text>(?:[^"\\]|\\.){0,400}+)|(?P<bare>[^\s"{\[][^,}\n]{0,80}))',
    re.IGNORECASE,
)


def _keyed(page: _Page) -> Answer | None:
    """Read the last `"answer": ...` of a text that need not be JSON, or not whole."""
    if "answer" not in page.text and "Answer" not in page.text:
        return None
    found = deque(_KEYED.finditer(page.text), maxlen=1)
    if not found:
        return None
    span = found[0].span("text" if found[0]["text"] is not None else "bare")
    return page.read(span, marked=True)


_HASHES = re.compile(r"####[ \t]{0,8}(?P<said>[^\n#]{1,300})")
_BOXED = re.compile(r"\\boxed\s?\{")
_BRACE = re.compile(r"[{}]")
_NAMES = (
    *(
        "answer",
        "solution",
        "option",
        "choice",
        "label",
        "category",
        "classification",
        "sentiment",
        "verdict",
        "result",
    ),
    *("antwort", "ergebnis", "l\u00f6sung", "r\u00e9ponse", "r\u00e9sultat", "respuesta", "resultado"),
)
_STATED = re.compile(
    r"\b[^\W\d_]{5,14}[*_\"]{0,4}"
    r"(?:\s?[:=][*_]{0,3}|\s(?:to\s(?:this|the)\s\w{1,20}\s)?(?:is|would\sbe|must\sbe|should\sbe|ist|lautet|est|es)\b:?)"
    r"[ \t]{0,8}\n?(?P<said>[^\n]{1,300})"
)
# So many marks are looked at, from the end.
_MOST_MARKS = 20


def _from_marks(page: _Page) -> Answer | None:
    for spans in (_hashed(page.prose), _boxed(page.prose), _stated(page.prose)):
        for start, end in reversed(spans):
            answer = page.read((start, end), marked=True)
            if answer is not None:
                return answer
    return None


def _hashed(text: str) -> list[tuple[int, int]]:
    found = [match.span("said") for place in _last_places(text, "####") if (match := _HASHES.match(text, place))]
    # The same marks stand before a heading: one that text follows is no answer.
    return [span for span in found if any(character.isdigit() for character in text[slice(*span)])] or [
        span for span in found if not text[span[1] :].strip()
    ]


def _boxed(text: str) -> list[tuple[int, int]]:
    starts = [match.end() for place in _last_places(text, "\\boxed") if (match := _BOXED.match(text, place))]
    return [(start, end) for start in starts if (end := _closing(text, start))]


def _closing(text: str, start: int) -> int:
    """Return where the brace closes that opened before a place, 0 where it does not soon."""
    depth = 1
    for match in _BRACE.finditer(text, start, start + _STATEMENT):
        depth += 1 if match[0] == "{" else -1
        if depth == 0:
            return match.start()
    return 0


def _stated(text: str) -> list[tuple[int, int]]:
    small = text.lower()
    # One letter alone is written in two when it is small.
    small = small if len(small) == len(text) else text
    places = sorted(place for name in _NAMES for place in _last_places(small, name))[-_MOST_MARKS:]
    found = [match.span("said") for place in places if (match := _STATED.match(text, place))]
    return [(start, _sentence_end(text, start, end)) for start, end in found]


def _last_places(text: str, sought: str) -> list[int]:
    found: list[int] = []
    place = len(text)
    while len(found) < _MOST_MARKS and (place := text.rfind(sought, 0, place)) >= 0:
        found.append(place)
    return found[::-1]


_SENTENCE_END = re.compile(r"[.!?。](?=[\s*\"')]|$)")


def _sentence_end(text: str, start: int, end: int) -> int:
    # An option's letter has a full stop of its own: `A. Paris`.
    match = _SENTENCE_END.search(text, start + 3, end)
    return match.start() if match else end


def _from_bare(page: _Page) -> Answer | None:
    """Read a text that is nothing but its answer."""
    start, end = trimmed(page.prose, 0, len(page.prose))
    if end - start > _MOST_BARE or "\n" in page.prose[start:end] or page.is_cut_json:
        return None
    answer = page.read((start, end), marked=False)
    if answer is not None and answer.kind == "label" and page.asks_number:
        return _from_sum(page) or answer
    return answer if answer is not None and answer.kind != "text" else None


def _from_code(page: _Page) -> Answer | None:
    if page.is_cut_json:
        return None
    block = max(page.blocks, key=lambda block: len(block.body), default=None)
    if block is None or not block.body.strip() or len(block.body) < _MAIN_PART * len(page.text.strip()):
        return None
    start = page.text.find(block.body, block.start)
    return Answer("code", squeezed(block.body), (start, start + len(block.body)))


_LETTER = re.compile(r"(?<![\w'])(?:\(([A-Z])\)|\*\*\(?([A-Z])[).:*]|(?:[Oo]ption|[Cc]hoice)\s\(?([A-Z])\b)")
_FIRST_LETTER = re.compile(r"\s{0,20}\(?([A-Z])[).:](?:\s|$)")


def _from_option(page: _Page) -> Answer | None:
    """Read the option that a text begins with, else the last one that it names, else the one whose words it holds."""
    if not page.options:
        return None
    first = _FIRST_LETTER.match(page.prose)
    found = ([first] if first else []) + list(_LETTER.finditer(page.prose))[::-1]
    for match in found:
        letter = next(group for group in match.groups() if group)
        if letter in page.options:
            return Answer("option", letter, match.span())
    said = f" {' '.join(words(page.prose[-_STATEMENT:]))} "
    held = [letter for letter, option in page.options.items() if option and f" {option} " in said]
    return Answer("option", held[0], trimmed(page.text, 0, len(page.text))) if len(held) == 1 else None


_EQUATION = re.compile(r"[0-9)%]\s?=\s?\\?[$€£¥]?[-\u2212]?[0-9]|<<[^<>\n]{1,80}>>")
_BOLD = re.compile(r"\*\*([^*\n]{1,60})\*\*")


def _from_sum(page: _Page) -> Answer | None:
    """Read the last number of a worked solution: a bold one, else one after `=`, in the last line that has any."""
    if page.is_cut_json or (not page.asks_number and not _EQUATION.search(page.prose)):
        return None
    end = len(page.prose.rstrip())
    while end > 0:
        start = page.prose.rfind("\n", 0, end) + 1
        found = list(_candidates(page.prose, start, end))
        if found:
            return number_answer(found[-1])
        end = start - 1
    return None


def _candidates(text: str, start: int, end: int) -> Iterator[Number]:
    """Yield the numbers of one line, what counts most last."""
    yield from _numbers_in(text, start, end)
    equals = max(text.rfind(". ", start, end), start)
    equals = text.rfind("=", equals, end)
    if equals >= 0:
        yield from list(_numbers_in(text, equals + 1, end))[:1]
    for match in _BOLD.finditer(text, start, end):
        yield from list(_numbers_in(text, *match.span(1)))[-1:]


def _numbers_in(text: str, start: int, end: int) -> Iterator[Number]:
    for number in numbers(text[start:end]):
        yield Number(number.value, number.start + start, number.end + start)


def _from_label(page: _Page) -> Answer | None:
    start, end = trimmed(page.prose, 0, len(page.prose))
    if page.blocks or end - start > _MOST_BARE:
        return None
    return label_of(page.prose, start, end)
