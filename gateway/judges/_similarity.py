"""How far two answers say the same, 0 to 1. Symmetric; 1 for equal ones; texts are compared at their ends.

What has one right form (a number, an option, a label) is the same or not; JSON and calls share their fields; prose
shares its words, its numbers and its length. Same words are not the same meaning: for prose this is a hint.
"""

import json
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import TypeVar

from gateway.judges import _json
from gateway.judges._extract import final_answer, last_number
from gateway.judges._numbers import numbers
from gateway.judges._statements import MOST_LABEL_WORDS, Answer
from gateway.judges._text import ends, squeezed, words
from gateway.types import Completion, ToolCall

_T = TypeVar("_T")

_HEAD, _TAIL = 4_000, 4_000
_PAIRS = 0.4
_NUMBERS = 0.25
_LENGTH = 0.15
# Words that turn what stands in their sentence round.
_NOT = frozenset({"not", "no", "never", "t", "cannot", "nicht", "kein", "pas", "incorrect", "wrong", "false"})


def similarity(a: str, b: str) -> float:
    """Return how many words, pairs of words and numbers two texts share, less what they differ in length."""
    if a == b:
        return 1.0
    words_a, words_b = words(ends(a, head=_HEAD, tail=_TAIL)), words(ends(b, head=_HEAD, tail=_TAIL))
    if words_a == words_b:
        # Signs alone, or white space, differ.
        return 1.0 if words_a or not (a.strip() or b.strip()) else 0.0
    if not words_a or not words_b:
        return 0.0
    share = _shared(Counter(words_a), Counter(words_b))
    if min(len(words_a), len(words_b)) > 1:
        pairs = _shared(Counter(pairwise(words_a)), Counter(pairwise(words_b)))
        share = (1 - _PAIRS) * share + _PAIRS * pairs
    numbers_a, numbers_b = _numbers(a), _numbers(b)
    if numbers_a or numbers_b:
        share = (1 - _NUMBERS) * share + _NUMBERS * _shared(numbers_a, numbers_b)
    length = min(len(words_a), len(words_b)) / max(len(words_a), len(words_b))
    return share * (1 - _LENGTH + _LENGTH * length)


def agreement(a: str, b: str, *, prompt: str = "") -> float:
    """Return how far two answers to the prompt agree in what they finally say."""
    answer_a, answer_b = final_answer(a, prompt=prompt), final_answer(b, prompt=prompt)
    if answer_a is None or answer_b is None:
        return float(answer_a is answer_b)
    if answer_a == answer_b:
        return 1.0
    if answer_a.kind != answer_b.kind:
        return max(_holds(answer_a, answer_b, b), _holds(answer_b, answer_a, a))
    if answer_a.kind in ("json", "call"):
        return _field_share(json.loads(answer_a.value), json.loads(answer_b.value))
    if answer_a.kind in ("text", "code"):
        return similarity(*((a, b) if answer_a.kind == "text" else (answer_a.value, answer_b.value)))
    return 0.0


def completion_agreement(a: Completion, b: Completion, *, prompt: str = "") -> float:
    """Return how far two completions agree: by their calls where either has some, else by what they say."""
    if a.message.tool_calls or b.message.tool_calls:
        return call_agreement(a.message.tool_calls, b.message.tool_calls)
    return agreement(a.message.text, b.message.text, prompt=prompt)


def call_agreement(calls_a: Sequence[ToolCall], calls_b: Sequence[ToolCall]) -> float:
    """Return how far two lists of calls agree: the same functions, with the same arguments, in any order of names."""
    if not calls_a and not calls_b:
        return 1.0
    share = 0.0
    for name in sorted({call.name for call in calls_a} & {call.name for call in calls_b}):
        ours, theirs = ([call for call in calls if call.name == name] for calls in (calls_a, calls_b))
        share += sum(_argument_share(one.arguments, other.arguments) for one, other in zip(ours, theirs, strict=False))
    return share / max(len(calls_a), len(calls_b))


def _argument_share(a: str, b: str) -> float:
    # Models write nothing where a function takes nothing.
    value_a, value_b = _json.parsed(a or "{}"), _json.parsed(b or "{}")
    if value_a is _json.NO_JSON or value_b is _json.NO_JSON:
        return float(squeezed(a) == squeezed(b))
    return _field_share(value_a, value_b)


def _field_share(a: object, b: object) -> float:
    leaves_a, leaves_b = _json.leaves(a), _json.leaves(b)
    places = leaves_a.keys() | leaves_b.keys()
    both = leaves_a.keys() & leaves_b.keys()
    return sum(_leaf_share(leaves_a[place], leaves_b[place]) for place in sorted(both)) / len(places)


def _leaf_share(a: object, b: object) -> float:
    if _json.same_value(a, b):
        return 1.0
    if isinstance(a, str) and isinstance(b, str) and min(a.count(" "), b.count(" ")) >= MOST_LABEL_WORDS:
        return similarity(a, b)
    return 0.0


def _holds(short: Answer, other: Answer, text: str) -> float:
    """Say whether a longer text says what a bare answer says, where it marks nothing as its answer."""
    if other.kind != "text" and not (short.kind == "number" and other.kind == "label"):
        return 0.0
    if short.kind == "number":
        return float(last_number(text) == short.value)
    if short.kind not in ("option", "label"):
        return 0.0
    said, sought = words(text[-_TAIL:]), short.value.casefold().split()
    for sentence in (said[: len(sought) + 1], said[-len(sought) - 1 :]):
        if _NOT.intersection(sentence) - set(sought):
            continue
        if sentence[: len(sought)] == sought or sentence[-len(sought) :] == sought:
            return 1.0
    return 0.0


def _numbers(text: str) -> Counter[Fraction]:
    return Counter(number.value for number in numbers(ends(text, head=_HEAD, tail=_TAIL)))


def _shared(a: Counter[_T], b: Counter[_T]) -> float:
    """Return the harmonic mean of how much of each is in the other."""
    total = a.total() + b.total()
    return 2 * (a & b).total() / total if total else 1.0
