"""From a request to the numbers that difficulty is judged by: length, structure, numbers, words by class.

What the user says in the whole conversation is read; what tools and models wrote is not, so that nobody else's text
makes a request look hard. Case, runs of white space and words of courtesy do not count. Linear in the text, of which a
long one is read at its two ends.
"""

import re
from math import log, log1p
from typing import NamedTuple

from gateway.types import Request

# A long text is read at its two ends, so many characters: the task stands before or after the material.
HEAD, TAIL = 8_000, 4_000
VERSION = 1

_WORD = re.compile(r"[^\W\d_]+")
# All that is no letter becomes a space: in plain English three times as fast as the pattern.
_LETTERS_ALONE = {code: " " for code in range(128) if not chr(code).isalpha()}
_NUMBER = re.compile(r"[0-9]+(?:[.,][0-9]+)*")
_YEAR = re.compile(r"(?<![0-9])(?:1[5-9]|20)[0-9][0-9](?![0-9])")
# Courtesy and coaxing say nothing of the task. Bounded, at the two ends alone.
_BEFORE = re.compile(
    r"(?:(?:hi|hello|hey|dear|good (?:morning|afternoon|evening))(?: there| all| team| everyone| assistant)?[,!. ]+"
    r"|(?:please|kindly)[, ]+"
    r"|(?:could|can|would|will) (?:you|i)(?: please| kindly)*"
    r"(?: help me| assist me| ask you| answer| tell me| explain to me)?"
    r"(?: out)?(?: with| about| on)?(?: this| that| the following)?(?: one| question| problem| task)?[:,.?! ]+"
    r"|i(?: would|'d)? (?:like|want|need|wish)(?: you)? (?:to (?:know|ask)|your help|help|some help)"
    r"(?: with| on)?(?: this| the following)?[:,.?! ]+"
    r"|i (?:have|got) (?:a|one) (?:quick |short |simple )?(?:question|request|problem)(?: for you)?[:,.!? ]+"
    r"|(?:quick|short) question[:,.!? ]+|excuse me[:,.! ]+|sorry to bother you[:,.! ]+"
    r"|(?:many |a lot of )?thanks[^.!\n]{0,20}[.!] |thank you[^.!\n]{0,20}[.!] |if you don't mind[:,. ]+"
    r"|i hope you are (?:doing )?well[:,.! ]+)+"
)
_THANKS = tuple(
    f"{many}{thanks}{much}"
    for thanks in ("thanks", "thank you")
    for many in ("many ", "")
    for much in (" so much", " very much", " a lot", " in advance", "")
)
# Longer ones first: what ends in "many thanks" ends in "thanks" too.
_ENDS = (
    *("let's think step by step", "lets think step by step", "think step by step", "take a deep breath"),
    *("this is very important to my career", "this is important to my career", "this is very important to me"),
    *("this is important to me", "take your time", "kind regards", "best regards", "please", "cheers"),
    *sorted(_THANKS, key=len, reverse=True),
)
_COAXING_CHARACTERS = 200

WH = ("which", "what", "who", "whom", "whose", "when", "where", "why", "how")
CLASSES: dict[str, str] = {
    "negation": "not no never none neither nor cannot without least false except incorrect untrue unlikely",
    "first": "i me my mine we us our myself",
    "second": "you your yours",
    "third": "he she him her his hers they them their it its",
    "condition": "if suppose assume assuming let given when whenever unless consider",
    "calculation": "calculate compute determine find solve evaluate estimate approximate approximately value many much "
    "total sum average difference rate percent ratio probability",
    "reasoning": "prove show derive explain because therefore hence thus reason compare contrast describe analyze "
    "analyse discuss design implement optimize debug refactor",
    "superlative": "most best highest lowest greatest largest smallest primary main major likely always only",
    "reference": "following below above statement statements option choice",
    "truth": "true yes correct both all either",
    "quantity": "twice half double triple each every per times more less fewer remaining left another rest cost price "
    "pay day days week weeks hour hours minutes month year years old bought sold sells buys gives spend spends earns",
    "law": "court law contract plaintiff defendant statute liability state constitutional congress crime evidence "
    "trial judge sued",
    "science": "cell energy force mass velocity acid gene protein molecule electron temperature pressure reaction "
    "enzyme bond atom field circuit voltage current",
    "mathematics": "function integer matrix polynomial group ring equation graph theorem vector real set subset prime "
    "number derivative integral finite",
    "humanities": "war century political government society moral argument ethics religion god philosophy history "
    "empire king theory culture social",
    "computing": "algorithm program code computer memory data network software process thread protocol server cpu "
    "machine learning training model",
    "medicine": "patient disease symptoms blood treatment diagnosis clinical drug pain syndrome infection tumor",
    "business": "firm market demand supply economic company management marketing tax interest inflation monetary "
    "investment revenue profit",
    "simple": "classify categorize translate extract summarize label sentiment rewrite",
    "common": "the of a an and in to is that for on as are with by this be at from or was which has have were can "
    "would will",
}
_LEARNED_ENDINGS = ("tion", "ism", "ity", "ology", "ment", "ence", "ance")
_LONG_WORD = 9

