"""Which words may be part of a name, and what is known of each: the one reading of training and of operation.

Only capitalised words are looked at, and small ones after what introduces a name ("my name is ..."). Of what surrounds
a word a few dozen characters are read, so that the work is linear in the text.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from gateway.detectors._languages import KNOWN
from gateway.detectors._name_words import LONGEST, Kind, fold
from gateway.detectors._search import matches

_CAPITALS = "A-ZÀ-ÖØ-ÞĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮİĴĶĹĻĽŁŃŅŇŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰŲŴŶŸŹŻŽƏȘȚ"
# What may not stand before is looked for behind the first letter: a search that begins with a letter is fast.
_WORD = re.compile(rf"[{_CAPITALS}](?<!\w[{_CAPITALS}])(?:[^\W\d_]|['\u2019-](?=[^\W\d_]))*")
# Small words that begin a sentence; those that are first names besides are looked at.
_NAMES_TOO = (
    "alla an che dan del della esta está från ha han le les ma many mi mia min na nella per pero på son till un una "
    "van vi von will"
)
SMALL = frozenset(word.capitalize() for word in KNOWN.difference(_NAMES_TOO.split()))
_POSSESSIVES = ("'s", "\u2019s", "'S")
# `A Oslo`, `I Roma`: words of one letter.
_LETTERS_ALONE = frozenset("AIEOYÀÉÓ")
_AROUND = 28
_MOST_IN_A_RUN = 6
# Between two words of a name: a space, or a full stop and a space after an initial.
_STOPS = frozenset({". ", "."})
_JOINTS = frozenset({" ", "-"}) | _STOPS
_LONGEST_GAP = 12
_TITLES = 3
_TOP = 3
_ENDS = ".,:;!?)\"'"
_LONGEST_ABBREVIATION = 4
PARTICLES = frozenset({
    "de", "da", "do", "dos", "das", "di", "del", "della", "der", "den", "van", "von", "zu", "zum", "la", "le", "el",
    "al", "bin", "ibn", "ben", "bint", "ter", "ten", "af", "av", "y", "e", "abu", "st",
})  # fmt: skip


@dataclass(slots=True)
class Word:
    """A word that may be part of a name."""

    start: int
    end: int
    folded: str
    shape: str
    kind: Kind


def words(text: str, kind_of: Callable[[str], Kind]) -> Iterator[Word]:
    """Yield the words of a text that begin with a capital letter, but for those that every text is full of."""
    met: dict[str, Kind] = {}
    for match in matches(_WORD, text):
        whole = match[0]
        if whole in SMALL or len(whole) > LONGEST:
            continue
        if whole[-2:] in _POSSESSIVES:
            whole = whole[:-2]
        folded = fold(whole)
        kind = met.get(folded)
        if kind is None:
            kind = met[folded] = kind_of(folded)
        start, end = match.start(), match.start() + len(whole)
        if not _is_small(whole, kind, text[end : end + 1]):
            yield Word(start, end, folded, _shape(whole), kind)


def _is_small(word: str, kind: Kind, following: str) -> bool:
    """Whether every text is full of the word (`Does`, `The`, `A`): it is in no name, whatever stands beside it."""
    if kind.common == _TOP:
        return kind.first <= 1 and not (word.isupper() and len(word) > _LONGEST_ABBREVIATION)
    return len(word) == 1 and following != "." and word in _LETTERS_ALONE


def _shape(word: str) -> str:
    if len(word) == 1:
        return "A"
    rest = word[1:]
    if rest.islower():
        return "Aa" if rest.isalpha() else "A-a"
    if word.isupper():
        return "AA" if len(word) <= _LONGEST_ABBREVIATION else "AAA"
    return "A-A" if "-" in word or "'" in word or "\u2019" in word else "AaA"


def runs(text: str, found: Iterable[Word]) -> Iterator[Sequence[Word]]:
    """Yield the words in runs: those with nothing but a space, or a particle in spaces, between them."""
    run: list[Word] = []
    for word in found:
        if run and (len(run) == _MOST_IN_A_RUN or not joined(text, run[-1], word)):
            yield run
            run = []
        run.append(word)
    if run:
        yield run


def joined(text: str, one: Word, other: Word) -> bool:
    """Whether two words may be of one name: a space is between them, an initial's stop, or a particle."""
    if other.start - one.end > _LONGEST_GAP:
        return False
    between = text[one.end : other.start]
    if between in _STOPS and not (one.shape == "A" or one.kind.other == _TITLES):
        return False
    return between in _JOINTS or (between[:1] == between[-1:] == " " and PARTICLES.issuperset(between.split()))


