"""What is proved from a trail: where requests of a label went, and whether any of them should not have."""

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.entries import NOON, ledger_entry
from support.trails import FOREIGN, LOCAL, PHI, Kept, booked, contact, evidence, facts, kept

from gateway.audit.chain import append, genesis
from gateway.audit.evidence import Evidence, Facts, Party, evidence_of
from gateway.audit.proof import Host, Proof, Question, examine, judged
from gateway.audit.records import (
    Before,
    Names,
    Place,
    Record,
    begin_body,
    canonical,
    erasure_body,
    holdout_body,
    placed,
    read,
    request_body,
)
from gateway.clearance import Clearance, Destination, admit
from gateway.types import Label, Level

LEVELS = st.sampled_from(Level)
NAMES = st.frozensets(st.sampled_from(["pii", "phi", "eu"]))
LABELS = st.builds(Label, level=LEVELS, kinds=NAMES, regions=st.none() | NAMES, retain=st.booleans())
DESTINATIONS = st.builds(
    Destination,
    name=st.just("any"),
    clearance=LEVELS,
    local=st.booleans(),
    region=st.none() | st.sampled_from(["eu", "us"]),
    refuses=NAMES,
    retains=st.booleans(),
)


def problems(proof: Proof) -> list[str]:
    """Return what is wrong, in words."""
    return [problem.text for problem in proof.problems]


def violations(proof: Proof) -> list[tuple[str, str]]:
    """Return who was called that should not have been, and why not."""
    return [(violation.backend, violation.code) for violation in proof.violations]


def written(status: str, told: Facts, names: Names | None = None) -> Record:
    """Return what is read from the record that is written."""
    body = placed(request_body(ledger_entry("entry", status=status), names or Names()), Place(1, "", False), NOON)
    return read(canonical(body, told))


def test_hosts_are_counted_with_what_they_were_cleared_for() -> None:
    """Calls that failed count, and why each was made is told."""
    proof = examine(
        kept(
            evidence(contact(error="timeout"), contact(), contact(purpose="judge")),
            evidence(contact(host="127.0.0.1:9090")),
        )
    )

    assert {
        (host.host, host.local, host.clearance): (seen.calls, seen.failed) for host, seen in proof.hosts.items()
    } == {
        ("127.0.0.1:8080", True, Level.RESTRICTED): (3, 1),
        ("127.0.0.1:9090", True, Level.RESTRICTED): (1, 0),
    }
    assert proof.hosts[next(iter(proof.hosts))].purposes == {"answer": 2, "judge": 1}
    assert proof.is_proved


def test_a_call_of_a_host_without_clearance_is_a_violation() -> None:
    """Whatever the record says of its plan."""
    proof = examine(kept(evidence(contact(), contact(FOREIGN))))

    assert violations(proof) == [("frontier", "clearance")]
    assert (proof.violation_count, proof.is_whole, proof.is_proved) == (1, True, False)
    assert (proof.violations[0].entry, proof.violations[0].n) == ("entry-0", 2)


@pytest.mark.parametrize(
    ("label", "destination", "code"),
    [
        (Label(level=Level.CONFIDENTIAL), FOREIGN, "clearance"),
        (PHI, replace(FOREIGN, clearance=Level.RESTRICTED), "clearance"),
        (Label(kinds=frozenset({"legal"})), replace(FOREIGN, refuses=frozenset({"legal"})), "kind"),
        (Label(regions=frozenset({"eu"})), FOREIGN, "region"),
        (Label(retain=False), FOREIGN, "retention"),
        (Label(regions=frozenset({"us"})), FOREIGN, None),
        (PHI, LOCAL, None),
    ],
)
def test_level_kind_region_and_retention_are_judged(label: Label, destination: Destination, code: str | None) -> None:
    """By the same rule that admits."""
    assert judged(facts(label=label), contact(destination)) == code


def test_a_call_that_the_plan_did_not_have_is_a_violation() -> None:
    """Also where its clearance would do."""
    assert violations(examine(kept(evidence(contact(planned=False))))) == [("llama", "not_planned")]


@given(label=LABELS, destination=DESTINATIONS)
def test_calls_are_judged_from_the_record_as_admission_would(label: Label, destination: Destination) -> None:
    """Nothing that the rule reads is lost on the way into a record and back."""
    told = facts(contact(destination), label=label)

    record = written("answered", told)

    assert record.facts == told
    admitted = isinstance(admit(label, destination), Clearance)
    assert (judged(told, told.contacts[0]) is None) is admitted


def test_a_call_that_was_stopped_went_nowhere() -> None:
    """The transport refused it: it is counted as that, and is no violation."""
    proof = examine(kept(evidence(contact(FOREIGN, error="not_cleared", planned=False, stopped=True))))

    assert (proof.stopped, proof.hosts, proof.is_proved) == (1, {}, True)


