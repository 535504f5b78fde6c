"""Labels only rise, admission only shrinks, and nothing but `admit` makes the token that every call needs."""

import ast
import copy
import itertools
import pickle
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.clearances import cleared

import gateway
from gateway.clearance import UNKNOWN, UNKNOWN_KIND, Clearance, Destination, Refusal, admit, confirm
from gateway.errors import NotClearedError
from gateway.label import Label, Level

PACKAGE = Path(gateway.__file__).parent

KINDS = ["phi", "pii", "secret", UNKNOWN_KIND]
REGIONS = ["eu", "us"]
region_sets = st.none() | st.frozensets(st.sampled_from(REGIONS))
labels = st.builds(
    Label,
    level=st.sampled_from(Level),
    kinds=st.frozensets(st.sampled_from(KINDS)),
    regions=region_sets,
    retain=st.booleans(),
)
destinations = st.builds(
    Destination,
    name=st.just("it"),
    clearance=st.sampled_from(Level),
    local=st.booleans(),
    region=st.none() | st.sampled_from(REGIONS),
    refuses=st.frozensets(st.sampled_from(KINDS[:3])),
    retains=st.booleans(),
)


def admits(label: Label, destination: Destination) -> bool:
    return isinstance(admit(label, destination), Clearance)


@given(labels, labels, labels)
def test_labels_join_like_a_bounded_semilattice(one: Label, two: Label, three: Label) -> None:
    """In whatever order and however often sources are joined, the label is the same; no label is the beginning."""
    assert one | two == two | one
    assert (one | two) | three == one | (two | three)
    assert one | one == one
    assert one | Label() == one


@given(labels, labels)
def test_a_join_covers_what_it_joins(one: Label, two: Label) -> None:
    """Whoever may see the whole may see its parts, and the join is the least that is so."""
    both = one | two

    assert both.covers(one)
    assert both.covers(two)
    assert not (one.covers(two) and two.covers(one)) or one == two == both


@given(labels, labels, destinations)
def test_a_join_is_admitted_only_where_its_parts_are(one: Label, two: Label, destination: Destination) -> None:
    """Nothing gets in by being put beside something else."""
    if admits(one | two, destination):
        assert admits(one, destination)
        assert admits(two, destination)


@given(labels, destinations, labels)
def test_more_to_a_label_never_opens_a_destination(label: Label, destination: Destination, more: Label) -> None:
    """A tag, a finding, a region, a higher level: each only closes."""
    raised = (
        replace(label, level=max(label.level, more.level)),
        replace(label, kinds=label.kinds | more.kinds),
        replace(label, regions=(label | replace(label, regions=more.regions)).regions),
        replace(label, retain=label.retain and more.retain),
    )

    if not admits(label, destination):
        assert not any(admits(one, destination) for one in raised)


@given(labels, destinations)
def test_what_nobody_knows_is_admitted_only_where_everything_is(label: Label, destination: Destination) -> None:
    """Who may see what could be anything may see this, whatever it is."""
    if admits(UNKNOWN, destination):
        assert admits(label, destination)


@given(labels, destinations)
def test_the_level_of_everything_that_is_unknown_is_the_highest(label: Label, destination: Destination) -> None:
    """Nothing joined to the unknown makes it less."""
    assert (UNKNOWN | label).level == Level.RESTRICTED
    assert not admits(UNKNOWN, replace(destination, local=False))
    assert not admits(UNKNOWN, replace(destination, local=True, refuses=frozenset({"phi"})))


def _verdict(label: Label, to: Destination) -> str:
    """Say it again in other words, from the text of the manual: what a destination would have to be."""
    needs = {
        "clearance": label.level <= to.clearance and (to.local or label.level != Level.RESTRICTED),
        "kind": not to.refuses or not (to.refuses | {UNKNOWN_KIND}) & label.kinds,
        "region": label.regions is None or to.local or to.region in label.regions,
        "retention": label.retain or not to.retains,
    }
    return next((code for code, met in needs.items() if not met), "admitted")


def _small_lattice() -> Iterator[tuple[Label, Destination]]:
    subsets = [frozenset[str](), frozenset({"phi"}), frozenset({UNKNOWN_KIND}), frozenset({"phi", "pii"})]
    regions = [None, frozenset[str](), frozenset({"eu"}), frozenset({"eu", "us"})]
    flags = (True, False)
    every_label = itertools.product(Level, subsets, regions, flags)
    every_destination = list(
        itertools.product(Level, flags, (None, "eu"), (frozenset[str](), frozenset({"phi"})), flags)
    )
    for level, kinds, bound, retain in every_label:
        label = Label(level=level, kinds=kinds, regions=bound, retain=retain)
        for clearance, local, region, refuses, retains in every_destination:
            yield (
                label,
                Destination(
                    name="it", clearance=clearance, local=local, region=region, refuses=refuses, retains=retains
                ),
            )


def test_every_label_meets_every_destination_of_a_small_lattice_as_the_manual_says() -> None:
    """All 8,192 pairs: who may see what, and the first reason why not."""
    pairs = list(_small_lattice())
    answers = [admit(label, destination) for label, destination in pairs]
    codes = [answer.code if isinstance(answer, Refusal) else "admitted" for answer in answers]

    assert len(pairs) == 8_192
    assert codes == [_verdict(label, destination) for label, destination in pairs]
    assert set(codes) == {"admitted", "clearance", "kind", "region", "retention"}


