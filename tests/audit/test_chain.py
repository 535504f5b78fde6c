"""A trail that was touched is told from one that was not."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.entries import NOON
from support.trails import Kept, evidence, kept

from gateway.audit.chain import Head, append, genesis, head_seal, link
from gateway.audit.proof import Proof, examine
from gateway.audit.records import Before, begin_body, canonical
from gateway.errors import ConfigurationError

KEY = b"a key that nobody knows"
COUNT = 6


def trail(key: bytes | None = None) -> Kept:
    """Return a trail of six records: the first, and five requests."""
    return kept(*(evidence() for _ in range(COUNT - 1)), key=key)


def codes(proof: Proof) -> set[str]:
    """Return the codes of what is wrong."""
    return {problem.code for problem in proof.problems}


@pytest.mark.parametrize("key", [None, KEY])
def test_a_trail_that_nobody_touched_is_whole(key: bytes | None) -> None:
    """With a key and without."""
    proof = examine(trail(key), key=key)

    assert (proof.is_whole, proof.is_proved, proof.records, proof.requests) == (True, True, COUNT, COUNT - 1)
    assert proof.sealed == (COUNT if key else 0)


@given(data=st.data(), sealed=st.booleans())
def test_any_altered_byte_is_noticed(data: st.DataObject, sealed: bool) -> None:
    """Wherever it is, and whatever it becomes."""
    key = KEY if sealed else None
    touched = trail(key)
    place = data.draw(st.integers(0, COUNT - 1))
    n, text = touched.rows[place]
    at = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.characters(exclude_characters=text[at], exclude_categories=["Cs"]))
    touched.rows[place] = (n, text[:at] + letter + text[at + 1 :])

    assert not examine(touched, key=key).is_whole


@given(place=st.integers(0, COUNT - 1), count=st.integers(1, 3))
def test_removed_records_are_noticed(place: int, count: int) -> None:
    """At the beginning, in the middle and at the end."""
    touched = trail()
    del touched.rows[place : place + count]

    assert not examine(touched).is_whole


@given(places=st.permutations(range(COUNT)).filter(lambda order: order != list(range(COUNT))), renumbered=st.booleans())
def test_moved_records_are_noticed(places: list[int], renumbered: bool) -> None:
    """Also where each was given the number of its new place."""
    touched = trail()
    moved = [touched.rows[place] for place in places]
    touched.rows = [(n, text) for n, (_, text) in enumerate(moved, start=1)] if renumbered else moved

    assert not examine(touched).is_whole


@given(place=st.integers(0, COUNT), twin=st.integers(0, COUNT - 1))
def test_a_record_that_was_put_in_is_noticed(place: int, twin: int) -> None:
    """A copy of one of ours, with all that follow moved on."""
    touched = trail()
    texts = [text for _, text in touched.rows]
    texts.insert(place, texts[twin])
    touched.rows = list(enumerate(texts, start=1))

    assert not examine(touched).is_whole


@given(place=st.integers(1, COUNT - 1))
def test_a_chain_that_was_forged_from_a_record_on_does_not_reach_the_head(place: int) -> None:
    """Every link is right, the last one is another."""
    touched = trail()
    _forge(touched, place, key=None)

    assert codes(examine(touched)) >= {"end"}


def _forge(touched: Kept, place: int, *, key: bytes | None) -> Head:
    """Alter a record and link all that follow anew, as somebody can who has the file."""
    n, text = touched.rows[place - 1]
    head = Head(count=n, hash=link(text, key))
    for at in range(place, len(touched.rows)):
        body: dict[str, Any] = {**json.loads(touched.rows[at][1]), "prev": head.hash, "more": "00"}
        text = canonical(body)
        head = Head(count=at + 1, hash=link(text, key))
        touched.rows[at] = (at + 1, text)
    return head


def test_a_forged_trail_with_a_forged_head_needs_a_key_or_an_anchor_to_be_noticed() -> None:
    """Who owns the file can write another whole story; not against a head that was noted elsewhere."""
    touched = trail()
    noted = touched.head
    touched.head = _forge(touched, 1, key=None)

    assert examine(touched).is_whole
    assert codes(examine(touched, anchor=noted)) == {"anchor"}


def test_a_sealed_trail_cannot_be_forged_without_the_key() -> None:
    """The links are made with the key."""
    touched = trail(KEY)
    touched.head = _forge(touched, 1, key=None)
    touched.head_seal = head_seal(touched.head, b"some other key")

    assert codes(examine(touched, key=KEY)) == {"altered", "end", "unsealed"}


def test_a_sealed_tail_cannot_be_cut_off_without_the_key() -> None:
    """The head is sealed as well."""
    touched = trail(KEY)
    _, last = touched.rows.pop()
    touched.head = Head(count=COUNT - 1, hash=json.loads(last)["prev"])
    touched.books.pop()

    assert codes(examine(touched, key=KEY)) == {"unsealed"}


def test_a_trail_that_was_written_again_without_its_seal_is_noticed() -> None:
    """A key that is there and seals nothing says so."""
    assert codes(examine(trail(), key=KEY)) == {"unsealed"}


def test_a_record_without_a_seal_among_sealed_ones_is_noticed() -> None:
    """Once sealed, always sealed."""
    touched = trail(KEY)
    head = Head(count=COUNT, hash=touched.head.hash)
    touched.head, text = append(head, {"kind": "seal"}, at=NOON, key=None)
    touched.rows.append((COUNT + 1, text))
    touched.head_seal = head_seal(touched.head, KEY)

    assert codes(examine(touched, key=KEY)) == {"unsealed"}


@pytest.mark.parametrize("key", [None, b"another key than that"])
def test_a_sealed_trail_is_not_read_without_its_key(key: bytes | None) -> None:
    """It is not called broken where it could not be checked."""
    with pytest.raises(ConfigurationError, match="GATEWAY_AUDIT_KEY"):
        examine(trail(KEY), key=key)


def test_a_seal_is_asked_for_also_where_the_trail_denies_it() -> None:
    """The records say themselves that they are sealed."""
    touched = trail(KEY)
    touched.key_check = None

    with pytest.raises(ConfigurationError, match="GATEWAY_AUDIT_KEY"):
        examine(touched)


def test_an_anchor_that_was_noted_earlier_still_holds() -> None:
    """The trail goes on from it."""
    _, text = trail().rows[2]

    assert examine(trail(), anchor=Head(count=3, hash=link(text, None))).is_whole
    assert examine(trail(), anchor=genesis(trail().trail)).is_whole


def test_a_trail_that_ends_before_its_anchor_is_noticed() -> None:
    """Everything after a copy of last week is missing."""
    noted = Head(count=COUNT + 1, hash="0" * 64)

    proof = examine(trail(), anchor=noted)

    assert codes(proof) == {"anchor"}
    assert "ends before it" in proof.problems[0].text


def test_records_after_the_head_are_noticed() -> None:
    """Nothing is appended beside the ledger."""
    touched = trail()
    _, text = append(touched.head, {"kind": "seal"}, at=NOON, key=None)
    touched.rows.append((COUNT + 1, text))

    assert codes(examine(touched)) == {"end"}


def test_a_trail_begins_once_and_as_itself() -> None:
    """Another trail's records, or a second beginning, are no part of it."""
    twice = kept(evidence(), more=[(begin_body("other", Before()), None)])
    other = trail()
    other.trail = "other"

    assert codes(examine(twice)) == {"beginning"}
    assert "beginning" in codes(examine(other))


def test_of_many_problems_the_first_are_kept_and_all_are_counted() -> None:
    """A whole file of rubbish is told in a page."""
    touched = kept(*(evidence() for _ in range(100)))
    touched.rows = [(n, "rubbish") for n, _ in touched.rows]

    proof = examine(touched)

    assert (len(proof.problems), proof.problem_count) == (50, 202)


@pytest.mark.parametrize("text", ["", "7", "7:", "x:" + "0" * 64, "7:" + "0" * 63, f"-1:{'0' * 64}"])
def test_what_is_no_head_is_refused(text: str) -> None:
    """It is copied by people."""
    with pytest.raises(ValueError, match="COUNT:HASH"):
        Head.parse(text)


def test_a_head_is_read_as_it_is_written() -> None:
    """White space around it does not matter."""
    head = Head(count=7, hash="0f" * 32)

    assert Head.parse(f" {head}\n") == head
