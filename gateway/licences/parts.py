"""What ships beside models: files with licences of their own, models that learned from outputs, and dependencies.

For who distributes something: each part's licence is on the list of those allowed, and a model that learned from
another one's outputs keeps what that one's licence asks.
"""

import importlib.metadata
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml
from pydantic import ValidationError

from gateway.errors import LicenceError
from gateway.licences.gate import trains
from gateway.licences.models import Entry, Text
from gateway.licences.notice import Part
from gateway.licences.register import Duty
from gateway.licences.registry import Registry, problems
from gateway.licences.resolve import Resolution, has_prefix, resolve

_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==", re.MULTILINE)
_TOKENS = re.compile(r"\(|\)|[A-Za-z0-9.+:-]+")
# What older metadata says in words.
_WORDS = {
    "mit license": "MIT",
    "the mit license (mit)": "MIT",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd 2-clause license": "BSD-2-Clause",
    "bsd license": "BSD-3-Clause",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
    "psfl": "PSF-2.0",
    "gnu lesser general public license v2 or later (lgplv2+)": "LGPL-2.1-or-later",
}


class Source(Entry):
    """Something that a part was made from."""

    name: Text
    licence: Text


class PartEntry(Entry):
    """One part: `card` is the file that describes it, `outputs_of` are models that it learned from the answers of."""

    name: Text
    file: Text
    licence: Text
    whose: str
    card: Text | None
    made_from: tuple[Source, ...]
    outputs_of: tuple[Text, ...]


class Stated(Entry):
    """The licence of a dependency whose metadata does not say it, and where it does stand."""

    licence: Text
    seen: Text


