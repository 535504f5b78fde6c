"""A month that is closed stays what it was: nothing is added, and whatever is changed is noticed."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.entries import NOON, attempt_record, ledger_entry
from support.trails import evidence, tamper

from gateway import keeping
from gateway.audit.evidence import Party
from gateway.entries import Correction, HoldoutRecord
from gateway.errors import LedgerError
from gateway.keeping import Closing, Verdict
from gateway.ledgers import _sqlite_closes, sqlite
from gateway.times import Month
from gateway.types import Money

OCTOBER, NOVEMBER, DECEMBER = Month(2026, 10), Month(2026, 11), Month(2026, 12)
NOW = datetime(2026, 12, 2, tzinfo=UTC)
CREDIT = Correction(
    id="credit-1", at=NOON, counted=NOON, amount=Money(-5), reason="credit", month="2026-10", model="m", tenant="acme"
)


@pytest.fixture
def books(tmp_path: Path) -> Path:
    """Three requests of November and a correction."""
    path = tmp_path / "ledger.db"
    entries = [ledger_entry(name, at=NOON + timedelta(hours=number)) for number, name in enumerate("abc")]
    with keeping.session(path, key=None) as ledger:
        keeping.take(ledger, [entries])
        keeping.correct(ledger, CREDIT)
    return path


def closed(path: Path, month: Month = NOVEMBER, *, now: datetime = NOW, out: Path | None = None) -> Closing:
    with keeping.session(path, key=None) as ledger:
        return keeping.close(ledger, month, now=now, out=out)


def verified(path: Path, file: Path | None = None) -> Verdict:
    return keeping.verify_close(path, NOVEMBER, file)


def test_a_month_is_frozen_under_its_hash(books: Path, tmp_path: Path) -> None:
    """What it came to is in a file, and the same books give the same hash again."""
    made = closed(books, out=tmp_path / "closed")

    assert made.file == tmp_path / "closed" / "ledger-2026-11.json"
    frozen = json.loads(made.file.read_text())
    assert [len(frozen[part]) for part in ("hours", "calls", "corrections")] == [3, 3, 1]
    assert frozen["totals"] == made.totals
    assert (made.totals["requests"], made.totals["baseline_nano_usd"], made.totals["corrections_nano_usd"]) == (
        3, 4_800_000, -5,
    )  # fmt: skip
    assert (frozen["policies"], frozen["price_versions"]) == (["a1b2c3"], ["2026-11-23-0f0f0f0f"])
    assert list(made.file.parent.iterdir()) == [made.file]
    verdict = verified(books, made.file)
    assert (verdict.holds, verdict.sha256, verdict.file) == (True, made.close.sha256, True)
    assert keeping.read_closes(books) == [made.close]


async def test_what_comes_late_counts_in_the_open_month(books: Path) -> None:
    """Requests, comparisons and corrections of a month that is closed: its sums stay, the next month's grow."""
    closed(books)

    async with sqlite.build(sqlite.Options(path=str(books))) as gateway:
        await gateway.record(ledger_entry("late", at=NOON))
        call = attempt_record(purpose="holdout")
        assert await gateway.holdout(HoldoutRecord(entry_id="a", attempt=call, at=NOON), evidence())
    with keeping.session(books, key=None) as ledger:
        late, _ = keeping.correct(ledger, replace(CREDIT, id="late"))

    assert verified(books).holds
    assert late.counted == DECEMBER.since
    (hour,) = sqlite.read_hours(books, since=DECEMBER.since, step="hour")
    calls = {call.cell.purpose: call.sums.calls for call in sqlite.read_calls(books, since=DECEMBER.since)}
    assert (hour.sums.requests, calls) == (1, {"answer": 1, "holdout": 1})
    assert len(list(sqlite.read_entries(books))) == 4
    assert sqlite.read_proof(books).is_whole


def test_a_month_without_anything_can_be_closed(books: Path, tmp_path: Path) -> None:
    """The file has its parts, and they are empty."""
    made = closed(books, OCTOBER, out=tmp_path)

    assert made.file is not None
    frozen = json.loads(made.file.read_text())
    assert (frozen["hours"], frozen["calls"], frozen["corrections"], frozen["totals"]) == ([], [], [], {})
    assert closed(books).close.month == NOVEMBER


