"""Which requests a rule can meet at all: conditions that never hold, and rules that stand behind a wider one.

Sound, not complete: what is called unreachable never matches; a rule that several others cover together is not found.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.policy.models import LevelRange, Range, Rule, When
from gateway.policy.source import Path
from gateway.types import Level

MOST_COMPARED = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """A level that requests have at least, and what gives it to them."""

    level: Level
    why: str

    def __str__(self) -> str:
        return f"{self.why} makes a request {self.level}"


_LISTS = ("tags", "kinds", "task", "tenant", "stakes", "needs")
_STAKES = frozenset({"low", "normal", "high"})


def impossible(when: When, least: Demand) -> Iterator[tuple[Path, str]]:
    """Yield the conditions that no request meets, with why; `least` is the level that every request of it has."""
    for key in ("difficulty", "prompt_tokens"):
        limits: Range | None = getattr(when, key)
        if limits is None or limits.below is None:
            continue
        if limits.at_least is not None and limits.at_least >= limits.below:
            yield (key,), f"at_least {limits.at_least:g} is not below {limits.below:g}, so that nothing fits; swap them"
        elif limits.below <= 0:
            yield (key,), f"below {limits.below:g} there is nothing; raise it or remove the rule"
    if when.level is not None and when.level.at_least > when.level.at_most:
        yield ("level",), f"at_least {when.level.at_least} is above at_most {when.level.at_most}; swap them"
    elif when.level is not None and when.level.at_most < least.level:
        yield ("level",), f"at_most {when.level.at_most} never holds: {least}; raise it or remove the rule"


def shadowing(rules: Sequence[Rule], default_level: Level) -> Iterator[tuple[int, int]]:
    """Yield the number of every rule that is never reached, with that of the first rule that takes its requests."""
    for later, rule in enumerate(rules[:MOST_COMPARED]):
        for earlier in range(later):
            if covers(rules[earlier].when, rule.when, default_level):
                yield later, earlier
                break


def covers(wide: When, narrow: When, default_level: Level) -> bool:
    """Return whether `wide` holds whenever `narrow` does; no request is below the default level."""
    return (
        all(_covers_list(key, getattr(wide, key), getattr(narrow, key)) for key in _LISTS)
        and _covers_level(wide.level, narrow.level, default_level)
        and _covers_range(wide.difficulty, narrow.difficulty)
        and _covers_range(wide.prompt_tokens, narrow.prompt_tokens)
    )


def is_unconditional(when: When, default_level: Level) -> bool:
    """Return whether a condition holds for every request."""
    return covers(when, When(), default_level)


def _covers_list(key: str, wide: Sequence[str], narrow: Sequence[str]) -> bool:
    if not wide or (key == "stakes" and _STAKES.issubset(wide)):
        return True
    return bool(narrow) and set(narrow).issubset(wide)


def _covers_level(wide: LevelRange | None, narrow: LevelRange | None, default_level: Level) -> bool:
    outer, inner = wide or LevelRange(), narrow or LevelRange()
    return outer.at_least <= max(inner.at_least, default_level) and inner.at_most <= outer.at_most


def _covers_range(wide: Range | None, narrow: Range | None) -> bool:
    outer, inner = wide or Range(), narrow or Range()
    # Neither a difficulty nor a length is below 0.
    if outer.at_least is not None and not outer.at_least <= max(inner.at_least or 0, 0):
        return False
    # An unknown difficulty lies above every number (see `decide`), so that only no limit at all covers no limit.
    return outer.below is None or (inner.below is not None and inner.below <= outer.below)
