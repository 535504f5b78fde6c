"""What every kind of ledger that can be read for reports promises; a new kind is tested without an edit here."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from support.entries import NOON, attempt_record, ledger_entry
from support.ledgers import options_for

from gateway import plugins
from gateway.audit.proof import Question
from gateway.entries import Feedback, HoldoutRecord
from gateway.errors import LedgerError
from gateway.interfaces import LedgerReader
from gateway.ledgers._postgres_reading import PostgresReader
from gateway.ledgers.sqlite import SqliteReader
from gateway.money.rollups import summed
from gateway.types import Money

# What a type checker can say of it.
KINDS: tuple[type[LedgerReader], ...] = (SqliteReader, PostgresReader)
READABLE = [kind for kind in plugins.kinds("ledgers") if hasattr(plugins.load("ledgers", kind), "reader")]


@dataclass(frozen=True, slots=True)
class Books:
    """A kind's ledger that nobody has begun: how it is read, and how it is opened."""

    reader: LedgerReader
    # Any: each kind's ledger has its own type.
    build: Callable[[], Any]


@pytest.fixture(params=READABLE)
def books(request: pytest.FixtureRequest) -> Books:
    module: Any = plugins.load("ledgers", request.param)
    given = module.Options.model_validate(options_for(request.param, request))
    return Books(module.reader(given), lambda: module.build(given))


async def test_a_reader_reads_what_the_ledger_holds(books: Books) -> None:
    """A report beside a running gateway sees entries, comparisons, judgements, sums and the trail."""
    entries = [ledger_entry(f"{hour}", at=NOON + timedelta(hours=hour)) for hour in range(3)]
    attempt = attempt_record(backend="strong", purpose="holdout", score=0.75)
    beside = HoldoutRecord(entry_id="1", attempt=attempt, at=NOON)
    said = Feedback(entry_id="2", score=0.5, source="caller", at=NOON, tenant="acme")
    read = books.reader
    async with books.build() as ledger:
        for entry in entries:
            await ledger.record(entry)
        await ledger.holdout(beside)
        await ledger.feedback(said)

        assert (list(read.entries()), list(read.holdouts()), list(read.feedback())) == (entries, [beside], [said])
        assert [entry.id for entry in read.entries(since=entries[1].at, limit=1)] == ["2"]
        assert [pair.agreement for pair in read.pairs()] == [0.75]
        assert [example.source for example in read.examples()] == ["holdout", "caller"]
        assert read.head() == await ledger.trail.head()

    hours, calls = summed(entries, [beside])
    assert [hour.sums for hour in read.hours()] == [hour.sums for hour in hours]
    assert sum(hour.sums.cost for hour in read.calls()) == sum(hour.sums.cost for hour in calls)
    assert sum(hour.answers for hour in read.durations()) == 3
    assert len(list(read.hours(since=entries[1].at, step="hour"))) == 2
    assert read.prove(Question()).requests == 3


async def test_a_comparison_with_the_baseline_is_known_by_what_its_server_calls_it(books: Books) -> None:
    """An API leaves its name out and adds the day of its release; of hardware of ours a bare name says nothing."""
    asked: dict[str, Any] = {
        "a": {"model": "gpt-5-mini-2025-08-07", "cost_source": "price"},
        "b": {"model": "gpt-5-nano-2025-08-07", "cost_source": "price"},
        "c": {"model": "gpt-5-mini", "cost_source": "pool"},
        "d": {"model": "openai/gpt-5-mini", "cost_source": "pool"},
    }
    async with books.build() as ledger:
        for name, how in asked.items():
            await ledger.record(ledger_entry(name))
            attempt = attempt_record(backend="strong", purpose="holdout", cost=Money(7), **how)
            await ledger.holdout(HoldoutRecord(entry_id=name, attempt=attempt, at=NOON))

    assert [pair.real for pair in books.reader.pairs()] == [Money(7), None, None, Money(7)]


async def test_a_trail_is_sealed_from_outside(books: Books) -> None:
    """Who has the key seals what was recorded without one."""
    async with books.build() as ledger:
        await ledger.record(ledger_entry("before"))

    head = books.reader.seal(b"k" * 16)

    assert head.count == 3
    assert books.reader.head(key=b"k" * 16) == head


def test_of_books_that_nobody_has_begun_nothing_is_read(books: Books) -> None:
    """A report before the first request is empty, and looking begins nothing."""
    read = books.reader
    rows = (read.entries, read.holdouts, read.pairs, read.feedback, read.examples)
    sums = (read.hours, read.calls, read.durations)

    assert [list(report()) for report in (*rows, *sums)] == [[]] * 8
    for of_trail in (read.head, read.prove, lambda: read.seal(b"k" * 16)):
        with pytest.raises(LedgerError, match="there is no ledger at"):
            of_trail()
    assert (read.is_there(), read.is_writable()) == (False, True)


async def test_books_that_were_begun_are_there(books: Books) -> None:
    """Whoever may write to them is told so."""
    async with books.build() as ledger:
        assert books.reader.place == ledger.place

    assert (books.reader.is_there(), books.reader.is_writable()) == (True, True)
