"""Whether a text is in a language that the detector of names has learned: if not, it may not say that nobody is named.

By script first, then, in Latin letters, by the small words that every sentence of a language has. Code, lists, formulas
and short texts are no language: they pass.
"""

import re
from collections.abc import Callable

from gateway.detectors._search import matches

# The commonest words of each language, three letters and more where most others have them too.
SMALL_WORDS = {
    "en": (
        "the and that for with you this have are was not what from can but how your has his her they will about "
        "which when all there their would who one were been had more its out please each into then than many some "
        "after she him our does just could make"
    ),
    "de": (
        "der die das und ist nicht ich sie mit den ein eine auf für von dem zu im wie was auch sich wir haben hat "
        "als bei es an einen wird kann werden oder aus nach noch sind bitte mein meine habe wenn aber nur war über "
        "zum zur einer einem des durch dass mir mich bin"
    ),
    "fr": (
        "les des est que une pour dans pas qui sur avec vous ce par plus mais nous au aux sont cette mon ma je il "
        "elle son ses être ont fait ne comme tout bien aussi votre quel quelle où sans leur très été avoir peut du "
        "le la et un"
    ),
    "es": (
        "que los las una por con para del está como pero más este esta mi sus muy qué hay son tiene fue ser cuando "
        "todo también porque hasta sobre cómo puede cuál sin desde tengo quiero el la de en y un es se lo"
    ),
    "it": (
        "che non per una sono con del della come più anche dei alla nel gli questo questa mio mia ha ho è di il la "
        "un le da si ma quando essere stato molto delle nella perché dove cosa vorrei"
    ),
    "pt": (
        "que não uma para com por mais dos das como está são mas foi seu sua meu minha você ao pelo pela isso este "
        "esta muito também quando ser tem de do da em um os as no na eu qual quero"
    ),
    "nl": (
        "het een van dat niet met voor zijn ook maar ik je wat naar hoe door bij aan als kan heb mijn deze wordt "
        "worden heeft nog dan uit over hij zij wij hebben kunnen de en is te op er om"
    ),
    "sv": (
        "och att det som är för inte med jag på av en ett den har till om vad kan var från men min mitt hur när ska "
        "eller vi så du han hon de"
    ),
    "no": (
        "og det som er for ikke med jeg på av en et den har til om hva kan var fra men min mitt hvor når skal eller "
        "vi så du han hun de å i"
    ),
    "da": (
        "og det som er for ikke med jeg på af en et den har til om hvad kan var fra men min mit hvordan når skal "
        "eller vi så du han hun de at i"
    ),
}
KNOWN = frozenset(word for words in SMALL_WORDS.values() for word in words.split() if len(word) > 1)
# What stands in no language's sentence but those: two letters are too often something else.
_TELLING = frozenset(word for word in KNOWN if len(word) > 2)  # noqa: PLR2004

# Letters of other scripts: Greek to Canadian syllabics and beyond, less marks, signs and pictures.
_FOREIGN = re.compile(
    "[\u0370-\u1dbf\u1f00-\u1fff\u2c00-\u2dff\u2e80-\u2fff\u3005-\u3007\u3021-\ua63f\ua640-\ua71f\ua800-\uab2f\uab70-\ufaff\ufb13-\ufdff"
    "\ufe70-\ufefe\uff66-\uffdc\U00010280-\U0001cfff\U0001e000-\U0001efff\U00020000-\U000323af]{2,1000}"
)
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]{1,1000}")
# So much of a text in another script is too much: a share of its letters, or a passage.
_SHARE = 0.3
_PASSAGE = 300
# A line of prose: so many words in small letters with a space or a comma between.
_PROSE = re.compile(r"(?<![^\s(\"'«„“])[^\W\d_A-Z]{1,20}(?:,? [^\W\d_A-Z]{1,20}){4,60}")
_FEWEST_WORDS = 40
_LEAST_KNOWN = 0.08
_LEAST_ENGLISH = 0.5
_ENOUGH = 6_000
# Nothing to judge by below so many characters; and one of these words in so many is English enough.
_SHORT = 200
_OFTEN = (" the ", " and ", " of ", " to ")


def knows(text: str, is_english: Callable[[str], bool]) -> bool:
    """Whether the text may be read for names: it is in a known language, or in none.

    `is_english` is asked, where small words are missing, whether English has a word: lists of words are no language.
    """
    return _script_known(text) and _words_known(text, is_english)


def _script_known(text: str) -> bool:
    if text.isascii():
        return True
    foreign = sum(len(match[0]) for match in matches(_FOREIGN, text))
    if not foreign:
        return True
    latin = sum(len(match[0]) for match in matches(_LATIN, text))
    return foreign < _PASSAGE and foreign < _SHARE * (foreign + latin)


def _words_known(text: str, is_english: Callable[[str], bool]) -> bool:
    if len(text) < _SHORT or sum(map(text.count, _OFTEN)) * _SHORT > len(text):
        return True
    words: list[str] = []
    for match in matches(_PROSE, text):
        words += match[0].replace(",", "").split(" ")
        if len(words) > _ENOUGH:
            break
    if len(words) < _FEWEST_WORDS or sum([word in _TELLING for word in words]) >= _LEAST_KNOWN * len(words):
        return True
    return sum(map(is_english, words)) >= _LEAST_ENGLISH * len(words)
