"""What the manner of an answer shows: refusal, doubt, an end that is none, loops, emptiness, an echo of the prompt.

Signs, and no proof: a letter may apologise, and a list needs no full stop. Each is read in a bounded part of the text.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

from gateway.judges._text import ends, fences, words

_HEAD, _TAIL = 2_000, 4_000
# Refusals come first.
_REFUSAL_HEAD = 400
# In a part of a longer text nobody can say which marks open a block and which close it.
_MOST_FENCED = 50_000
_LEAST_LOOP, _LEAST_TURNS, _PROBE, _MOST_PERIOD = 60, 3, 24, 1_000
_LEAST_LINE, _LEAST_LINES = 8, 4
_LEAST_SENTENCE_WORDS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The signs of one answer; the floats are shares of it.

    `is_cut` is an end that cannot be one (the token limit, an open block or bracket), `ends_open` one that seldom is
    (amid a sentence). `loop` is the tail that says the same again and again, `repeated` the lines and phrases that
    stand there before, `echo` the phrases that stand in the prompt.
    """

    is_empty: bool
    refuses: bool
    hedges: int
    is_cut: bool
    ends_open: bool
    loop: float
    repeated: float
    echo: float


def marks(text: str, *, prompt: str = "", finish_reason: str = "stop") -> Marks:
    """Return the signs of an answer to a prompt."""
    page = ends(text, head=_HEAD, tail=_TAIL)
    said = words(page)
    return Marks(
        is_empty=not text.strip(),
        refuses=refuses(text),
        hedges=_hedges(page),
        is_cut=finish_reason == "length" or _is_unclosed(text),
        ends_open=len(said) >= _LEAST_SENTENCE_WORDS and _ends_open(text),
        loop=loop(text),
        repeated=_repeated(page, said),
        echo=_echo(said, prompt),
    )


_REFUSALS = re.compile(
    r"\bi(?:'m| am)? (?:cannot|can't|can not|won't|will not|unable to|not able to"
    r"|must decline|have to decline|don't have the ability|do not have the ability|not comfortable)"
    r"(?: (?:help|assist|provide|answer|comply|fulfil|fulfill|create|generate|write|share|discuss|support"
    r"|engage|do that"
    r"|give|offer|continue|complete|produce|to|with)|[.,]|$)"
    r"|\bi'm sorry,? but (?:i|as an)\b|\bi apologi[sz]e,? but (?:i|as an)\b|\bas an? (?:ai|(?:large )?language model)\b"
    r"|\b(?:against|violates) (?:my|our|openai's) (?:guidelines|policy|policies|programming)"
    r"|\bdabei kann ich (?:dir |ihnen )?(?:leider )?nicht"
    r"|\bich kann (?:dir |ihnen )?(?:dabei |damit |hierbei )?(?:leider )?nicht (?:helfen|weiterhelfen"
    r"|beantworten)|\bals (?:ki|sprachmodell|k\u00fcnstliche intelligenz)\b"
    r"|\bje ne peux pas (?:vous |t')?(?:aider|r\u00e9pondre|fournir|faire)|\bje suis d\u00e9sol\u00e9e?,? mais\b"
    r"|\ben tant qu(?:e mod\u00e8le|'ia|'intelligence)"
    r"|\bno puedo (?:ayudar|responder|proporcionar|cumplir|hacer)|\blo siento,? pero\b"
    r"|\bcomo (?:modelo de lenguaje|una ia)\b"
)
_HEDGES = re.compile(
    r"\b(?:i'm not (?:\w+ )?(?:sure|certain)|i am not (?:\w+ )?(?:sure|certain)|not entirely (?:sure|clear)"
    r"|i don't know|i do not know|i'm unsure|cannot be determined|can't be determined"
    r"|impossible to (?:say|know|tell|determine)"
    r"|not enough information|insufficient information|hard to say|it depends|it's unclear|it is unclear|approximately"
    r"|roughly|probably|perhaps|maybe|might be|could be|possibly|i think|i believe|i guess|i assume|as far as i know"
    r"|seems to|appears to|likely|ich bin (?:mir )?nicht sicher|ich wei\u00df (?:es )?nicht|vielleicht|wahrscheinlich"
    r"|vermutlich|je ne suis pas s\u00fbre?|je ne sais pas|peut-\u00eatre|probablement|no estoy segur[oa]"
    r"|no lo s\u00e9|quiz\u00e1s?|probablemente)\b"
)


