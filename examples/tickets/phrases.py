"""The phrase files: how they are read, and how one template becomes one sentence.

A template holds `[one|another|]` alternatives, which may nest, and `{slot}` names. A file is cut into
sections by `## name` lines. What a slot stands for is taken as it is: its brackets are text.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

TICKET_LABELS = ("billing", "refund", "delivery", "login", "cancellation", "bug", "feature", "privacy")
LABELS = (*TICKET_LABELS, "other")
PHRASES_DIR = Path(__file__).parent / "phrases"

_INNERMOST = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{([a-z]+2?)\}")
_TEXT_SECTIONS = frozenset({"core", "more", "minor", "greeting", "opener", "closing", "remark", "story"})

Sections = dict[str, list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """Everything the generator may say."""

    core: dict[str, list[str]]
    more: dict[str, list[str]]
    minor: dict[str, list[str]]
    story: dict[str, list[str]]
    words: dict[str, list[str]]
    contrast: list[tuple[tuple[str, ...], str]]
    shared: Sections
    slots: Sections


def load(folder: Path = PHRASES_DIR) -> Phrases:
    """Read all phrase files of a folder."""
    files = {label: _sections(folder / f"{label}.txt") for label in LABELS}
    shared = _sections(folder / "shared.txt")
    stories = _sections(folder / "stories.txt")
    words = _sections(folder / "lexicon.txt")
    contrast = _sections(folder / "contrast.txt")
    slots = {
        name: _values(lines)
        for sections in (*files.values(), shared)
        for name, lines in sections.items()
        if name not in _TEXT_SECTIONS
    }
    return Phrases(
        core={label: files[label]["core"] for label in LABELS},
        more={label: files[label].get("more", []) for label in LABELS},
        minor={label: files[label].get("minor", []) for label in LABELS},
        story={label: stories.get(label, []) for label in LABELS},
        words={label: _values(words.get(label, [])) for label in LABELS},
        contrast=[(tuple(names.split("+")), line) for names, lines in contrast.items() for line in lines],
        shared=shared,
        slots=slots,
    )


def expand(template: str, slots: Sections, rng: random.Random) -> str:
    """Choose every alternative and fill every slot of a template."""
    while match := _INNERMOST.search(template):
        choice = rng.choice(match.group(1).split("|"))
        template = template[: match.start()] + choice + template[match.end() :]
    for _ in range(3):
        template = _SLOT.sub(lambda match: _fill(match, slots, rng), template)
    return re.sub(r"\s+([,.?!:])", r"\1", re.sub(r" {2,}", " ", template)).strip()


def _fill(match: re.Match[str], slots: Sections, rng: random.Random) -> str:
    name = match.group(1)
    if name in _INVENTED:
        return _INVENTED[name](rng)
    return rng.choice(slots[name]) if name in slots else match.group(0)


def _amount(rng: random.Random) -> str:
    value = rng.choice([rng.randint(1, 99), rng.randint(5, 30), rng.randint(100, 2500)])
    number = rng.choice([f"{value}", f"{value}.{rng.choice(['99', '50', '00', '90', '49', '95'])}"])
    shapes = ["${}", "{} euros", "{} euro", "{} eur", "€{}", "£{}", "{} dollars", "{} pounds", "{}", "{} usd", "{} chf"]
    return rng.choice(shapes).format(number)


def _order(rng: random.Random) -> str:
    digits = "".join(rng.choices("0123456789", k=rng.randint(4, 9)))
    letters = "".join(rng.choices("abcdefghkmnprstwxyz", k=2))
    return rng.choice(["{d}", "#{d}", "no. {d}", "{l}-{d}", "{d}-{l}", "number {d}", "#{l}{d}"]).format(
        d=digits, l=letters
    )


def _date(rng: random.Random) -> str:
    day, month = rng.randint(1, 28), rng.randint(1, 12)
    name = calendar.month_name[month].lower()
    shapes = [
        f"{name} {day}",
        f"{day} {name}",
        f"{day}.{month}.",
        f"{day}/{month}",
        f"the {day}th",
    ]
    return rng.choice(shapes)


def _email(rng: random.Random) -> str:
    user = rng.choice(["anna", "jsmith", "info", "k.miller", "office", "tom82", "mail", "contact", "l_brown", "maria"])
    return (
        f"{user}@{rng.choice(['example', 'mail', 'web', 'company', 'post'])}.{rng.choice(['com', 'org', 'net', 'co'])}"
    )


_INVENTED = {
    "amount": _amount,
    "order": _order,
    "date": _date,
    "email": _email,
    "n": lambda rng: str(rng.choice([2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 40, 100, rng.randint(2, 600)])),
    "year": lambda rng: str(rng.randint(1998, 2026)),
    "version": lambda rng: f"{rng.randint(1, 18)}.{rng.randint(0, 9)}",
    "phone": lambda rng: "0" + "".join(rng.choices("0123456789", k=rng.randint(8, 10))),
}


def _sections(path: Path) -> Sections:
    sections: Sections = {}
    name = "core"
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            name = line[3:].strip()
        elif line.strip():
            sections.setdefault(name, []).append(line.strip())
    return sections


def _values(lines: list[str]) -> list[str]:
    return [value.strip() for line in lines for value in line.split("|") if value.strip()]
