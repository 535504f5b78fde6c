"""Whether a backend may see a request, and the token without which none is asked. Pure; knows neither policy nor fleet.

`admit` is the one place where a `Clearance` is made. Whatever sends content takes a clearance and has it confirmed
where the bytes leave, so a call that nobody admitted cannot be written by mistake: there is nothing to write it with.
"""

from dataclasses import dataclass
from typing import NoReturn, Self, final

from gateway.errors import NotClearedError
from gateway.label import Label, Level

# The kind of what nobody could read: it may be any kind.
UNKNOWN_KIND = "unknown"
# The top of the order: what is not known counts as this.
UNKNOWN = Label(level=Level.RESTRICTED, kinds=frozenset({UNKNOWN_KIND}), regions=frozenset(), retain=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """What of a backend decides whether it may see a request.

    `clearance` is the highest level it may see, `refuses` the kinds and tags that it never sees. `local` backends are
    operated by ourselves: a region does not bind them. `retains` says whether what it sees may be kept there. `places`
    are the `host:port` that may be contacted for it, None where its kind knows them: then this machine alone.
    """

    name: str
    clearance: Level
    local: bool
    region: str | None = None
    refuses: frozenset[str] = frozenset()
    retains: bool = True
    places: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a backend may not see a request: `code` is clearance, kind, region or retention."""

    code: str
    text: str


@final
class Clearance:
    """The token that a label was admitted to a destination. Only `admit` makes one; it cannot be copied or changed."""

    __slots__ = ("_destination", "_label")

    _destination: Destination
    _label: Label

    def __new__(cls) -> Self:
        """Refuse: nobody but `admit` makes one."""
        raise TypeError("a Clearance is made by `admit` alone")

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("a Clearance is made by `admit` alone")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Clearance cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a Clearance cannot be changed")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Clearance cannot be copied: ask `admit`")

    def __repr__(self) -> str:
        return f"Clearance({self._destination.name!r}, {self._label.level})"

    @property
    def destination(self) -> Destination:
        """Where the request may go."""
        return self._destination

    @property
    def label(self) -> Label:
        """What was admitted: content of this label, or of one that it covers."""
        return self._label


def admit(label: Label, destination: Destination) -> Clearance | Refusal:
    """Say whether content of a label may be seen by a destination: its clearance, or why not. Pure and total."""
    refusal = _refusal(label, destination)
    if refusal is not None:
        return refusal
    clearance = object.__new__(Clearance)
    object.__setattr__(clearance, "_destination", destination)
    object.__setattr__(clearance, "_label", label)
    return clearance


def confirm(clearance: object, *, backend: str, place: str | None = None) -> None:
    """Raise `NotClearedError` unless this is a token for `backend`, and `place` one that it may be asked at.

    Called where content leaves: with the `host:port` that is sent to, or without one where nothing leaves the process.
    """
    if type(clearance) is not Clearance:
        raise NotClearedError(f"{backend!r} is asked without a clearance; nothing was sent", backend=backend)
    to = clearance.destination
    if to.name != backend:
        text = f"the clearance is for {to.name!r} and not for {backend!r}; nothing was sent"
        raise NotClearedError(text, backend=backend)
    if place is not None and not (place in to.places if to.places is not None else _is_this_machine(place)):
        text = f"{place!r} is none of the places of {backend!r}; nothing was sent; name it in the policy (urls)"
        raise NotClearedError(text, backend=backend)


def _is_this_machine(place: str) -> bool:
    return place.startswith(("127.0.0.1:", "[::1]:", "localhost:"))


def _refusal(label: Label, destination: Destination) -> Refusal | None:
    if label.level > destination.clearance:
        text = f"level {label.level} is above its clearance {destination.clearance}"
        return Refusal(code="clearance", text=text)
    if label.level == Level.RESTRICTED and not destination.local:
        return Refusal(code="clearance", text="level restricted stays on local backends")
    unknown = UNKNOWN_KIND in label.kinds
    if refused := destination.refuses if unknown else destination.refuses & label.kinds:
        text = f"it refuses {', '.join(sorted(refused))}{', and this may be any kind' if unknown else ''}"
        return Refusal(code="kind", text=text)
    if label.regions is not None and not destination.local and destination.region not in label.regions:
        wanted, where = ", ".join(sorted(label.regions)) or "no region at all", destination.region
        text = f"it runs in {where or 'an undeclared region'}, the request is bound to {wanted}"
        return Refusal(code="region", text=text)
    if not label.retain and destination.retains:
        return Refusal(code="retention", text="what it sees may be kept, and this request must not be")
    return None