def refuses(text: str) -> bool:
    """Whether a text begins by saying that it will not answer."""
    return _REFUSALS.search(_small(text.lstrip()[:_REFUSAL_HEAD])) is not None


def _hedges(page: str) -> int:
    return sum(1 for _ in _HEDGES.finditer(_small(page)))


def _small(text: str) -> str:
    return text.replace("\u2019", "'").lower()


def _is_unclosed(text: str) -> bool:
    """Whether a block of code, or JSON, was begun and not ended."""
    blocks = fences(text) if len(text) <= _MOST_FENCED else []
    if blocks and not blocks[-1].closed:
        return True
    start, end = text.lstrip()[:1], text.rstrip()[-1:]
    return (start == "{" and end != "}" and '"' in text[:200]) or (start == "[" and end != "]" and text.count("]") == 0)


# The words that no sentence ends with.
_OPEN_WORDS = frozenset(
    {
        *("a", "an", "the", "and", "or", "but", "of", "to", "in", "on", "at", "for", "with", "by", "is", "are", "was"),
        *("that", "which", "as", "from", "into", "than", "because", "if", "its", "their", "your", "my", "our", "be"),
        *("und", "oder", "der", "die", "das", "et", "ou", "le", "la", "les", "de", "y", "o", "el", "los", "que"),
    }
)


def _ends_open(text: str) -> bool:
    tail = text.rstrip()[-_TAIL:]
    last_line = tail.rsplit("\n", 1)[-1].strip()
    if not last_line or last_line.startswith(("```", "|", "#", "~~~")):
        return False
    if last_line[-1] in ",;(":
        return True
    said = words(last_line)
    if not last_line[-1].isalnum() or not said:
        return False
    return said[-1] in _OPEN_WORDS or (len(said) >= _LEAST_SENTENCE_WORDS and last_line[:1] not in "-*\u2022")


def loop(text: str) -> float:
    """Return the share of a text that its tail takes by saying the same again and again, 0 where it does not."""
    tail = text.rstrip()[-_TAIL:]
    probe = tail[-_PROBE:]
    earlier = tail.rfind(probe, max(0, len(tail) - _PROBE - _MOST_PERIOD), len(tail) - 1)
    if earlier < 0 or not probe.strip():
        return 0.0
    period = len(tail) - _PROBE - earlier
    unit, turns = tail[-period:], 1
    while turns * period < len(tail) and tail.endswith(unit, 0, len(tail) - turns * period):
        turns += 1
    length = turns * period
    return length / len(tail) if turns >= _LEAST_TURNS and length >= _LEAST_LOOP else 0.0


def _repeated(page: str, said: list[str]) -> float:
    lines = [line.strip() for line in page.splitlines() if len(line.strip()) >= _LEAST_LINE]
    phrases = list(zip(said, said[1:], said[2:], said[3:], strict=False))
    same_lines = 1 - len(set(lines)) / len(lines) if len(lines) >= _LEAST_LINES else 0.0
    same_phrases = 1 - len(set(phrases)) / len(phrases) if len(phrases) >= _LEAST_SENTENCE_WORDS else 0.0
    return max(same_lines, same_phrases)


def _echo(said: list[str], prompt: str) -> float:
    pairs = list(pairwise(pairwise(said)))
    if not pairs or not prompt:
        return 0.0
    given = set(pairwise(pairwise(words(ends(prompt, head=_HEAD, tail=_TAIL)))))
    return sum(pair in given for pair in pairs) / len(pairs)
