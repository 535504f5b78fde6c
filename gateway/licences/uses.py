"""The tags by which a caller says what a request is for: `purpose:training` and `aup:CATEGORY`.

They say nothing of how private it is. A category that nobody knows is an unknown tag, and counts as the strictest.
"""

from collections.abc import Iterable

TRAINING = "purpose:training"
USE = "aup:"


def is_use(tag: str) -> bool:
    """Whether a tag says what a request is for, in a word that is known."""
    if not tag.startswith(USE):
        return tag == TRAINING
    # A policy's tags need no registry: only who is told a use reads it.
    from gateway.licences.registry import packaged  # noqa: PLC0415

    return packaged().category(tag.removeprefix(USE)) is not None


def uses(tags: Iterable[str]) -> frozenset[str]:
    """Return the categories that tags name; a word that is none stays as it is."""
    from gateway.licences.registry import packaged  # noqa: PLC0415 - as above

    registry = packaged()
    words = [tag.removeprefix(USE) for tag in tags if tag.startswith(USE)]
    return frozenset(registry.category(word) or word for word in words)
