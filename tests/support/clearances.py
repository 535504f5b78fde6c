"""Clearances for backends that a test asks by itself, made as all are: by `admit`."""

from gateway.clearance import Clearance, Destination, Refusal, admit
from gateway.label import Label, Level
from gateway.policy.place import place_of


def cleared(backend: str, *urls: str, label: Label | None = None) -> Clearance:
    """Admit a label, a harmless one if not given, to a backend of ours that may see everything, at these URLs."""
    place = Destination(
        name=backend,
        clearance=Level.RESTRICTED,
        local=True,
        retains=False,
        places=frozenset(map(place_of, urls)) if urls else None,
    )
    answer = admit(label or Label(), place)
    assert not isinstance(answer, Refusal), answer
    return answer
