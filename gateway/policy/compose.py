"""From YAML text to nodes: mappings, lists and scalars, and nothing else.

No object is built from a tag, and size, depth and aliases are bounded before anything grows.
"""

import re
from typing import Never, cast

import yaml

from gateway.errors import PolicyError
from gateway.policy.report import Report
from gateway.policy.source import Fault, ListNode, MapNode, Node, Path, Place, ScalarNode, Source, line, shorten

MOST_BYTES = 1_000_000
MOST_DEPTH = 20
MOST_ALIASES = 100
MOST_NODES = 50_000

_CORE_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq"))
_TEXT_TAGS = frozenset({"!", "tag:yaml.org,2002:str"})
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read(text: str, *, name: str, what: str = "policy", begin: str = "version: 1") -> Source:
    """Parse YAML; raises `PolicyError` where it is none, too large, or not one mapping.

    Faults say `what` the text should be, and with which line it may `begin`.
    """
    text = text.removeprefix("\ufeff")
    if len(text) > MOST_BYTES:
        raise PolicyError([f"{name}: the {what} is larger than {MOST_BYTES:,} bytes; split it"])
    forbidden = _FORBIDDEN.search(text)
    if forbidden:
        before = text[: forbidden.start()]
        place = Place(before.count("\n") + 1, forbidden.start() - before.rfind("\n"))
        raise PolicyError([line(name, place, (), f"U+{ord(forbidden[0]):04X} cannot stand in YAML; remove it")])
    return _Composer(text, name, what=what, begin=begin).source()


# What a value begins with, by YAML's grammar.
_Content = yaml.ScalarEvent | yaml.CollectionStartEvent


class _Composer:
    """Builds nodes from the parser's events, one pass, never deeper than allowed."""

    def __init__(self, text: str, name: str, *, what: str, begin: str) -> None:
        self._text = text
        self._what, self._begin = what, begin
        self._events = iter(yaml.parse(text, yaml.CSafeLoader))
        self._name = name
        self._anchors: dict[str, Node | None] = {}
        self._aliases = 0
        self._nodes = 0
        self._faults: list[Fault] = []

    def source(self) -> Source:
        try:
            root = self._root()
        except yaml.MarkedYAMLError as error:
            raise self._refusal(*_syntax(error, self._text)) from None
        if not isinstance(root, MapNode):
            self._fail(root.place, (), f"a {self._what} is a mapping (key: value); start with {self._begin!r}")
        return Source(name=self._name, root=root, faults=tuple(self._faults))

    def _root(self) -> Node:
        root: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    self._fail(
                        _place(event), (), f"a second document starts here; a {self._what} is one, remove the '---'"
                    )
                root = self._node(next(self._events), ())
        if root is None or (isinstance(root, ScalarNode) and not root.quoted and not root.text):
            self._fail(Place(1, 1), (), f"the {self._what} is empty; start with {self._begin!r}")
        return root

    def _node(self, event: yaml.Event, path: Path) -> Node:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            self._fail(_place(event), path, f"the {self._what} has more than {MOST_NODES:,} values; split it")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        content = cast("_Content", event)
        self._check_tag(content, path)
        if not content.anchor:
            return self._content(content, path)
        self._anchors[content.anchor] = None
        self._anchors[content.anchor] = node = self._content(content, path)
        return node

    def _content(self, event: _Content, path: Path) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            quoted = bool(event.style) or event.tag in _TEXT_TAGS
            return ScalarNode(place=_place(event), text=event.value, quoted=quoted)
        if len(path) >= MOST_DEPTH:
            self._fail(_place(event), path[:3], f"nested deeper than {MOST_DEPTH} levels; a {self._what} needs six")
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
        anchor = event.anchor or ""
        if anchor not in self._anchors:
            self._fail(_place(event), path, f"no anchor &{shorten(anchor)} stands before this alias")
        node = self._anchors[anchor]
        if node is None:
            self._fail(_place(event), path, f"the alias *{shorten(anchor)} contains itself")
        if len(path) + node.height > MOST_DEPTH:
            self._fail(_place(event), path[:3], f"nested deeper than {MOST_DEPTH} levels; a {self._what} needs six")
        self._nodes += node.size
        return node

    def _check_tag(self, event: _Content, path: Path) -> None:
        if event.tag and event.tag != "!" and event.tag not in _CORE_TAGS:
            tag = shorten(event.tag.replace("tag:yaml.org,2002:", "!!"))
            self._faults.append(Fault(place=_place(event), path=path, what=f"the tag {tag} is not allowed; remove it"))

    def _fail(self, place: Place | None, path: Path, what: str) -> Never:
        raise self._refusal(place, path, what)

    def _refusal(self, place: Place | None, path: Path, what: str) -> PolicyError:
        fatal = Fault(place=place, path=path, what=what)
        report = Report(source=None, name=self._name)
        report.keep([fatal, *self._faults])
        return PolicyError(report.lines())


def _place(event: yaml.Event) -> Place:
    # The parser marks every event.
    mark = cast("yaml.Mark", event.start_mark)
    return Place(mark.line + 1, mark.column + 1)


def _measure(nodes: list[Node]) -> tuple[int, int]:
    return 1 + sum(node.size for node in nodes), 1 + max((node.height for node in nodes), default=0)


def _syntax(error: yaml.MarkedYAMLError, text: str) -> tuple[Place, Path, str]:
    # As above: errors of the scanner and the parser are marked.
    mark = cast("yaml.Mark", error.problem_mark)
    around = text[max(mark.index - 1, 0) : mark.index + 1]
    what = f"not YAML: {error.problem}"
    if error.context and error.context_mark and error.context_mark.line != mark.line:
        what += f" {error.context} that starts on line {error.context_mark.line + 1}"
    return Place(mark.line + 1, mark.column + 1), (), what + _syntax_remedy(around)


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
