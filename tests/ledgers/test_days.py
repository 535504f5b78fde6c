"""The daily sums of every kind of ledger that can be read: always what the hours of the days add up to."""

import asyncio
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.entries import attempt_record, ledger_entry
from support.ledgers import options_for, postgres_options
from support.older_ledgers import older
from support.postgres_ledgers import tell
from support.postgres_server import PostgresServer

from gateway import keeping, plugins
from gateway.audit.evidence import Party
from gateway.entries import Correction, HoldoutRecord, LedgerEntry
from gateway.errors import LedgerError
from gateway.interfaces import LedgerReader
from gateway.ledgers import _postgres_schema, postgres, sqlite
from gateway.ledgers._hours import CALLS, DURATIONS, REQUESTS, Table
from gateway.ledgers._reports import whole_hours
from gateway.ledgers._sqlite_schema import SCHEMA_VERSION, open_for_writing
from gateway.money.rollups import Sums
from gateway.times import DAY_HOURS, Month, hour_of
from gateway.types import Money

READABLE = [kind for kind in plugins.kinds("ledgers") if hasattr(plugins.load("ledgers", kind), "reader")]
FIRST, NOW = datetime(2026, 10, 29, tzinfo=UTC), datetime(2026, 12, 2, tzinfo=UTC)
HOURS = 6 * DAY_HOURS
TENANTS = (None, "acme", "other")
# What reads hours of each kind, and a period.
Read = Callable[..., Iterator[Any]]
Period = tuple[datetime | None, datetime | None]
# Its minute since `FIRST`, its tenant, what it cost, and whether that is known.
Request = tuple[int, str | None, int, bool]
# Hours since `FIRST`, with minutes: broken days, whole ones, and none.
moments = st.none() | st.integers(-30, HOURS + 30).map(lambda hour: FIRST + timedelta(hours=hour, minutes=hour % 2))
asked = st.tuples(moments, moments)
requests = st.tuples(st.integers(0, HOURS * 60 - 1), st.sampled_from(TENANTS), st.integers(0, 10**12), st.booleans())
batches = st.lists(requests, min_size=1, max_size=6)


def entry(number: int, request: Request) -> LedgerEntry:
    minute, tenant, nano_usd, is_known = request
    cost = Money(nano_usd) if is_known else None
    return ledger_entry(
        f"entry-{number}",
        at=FIRST + timedelta(minutes=minute),
        tenant=tenant,
        attempts=(attempt_record(cost=cost, duration_s=0.1 * (minute % 7)),) * (minute % 3),
        cost=cost,
        duration_s=0.1 * (minute % 5),
    )


# Any: an hour of each kind.
def by_the_hour(read: Read, period: Period, *, of_days: bool) -> list[Any]:
    """Return what the hours of a period add up to by the day, or all together."""
    found: dict[Any, list[Any]] = {}
    start, _ = whole_hours(*period)
    for hour in read(since=period[0], until=period[1], step="hour"):
        step = hour.start - hour.start % DAY_HOURS if of_days else start
        found.setdefault((step, hour.cell, getattr(hour, "bucket", None)), []).append(hour)
    return [reduce(plus, hours)._replace(start=step) for (step, *_), hours in found.items()]


# Any: as above.
def plus(one: Any, other: Any) -> Any:
    if hasattr(one, "answers"):
        return one._replace(answers=one.answers + other.answers)
    both = one._replace(sums=one.sums.plus(other.sums))
    if not isinstance(one.sums, Sums):
        return both
    return both._replace(first_us=min(one.first_us, other.first_us), last_us=max(one.last_us, other.last_us))


def check(reader: LedgerReader, periods: Sequence[Period]) -> None:
    """Compare each report by the day, and of all, with what its hours add up to."""
    for since, until in ((None, None), *periods):
        reads: tuple[Read, ...] = (reader.hours, reader.calls, reader.durations)
        for read in reads:
            days = list(read(since=since, until=until, step="day"))
            whole = list(read(since=since, until=until, step="all"))
            assert [day.start for day in days] == sorted(day.start for day in days)
            assert sorted(days, key=repr) == sorted(by_the_hour(read, (since, until), of_days=True), key=repr)
            assert sorted(whole, key=repr) == sorted(by_the_hour(read, (since, until), of_days=False), key=repr)


