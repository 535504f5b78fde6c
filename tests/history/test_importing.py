"""A file is checked as a whole before anything of it is booked."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.policies import mock, policy
from support.recorded import ASKED, NOW, line, page, result, spent, written

from gateway.errors import LedgerError, RowsError
from gateway.history.booking import Booking
from gateway.history.files import opened
from gateway.history.importing import FORMATS, History, Tally, batches, formats, tenant_fields
from gateway.money.prices import PriceList
from gateway.times import hour_of
from gateway.types import Money

POLICY = policy({"llama": mock()}, baseline="openai/base")


@contextmanager
def history(path: Path, format_: str = "jsonl") -> Iterator[History]:
    with opened(path) as source:
        booking = Booking(source=format_, policy=POLICY, prices=PriceList({}, version="v1"))
        yield History(source=source, format=format_, asked=ASKED, booking=booking)


def test_a_file_is_counted_and_then_read_again(tmp_path: Path) -> None:
    """Rows, requests, period; then what they cost and what is not known of them."""
    path = written(tmp_path / "rows", [line(cost_usd=1), "", line(time="2025-10-03T00:00:00Z"), line(status="refused")])

    with history(path) as read:
        tally = read.check(0)
        entries = [entry for unit in read.units(tally) for entry in unit]

    assert (tally.rows, tally.requests, len(entries)) == (3, 3, 3)
    assert (tally.first, tally.last) == (datetime(2025, 10, 1, 8, tzinfo=UTC), datetime(2025, 10, 3, tzinfo=UTC))
    assert (tally.cost, tally.unpriced, tally.without_baseline) == (Money(1_000_000_000), 1, 2)


def test_rows_that_are_no_requests_are_counted_with_their_cost(tmp_path: Path) -> None:
    """They are on the provider's bill all the same."""
    path = written(tmp_path / "rows", [spent(), spent(call_type="aembedding"), spent(call_type="aembedding", spend=0)])

    with history(path, "litellm") as read:
        tally = read.check(0)
        entries = list(read.units(tally))

    assert (tally.rows, tally.requests, len(entries)) == (3, 1, 1)
    assert (dict(tally.left_out), tally.left_out_cost) == ({"aembedding": 2}, Money(920_000))


def test_the_requests_of_a_sum_stay_together(tmp_path: Path) -> None:
    """They are booked together or not at all."""
    path = written(tmp_path / "pages", [page(result(), result(user_id="other"))])

    with history(path, "openai-usage") as read:
        assert [len(unit) for unit in read.units(Tally())] == [3, 3]


def test_every_fault_is_told_up_to_ten(tmp_path: Path) -> None:
    """So that a file is mended at once; a wrong file is not read to its end."""
    path = written(tmp_path / "rows", [line(), line(modell=1), line(), *["{"] * 20])

    with history(path) as read, pytest.raises(RowsError) as refused:
        read.check(0)

    told = str(refused.value).splitlines()
    assert told[0] == f"{path}:2: has an unknown field; did you mean 'model'?"
    assert told[-1] == f"{path}: and what comes after line 12 was not read"
    assert len(told) == 11


@pytest.mark.parametrize("at", [NOW + timedelta(days=2), datetime(1999, 12, 31, tzinfo=UTC)])
def test_a_time_that_cannot_be_is_a_fault(tmp_path: Path, at: datetime) -> None:
    """Milliseconds taken for seconds, a clock that was never set."""
    path = written(tmp_path / "rows", [line(time=at.isoformat())])

    with history(path) as read, pytest.raises(RowsError, match="is before 2010 or to come"):
        read.check(0)


def test_a_month_that_is_closed_stays_closed(tmp_path: Path) -> None:
    """What was frozen is not added to."""
    path = written(tmp_path / "rows", [line()])

    with history(path) as read:
        read.check(hour_of(datetime(2025, 10, 1, tzinfo=UTC)))
        with pytest.raises(LedgerError, match="the books are closed up to 2025-11-01"):
            read.check(hour_of(datetime(2025, 11, 1, tzinfo=UTC)))


def test_batches_hold_whole_units(tmp_path: Path) -> None:
    """However long they are."""
    path = written(tmp_path / "pages", [page(*[result(user_id=str(number)) for number in range(5)])])

    with history(path, "openai-usage") as read:
        sizes = [[len(unit) for unit in batch] for batch in batches(read.units(Tally()), 6)]

    assert sizes == [[3, 3], [3, 3], [3]]
    assert list(batches([], 6)) == []


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_says_which_fields_name_somebody(name: str) -> None:
    """And has what every format has."""
    assert tenant_fields(name) == formats(name).TENANT_FIELDS
    with formats(name).reading(ASKED) as reader:
        assert callable(reader.units)
