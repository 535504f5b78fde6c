"""Everything that is wrong with one policy, said at once, in the order of the text. Values from the environment stay out."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.policy.environment import refers
from gateway.policy.source import Fault, Path, ScalarNode, Source, line, shorten

MOST_FAULTS = 100


@dataclass(slots=True, kw_only=True)
class Report:
    """Collects faults; without a source (a policy built in code) they have a path and no place."""

    source: Source | None = None
    name: str = "<policy>"
    faults: list[Fault] = field(default_factory=list)
    left_out: int = 0

    @property
    def full(self) -> bool:
        """Whether more faults would only be counted."""
        return len(self.faults) >= MOST_FAULTS

    def add(self, path: Path, what: str) -> None:
        """Keep what is wrong with a value; the first fault of a value is enough."""
        fault = self._placed(path, what, at_key=False)
        if not any(fault.path == known.path and fault.place == known.place for known in self.faults):
            self._keep(fault)

    def add_key(self, path: Path, what: str) -> None:
        """Keep what is wrong with a key, or with what is missing under it."""
        fault = self._placed(path, what, at_key=True)
        if fault not in self.faults:
            self._keep(fault)

    def keep(self, faults: Iterable[Fault]) -> None:
        """Keep faults that have their place already."""
        for fault in faults:
            self._keep(fault)

    def shown(self, path: Path, value: object) -> str:
        """Return a value as a message may show it."""
        if self.source is not None:
            node = self.source.node(path)[1]
            if isinstance(node, ScalarNode) and refers(node.text):
                return f"the value of {shorten(node.text)}"
        return shorten(repr(value))

    def lines(self) -> list[str]:
        """Return one line a fault, from the top of the text to its end."""
        ordered = sorted(self.faults, key=lambda fault: fault.place.line * 10**7 + fault.place.column if fault.place else 0)
        name = self.source.name if self.source else self.name
        lines = [line(name, fault.place, fault.path, fault.what) for fault in ordered]
        if self.left_out:
            lines.append(f"{name}: and {self.left_out:,} more; mend these first")
        return lines

    def _keep(self, fault: Fault) -> None:
        if self.full:
            self.left_out += 1
        else:
            self.faults.append(fault)

    def _placed(self, path: Path, what: str, *, at_key: bool) -> Fault:
        if self.source is None:
            return Fault(place=None, path=path, what=what)
        found, node, key = self.source.node(path)
        return Fault(place=key if at_key else node.place, path=found, what=what)