@given(labels, destinations)
def test_a_clearance_says_what_was_admitted_where(label: Label, destination: Destination) -> None:
    """Whoever holds one can see for what it is."""
    answer = admit(label, destination)

    if isinstance(answer, Clearance):
        assert (answer.label, answer.destination) == (label, destination)
        assert repr(answer) == f"Clearance('it', {label.level})"
    else:
        assert answer.text


@pytest.mark.parametrize(
    "forge",
    [
        lambda token: type(token)(),
        lambda token: type(token)(token.destination, token.label),
        lambda token: type("Fake", (Clearance,), {}),
        copy.copy,
        copy.deepcopy,
        pickle.dumps,
        lambda token: replace(token, _label=Label()),
        lambda token: setattr(token, "_label", Label()),
        lambda token: setattr(token, "label", Label()),
        lambda token: delattr(token, "_label"),
        lambda token: setattr(token, "more", 1),
        vars,
    ],
)
def test_nothing_but_admission_makes_or_changes_a_clearance(forge: Callable[[Clearance], object]) -> None:
    """A token is no value to be built, copied, sent to another process or raised."""
    token = cleared("it")

    with pytest.raises((TypeError, AttributeError)):
        forge(token)

    assert (token.label, token.destination.name) == (Label(), "it")


class Lookalike:
    """Has what a clearance has, and is none."""

    destination = Destination(name="it", clearance=Level.RESTRICTED, local=True)
    label = Label()


@pytest.mark.parametrize("given_token", [None, "it", Lookalike(), Refusal(code="kind", text="no"), Clearance])
def test_what_is_no_clearance_is_confirmed_for_nobody(given_token: object) -> None:
    """Whatever somebody passes in its place, nothing is sent."""
    with pytest.raises(NotClearedError, match="without a clearance"):
        confirm(given_token, backend="it")


def test_a_clearance_is_for_one_backend_and_its_places() -> None:
    """It opens no other door, and not this one at another address."""
    token = cleared("it", "http://10.0.0.1:8000")

    confirm(token, backend="it")
    confirm(token, backend="it", place="10.0.0.1:8000")
    for wrong in ({"backend": "other"}, {"place": "10.0.0.1:8001"}, {"place": "127.0.0.1:8000"}):
        with pytest.raises(NotClearedError, match="nothing was sent"):
            confirm(token, **{"backend": "it", **wrong})


@pytest.mark.parametrize(
    ("place", "fine"),
    [("127.0.0.1:9", True), ("[::1]:9", True), ("localhost:9", True), ("10.0.0.1:9", False), ("localhost.me:9", False)],
)
def test_a_clearance_without_places_reaches_no_further_than_this_machine(place: str, fine: bool) -> None:
    """A kind that starts its own server asks it here."""
    if fine:
        confirm(cleared("it"), backend="it", place=place)
    else:
        with pytest.raises(NotClearedError):
            confirm(cleared("it"), backend="it", place=place)


@lru_cache(maxsize=1)
def _nodes() -> Sequence[tuple[str, ast.AST]]:
    """Return every node of our code that may be about clearances or calls, with its file."""
    texts = {file.relative_to(PACKAGE).as_posix(): file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.py")}
    told = re.compile(r"__new__|clearance|_destination|_label\b|\.complete\b|\.stream\b|session", re.IGNORECASE)
    trees = [(name, ast.parse(text)) for name, text in texts.items() if told.search(text)]
    return [(name, node) for name, tree in trees for node in ast.walk(tree)]


def _uses(*attributes: str) -> set[tuple[str, str]]:
    """Return where an attribute of one of these names is used, and of what."""
    return {
        (name, ast.unparse(node))
        for name, node in _nodes()
        if isinstance(node, ast.Attribute) and node.attr in attributes
    }


def test_no_other_code_of_ours_could_forge_a_clearance() -> None:
    """An object past its constructor is made nowhere else, and nothing is called or cast to be a clearance."""
    claims = {
        (name, ast.unparse(node))
        for name, node in _nodes()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Clearance", "cast")
    }

    assert {name for name, call in _uses("__new__") if not call.startswith("kind.")} == {"clearance.py"}
    assert {claim for claim in claims if "Clearance" in claim[1]} == set()


def test_nobody_looks_behind_a_clearance() -> None:
    """Its private names are its own, as attributes and as words."""
    private = {"_destination", "_label"}
    words = {name for name, node in _nodes() if isinstance(node, ast.Constant) and node.value in private}

    assert {name for name, _ in _uses(*private)} | words == {"clearance.py"}


def test_backends_are_asked_in_one_place() -> None:
    """Whoever wants a backend asked goes through `calls`, which takes the token from the plan."""
    askers = {use for use in _uses("complete", "stream") if not use[0].startswith("backends/")}

    assert askers == {
        ("calls.py", "replica.complete"),
        ("calls.py", "watch.replica.stream"),
        # Not a backend, but the router itself.
        ("cli/route.py", "router.stream"),
        # Nor that: a page of ours is read, and nothing of a request is sent.
        ("licences/page.py", "client.stream"),
    }


def test_bodies_are_sent_in_one_place() -> None:
    """A session of ours looks, without a body, or sends behind a `confirm`."""
    uses = {use for use in _uses("get", "post", "put", "patch", "request", "ws_connect") if "session" in use[1]}

    assert uses == {
        ("backends/_http.py", "self._session.get"),
        ("backends/_http.py", "self._session.post"),
        # The doctor looks for servers on loopback.
        ("diagnosis.py", "session.get"),
    }
