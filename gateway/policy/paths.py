"""Which backends are named for what they can never see: every path from a label to a backend, before anything runs.

Labels join upward only, so that a backend which may not see the least label of a rule is never asked by it. Sound, not
complete: what is called impossible never happens; a path that is closed for some requests alone is none of its faults.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import islice, product
from operator import or_

from gateway.clearance import UNKNOWN, UNKNOWN_KIND, Destination, Refusal, admit
from gateway.policy.models import Policy, Rule
from gateway.policy.place import destinations
from gateway.policy.redacting import lowest
from gateway.policy.report import Report
from gateway.policy.tags import ANYBODY, CallerPolicy
from gateway.types import Label, Level

MOST_LABELS = 1_000


class Places:
    """The backends of a policy, and what each has answered to each label: rules share labels, and there are many."""

    def __init__(self, by_name: Mapping[str, Destination]) -> None:
        self._by_name = by_name
        self._answers: dict[tuple[str, Label], str] = {}

    def closed(self, backend: str, labels: Iterable[Label]) -> str:
        """Return why a backend may see none of the labels; empty where it may see one, or is no backend at all."""
        if backend not in self._by_name:
            return ""
        said: dict[str, None] = {}
        for label in labels:
            why = self._refusal(backend, label)
            if not why:
                return ""
            said[why] = None
        return "; ".join(said)

    def _refusal(self, backend: str, label: Label) -> str:
        known = self._answers.get((backend, label))
        if known is None:
            place = self._by_name[backend]
            answer = admit(label, place)
            known = self._answers[backend, label] = _why(answer, place) if isinstance(answer, Refusal) else ""
        return known


def check_paths(policy: Policy, errors: Report) -> None:
    """Report every backend that is named for labels which it can never see, each with its path."""
    places = Places(destinations(policy).by_name)
    for index, rule in enumerate(policy.rules):
        labels = least_labels(policy, rule)
        if labels:
            _check_rule(index, rule, labels, places, errors)
    _check_holdout(policy, places, errors)
    for key, callers in (("tenants", policy.tenants), ("keys", policy.keys)):
        for name, caller in (callers or {}).items():
            _check_caller((key, name), caller, policy, places, errors)


def least_labels(policy: Policy, rule: Rule) -> Sequence[Label]:
    """Return the lowest labels that requests of a rule have: each request's covers one of them."""
    when = rule.when
    # A request of a higher level may be seen with less in it.
    floor = max(policy.default_level, lowest(policy, when.level.at_least)) if when.level else policy.default_level
    top = when.level.at_most if when.level else Level.RESTRICTED
    tenants = [_tenant(policy, name) for name in when.tenant]
    choices = ([_meaning(policy, name) for name in when.tags], [_found(policy, name) for name in when.kinds], tenants)
    combined = islice(product(*(choice or [Label()] for choice in choices)), MOST_LABELS + 1)
    labels = [reduce(or_, some, Label(level=floor)) for some in combined]
    # Of so many the least is not worth the search: the default is below them all.
    return (
        [Label(level=floor)]
        if len(labels) > MOST_LABELS
        else [label for label in dict.fromkeys(labels) if label.level <= top]
    )


def _check_rule(index: int, rule: Rule, labels: Sequence[Label], places: Places, errors: Report) -> None:
    name = errors.shown(("rules", index, "name"), rule.name)
    closed = {backend: why for backend in rule.use if (why := places.closed(backend, labels))}
    path = ("rules", index, "use")
    least = min(labels, key=lambda label: (label.level, str(label)))
    start = f"rule {name} → label {errors.hide(str(least))}"
    if len(closed) == len(set(rule.use)):
        errors.add(path, f"{start} → {_listed(closed)}: nobody here may ever see that; add a backend that may")
    elif closed:
        errors.add(path, f"{start} → {_listed(closed)}: never asked for these; remove it")
    for number, accept in enumerate(rule.accept):
        asked = {backend: why for backend in accept.asks if (why := places.closed(backend, labels))}
        if asked:
            what = f"{start} → judge {accept.judge!r} → {_listed(asked)}: never asked for these; name another"
            errors.add(("rules", index, "accept", number), what)


def _check_holdout(policy: Policy, places: Places, errors: Report) -> None:
    holdout = policy.holdout
    if holdout is None:
        return
    why = places.closed(holdout.backend, [Label(level=lowest(policy, holdout.at_most))])
    if why:
        start = f"holdout → label {holdout.at_most} (at_most) → {_listed({holdout.backend: why})}"
        errors.add(("holdout", "at_most"), f"{start}: never asked for these; lower at_most, or name another backend")


def _check_caller(path: tuple[str, str], caller: CallerPolicy, policy: Policy, places: Places, errors: Report) -> None:
    """Report a tenant or a key whose requests nobody may ever answer."""
    key, name = path
    label = reduce(or_, _meanings(policy, caller.tags), Label(level=policy.default_level))
    rules = [rule for rule in policy.rules if _takes(rule, key, name, label, policy)]
    closed: dict[str, str] = {}
    for backend in dict.fromkeys(backend for rule in rules for backend in rule.use):
        why = places.closed(backend, [label])
        if not why:
            return
        closed[backend] = why
    start = f"{key.removesuffix('s')} {name!r} → label {label}"
    if not rules:
        errors.add_key(path, errors.hide(f"{start} → no rule takes it; add one that does"))
        return
    named = ", ".join(repr(rule.name) for rule in rules)
    what = f"{start} → rules {named} → {_listed(closed)}: nobody may ever answer it; add a backend that may see that"
    errors.add_key(path, errors.hide(what))


def _takes(rule: Rule, key: str, name: str, label: Label, policy: Policy) -> bool:
    """Whether a rule may meet a request of a tenant or key."""
    if rule.when.level is not None and rule.when.level.at_most < label.level:
        return False
    if key != "tenants" or not rule.when.tenant:
        return True
    return name in rule.when.tenant or (name == ANYBODY and not set(rule.when.tenant) <= (policy.tenants or {}).keys())


def _why(refusal: Refusal, place: Destination) -> str:
    return f"clearance {place.clearance}" if refusal.code == "clearance" else refusal.text


def _listed(closed: Mapping[str, str]) -> str:
    return ", ".join(f"backend {name!r} ({why})" for name, why in closed.items())


def _tenant(policy: Policy, name: str) -> Label:
    if policy.tenants is None:
        return Label()
    caller = policy.tenants.get(name) or policy.tenants.get(ANYBODY)
    return UNKNOWN if caller is None else reduce(or_, _meanings(policy, caller.tags), Label())


def _meanings(policy: Policy, names: Iterable[str]) -> Iterator[Label]:
    return (_meaning(policy, name) for name in names)


def _found(policy: Policy, kind: str) -> Label:
    """Return the least that a kind asks for which was found: what may be replaced asks for less."""
    tag = policy.tag(kind)
    return _meaning(policy, kind) if tag is None or tag.redact_to is None else Label(level=tag.redact_to)


def _meaning(policy: Policy, name: str) -> Label:
    if name == UNKNOWN_KIND:
        return UNKNOWN
    # A name that is nowhere is a fault of its own, and says nothing here.
    return policy.label(name) or Label()
