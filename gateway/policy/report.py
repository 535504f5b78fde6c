"""Everything that is wrong with one policy, said at once, in the order of the text.

Values that came from the environment may be secrets and stay out.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.policy.environment import names
from gateway.policy.source import Fault, Path, Place, ScalarNode, Source, line, shorten

MOST_FAULTS = 100


# A shorter value is no secret, and would be found in every other word.
SHORTEST_HIDDEN = 4


@dataclass(slots=True, kw_only=True)
class Report:
    """Collects faults; without a source (a policy built in code) they have a path and no place.

    `hidden` maps values of the environment to the names of their variables.
    """

    source: Source | None = None
    name: str = "<policy>"
    faults: list[Fault] = field(default_factory=list)
    left_out: int = 0
    hidden: dict[str, str] = field(default_factory=dict)

    @property
    def full(self) -> bool:
        """Whether more faults would only be counted."""
        return len(self.faults) >= MOST_FAULTS

    def add(self, path: Path, what: str) -> None:
        """Keep what is wrong with a value; the first fault of a value is enough."""
        if self.full:
            self.left_out += 1
            return
        fault = self._placed(path, what, at_key=False)
        if not any(fault.path == known.path and fault.place == known.place for known in self.faults):
            self.faults.append(fault)

    def add_key(self, path: Path, what: str) -> None:
        """Keep what is wrong with a key, or with what is missing under it."""
        if self.full:
            self.left_out += 1
            return
        fault = self._placed(path, what, at_key=True)
        if fault not in self.faults:
            self.faults.append(fault)

    def keep(self, faults: Iterable[Fault]) -> None:
        """Keep faults that have their place already."""
        known = list(faults)
        room = MOST_FAULTS - len(self.faults)
        self.faults.extend(known[:room])
        self.left_out += len(known[room:])

    def shown(self, path: Path, value: object) -> str:
        """Return a value as a message may show it."""
        if self.source is not None:
            node = self.source.node(path)[1]
            read = names(node.text) if isinstance(node, ScalarNode) else []
            if read:
                value = f"${{{read[0]}}}"
        return shorten(repr(value))

    def hide(self, text: str) -> str:
        """Return a sentence that somebody else wrote without the values that came from the environment."""
        for value, name in self.hidden.items():
            text = text.replace(value, f"${{{name}}}")
        return text

    def lines(self) -> list[str]:
        """Return one line a fault, from the top of the text to its end."""
        ordered = sorted(self.faults, key=lambda fault: fault.place or Place(0, 0))
        name = self.source.name if self.source else self.name
        lines = [line(name, fault.place, fault.path, fault.what) for fault in ordered]
        if self.left_out:
            lines.append(f"{name}: and {self.left_out:,} more; mend these first")
        return lines

    def _placed(self, path: Path, what: str, *, at_key: bool) -> Fault:
        if self.source is None:
            return Fault(place=None, path=path, what=what)
        found, node, key = self.source.node(path)
        return Fault(place=key if at_key else node.place, path=found, what=what)