def candidates(text: str, kind_of: Callable[[str], Kind]) -> Iterator[tuple[Word, list[str]]]:
    """Yield each word that may be part of a name with what is known of it, by which its weights are found."""
    for run in runs(text, words(text, kind_of)):
        yield from _with_features(text, run)


def _with_features(text: str, run: Sequence[Word]) -> Iterator[tuple[Word, list[str]]]:
    before, after = _before(text, run[0].start), _after(text, run[-1].end)
    last, length = len(run) - 1, len(run)
    around = (before[0], before[1], after[0]) if length == 1 else (before[0], after[0])
    known = [_known(word.kind, word.shape) for word in run]
    previous = ""
    for place, word in enumerate(run):
        code, by_kind, by_shape = known[place]
        following = known[place + 1][0] if place < last else ""
        features = [
            by_kind,
            by_shape,
            f"r{place}{length}",
            f"e{run[last].folded}" if place < last else "e",
            f"b{run[0].folded}" if place else "b",
            f"x{previous}-{code}",
            f"y{code}-{following}",
        ]
        if place == 0:
            features += before
        if place == last:
            features += after
        if not (word.kind.first or word.kind.last):
            features += (f"z{word.folded[-3:]}", f"Z{word.folded[-2:]}")
        head = code if length == 1 else length
        features += [f"{head}{one}" for one in around]
        previous = code
        yield word, features


@cache
def _known(kind: Kind, shape: str) -> tuple[str, str, str]:
    """Return the code of a word, and what is known of it by its kind and by its shape. There are a few thousand."""
    first, family, common, town, other = kind
    code = "I" if shape == "A" else _code(kind)
    return code, f"k{first}{family}{common}{town}{other}", f"h{shape}{first > 0}{family > 0}"


def _code(kind: Kind) -> str:
    """Return roughly what a word is: the list it is on most of all."""
    first, family, common, town, other = kind
    marks = (
        (other > 0, "-cot"[other]),
        (common > 1, "n" if first == _TOP else "w"),
        (town == _TOP, "P"),
        (first > 1, "F" if first == _TOP else "f"),
        (town > 1 and not first, "p"),
        (family > 1, "L" if family == _TOP else "l"),
        (common > 0, "u"),
        (first + family > 0, "m"),
        (town > 0, "q"),
    )
    return next((mark for holds, mark in marks if holds), "-")


def _before(text: str, start: int) -> list[str]:
    """Return the mark before a word and the two words before that."""
    if start == 0:
        return ["<^", "p^"]
    parts = text[max(0, start - _AROUND) : start].lower().rsplit(None, 2)
    last = parts[-1] if parts else ""
    mark = text[start - 1]
    if mark == "\n":
        return ["<n", f"p^{last[-1:]}"]
    if mark != " ":
        return [f"<{mark}", f"p{mark}"]
    word = last.rstrip(_ENDS)
    end = last[-1:] if word != last else ""
    stop = "." if end and end in ".!?" and len(word) > 1 else end
    earlier = f"{parts[-2]}" if len(parts) > 1 else ""
    return [f"<{stop} ", f"p{word}{stop}", f"q{earlier}", f"Q{earlier} {word}"]


def _after(text: str, end: int) -> list[str]:
    """Return the mark after a word and the two words after that."""
    rest = text[end : end + _AROUND].lower()
    parts = rest.split(None, 2)
    if not parts:
        return [">$", "n$"]
    if rest[0] == "\n":
        return [">n", "nn"]
    later = parts[1] if len(parts) > 1 else ""
    if rest[0] != " ":
        return [f">{rest[:2].rstrip()}", f"n{rest[0]}{later}"]
    word = parts[0].rstrip(_ENDS)
    return ["> ", f"n{word}", f"m{later}", f"M{word} {later}"]