@pytest.mark.parametrize(("sent", "found"), [(Level.INTERNAL, []), (Level.CONFIDENTIAL, [("frontier", "clearance")])])
def test_what_was_sent_redacted_is_judged_as_what_it_was(sent: Level, found: list[tuple[str, str]]) -> None:
    """By the label of what the host saw; such calls are counted."""
    label = Label(level=Level.CONFIDENTIAL, kinds=frozenset({"pii"}))

    proof = examine(kept(evidence(contact(FOREIGN, sent=replace(label, level=sent)), label=label)))

    assert violations(proof) == found
    assert [seen.redacted for seen in proof.hosts.values()] == [1]


def test_a_call_of_unknown_clearance_proves_nothing() -> None:
    """An entry that was booked without evidence is counted, and is no proof."""
    entry = ledger_entry("entry-0")
    view = kept(more=[(request_body(entry, Names(tenant="0a")), evidence_of(entry).facts)])
    view.books = [entry]

    proof = examine(view)

    assert (proof.unknown, proof.violation_count, proof.is_whole, proof.is_proved) == (1, 0, True, False)


@pytest.mark.parametrize(
    ("question", "requests"),
    [
        ({}, 3),
        ({"tags": frozenset({"phi"})}, 1),
        ({"tags": frozenset({"phi", "legal"})}, 2),
        ({"tags": frozenset({"pii"})}, 1),
        ({"kinds": frozenset({"pii"})}, 1),
        ({"kinds": frozenset({"phi"})}, 0),
        ({"level": Level.CONFIDENTIAL}, 2),
        ({"tags": frozenset({"phi"}), "kinds": frozenset({"pii"})}, 0),
        ({"since": NOON}, 3),
        ({"since": NOON + timedelta(microseconds=1)}, 0),
        ({"until": NOON}, 0),
        ({"until": NOON + timedelta(microseconds=1)}, 3),
    ],
)
def test_a_question_is_about_the_requests_for_which_all_of_it_holds(question: dict[str, Any], requests: int) -> None:
    """Of several tags one is enough; a tag is one of the label, a kind was found."""
    view = kept(
        evidence(),
        evidence(
            label=Label(level=Level.CONFIDENTIAL, kinds=frozenset({"pii"})),
            found=frozenset({"pii"}),
            tags=frozenset(),
        ),
        evidence(label=Label(kinds=frozenset({"legal"}))),
    )

    assert examine(view, Question(**question)).requests == requests


@pytest.mark.parametrize(
    ("parties", "requests", "unknown"),
    [
        ([("tenant", "acme")], 1, 0),
        ([("subject", "jane")], 1, 0),
        ([("tenant", "acme"), ("subject", "jane")], 1, 0),
        ([("tenant", "jane")], 0, 0),
        ([("subject", "john")], 0, 1),
    ],
)
def test_a_question_may_be_about_somebody(parties: list[tuple[Any, str]], requests: int, unknown: int) -> None:
    """Whom nobody knows, or knows any more, has no records."""
    view = kept(evidence(), names=Names(tenant="0a", subject="0b"))

    proof = examine(view, Question(parties=tuple(Party(whose=whose, name=name) for whose, name in parties)))

    assert (proof.requests, proof.unknown_parties) == (requests, unknown)


def test_comparisons_are_judged_like_requests() -> None:
    """They are calls, made after the reply."""
    told = facts(contact(FOREIGN, purpose="holdout"))
    view = kept(evidence(), more=[(holdout_body("entry-0", Names(), kept=True), told)])
    view.holdouts = frozenset({"entry-0"})

    proof = examine(view)

    assert (proof.requests, proof.comparisons, violations(proof)) == (1, 1, [("frontier", "clearance")])
    assert proof.is_whole


def test_erasures_are_counted() -> None:
    """That somebody was erased is no secret; who it was, is."""
    assert examine(kept(evidence(), more=[(erasure_body("subject", 1), None)])).erasures == 1


@given(gone=st.sets(st.integers(0, 5), min_size=1))
def test_an_entry_that_was_removed_from_the_books_is_named(gone: set[int]) -> None:
    """Each record has its entry."""
    view = kept(*(evidence() for _ in range(6)))
    view.books = [entry for number, entry in enumerate(view.books) if number not in gone]

    assert problems(examine(view)) == [
        f"entry entry-{number} of record {number + 2} is not on the books" for number in sorted(gone)
    ]


@given(place=st.integers(0, 6))
def test_an_entry_without_a_record_is_named(place: int) -> None:
    """Each entry has its record."""
    view = kept(*(evidence() for _ in range(6)))
    view.books.insert(place, ledger_entry("stranger"))

    assert problems(examine(view)) == ["entry stranger has no record"]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"at": NOON + timedelta(seconds=1)}, "time"),
        ({"status": "refused"}, "status"),
        ({"level": Level.PUBLIC}, "level"),
        ({"kinds": ("pii",)}, "kinds"),
        ({"tags": ()}, "tags"),
        ({"rule": None}, "rule"),
        ({"policy_version": "other"}, "policy"),
        ({"attempts": ()}, "calls"),
    ],
)
def test_an_entry_that_differs_from_its_record_is_named(change: dict[str, Any], named: str) -> None:
    """The books may not tell another story."""
    view = kept(evidence())
    view.books = [replace(view.books[0], **change)]

    assert problems(examine(view)) == [f"entry entry-0 and record 2 differ in {named}"]


