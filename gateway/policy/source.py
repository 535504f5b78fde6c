"""The text of a policy as nodes that know their place: mappings, lists and scalars, and nothing else.

No object is built from a tag, and size, depth and aliases are bounded before anything grows.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Never

import yaml

from gateway.errors import PolicyError

Path = tuple[str | int, ...]

MOST_BYTES = 1_000_000
MOST_DEPTH = 20
MOST_ALIASES = 100
MOST_NODES = 50_000

_CORE_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq"))
_TEXT_TAGS = frozenset({"!", "tag:yaml.org,2002:str"})
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


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

    place: Place
    text: str
    quoted: bool
    size: int = 1
    height: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ListNode:
    """A list; `size` counts it with all that is in it, aliases written out."""

    place: Place
    items: tuple["Node", ...]
    size: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MapNode:
    """A mapping with the places of its keys."""

    place: Place
    keys: dict[str, Place]
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

    def node(self, path: Path) -> tuple[Path, Node, Place]:
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


def read(text: str, *, name: str) -> Source:
    """Parse YAML; raises `PolicyError` where it is none, too large, or not one mapping."""
    text = text.removeprefix("\ufeff")
    if len(text) > MOST_BYTES:
        raise PolicyError([f"{name}: the policy has more than {MOST_BYTES:,} bytes; split it"])
    forbidden = _FORBIDDEN.search(text)
    if forbidden:
        before = text[: forbidden.start()]
        place = Place(before.count("\n") + 1, forbidden.start() - before.rfind("\n"))
        raise PolicyError([line(name, place, (), f"U+{ord(forbidden[0]):04X} cannot stand in YAML; remove it")])
    try:
        return _Composer(text, name).source()
    except yaml.MarkedYAMLError as error:
        raise PolicyError([_syntax(error, text, name)]) from None


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


class _Composer:
    """Builds nodes from the parser's events, one pass, never deeper than allowed."""

    def __init__(self, text: str, name: str) -> None:
        self._events: Iterator[yaml.Event] = yaml.parse(text, yaml.CSafeLoader)
        self._name = name
        self._anchors: dict[str, Node | None] = {}
        self._aliases = 0
        self._nodes = 0
        self._faults: list[Fault] = []

    def source(self) -> Source:
        root: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    self._fail(_place(event), (), "a second document starts here; a policy is one, remove the '---'")
                root = self._node(next(self._events), ())
        if root is None or isinstance(root, ScalarNode) and not root.quoted and not root.text:
            raise PolicyError([f"{self._name}: the policy is empty; start with 'version: 1'"])
        if not isinstance(root, MapNode):
            self._fail(root.place, (), "a policy is a mapping (key: value); start with 'version: 1'")
        return Source(name=self._name, root=root, faults=tuple(self._faults))

    def _node(self, event: yaml.Event, path: Path) -> Node:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            self._fail(_place(event), path, f"the policy has more than {MOST_NODES:,} values; split it")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        self._check_tag(event, path)
        anchor = event.anchor
        if anchor:
            self._anchors[anchor] = None
        node = self._content(event, path)
        if anchor:
            self._anchors[anchor] = node
        return node

    def _content(self, event: yaml.Event, path: Path) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            quoted = bool(event.style) or event.tag in _TEXT_TAGS
            return ScalarNode(place=_place(event), text=event.value, quoted=quoted)
        if len(path) >= MOST_DEPTH:
            self._fail(_place(event), path[:3], f"nested deeper than {MOST_DEPTH} levels; a policy needs six")
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(event, path)
        return self._mapping(event, path)

    def _list(self, start: yaml.Event, path: Path) -> ListNode:
        items: list[Node] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items))))
        size, height = _measure(items)
        return ListNode(place=_place(start), items=tuple(items), size=size, height=height)

    def _mapping(self, start: yaml.Event, path: Path) -> MapNode:
        keys: dict[str, Place] = {}
        values: dict[str, Node] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                self._fail(_place(event), path, "a key must be a plain word")
            key, place = event.value, _place(event)
            value = self._node(next(self._events), (*path, key))
            wrong = self._wrong_key(key, keys)
            if wrong:
                self._faults.append(Fault(place=place, path=(*path, key), what=wrong))
            else:
                keys[key], values[key] = place, value
        size, height = _measure(list(values.values()))
        return MapNode(place=_place(start), keys=keys, values=values, size=size, height=height)

    def _wrong_key(self, key: str, keys: dict[str, Place]) -> str | None:
        if key in keys:
            return f"this key is given twice, first on line {keys[key].line}; remove one"
        if key == "<<":
            return "merge keys are not supported; write the keys out"
        return "references are read in values, not in keys; write the name out" if "${" in key else None

    def _alias(self, event: yaml.AliasEvent, path: Path) -> Node:
        self._aliases += 1
        if self._aliases > MOST_ALIASES:
            self._fail(_place(event), path, f"more than {MOST_ALIASES} aliases; write the values out")
        if event.anchor not in self._anchors:
            self._fail(_place(event), path, f"no anchor &{shorten(event.anchor)} stands before this alias")
        node = self._anchors[event.anchor]
        if node is None:
            self._fail(_place(event), path, f"the alias *{shorten(event.anchor)} contains itself")
        if len(path) + node.height > MOST_DEPTH:
            self._fail(_place(event), path[:3], f"nested deeper than {MOST_DEPTH} levels; a policy needs six")
        self._nodes += node.size
        return node

    def _check_tag(self, event: yaml.Event, path: Path) -> None:
        if event.tag not in (None, "!") and event.tag not in _CORE_TAGS:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._faults.append(
                Fault(place=_place(event), path=path, what=f"the tag {shorten(tag)} is not allowed; remove it")
            )

    def _fail(self, place: Place, path: Path, what: str) -> Never:
        raise PolicyError([line(self._name, place, path, what)])


def _place(event: yaml.Event) -> Place:
    return Place(event.start_mark.line + 1, event.start_mark.column + 1)


def _measure(nodes: list[Node]) -> tuple[int, int]:
    return 1 + sum(node.size for node in nodes), 1 + max((node.height for node in nodes), default=0)


def _syntax(error: yaml.MarkedYAMLError, text: str, name: str) -> str:
    mark = error.problem_mark or error.context_mark
    place = Place(mark.line + 1, mark.column + 1)
    around = text[max(mark.index - 1, 0) : mark.index + 1]
    what = f"not YAML: {error.problem}"
    if error.context and error.context_mark and error.context_mark.line != mark.line:
        what += f" {error.context} that starts on line {error.context_mark.line + 1}"
    return line(name, place, (), f"{what}{_syntax_remedy(around)}")


def _syntax_remedy(around: str) -> str:
    if around.endswith("\t"):
        return "; indent with spaces, YAML takes no tabs"
    if around == "${":
        return "; inside [ ] and { } put quotes around ${...}"
    if around[-1:] in ("@", "`", "%"):
        return f"; put quotes around a value that starts with {around[-1]}"
    if around.endswith(":"):
        return "; put quotes around a value with ': ' in it, or mend the indentation"
    return ""