SHAPE_NAMES = (
    "log_characters", "log_stem_characters", "log_words", "log_stem_words",
    "options", "log_option_mean", "option_spread", "log_option_range", "options_with_digits", "options_of_words",
    "log_stem_numbers", "log_numbers", "log_largest_number", "decimals", "log_years",
    "percents", "log_dollars", "log_backslashes", "log_scripts", "log_operators", "log_brackets", "log_quotes",
    "commas_a_word", "colons", "log_lines", "log_stem_lines", "log_longest_line", "questions", "ends_in_question",
    "ends_in_colon", "blank", "code", "foreign_share", "log_sentences", "words_a_sentence",
    "log_turns", "tools", "structured", "log_system",
)  # fmt: skip
# What every word is, apart from its meaning: a row of these numbers for each word.
WORD_NAMES = ("length", "long", "learned", "single", *CLASSES, *(f"asks_{word}" for word in WH))
_CLASSES_OF: dict[str, list[int]] = {}
for _number, _class in enumerate(CLASSES.values(), start=WORD_NAMES.index(next(iter(CLASSES)))):
    for _word in _class.split():
        _CLASSES_OF.setdefault(_word, []).append(_number)


class Reading(NamedTuple):
    """What is read of a request: the values of `SHAPE_NAMES`, how many words it has, and the distinct ones.

    `stem_words` stand before the first lettered option (all of them where there is none), `other_words` only after it.
    """

    shape: tuple[float, ...]
    words: int
    stem_words: tuple[str, ...]
    other_words: tuple[str, ...]


def read(request: Request) -> Reading:
    """Read a request."""
    said = [message.text for message in request.messages if message.role == "user"]
    system = sum([len(message.text) for message in request.messages if message.role in ("system", "developer")])
    setting = (
        log1p(max(len(said) - 1, 0)),
        float(bool(request.tools)),
        float(request.response_format is not None),
        log1p(system),
    )
    return _read(window(said[0] if len(said) == 1 else "\n".join(said)), setting)


def window(text: str) -> str:
    """Return the text that is read: its two ends, without case, runs of white space, empty lines and courtesy."""
    if len(text) > HEAD + TAIL:
        text = f"{text[:HEAD]}\n{text[-TAIL:]}"
    lines = [" ".join(line.split()) for line in text.casefold().split("\n")]
    return _without_courtesy("\n".join(filter(None, lines)))


def _without_courtesy(text: str) -> str:
    before = _BEFORE.match(text, 0, _COAXING_CHARACTERS)
    start = before.end() if before else 0
    least = max(start, len(text) - _COAXING_CHARACTERS)
    end = len(text)
    while (bare := text[least:end].rstrip(_STOPS)).endswith(_ENDS):
        end = least + len(bare) - len(next(filter(bare.endswith, _ENDS)))
    return text[start:end].strip() or text


_STOPS = " \n.!"


def neighbours(word: str) -> list[str]:
    """Return a word and what is left of it without any one letter: two words that share one differ by about a typo."""
    return [word, *[word[:place] + word[place + 1 :] for place in range(len(word))]]


def stem(word: str) -> str:
    """Return a word without its ending, roughly: inflections of one word share a row of the table."""
    for ending, put in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word[: len(word) - len(ending)] + put
    return word


_SHORTEST_STEM = 3
_ENDINGS = (
    ("ies", "y"), ("sses", "ss"), ("ss", "ss"), ("ing", ""), ("edly", ""), ("ed", ""), ("ly", ""), ("es", "e"),
    ("s", ""),
)  # fmt: skip


def word_row(word: str) -> list[float]:
    """Return the values of `WORD_NAMES` for a word."""
    row = [0.0] * len(WORD_NAMES)
    row[:4] = (
        float(min(len(word), _LONGEST_WORD)),
        float(len(word) > _LONG_WORD),
        float(word.endswith(_LEARNED_ENDINGS)),
        float(len(word) == 1),
    )
    for number in _CLASSES_OF.get(word, ()):
        row[number] = 1.0
    if word in WH:
        row[WORD_NAMES.index(f"asks_{word}")] = 1.0
    return row


_LONGEST_WORD = 30


def class_words() -> tuple[str, ...]:
    """Return the words of `CLASSES` and `WH`, the common ones first."""
    return tuple(dict.fromkeys((*CLASSES["common"].split(), *WH, *_CLASSES_OF)))