def test_two_records_of_one_entry_are_noticed() -> None:
    """One request is recorded once."""
    view = kept(evidence(), evidence())
    twice = (request_body(booked("entry-0", evidence()), Names()), facts())
    again = kept(evidence(), more=[twice, twice])

    assert examine(view).is_whole
    assert problems(examine(again)) == [
        "there are two records of entry entry-0",
        "entry entry-0 of record 3 is not on the books",
    ]


@pytest.mark.parametrize(
    ("records", "booked", "told"),
    [
        ({"entry-0"}, set(), ["the comparison of entry entry-0 is not on the books"]),
        (set(), {"entry-0"}, ["1 comparisons on the books have no record"]),
        ({"entry-0"}, {"entry-0"}, []),
    ],
)
def test_comparisons_and_their_records_belong_together(records: set[str], booked: set[str], told: list[str]) -> None:
    """As entries and theirs do."""
    more = [(holdout_body(entry_id, Names(), kept=True), facts()) for entry_id in records]
    view = kept(evidence(), more=more)
    view.holdouts = frozenset(booked)

    assert problems(examine(view)) == told


def test_a_comparison_that_could_not_be_kept_is_a_record_all_the_same() -> None:
    """Its calls were made."""
    view = kept(evidence(), more=[(holdout_body("entry-0", Names(), kept=False), facts())])

    assert examine(view).is_whole


def test_an_imported_request_proves_nothing() -> None:
    """Where it went is somebody else's word, also where it is said to have made no call."""
    entry = ledger_entry("imported", source="litellm", status="refused", tenant=None, backend=None, attempts=())
    trail = kept(evidence(), more=[(request_body(entry, Names()), evidence_of(entry).facts)])
    trail.books.append(entry)

    proof = examine(trail)

    assert (proof.is_whole, proof.is_proved, proof.unknown, proof.imported) == (True, False, 0, 1)


def test_entries_from_before_the_trail_are_told_and_prove_nothing() -> None:
    """How many those were stands in the first record; those that are asked about are counted."""
    old = [ledger_entry("old-1"), ledger_entry("old-2", tags=("phi",), level=Level.RESTRICTED, tenant="other")]
    view = with_before(Before(entries=2, n=2, last="old-2"))
    view.old = old

    everything, phi = examine(view), examine(view, Question(tags=frozenset({"phi"})))
    tenant = examine(view, Question(parties=(Party(whose="tenant", name="acme"),)))
    legal = examine(view, Question(tags=frozenset({"legal"})))

    assert [proof.uncovered for proof in (everything, phi, tenant, legal)] == [2, 1, 1, 0]
    assert [proof.is_proved for proof in (everything, phi, tenant, legal)] == [False, False, False, True]
    assert (everything.before.entries, everything.is_whole) == (2, True)


def with_before(before: Before) -> Kept:
    """Return a trail that began on books with entries."""
    view = kept()
    view.head, text = append(genesis(view.trail), begin_body(view.trail, before), at=NOON, key=None)
    view.rows = [(1, text)]
    return view


def test_entries_that_were_put_before_the_trail_are_noticed() -> None:
    """What it does not cover cannot be added to."""
    view = with_before(Before(entries=1, n=1, last="old"))
    view.old = [ledger_entry("older"), ledger_entry("old")]

    assert problems(examine(view)) == ["2 entries from before the trail are booked, it began after 1"]


def test_unreadable_records_say_nothing_of_themselves() -> None:
    """Another version's, or nobody's."""
    view = kept(evidence())
    good = view.rows[1][1]

    for bad in ("null", "[]", "{}", good.replace('"v":1', '"v":2'), good.replace('"n":2', '"n":true'), "[" * 100_000):
        view.rows[1] = (2, bad)
        assert problems(examine(view))[0] == "record 2 cannot be read: it was altered"


def test_every_combination_of_names_is_read_back() -> None:
    """None is None, and no name stands for another."""
    for tenant, subject in itertools.product((None, "0a"), (None, "0b")):
        names = Names(tenant=tenant, subject=subject)
        record = written("refused", facts(), names)

        assert (record.names, record.status, record.entry) == (names, "refused", "entry")


def test_a_host_is_the_same_host_with_the_same_clearance_only() -> None:
    """A clearance that was raised in between is seen."""
    raised = replace(FOREIGN, clearance=Level.CONFIDENTIAL)
    label = Label(level=Level.INTERNAL)

    proof = examine(kept(evidence(contact(FOREIGN), label=label), evidence(contact(raised), label=label)))

    assert {host.clearance for host in proof.hosts} == {Level.INTERNAL, Level.CONFIDENTIAL}
    assert all(isinstance(host, Host) and host.region == "us" for host in proof.hosts)


def test_evidence_shows_nobody() -> None:
    """Whom it is about is in no `repr`."""
    told: Evidence = evidence(tenant="acme", subject="jane")

    assert not [name for name in ("acme", "jane") if name in repr(told)]
    assert "jane" not in repr(Party(whose="subject", name="jane"))