def summed_until(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT until_hour FROM summed").fetchone()[0])


class Books:
    """A SQLite ledger on which things are done in any order, each by a program that opens it anew."""

    def __init__(self, folder: Path) -> None:
        self.path, self._shelf, self._count = folder / "ledger.db", folder / "shelf", 0
        self._open = [Month(2026, 10), Month(2026, 11)]

    def do(self, what: str, batch: Sequence[Request]) -> None:
        if what in ("record", "compare", "erase"):
            asyncio.run(self._write(what, self._entries(batch)))
            return
        with keeping.session(self.path, key=None) as ledger:
            if what == "import":
                keeping.take(ledger, [[one] for one in self._entries(batch)])
            elif what == "correct":
                keeping.correct(ledger, self._correction(self._entries(batch)[0]))
            elif what == "close" and self._open:
                keeping.close(ledger, self._open.pop(0), now=NOW)
            elif what == "archive" and not self._open:
                keeping.archive(ledger, Month(2026, 12), to=self._shelf, now=NOW)

    def _entries(self, batch: Sequence[Request]) -> list[LedgerEntry]:
        self._count += len(batch)
        return [entry(self._count - place, request) for place, request in enumerate(batch)]

    async def _write(self, what: str, entries: Sequence[LedgerEntry]) -> None:
        async with sqlite.build(sqlite.Options(path=str(self.path))) as ledger:
            await asyncio.gather(*map(ledger.record, entries))
            if what == "compare":
                call = attempt_record(backend="strong", purpose="holdout", cost=Money(7))
                at = entries[-1].at + timedelta(hours=7)
                await ledger.holdout(HoldoutRecord(entry_id=entries[0].id, attempt=call, at=at))
            if what == "erase":
                await ledger.trail.erase(Party(whose="tenant", name="acme"))

    @staticmethod
    def _correction(about: LedgerEntry) -> Correction:
        return Correction(
            id=about.id, at=about.at, counted=about.at, amount=Money(-5), reason="credit", month="2026-10"
        )  # fmt: skip


doings = st.sampled_from(("record", "record", "compare", "import", "import", "erase", "correct", "close", "archive"))


@settings(max_examples=20, deadline=None)
@given(done=st.lists(st.tuples(doings, batches), min_size=1, max_size=6), periods=st.lists(asked, max_size=3))
def test_days_are_the_sums_of_their_hours_whatever_is_done(
    done: list[tuple[str, list[Request]]], periods: list[Period]
) -> None:
    """Late requests, comparisons, erased tenants, corrections, imports, closed months and archives."""
    with tempfile.TemporaryDirectory() as folder:
        books = Books(Path(folder))
        for what, batch in done:
            books.do(what, batch)

        reader = sqlite.reader(sqlite.Options(path=str(books.path)))
        check(reader, periods)
        begun = [*(day.start for day in reader.hours(step="day")), *(day.start for day in reader.calls(step="day"))]
        assert summed_until(books.path) == max(begun, default=0)
        closes = keeping.read_closes(books.path)
        assert all(keeping.verify_close(books.path, close.month).holds for close in closes)


@settings(max_examples=5, deadline=None)
@given(written=st.lists(batches, min_size=2, max_size=4), periods=st.lists(asked, max_size=2))
def test_days_of_several_machines_are_the_sums_of_their_hours(
    postgres_server: PostgresServer,
    written: list[list[Request]],
    periods: list[Period],
) -> None:
    """Two programs write in turns, late requests and comparisons among theirs, and one erases."""
    options = postgres.Options(**postgres_options(postgres_server.dsn))

    async def write() -> None:
        call = attempt_record(backend="strong", purpose="holdout", cost=Money(7))
        async with postgres.build(options) as one, postgres.build(options) as other:
            for number, batch in enumerate(written):
                ledger = (one, other)[number % 2]
                entries = [entry(10 * number + place, request) for place, request in enumerate(batch)]
                await asyncio.gather(*map(ledger.record, entries))
                await ledger.holdout(HoldoutRecord(entry_id=entries[0].id, attempt=call, at=entries[-1].at))
            await one.trail.erase(Party(whose="tenant", name="acme"))
            await other.record(entry(99, (0, "acme", 5, True)))

    asyncio.run(write())

    check(postgres.reader(options), periods)


# Any: a kind's module and its options.
@pytest.fixture(params=READABLE)
def kind(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """A kind's module, and options of books that nobody has begun."""
    module = plugins.load("ledgers", request.param)
    return module, module.Options.model_validate(options_for(request.param, request))


async def rows(kind: tuple[Any, Any], statement: str) -> list[tuple[Any, ...]]:
    module, options = kind
    if module is postgres:
        return [tuple(row) for row in await tell(options, statement)]
    with closing(sqlite3.connect(options.path)) as connection:
        return connection.execute(statement).fetchall()


def of_days(minutes: Sequence[int]) -> list[LedgerEntry]:
    return [entry(number, (minute, "acme", 10 + number, True)) for number, minute in enumerate(minutes)]


async def test_a_day_is_summed_up_once_a_later_one_has_begun(kind: tuple[Any, Any]) -> None:
    """Until then its hours are the only rows, and a request costs no more than them."""
    module, options = kind
    day = hour_of(FIRST)

    async with module.build(options) as ledger:
        told = []
        for one in of_days((10, 700, 1441, 5, 4500)):
            await ledger.record(one)
            found = await rows(kind, "SELECT hour, CAST(sum(requests) AS BIGINT) FROM days GROUP BY hour ORDER BY hour")
            told.append([(hour - day, requests) for hour, requests in found])

    assert told == [[], [], [(0, 2)], [(0, 3)], [(0, 3), (24, 1)]]


async def test_a_broken_day_at_either_end_is_read_by_the_hour(kind: tuple[Any, Any]) -> None:
    """The hours that a period touches count, and no others of their days."""
    module, options = kind
    async with module.build(options) as ledger:
        await asyncio.gather(*map(ledger.record, of_days(range(0, 4 * DAY_HOURS * 60, 220))))

    hours = (13, 61), (0, 61), (13, 48), (None, 61), (13, None), (13, 20), (25, 30), (20, 30), (61, 13)
    periods = [
        tuple(None if end is None else FIRST + timedelta(hours=end, minutes=end % 2) for end in one) for one in hours
    ]
    check(module.reader(options), [(since, until) for since, until in periods])


async def test_a_day_is_over_once_a_comparison_of_the_next_one_comes(kind: tuple[Any, Any]) -> None:
    """Calls begin a day as requests do."""
    module, options = kind
    (one,) = of_days((10,))
    call = attempt_record(backend="strong", purpose="holdout", cost=Money(7))

    async with module.build(options) as ledger:
        await ledger.record(one)
        await ledger.holdout(HoldoutRecord(entry_id=one.id, attempt=call, at=FIRST + timedelta(hours=25)))

    assert await rows(kind, "SELECT until_hour FROM summed") == [(hour_of(FIRST) + 24,)]
    check(module.reader(options), [])


async def test_what_comes_late_in_the_batch_that_ended_its_day_is_in_the_day(kind: tuple[Any, Any]) -> None:
    """An erasure writes the sums in the middle of a batch."""
    module, options = kind
    first, later, late = of_days((10, 3000, 20))

    async with module.build(options) as ledger:
        erasing = ledger.trail.erase(Party(whose="tenant", name="acme"))
        await asyncio.gather(ledger.record(first), ledger.record(later), erasing, ledger.record(late))

    found = await rows(kind, "SELECT hour, CAST(sum(requests) AS BIGINT) FROM days GROUP BY hour")
    assert found == [(hour_of(FIRST), 2)]
    check(module.reader(options), [])


async def test_a_sum_beyond_all_bounds_fails_nobody_who_sums_up_its_day(kind: tuple[Any, Any]) -> None:
    """Each hour was accepted; what comes the next day is on the books, and so is what comes late."""
    module, options = kind
    huge = [(minute, "acme", 2**63 - 1, True) for minute in (1, 61)]

    async with module.build(options) as ledger:
        for number, request in enumerate([*huge, (1441, "acme", 1, True), (130, "acme", 2**63 - 1, True)]):
            await ledger.record(entry(number, request))

    assert len(list(module.reader(options).entries())) == 4


def _days(table: Table) -> str:
    return f"SELECT {', '.join(table.columns)} FROM {table.days} ORDER BY {', '.join(('hour', *table.by))}"  # noqa: S608


async def test_a_file_without_daily_sums_is_summed_up_when_it_is_opened(tmp_path: Path) -> None:
    """Its days then hold what they would have held all along."""
    path = tmp_path / "ledger.db"
    books = (sqlite, sqlite.Options(path=str(path)))
    with keeping.session(path, key=None) as ledger:
        keeping.take(ledger, [of_days(range(0, HOURS * 60, 101))])
    kept = [await rows(books, _days(table)) for table in (REQUESTS, CALLS, DURATIONS)]
    older(path, 4)
    with pytest.raises(LedgerError, match="open it once for writing"):
        list(sqlite.read_hours(path))

    open_for_writing(path, durable=False, busy_timeout_s=1).close()

    assert [await rows(books, _days(table)) for table in (REQUESTS, CALLS, DURATIONS)] == kept
    assert all(kept)
    assert summed_until(path) == hour_of(FIRST) + HOURS - DAY_HOURS
    check(sqlite.reader(books[1]), [(FIRST, FIRST + timedelta(days=2))])


async def test_tables_without_daily_sums_are_summed_up_when_they_are_opened(postgres_server: PostgresServer) -> None:
    """As those of a file."""
    options = postgres.Options(**postgres_options(postgres_server.dsn))
    books = (postgres, options)
    async with postgres.build(options) as ledger:
        await asyncio.gather(*map(ledger.record, of_days(range(0, HOURS * 60, 101))))
    kept = [await rows(books, _days(table)) for table in (REQUESTS, CALLS, DURATIONS)]
    gone = [f"DROP TABLE {name}" for name in ("days", "call_days", "duration_days", "summed")]
    await tell(options, *gone, "UPDATE meta SET value = '1' WHERE key = 'schema'")
    with pytest.raises(LedgerError, match="open it once for writing"):
        list(postgres.reader(options).hours())

    async with postgres.build(options):
        pass

    assert [await rows(books, _days(table)) for table in (REQUESTS, CALLS, DURATIONS)] == kept
    assert all(kept)
    assert await rows(books, "SELECT value FROM meta") == [(str(_postgres_schema.SCHEMA_VERSION),)]
    check(postgres.reader(options), [(FIRST, FIRST + timedelta(days=2))])


def test_a_file_of_a_newer_version_is_refused_untouched(tmp_path: Path) -> None:
    """Whoever knows more of it may use it."""
    path = tmp_path / "ledger.db"
    open_for_writing(path, durable=False, busy_timeout_s=1).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'schema'", (str(SCHEMA_VERSION + 1),))
    before = path.read_bytes()

    told = f"has schema {SCHEMA_VERSION + 1}, this program knows {SCHEMA_VERSION}; update hybrid-gateway"
    with pytest.raises(LedgerError, match=told):
        open_for_writing(path, durable=False, busy_timeout_s=1)

    assert path.read_bytes() == before


async def test_books_that_lost_until_when_days_are_summed_up_are_refused(tmp_path: Path) -> None:
    """Whoever wrote on would count days twice, and whoever read on would leave some out."""
    options = sqlite.Options(path=str(tmp_path / "ledger.db"))
    async with sqlite.build(options) as ledger:
        await ledger.record(entry(1, (0, None, 1, True)))
        with closing(sqlite3.connect(options.path, isolation_level=None)) as connection:
            connection.execute("DELETE FROM summed")

        with pytest.raises(LedgerError, match="restore it from a copy"):
            await ledger.record(entry(2, (1, None, 1, True)))
    with pytest.raises(LedgerError, match="restore it from a copy"):
        list(sqlite.reader(options).hours())
