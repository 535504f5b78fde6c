"""Entries that are in archives: which records are theirs, and what is held against the files."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from support.trails import evidence, kept

from gateway.audit.archived import Archived, Shelved, runs_of, within
from gateway.audit.proof import Proof, examine
from gateway.audit.records import Names, holdout_body


@given(st.sets(st.integers(0, 60)))
def test_places_are_the_runs_that_they_are_in(places: set[int]) -> None:
    """Nothing is added and nothing is lost, and runs do not touch."""
    runs = tuple(runs_of(sorted(places)))

    assert {place for place in range(-1, 62) if within(runs, place)} == places
    assert all(one[1] + 1 < other[0] for one, other in pairwise(runs))


def shelf(*entries: Shelved) -> Archived:
    """Return an archive of the second and the third record, and of a comparison at the fifth."""
    return Archived(runs=((2, 3), (5, 5)), requests=2, entries=entries)


def texts(proof: Proof) -> list[str]:
    return [problem.text for problem in proof.problems]


def test_a_record_of_an_archived_entry_stands_without_it() -> None:
    """It is counted, and what is in the file is not looked at."""
    trail = kept(evidence(), evidence())
    del trail.books[0]
    trail.shelf = Archived(runs=((2, 2),), requests=1)

    proof = examine(trail)

    assert (proof.is_whole, proof.requests, proof.archived, proof.unread) == (True, 2, 1, 1)


def test_a_file_is_held_against_its_records() -> None:
    """As the books are: an entry that differs, one too many, one too few, a comparison that is missing."""
    comparison = (holdout_body("entry-0", Names(), kept=True), evidence().facts)
    trail = kept(evidence(), evidence(), evidence(), more=[comparison])
    first, second, third = trail.books
    trail.books = [third]
    trail.shelf = shelf(Shelved(first, compared=True), Shelved(second, compared=False))
    good = examine(trail)
    trail.shelf = shelf(Shelved(first, compared=False), Shelved(third, compared=False))

    bad = examine(trail)

    assert (good.is_whole, good.unread) == (True, 0)
    assert texts(bad) == [
        "entry entry-1 of record 3 is not in its archive",
        "entry entry-2 has no record",
        "the comparison of entry entry-0 is not in its archive",
    ]


def test_an_entry_that_is_said_to_be_archived_must_be_in_an_archive() -> None:
    """Who takes one off the books cannot say that it is elsewhere."""
    trail = kept(evidence(), evidence())
    del trail.books[0]
    trail.shelf = Archived(runs=((2, 2),), requests=0, faults=("a file is missing",))

    assert texts(examine(trail)) == [
        "1 entries are in no table, the archives say 0: some were removed, or an archive was",
        "a file is missing",
    ]
