"""Every name that a policy uses must be there. Reads values of any shape, so that one run finds these faults too."""

from collections.abc import Iterator, Mapping

from gateway.clearance import UNKNOWN_KIND
from gateway.policy.asked import asked
from gateway.policy.report import Report
from gateway.policy.source import Path
from gateway.policy.tags import BUILT_IN_TAGS
from gateway.spelling import remedy

Tree = Mapping[str, object]


def check_names(tree: Tree, report: Report) -> None:
    """Report names of backends, pools, tags and rules that the policy uses and does not have."""
    backends = tree.get("backends", {})
    rules = [(index, _mapping(rule)) for index, rule in _items(tree.get("rules"))]
    pools = tree.get("pools", {})
    tags = {**_mapping(tree.get("tags")), **BUILT_IN_TAGS}
    named = {str(rule["name"]): rule for _, rule in rules if "name" in rule}
    for path, name in _pools(tree):
        _check(report, "pool", path, name, pools)
    for path, name in _uses(rules):
        _check(report, "backend", path, name, backends)
    for path, name in _names(("holdout", "backend"), _mapping(tree.get("holdout")).get("backend")):
        _check(report, "backend", path, name, backends)
    for path, name in _asked(rules):
        _check(report, "backend", path, name, backends)
    for path, name in (*_tags(rules), *_of_callers(tree)):
        _check(report, "tag", path, name, tags)
    for path, name in (*_kinds(rules), *_refused(tree)):
        _check(report, "tag", path, name, {**tags, UNKNOWN_KIND: None})
    for name in {UNKNOWN_KIND} & _mapping(tree.get("tags")).keys():
        what = "this word is ours, for what nobody could read; take another (images and files are `unread`)"
        report.add_key(("tags", name), what)
    for path, name in _expected(tree, ("first", "uses", "never")):
        _check(report, "backend", path, name, backends)
    for path, name in _expected(tree, ("rule",)):
        _check(report, "rule", path, name, named)
    _check_doubles(rules, report)


def _check(report: Report, noun: str, path: Path, name: str, known: object) -> None:
    # Where the names are no mapping, that is the fault to say.
    if isinstance(known, Mapping) and name not in known:
        report.add(path, f"there is no {noun} {report.shown(path, name)}; {report.hide(remedy(name, known))}")


def _check_doubles(rules: list[tuple[int, Tree]], report: Report) -> None:
    first: dict[str, int] = {}
    for index, rule in rules:
        name = rule.get("name")
        if isinstance(name, str) and first.setdefault(name, index) != index:
            path: Path = ("rules", index, "name")
            report.add(path, f"rules[{first[name]}] has the name {report.shown(path, name)} already; choose another")
        used: set[str] = set()
        for place, backend in _names(("rules", index, "use"), rule.get("use")):
            if backend in used:
                report.add(place, f"{report.shown(place, backend)} stands here twice; remove one")
            used.add(backend)


def _pools(tree: Tree) -> Iterator[tuple[Path, str]]:
    for name, backend in _mapping(tree.get("backends")).items():
        yield from _names(("backends", name, "pool"), _mapping(backend).get("pool"))


def _uses(rules: list[tuple[int, Tree]]) -> Iterator[tuple[Path, str]]:
    for index, rule in rules:
        yield from _names(("rules", index, "use"), rule.get("use"))


def _asked(rules: list[tuple[int, Tree]]) -> Iterator[tuple[Path, str]]:
    """Yield the backends that judges name in keys of their own."""
    for index, rule in rules:
        accept, place = rule.get("accept"), ("rules", index, "accept")
        judges = [(place, accept)] if isinstance(accept, Mapping) else [((*place, n), j) for n, j in _items(accept)]
        for path, judge in judges:
            yield from (((*path, *within), name) for within, name in asked(_mapping(judge)))


def _tags(rules: list[tuple[int, Tree]]) -> Iterator[tuple[Path, str]]:
    for index, rule in rules:
        yield from _names(("rules", index, "when", "tags"), _mapping(rule.get("when")).get("tags"))


def _kinds(rules: list[tuple[int, Tree]]) -> Iterator[tuple[Path, str]]:
    for index, rule in rules:
        yield from _names(("rules", index, "when", "kinds"), _mapping(rule.get("when")).get("kinds"))


def _refused(tree: Tree) -> Iterator[tuple[Path, str]]:
    for name, backend in _mapping(tree.get("backends")).items():
        yield from _names(("backends", name, "refuses"), _mapping(backend).get("refuses"))


def _of_callers(tree: Tree) -> Iterator[tuple[Path, str]]:
    """Yield the tags that tenants and keys have, in either way of writing them."""
    for key in ("tenants", "keys"):
        for name, caller in _mapping(tree.get(key)).items():
            yield from _names((key, name), caller)
            yield from _names((key, name, "tags"), _mapping(caller).get("tags"))


def _expected(tree: Tree, keys: tuple[str, ...]) -> Iterator[tuple[Path, str]]:
    for index, test in _items(tree.get("tests")):
        expect = _mapping(_mapping(test).get("expect"))
        for key in keys:
            yield from _names(("tests", index, "expect", key), expect.get(key))


def _names(path: Path, value: object) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    for index, item in _items(value):
        if isinstance(item, str):
            yield (*path, index), item


def _items(value: object) -> Iterator[tuple[int, object]]:
    if isinstance(value, (list, tuple)):
        yield from enumerate(value)


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