@pytest.mark.parametrize(
    ("month", "now", "told"),
    [
        (NOVEMBER, NOVEMBER.until - timedelta(microseconds=1), "2026-11 is not over before 2026-12-01 UTC"),
        (DECEMBER, DECEMBER.until, "2026-11 is still open; close the months in their order"),
    ],
)
def test_months_are_closed_when_they_are_over_and_in_order(
    books: Path, tmp_path: Path, month: Month, now: datetime, told: str
) -> None:
    """Nothing is changed, and no file is left."""
    with pytest.raises(LedgerError, match=told):
        closed(books, month, now=now, out=tmp_path / "closed")

    assert keeping.read_closes(books) == []
    assert not (tmp_path / "closed").exists()


def test_a_month_is_closed_once(books: Path) -> None:
    """And with it those before it."""
    closed(books)

    with pytest.raises(LedgerError, match="2026-11 is closed already"):
        closed(books)
    with pytest.raises(LedgerError, match="2026-10 was closed with 2026-11"):
        closed(books, OCTOBER)


def test_a_month_that_was_never_closed_cannot_be_verified(books: Path) -> None:
    """Those that can are named."""
    with pytest.raises(LedgerError, match="2026-11 was never closed; closed are: none"):
        verified(books)


@pytest.mark.parametrize(
    ("statement", "different"),
    [
        ("UPDATE hours SET cost = cost + 1 WHERE hour = (SELECT max(hour) FROM hours)", ("hours",)),
        ("UPDATE call_hours SET calls = calls + 1", ("calls",)),
        ("UPDATE corrections SET nano_usd = 7", ("corrections",)),
        ("UPDATE cells SET team = 'x'", ("hours",)),
        ("UPDATE cells SET price_version = 'x'", ("hours", "price_versions")),
        ("UPDATE closes SET policies = '[]'", ("policies",)),
        ("UPDATE closes SET sha256 = '00'", ("sha256",)),
    ],
)
def test_a_change_is_noticed_and_named(books: Path, statement: str, different: tuple[str, ...]) -> None:
    """By the part that is another now."""
    closed(books)

    tamper(books, statement)

    verdict = verified(books)
    assert (verdict.holds, verdict.different) == (False, different)


def test_a_day_that_is_not_the_sum_of_its_hours_is_noticed(books: Path) -> None:
    """Reports of a month read its days: whoever changes them changes what the month seems to have come to."""
    with keeping.session(books, key=None) as ledger:
        keeping.take(ledger, [[ledger_entry("later", at=NOON + timedelta(days=1))]])
    closed(books)
    assert verified(books).holds

    tamper(books, "UPDATE days SET cost = cost + 1")

    verdict = verified(books)
    assert (verdict.holds, verdict.different) == (False, ("days",))


def test_a_close_that_was_changed_is_noticed_in_the_trail(books: Path) -> None:
    """Whoever writes the sums and the hash anew has no record that says so."""
    closed(books)
    assert sqlite.read_proof(books).is_whole

    tamper(books, "UPDATE closes SET sha256 = '00'")

    first, second = [problem.text for problem in sqlite.read_proof(books).problems]
    assert "the close 2026-11 of record 6 is not on the books as it was recorded" in first
    assert "the close 2026-11 on the books has no record" in second


def test_another_file_is_noticed(books: Path, tmp_path: Path) -> None:
    """Changed, or gone."""
    made = closed(books, out=tmp_path)
    assert made.file is not None

    made.file.write_text(made.file.read_text().replace("acme", "amce"))
    verdict = verified(books, made.file)

    assert (verdict.holds, verdict.different, verdict.file) == (False, (), False)
    with pytest.raises(LedgerError, match="cannot read"):
        verified(books, tmp_path / "none.json")


async def erased(path: Path, tenant: str) -> None:
    async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
        await ledger.trail.erase(Party(whose="tenant", name=tenant))


async def test_an_erased_tenant_is_no_change(books: Path) -> None:
    """His name is gone, every sum is as it was."""
    made = closed(books)

    await erased(books, "acme")

    verdict = verified(books)
    assert (verdict.holds, verdict.erased, verdict.different) == (True, True, ())
    assert verdict.sha256 != made.close.sha256