def _read(text: str, setting: tuple[float, float, float, float]) -> Reading:
    lines = text.split("\n")
    options, first = _options(lines)
    stem_text, rest_text = ("\n".join(lines[:first]), "\n".join(lines[first:])) if options else (text, "")
    in_stem, rest = _words(stem_text), _words(rest_text)
    count = len(in_stem) + len(rest)
    distinct = dict.fromkeys(in_stem)
    others = tuple([one for one in dict.fromkeys(rest) if one not in distinct])
    sentences = sum(map(f"{stem_text} ".count, _SENTENCE_ENDS))
    shape = (
        log(len(text) + 1),
        log(len(stem_text) + 1),
        log1p(count),
        log1p(len(in_stem)),
        *_of_options(options),
        *_numbers(stem_text, rest_text),
        *_marks(text, stem_text, lines, count),
        log1p(sentences),
        len(in_stem) / (sentences + 1),
        *setting,
    )
    return Reading(shape, count, tuple(distinct), others)


def _words(text: str) -> list[str]:
    return text.translate(_LETTERS_ALONE).split() if text.isascii() else _WORD.findall(text)


_SENTENCE_ENDS = (". ", ".\n", "? ", "?\n", "! ", "!\n")


def _options(lines: list[str]) -> tuple[list[str], int]:
    """Return the texts of lettered options, a line each, and the line where they begin.

    A line among them counts whatever its mark looks like: one typo there must not make another request of it.
    """
    marked = [number for number, line in enumerate(lines) if line[:2] in _MARKS or line[:3] in _MARKS]
    if not marked:
        return [], len(lines)
    letter = lines[marked[0]].lstrip("(")[0]
    first = max(min(marked[0], 1), marked[0] - _LETTERS.index(letter))
    return [line[2:].lstrip(") ") for line in lines[first : marked[-1] + 1]], first


_LETTERS = "abcdefghij"
_MARKS = frozenset(
    f"{start}{letter}{end}" for letter in "abcdefghij" for start, end in (("", "."), ("", ")"), ("", ":"), ("(", ")"))
)


def _of_options(options: list[str]) -> tuple[float, ...]:
    if not options:
        return (0.0,) * 6
    lengths = list(map(len, options))
    count = len(options)
    mean = sum(lengths) / count
    spread = (sum([(length - mean) ** 2 for length in lengths]) / count) ** 0.5
    with_digits = sum([not _DIGITS.isdisjoint(option) for option in options])
    of_words = sum([" " in option for option in options])
    between = log1p(max(lengths) - min(lengths))
    return float(count), log1p(mean), spread / (mean + 1), between, with_digits / count, of_words / count


_DIGITS = frozenset("0123456789")


def _numbers(stem_text: str, rest_text: str) -> tuple[float, ...]:
    in_stem, rest = _NUMBER.findall(stem_text), _NUMBER.findall(rest_text)
    if not in_stem and not rest:
        return (0.0,) * 5
    plain = [number.replace(",", "") for number in in_stem if len(number) <= _LONGEST_NUMBER]
    largest = max([float(number) for number in plain if number.count(".") <= 1], default=0.0)
    decimals = sum(["." in number for number in in_stem]) / (len(in_stem) + 1)
    years = len(_YEAR.findall(stem_text)) + len(_YEAR.findall(rest_text))
    return log1p(len(in_stem)), log1p(len(in_stem) + len(rest)), log1p(largest), decimals, log1p(years)


_LONGEST_NUMBER = 20


def _marks(text: str, stem_text: str, lines: list[str], words: int) -> tuple[float, ...]:
    count = text.count
    end = stem_text[-1:]
    # As many bytes as characters in ASCII alone: what is more stands in other scripts, or is typography.
    foreign = 0.0 if text.isascii() else len(text.encode("utf-8", "replace")) / max(len(text), 1) - 1
    return (
        float(count("%")),
        log1p(count("$")),
        log1p(count("\\")),
        log1p(count("^") + count("_") + count("{") + count("}")),
        log1p(count("=") + count("+") + count("*") + count("/") + count("<") + count(">")),
        log1p(count("(") + count("[")),
        log1p(count('"') + count("\u201c") + count("'")),
        count(",") / max(words, 1),
        float(count(";") + count(":")),
        log1p(len(lines) - 1),
        log1p(stem_text.count("\n")),
        log1p(max(map(len, lines))),
        float(stem_text.count("?")),
        float(end == "?"),
        float(end == ":"),
        float("__" in text),
        log1p(sum(map(count, _CODE))),
        foreign,
    )


_CODE = ("```", "def ", "class ", "return ", "import ", "();", "#include", "select ")
