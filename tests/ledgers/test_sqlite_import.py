"""Entries from elsewhere in a file: each once, whatever is imported how often, and the trail stays whole."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.entries import attempt_record, ledger_entry

from gateway import keeping
from gateway.entries import LedgerEntry
from gateway.errors import LedgerError
from gateway.keeping import Taken
from gateway.ledgers import sqlite
from gateway.types import Money

KEY = b"0123456789abcdef"


def entry(name: str, **fields: object) -> LedgerEntry:
    return ledger_entry(name, source="jsonl", **fields)


def taken(path: Path, *units: list[LedgerEntry], key: bytes | None = None) -> Taken:
    with keeping.session(path, key=key) as books:
        return keeping.take(books, units)


def test_entries_are_added_once(tmp_path: Path) -> None:
    """A second import adds nothing, and a file with a row more adds that one."""
    path = tmp_path / "ledger.db"

    first = taken(path, [entry("a")], [entry("b"), entry("c")])
    second = taken(path, [entry("a")], [entry("b"), entry("c")], [entry("d")])

    assert (first, second) == (Taken(added=3), Taken(added=1, known=3))
    assert [one.id for one in sqlite.read_entries(path)] == ["a", "b", "c", "d"]
    assert sum(hour.sums.requests for hour in sqlite.read_hours(path)) == 4
    assert sqlite.read_proof(path).is_whole


def test_what_is_there_with_other_figures_stays_as_it_is(tmp_path: Path) -> None:
    """It is counted; what was reckoned anew from another price list is no other figure."""
    path = tmp_path / "ledger.db"
    billed = attempt_record(cost=Money(5), cost_source="provider")
    taken(path, [entry("a", attempts=(billed,))], [entry("b")])

    again = taken(
        path,
        [entry("a", attempts=(replace(billed, cost=Money(6)),))],
        [entry("b", price_version="newer", cost=Money(9), baseline_cost=None)],
    )

    assert again == Taken(known=1, different=1)
    assert next(sqlite.read_entries(path)).attempts == (billed,)


def test_a_sum_that_has_grown_is_not_added_to(tmp_path: Path) -> None:
    """Its requests would be split in another way: half of the old ones and half of the new are nobody's."""
    path = tmp_path / "ledger.db"
    taken(path, [entry("a", request_id="1 of 2"), entry("b", request_id="2 of 2")])

    again = taken(path, [entry(name, request_id=f"{name} of 3") for name in "abc"])

    assert again == Taken(different=3)
    assert len(list(sqlite.read_entries(path))) == 2


def test_an_import_that_was_cut_off_goes_on(tmp_path: Path) -> None:
    """What is missing of a sum is added; one of its own that differs is counted."""
    path = tmp_path / "ledger.db"
    taken(path, [entry("a"), entry("b")])

    again = taken(path, [entry("a"), entry("b", status="refused"), entry("c")])

    assert again == Taken(added=1, known=1, different=1)


def test_a_transaction_that_fails_adds_nothing(tmp_path: Path) -> None:
    """All of a batch or none of it, sums and trail included; the next one goes on."""
    path = tmp_path / "ledger.db"

    with keeping.session(path, key=None) as books:
        with pytest.raises(OverflowError):
            keeping.take(books, [[entry("a")], [entry("b", cost=Money(2**63))]])
        assert keeping.take(books, [[entry("a")]]) == Taken(added=1)

    assert [one.id for one in sqlite.read_entries(path)] == ["a"]
    assert sqlite.read_proof(path).is_whole


def test_a_fault_of_the_file_is_told(tmp_path: Path) -> None:
    """As of every ledger."""
    path = tmp_path / "ledger.db"

    with pytest.raises(LedgerError, match="cannot write to the ledger"):
        taken(path, [entry("b", cost=Money(2**63))])


def test_a_sealed_trail_stays_sealed(tmp_path: Path) -> None:
    """Imports are held to the key as requests are."""
    path = tmp_path / "ledger.db"
    taken(path, [entry("a")], key=KEY)

    taken(path, [entry("b")], key=KEY)

    proof = sqlite.read_proof(path, key=KEY)
    assert (proof.is_whole, proof.unsealed) == (True, 1)


def test_books_that_were_never_closed_are_open(tmp_path: Path) -> None:
    """From the first hour on."""
    with keeping.session(tmp_path / "ledger.db", key=None) as books:
        assert keeping.open_from(books) == 0


def test_a_name_that_no_text_can_hold_is_written_as_its_escape(tmp_path: Path) -> None:
    """As of every request: the entry is on the books, and the trail is whole."""
    path = tmp_path / "ledger.db"

    first = taken(path, [entry("a"), entry("half", team="half \ud800")])
    second = taken(path, [entry("a")], [entry("b"), entry("b")])

    assert (first, second) == (Taken(added=2), Taken(added=1, known=2))
    assert [one.id for one in sqlite.read_entries(path)] == ["a", "half", "b"]
    assert sqlite.read_proof(path).is_whole
