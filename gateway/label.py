"""How private something is, as one value, and what says so. Pure, and imports nothing of ours."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal


class Level(IntEnum):
    """How far a request may travel; `RESTRICTED` stays on local backends."""

    PUBLIC = 0
    INTERNAL = 1
    CONFIDENTIAL = 2
    RESTRICTED = 3

    def __str__(self) -> str:
        return _WORDS[self]


# Said several times in a request: a look at a tuple takes half of asking the enumeration for its name.
_WORDS = tuple(level.name.lower() for level in Level)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """How private something is. Labels join upward only; the join of labels is what everything joined asks for.

    `kinds` are what it holds: kinds that detectors found and tags of the caller. `regions` is where it may go, None for
    anywhere, empty for nowhere; `retain` whether who sees it may keep it.
    """

    level: Level = Level.PUBLIC
    kinds: frozenset[str] = frozenset()
    regions: frozenset[str] | None = None
    retain: bool = True

    def __or__(self, other: "Label") -> "Label":
        """Return the join: the higher level, all kinds, the regions that both allow, kept only where both allow it."""
        if self.regions is None or other.regions is None:
            regions = other.regions if self.regions is None else self.regions
        else:
            regions = self.regions & other.regions
        return Label(
            level=max(self.level, other.level),
            kinds=self.kinds | other.kinds,
            regions=regions,
            retain=self.retain and other.retain,
        )

    def covers(self, other: "Label") -> bool:
        """Whether who may see this may see `other` as well."""
        return self | other == self

    @property
    def tags(self) -> frozenset[str]:
        """The label as tags: whatever carries them is labelled no lower than this, under the same policy."""
        return self.kinds | {str(self.level)}

    def __str__(self) -> str:
        bounds = []
        if self.regions is not None:
            bounds.append(
                f"in {' or '.join(sorted(self.regions))} alone" if self.regions else "on local backends alone"
            )
        if not self.retain:
            bounds.append("kept by nobody")
        return ", ".join((str(self.level), *sorted(self.kinds), *bounds))


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One thing that a request's label comes from: who says it, what it asks for, and why, without any content.

    `name` is the tag, or the kind that was found; `message` the number of the message that it stands at, from 0.
    """

    by: Literal["tenant", "key", "tag", "message", "earlier", "detector", "unread"]
    label: Label
    reason: str
    name: str | None = None
    message: int | None = None
