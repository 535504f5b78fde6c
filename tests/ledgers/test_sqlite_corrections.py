"""Corrections are rows of their own, in the open period; the trail has each, and notices one that was changed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.entries import NOON, ledger_entry
from support.trails import tamper

from gateway import keeping
from gateway.audit.evidence import Party
from gateway.entries import Correction
from gateway.errors import LedgerError
from gateway.ledgers import sqlite
from gateway.types import Money

CREDIT = Correction(
    id="credit-1",
    at=NOON,
    counted=NOON,
    amount=Money(-12_500_000_001),
    reason="credit note",
    month="2026-10",
    provider="openai",
    model="openai/gpt-5-mini",
    tenant="acme",
    team="support",
)


def corrected(path: Path, *wanted: Correction) -> list[tuple[Correction, bool]]:
    with keeping.session(path, key=None) as books:
        return [keeping.correct(books, one) for one in wanted]


def test_a_correction_is_a_row_of_its_own(tmp_path: Path) -> None:
    """What stands on the books is not changed, and the trail is whole."""
    path = tmp_path / "ledger.db"
    with keeping.session(path, key=None) as books:
        keeping.take(books, [[ledger_entry("a")]])

    ((booked, is_new),) = corrected(path, CREDIT)

    assert (booked, is_new) == (replace(CREDIT, counted=datetime(2026, 11, 23, 12, tzinfo=UTC)), True)
    assert list(sqlite.read_corrections(path)) == [booked]
    assert list(sqlite.read_entries(path)) == [ledger_entry("a")]
    assert sqlite.read_proof(path).is_whole


def test_it_counts_in_the_open_period(tmp_path: Path) -> None:
    """A month that is closed stays as it was frozen."""
    path = tmp_path / "ledger.db"
    december = datetime(2026, 12, 1, tzinfo=UTC)
    corrected(path)
    tamper(path, "INSERT INTO closes VALUES ('2026-11', 498912, 0, '', '', '')")

    ((booked, _),) = corrected(path, CREDIT)

    assert booked.counted == december
    assert list(sqlite.read_corrections(path, until=december)) == []
    assert list(sqlite.read_corrections(path, since=december)) == [booked]


def test_the_same_correction_is_booked_once(tmp_path: Path) -> None:
    """A command that is run twice by mistake books nothing twice; another amount under the name is refused."""
    path = tmp_path / "ledger.db"

    first, again = corrected(path, CREDIT, replace(CREDIT, at=NOON + timedelta(hours=3)))

    assert again == (first[0], False)
    with pytest.raises(LedgerError, match="'credit-1' is booked already and says something else"):
        corrected(path, replace(CREDIT, amount=Money(1)))
    assert len(list(sqlite.read_corrections(path))) == 1
    assert sqlite.read_proof(path).is_whole


async def test_an_erased_tenant_is_nobody_here_either(tmp_path: Path) -> None:
    """The amount stays, the name goes, and the trail is whole."""
    path = tmp_path / "ledger.db"
    corrected(path, CREDIT)

    async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
        await ledger.record(ledger_entry("a", tenant="acme"))
        await ledger.trail.erase(Party(whose="tenant", name="acme"))

    (left,) = sqlite.read_corrections(path)
    assert left.tenant is not None
    assert left.tenant.startswith("erased-")
    assert sqlite.read_proof(path).is_whole


_ANOTHER = """
    INSERT INTO corrections SELECT NULL, 'other', at_us, hour, nano_usd, reason, month, entry, provider, model, tenant,
    team FROM corrections"""


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE corrections SET nano_usd = 7", ["record 2 is not on the books as it was", "has no record that says"]),
        ("UPDATE corrections SET hour = 7", ["record 2 is not on the books as it was", "has no record that says"]),
        ("DELETE FROM corrections", ["the correction credit-1 of record 2 is not on the books as it was recorded"]),
        (
            _ANOTHER,
            ["the correction other on the books has no record"],
        ),
    ],
)
def test_one_that_was_changed_is_noticed(tmp_path: Path, statement: str, told: list[str]) -> None:
    """Its record holds the digest of all that it says."""
    path = tmp_path / "ledger.db"
    corrected(path, CREDIT)

    tamper(path, statement)

    problems = [problem.text for problem in sqlite.read_proof(path).problems]
    assert len(problems) == len(told)
    assert all(part in text for part, text in zip(told, problems, strict=True))
