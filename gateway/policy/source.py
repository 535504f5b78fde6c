"""A policy's text as nodes that know their place, and how a place and a path are written.

The nodes of a policy that was built in code (see `value`) have no place.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line and a column, both counted from 1."""

    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalarNode:
    """A scalar as written; `quoted` ones are always text."""

    place: Place | None
    text: str
    quoted: bool
    size: int = 1
    height: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ListNode:
    """A list; `size` counts it with all that is in it, aliases written out."""

    place: Place | None
    items: tuple["Node", ...]
    size: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MapNode:
    """A mapping with the places of its keys."""

    place: Place | None
    keys: Mapping[str, Place | None]
    values: dict[str, "Node"]
    size: int
    height: int


Node = ScalarNode | ListNode | MapNode


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something wrong at a place; `path` leads from the top of the policy to it."""

    place: Place | None
    path: Path
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A policy's text, read."""

    name: str
    root: MapNode
    faults: tuple[Fault, ...]

    def node(self, path: Path) -> tuple[Path, Node, Place | None]:
        """Return the node at a path, or the nearest one above it, with its own path and the place to point at.

        Parts that the text does not have are passed over: a single value may stand where a list is meant.
        """
        found: Path = ()
        node: Node = self.root
        place = node.place
        for part in path:
            if isinstance(node, MapNode) and part in node.values:
                place, node = node.keys[str(part)], node.values[str(part)]
            elif isinstance(node, ListNode) and isinstance(part, int) and part < len(node.items):
                node = node.items[part]
                place = node.place
            else:
                continue
            found = (*found, part)
        return found, node, place


def line(name: str, place: Place | None, path: Path, what: str) -> str:
    """Return one fault as it is shown: `FILE:LINE:COLUMN: path: what`."""
    located = f"{name}:{place}" if place else name
    return ": ".join(filter(None, (located, spell(path), what)))


def spell(path: Path) -> str:
    """Write a path as people do: `rules[1].use`."""
    spelt = ""
    for part in path:
        if isinstance(part, int):
            spelt += f"[{part}]"
        elif re.fullmatch(r"[\w/@+-]{1,60}", part):
            spelt += f".{part}" if spelt else part
        else:
            spelt += f"[{shorten(repr(part))}]"
    return spelt


def shorten(text: str, *, most: int = 60) -> str:
    """Cut a text that is too long for a line."""
    return text if len(text) <= most else f"{text[: most - 4]}...{text[-1]}"
