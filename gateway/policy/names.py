"""Every name that a policy uses must be there. Reads values of any shape, so that one run finds these faults too."""

from collections.abc import Iterable, Iterator, Mapping

from gateway.clearance import UNKNOWN_KIND
from gateway.policy.asked import asked
from gateway.policy.report import Report
from gateway.policy.source import Path
from gateway.policy.tags import ANYBODY, BUILT_IN_TAGS
from gateway.spelling import remedy

Tree = Mapping[str, object]


def check_names(tree: Tree, report: Report) -> None:
    """Report names of backends, pools, tags, tenants and rules that the policy uses and does not have."""
    rules = [(index, _mapping(rule)) for index, rule in _items(tree.get("rules"))]
    for noun, known, used in (*_backends(tree, rules), *_labels(tree, rules), *_rules(tree, rules)):
        for path, name in used:
            _check(report, noun, path, name, known)
    for name in {UNKNOWN_KIND} & _mapping(tree.get("tags")).keys():
        what = "this word is ours, for what nobody could read; take another (images and files are `unread`)"
        report.add_key(("tags", name), what)
    _check_doubles(rules, report)


# A noun, the names that there are of it, and those that are used, each with its place.
Used = tuple[str, object, Iterable[tuple[Path, str]]]
Rules = list[tuple[int, Tree]]


def _backends(tree: Tree, rules: Rules) -> Iterator[Used]:
    yield "pool", tree.get("pools", {}), _pools(tree)
    holdout = _names(("holdout", "backend"), _mapping(tree.get("holdout")).get("backend"))
    yield "backend", tree.get("backends", {}), (*_uses(rules), *holdout, *_asked(rules))


def _labels(tree: Tree, rules: Rules) -> Iterator[Used]:
    tags = {**_mapping(tree.get("tags")), **BUILT_IN_TAGS}
    yield "tag", tags, (*_conditions(rules, "tags"), *_of_callers(tree))
    yield "tag", {**tags, UNKNOWN_KIND: None}, (*_conditions(rules, "kinds"), *_refused(tree))
    tenants = tree.get("tenants")
    if isinstance(tenants, Mapping) and ANYBODY not in tenants:
        yield "tenant", tenants, _conditions(rules, "tenant")


def _rules(tree: Tree, rules: Rules) -> Iterator[Used]:
    yield "backend", tree.get("backends", {}), _expected(tree, ("first", "uses", "never"))
    named = {str(rule["name"]): rule for _, rule in rules if "name" in rule}
    yield "rule", named, _expected(tree, ("rule",))


def _check(report: Report, noun: str, path: Path, name: str, known: object) -> None:
    # Where the names are no mapping, that is the fault to say.
    if isinstance(known, Mapping) and name not in known:
        report.add(path, f"there is no {noun} {report.shown(path, name)}; {report.hide(remedy(name, known))}")


def _check_doubles(rules: Rules, report: Report) -> None:
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


def _uses(rules: Rules) -> Iterator[tuple[Path, str]]:
    for index, rule in rules:
        yield from _names(("rules", index, "use"), rule.get("use"))


def _asked(rules: Rules) -> Iterator[tuple[Path, str]]:
    """Yield the backends that judges name in keys of their own."""
    for index, rule in rules:
        accept, place = rule.get("accept"), ("rules", index, "accept")
        judges = [(place, accept)] if isinstance(accept, Mapping) else [((*place, n), j) for n, j in _items(accept)]
        for path, judge in judges:
            yield from (((*path, *within), name) for within, name in asked(_mapping(judge)))


def _conditions(rules: Rules, key: str) -> Iterator[tuple[Path, str]]:
    for index, rule in rules:
        yield from _names(("rules", index, "when", key), _mapping(rule.get("when")).get(key))


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
