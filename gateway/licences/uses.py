"""The tags by which a caller says what a request is for: `purpose:training` and `aup:CATEGORY`.

They say nothing of how private it is. A category that nobody knows is an unknown tag, and counts as the strictest.
"""

from collections.abc import Iterable

from gateway.licences.registry import packaged

TRAINING = "purpose:training"
USE = "aup:"


def is_use(tag: str) -> bool:
    """Whether a tag says what a request is for, in a word that is known."""
    return tag == TRAINING or (tag.startswith(USE) and packaged().category(tag.removeprefix(USE)) is not None)


def uses(tags: Iterable[str]) -> frozenset[str]:
    """Return the categories that tags name; a word that is none stays as it is."""
    registry = packaged()
    words = [tag.removeprefix(USE) for tag in tags if tag.startswith(USE)]
    return frozenset(registry.category(word) or word for word in words)
