"""What the placeholders of one request stand for. Lives as long as the request, and is in no `repr`."""

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field

# One pattern for all nonces: to compile one for each would take longer than to search.
_PLACEHOLDER = re.compile(r"\[\[(\w{1,100})\]\]", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """The values by their placeholders (without brackets, as written); None for one that never comes back."""

    nonce: str
    values: Mapping[str, str | None] = field(repr=False)
    longest: int = field(init=False)
    _names: Mapping[str, str] = field(init=False, repr=False)
    _sorted: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        names = {name.upper(): name for name in self.values}
        object.__setattr__(self, "_names", names)
        object.__setattr__(self, "_sorted", tuple(sorted(names)))
        object.__setattr__(self, "longest", max(map(len, names), default=0))

    def ending(self, run: str) -> str | None:
        """Return the longest placeholder that `run` ends with, in small letters or capitals; None without one."""
        run = run.upper()
        ends = (run[start:] for start in range(max(0, len(run) - self.longest), len(run)))
        return next((self._names[end] for end in ends if end in self._names), None)

    def begins_with(self, run: str) -> bool:
        """Whether a placeholder begins with `run`, in small letters or capitals, and goes on after it."""
        run = run.upper()
        number = bisect_left(self._sorted, run)
        # Of those that begin with it, it would stand first itself.
        number += run in self._names
        return number < len(self._sorted) and self._sorted[number].startswith(run)

    def places(self, text: str) -> list[tuple[int, int]]:
        """Return the spans of the placeholders in a text, brackets included, in order; as they were written alone."""
        return [match.span() for match in _PLACEHOLDER.finditer(text) if match[1] in self.values]