class PartsFile(Entry):
    """What a product ships. Paths are from the file's folder; `locks` pin its dependencies."""

    product: Text
    allowed: tuple[Text, ...]
    locks: tuple[Text, ...]
    stated: dict[str, Stated]
    parts: tuple[PartEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A file of parts, read."""

    folder: Path
    given: PartsFile

    def for_notice(self) -> tuple[Part, ...]:
        """Return what a NOTICE names: the parts, and what asks to be named beside them."""
        own = [Part(name=part.name, licence=part.licence, whose=part.whose) for part in self.given.parts]
        made = [
            Part(name=source.name, licence=source.licence, whose=f"in {part.name}")
            for part in self.given.parts
            for source in part.made_from
        ]
        return (*own, *made)


def read_parts(path: Path) -> Parts:
    """Return what a product ships; raises `LicenceError` with the field that is wrong."""
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
        return Parts(folder=path.parent, given=PartsFile.model_validate(values))
    except ValidationError as error:
        raise LicenceError("\n".join(problems(error, str(path)))) from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise LicenceError(f"{path}: cannot be read: {' '.join(str(error).split())}; mend the file") from error


def bases_of(parts: Parts, registry: Registry) -> tuple[Resolution, ...]:
    """Return the models whose outputs the parts learned from: their notices go into the NOTICE."""
    names = dict.fromkeys(name for part in parts.given.parts for name in part.outputs_of)
    return tuple(resolve(name, registry) for name in names)


def part_duties(parts: Parts, registry: Registry, *, owner: str, day: date) -> tuple[Duty, ...]:
    """Return what the parts owe."""
    case = _Case(parts, registry, owner, day)
    found = [duty for part in parts.given.parts for duty in _of_part(part, case)]
    return (*found, *_of_dependencies(case))


@dataclass(frozen=True, slots=True)
class _Case:
    parts: Parts
    registry: Registry
    owner: str
    day: date

    def duty(  # noqa: PLR0913 - a row, each cell by its name
        self, part: str, licence: str, name: str, text: str, *, fault: str | None, evidence: str = ""
    ) -> Duty:
        return Duty(
            licence=licence,
            duty=name,
            text=text,
            models=(part,),
            state="met" if fault is None else "unmet",
            evidence=evidence if fault is None else fault,
            owner=self.owner,
            due=None if fault is None else self.day,
            rule="R-12" if name == "outputs" else None,
        )


def _of_part(part: PartEntry, case: _Case) -> Iterator[Duty]:
    allowed, folder = case.parts.given.allowed, case.parts.folder
    licences = [part.licence, *(source.licence for source in part.made_from)]
    wrong = [licence for licence in licences if not is_allowed(licence, allowed)]
    there = (folder / part.file).exists()
    fault = f"{', '.join(wrong)} is not allowed here" if wrong else None if there else f"{part.file} is not there"
    yield case.duty(
        part.name, part.licence, "part", "ship nothing under another licence", fault=fault, evidence=part.file
    )
    card = _text(folder / part.card) if part.card is not None else ""
    for name in part.outputs_of:
        yield from _of_outputs(part, resolve(name, case.registry), card, case)


def _of_outputs(part: PartEntry, base: Resolution, card: str, case: _Case) -> Iterator[Duty]:
    licence = base.licence_id or "unknown"
    asked = f"learn from answers of {base.model} only as its terms allow"
    known = base.licences if base.known else ()
    yield case.duty(part.name, licence, "outputs", asked, fault=trains(known, classifier=False))
    for one in base.licences:
        prefix = one.name_prefix
        if prefix is not None and prefix.outputs:
            fault = None if has_prefix(part.name, prefix.text) else f"its name does not begin with {prefix.text!r}"
            yield case.duty(part.name, licence, "name prefix", f"begin its name with {prefix.text!r}", fault=fault)
        shown = one.derived_display
        if shown is not None and shown.outputs:
            fault = None if any(text in card for text in shown.one_of) else _lacks(part)
            asked = f"show {' or '.join(map(repr, shown.one_of))}"
            yield case.duty(part.name, licence, "display", asked, fault=fault, evidence=part.card or "")
        for text in (*one.attribution, *((one.notice.text,) if one.notice is not None else ())):
            fault = None if text in card else _lacks(part)
            yield case.duty(part.name, licence, "display", f"show {text!r}", fault=fault, evidence=part.card or "")


def _lacks(part: PartEntry) -> str:
    return f"{part.card} does not have it" if part.card else "it has no card"


def _text(path: Path) -> str:
    try:
        return " ".join(path.read_text(encoding="utf-8").split())
    except (OSError, UnicodeDecodeError) as error:
        raise LicenceError(f"the card {str(path)!r} cannot be read; mend `card`") from error


def _of_dependencies(case: _Case) -> Iterator[Duty]:
    given = case.parts.given
    for lock in given.locks:
        licences = {name: _licence_of(name, given.stated) for name in _pinned(case.parts.folder / lock)}
        here = {name: said for name, said in licences.items() if said is not None}
        wrong = {name: said for name, said in here.items() if not is_allowed(said, given.allowed)}
        for name, said in wrong.items():
            fault = f"{said or 'no licence in its metadata'}; allow it, or state what it is, with where that stands"
            asked = "depend on nothing under another licence"
            yield case.duty(name, said or "unknown", "dependency", asked, fault=fault)
        elsewhere = f", {len(licences) - len(here)} are not installed here" if len(licences) > len(here) else ""
        told = f"{len(here) - len(wrong)} of {len(licences)} fit{elsewhere}"
        asked = "depend on allowed licences alone"
        yield case.duty(lock, "various", "dependencies", asked, fault=told if wrong else None, evidence=told)


def _pinned(lock: Path) -> list[str]:
    try:
        return list(dict.fromkeys(_PINNED.findall(lock.read_text(encoding="utf-8"))))
    except (OSError, UnicodeDecodeError) as error:
        raise LicenceError(f"the lock {str(lock)!r} cannot be read; mend `locks`") from error


def _licence_of(name: str, stated: Mapping[str, Stated]) -> str | None:
    """Return the licence of a dependency, empty where nothing says it, None where it is not installed."""
    if name in stated:
        return stated[name].licence
    try:
        metadata = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return None
    classifiers = [one.rpartition("::")[2] for one in metadata.get_all("Classifier", []) if one.startswith("License")]
    headers = (one for key in ("License-Expression", "License") for one in metadata.get_all(key, []))
    for said in (*headers, *classifiers):
        # Some give the whole text, whose first line is its name.
        words = " ".join(said.strip().partition("\n")[0].split())
        if words.casefold() in _WORDS:
            return _WORDS[words.casefold()]
        if words and _TOKENS.fullmatch(words.split(" ")[0]) and _is_expression(words):
            return words
    return ""


def _is_expression(words: str) -> bool:
    """Whether words are an expression of SPDX ids, not a sentence."""
    parts = words.replace("(", " ").replace(")", " ").split()
    return all(part in ("AND", "OR") for part in parts[1::2]) and words.casefold() != "unknown"


def is_allowed(expression: str, allowed: tuple[str, ...]) -> bool:
    """Whether an SPDX expression can be kept with licences of a list: all of AND, one of OR."""
    tokens = _TOKENS.findall(expression)
    found, rest = _either(tokens, frozenset(allowed))
    return found and not rest


def _either(tokens: list[str], allowed: frozenset[str]) -> tuple[bool, list[str]]:
    found, rest = _both(tokens, allowed)
    while rest and rest[0] == "OR":
        other, rest = _both(rest[1:], allowed)
        found = found or other
    return found, rest


def _both(tokens: list[str], allowed: frozenset[str]) -> tuple[bool, list[str]]:
    found, rest = _one(tokens, allowed)
    while rest and rest[0] == "AND":
        other, rest = _one(rest[1:], allowed)
        found = found and other
    return found, rest


def _one(tokens: list[str], allowed: frozenset[str]) -> tuple[bool, list[str]]:
    if not tokens:
        return False, []
    if tokens[0] == "(":
        found, rest = _either(tokens[1:], allowed)
        return (found, rest[1:]) if rest and rest[0] == ")" else (False, rest)
    return tokens[0] in allowed, tokens[1:]
