"""Do decisions ever let a request out? Random policies and requests, judged by a second account of the rules."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from support.policies import assessment, mock, policy
from table import Measure

from gateway.decide import Fleet, decide
from gateway.fleet.past import Past, Standing
from gateway.policy.models import Policy
from gateway.types import Assessment, Level, Need

SEED = 0
POLICIES = 1_000
REQUESTS_EACH = 1_000

_LEVELS = ("public", "internal", "confidential", "restricted")
_NAMES = ("a", "b", "c", "d", "e")
_KINDS = ("pii", "phi", "pci", "secret", "legal", "unknown")
_REGIONS = ("eu", "us", "ch")


def decisions() -> Iterator[Measure]:
    """Count the decisions that let somebody see what the rules keep from him."""
    chance = random.Random(SEED)
    leaks = made = open_ = 0
    for _ in range(POLICIES):
        written, rules = _policy(chance)
        for _ in range(REQUESTS_EACH):
            asked = _assessment(chance)
            plan = decide(asked, rules, Fleet(), past=_past(chance))
            reached = {*plan.backends, *plan.consultable, *plan.clearances}
            leaks += any(not _may_see(asked, written[name]) for name in reached)
            leaks += any(token.label != asked.label for token in plan.clearances.values())
            made += 1
            open_ += bool(reached)
    yield Measure(
        name=f"leaks in {made:,} random decisions over {POLICIES:,} random policies",
        reach="0",
        measured=f"{leaks}; {open_:,} had somebody to ask; seed {SEED}",
        passed=leaks == 0 and made >= 1_000_000 and open_ > made // 10,
    )


@dataclass(frozen=True, slots=True)
class _Place:
    """A backend as the second account sees it: the words of the policy, and nothing of our code."""

    clearance: str
    local: bool
    region: str | None
    refuses: tuple[str, ...]
    retains: bool


def _may_see(asked: Assessment, place: _Place) -> bool:
    """The rules again, in another way: lists of words instead of a lattice."""
    level = _LEVELS[int(asked.level)]
    allowed = _LEVELS[: _LEVELS.index(place.clearance) + 1]
    if level not in allowed or (level == "restricted" and not place.local):
        return False
    held = set(asked.tags) | set(asked.kinds)
    if any(word in held or "unknown" in held for word in place.refuses):
        return False
    if asked.regions is not None and not place.local and place.region not in asked.regions:
        return False
    return asked.retain or not place.retains


def _policy(chance: random.Random) -> tuple[Mapping[str, _Place], Policy]:
    places = {name: _place(chance) for name in _NAMES}
    backends = {
        name: mock(
            clearance=place.clearance,
            local=place.local,
            region=place.region,
            refuses=list(place.refuses),
            retains=place.retains,
        )
        for name, place in places.items()
    }
    rules = [
        {"name": f"r{number}", "when": _when(chance), "use": _some(chance), **_accept(chance)}
        for number in range(chance.randint(1, 4))
    ]
    keys: dict[str, Any] = {"holdout": {"backend": chance.choice(_NAMES)}} if chance.random() < 0.5 else {}
    return places, policy(backends, *rules, {"name": "last", "use": _some(chance)}, **keys)


def _place(chance: random.Random) -> _Place:
    return _Place(
        clearance=chance.choice(_LEVELS),
        local=chance.random() < 0.5,
        region=chance.choice((None, *_REGIONS)),
        refuses=tuple(chance.sample(_KINDS[:-1], chance.choice((0, 0, 0, 1, 2)))),
        retains=chance.random() < 0.5,
    )


def _some(chance: random.Random) -> list[str]:
    return chance.sample(_NAMES, chance.randint(1, len(_NAMES)))


def _when(chance: random.Random) -> dict[str, Any]:
    when: dict[str, Any] = {}
    if chance.random() < 0.3:
        when["difficulty"] = {"at_least": round(chance.random(), 2)}
    if chance.random() < 0.2:
        when["tags"] = [chance.choice(_KINDS[:-1])]
    if chance.random() < 0.2:
        when["level"] = {"at_least": chance.choice(_LEVELS)}
    return when


def _accept(chance: random.Random) -> dict[str, Any]:
    if chance.random() < 0.5:
        return {}
    return {"accept": {"judge": "agreement", "backends": _some(chance)}, "unaccepted": "refuse"}


def _assessment(chance: random.Random) -> Assessment:
    return assessment(
        level=Level(chance.randrange(4)),
        tags=frozenset(chance.sample(_KINDS, chance.choice((0, 0, 1, 2)))),
        kinds=frozenset(chance.sample(_KINDS, chance.choice((0, 0, 1)))),
        regions=chance.choice((None, None, frozenset[str](), frozenset(chance.sample(_REGIONS, 2)))),
        retain=chance.random() < 0.7,
        difficulty=chance.choice((None, chance.random())),
        needs=frozenset(chance.sample(list(Need), chance.choice((0, 0, 0, 1)))),
        pin=chance.choice((None, None, None, *_NAMES)),
        stakes=chance.choice(("low", "normal", "high")),
    )


def _past(chance: random.Random) -> Past:
    standing = (
        Standing(backend=chance.choice(_NAMES), stays=chance.random() < 0.5, told="") if chance.random() < 0.3 else None
    )
    return Past(over_quota=chance.random() < 0.2, standing=standing)