async def test_an_erasure_hides_no_change(books: Path) -> None:
    """Whatever is another without the names is named."""
    closed(books)
    await erased(books, "acme")

    tamper(books, "UPDATE call_hours SET cost = cost + 1")

    verdict = verified(books)
    assert (verdict.holds, verdict.erased, verdict.different) == (False, True, ("calls",))


def test_a_file_of_somebody_else_is_not_overwritten(books: Path, tmp_path: Path) -> None:
    """The month stays open."""
    other = tmp_path / "ledger-2026-11.json"
    other.write_text("mine")

    with pytest.raises(LedgerError, match="is there already and says something else; move it away"):
        closed(books, out=tmp_path)

    assert other.read_text() == "mine"
    assert keeping.read_closes(books) == []
    assert sorted(tmp_path.glob(".*")) == []


def test_a_close_that_was_cut_off_goes_on(books: Path, tmp_path: Path) -> None:
    """The file was there already, the month was not closed: the same file is the same."""
    copy = tmp_path / "copy.db"
    with closing(sqlite3.connect(books)) as one, closing(sqlite3.connect(copy)) as other:
        one.backup(other)
    closed(copy, out=tmp_path)

    made = closed(books, out=tmp_path)

    assert made.file is not None
    assert verified(books, made.file).holds


def test_a_folder_that_cannot_be_written_is_told(books: Path, tmp_path: Path) -> None:
    """And the month stays open."""
    (tmp_path / "taken").write_text("a file")

    with pytest.raises(LedgerError, match=r"cannot write .*; nothing was changed"):
        closed(books, out=tmp_path / "taken")

    assert keeping.read_closes(books) == []


def test_a_file_is_taken_back_where_the_month_cannot_be_closed(
    books: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What says that a month is closed is there only where it is."""
    with keeping.session(books, key=None) as ledger:

        def fail(_: object) -> None:
            raise sqlite3.OperationalError("disk full")

        monkeypatch.setattr(type(ledger._pages), "close", lambda *_: fail(_))
        with pytest.raises(sqlite3.OperationalError):
            keeping.close(ledger, NOVEMBER, now=NOW, out=tmp_path)

    assert sorted(tmp_path.glob("*.json")) == []
    assert keeping.read_closes(books) == []


@pytest.fixture
def busy(books: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Somebody who books a request in November each time that the month was read; as often as there are names."""
    names: list[str] = []
    read = _sqlite_closes._frozen

    def frozen(*arguments: object) -> object:
        result = read(*arguments)  # type: ignore[arg-type]
        if names:
            with keeping.session(books, key=None) as other:
                keeping.take(other, [[ledger_entry(names.pop(), at=NOON)]])
        return result

    monkeypatch.setattr(_sqlite_closes, "_frozen", frozen)
    return names


def test_what_is_booked_while_a_month_is_read_is_frozen_as_well(books: Path, tmp_path: Path, busy: list[str]) -> None:
    """The hash is that of what the month holds when it is closed."""
    busy.append("meanwhile")

    made = closed(books, out=tmp_path)

    assert made.totals["requests"] == 4
    assert verified(books, made.file).holds


def test_charges_are_written_of_the_same_books(books: Path, tmp_path: Path, busy: list[str]) -> None:
    """Where something was booked meanwhile they are written anew."""
    busy.append("meanwhile")
    found = sqlite.reader(sqlite.Options(path=str(books)))

    def write(path: Path) -> None:
        path.write_text(f"{len(list(found.entries()))}")

    told = keeping.Charges(path=tmp_path / "charges", write=write)

    with keeping.session(books, key=None) as ledger:
        made = keeping.close(ledger, NOVEMBER, now=NOW, charges=told)

    assert (made.charges, told.path.read_text()) == (told.path, "4")
    assert keeping.verify_close(books, NOVEMBER, charges=told.path).holds


def test_a_month_that_does_not_come_to_rest_is_not_closed(books: Path, busy: list[str]) -> None:
    """Later it will."""
    busy.extend("xyz")

    with pytest.raises(LedgerError, match="2026-11 is still being added to"):
        closed(books)

    assert keeping.read_closes(books) == []
