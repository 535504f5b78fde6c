"""What is told apart, and that it stays in bounds without losing anything."""

import base64
import json
import zlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support import made_up
from support.entries import NOON, ledger_entry
from support.reports import desk, heard, policy_of, sources

from gateway.money.rollups import CallCell, CallHour, CallSums, DurationHour, Sums, summed
from gateway.report import parts
from gateway.report.columns import OTHER, Table, table
from gateway.report.groups import MOST_ROWS, grouped, hardware
from gateway.report.hardware import NO_POOL, Cards
from gateway.report.parts import Gathering

POOLS = """\
version: 1
backends:
  llama: {kind: mock, model: llama-3.1-8b-instruct, local: true, clearance: restricted, pool: fast}
  odd: {kind: mock, model: odd, local: true, clearance: restricted, pool: slow}
  frontier: {kind: mock, model: big, local: false, clearance: internal}
pools:
  fast: {gpus: 1, usd_per_gpu_hour: 2, input_us: 12.2, output_us: 95.35, cached_us: 0.5}
  slow: {gpus: 1, usd_per_gpu_hour: 1}
  empty: {gpus: 1, usd_per_gpu_hour: 1}
rules: [{name: all, use: [llama]}]
"""


def _total(made: Table) -> Sums:
    total = Sums()
    for sums in made.requests.values():
        total = total.plus(sums)
    return total


@pytest.fixture(scope="module")
def gathered(tmp_path_factory: pytest.TempPathFactory) -> Gathering:
    """Forty made-up days."""
    reader, policy = desk(tmp_path_factory.mktemp("desk"), requests=1_000, days=40)
    return heard(sources(reader, policy))[0]


def _copy(gathering: Gathering) -> Gathering:
    other = Gathering(gathering.cards)
    other.requests, other.calls = dict(gathering.requests), dict(gathering.calls)
    other.durations, other.hours = dict(gathering.durations), gathering.hours
    return other


def test_as_many_bytes_as_there_are_are_used(gathered: Gathering) -> None:
    """The less room, the coarser: durations first, then weeks, months and names; each is said."""
    whole = table(_copy(gathered), most_bytes=10**6)
    weekly = _copy(gathered)
    weekly.lengthen()
    weekly.forget_parts_of_durations()
    sizes = [len(table(some, most_bytes=10**6).embedded["columns"]) for some in (gathered, weekly)]
    made = [table(_copy(gathered), most_bytes=most) for most in (sizes[0] - 1, sizes[1], sizes[1] - 1, 10)]

    assert [found.length for found in made] == ["day", "week", "month", "month"]
    assert whole.notes == ()
    assert "p50 and p95" in made[0].notes[0]
    assert "by the week" in made[1].notes[0]
    assert any("the least costly" in note for note in made[3].notes)
    assert [_total(found) for found in made] == [_total(whole)] * 4
    assert sum(sum(buckets.values()) for buckets in made[3].durations.values()) == sum(
        sum(buckets.values()) for buckets in whole.durations.values()
    )


def test_days_without_a_request_are_steps_too(gathered: Gathering) -> None:
    """The chart has a place for each; of an empty period there is none."""
    nothing = Gathering(gathered.cards)

    assert [len(table(nothing, most_bytes=10**6, span=(0, hours)).steps) for hours in (0, 23, 24, 240)] == [1, 1, 2, 11]
    assert table(nothing, most_bytes=10**6).steps == ()


def test_a_hundred_years_of_days_are_months(gathered: Gathering) -> None:
    """No file has 36,500 days in a list."""
    made = table(Gathering(gathered.cards), most_bytes=10**6, span=(0, 24 * 36_500))

    assert (made.length, len(made.steps)) == ("month", 1_200)


def test_numbers_that_a_browser_cannot_hold_are_texts(gathered: Gathering) -> None:
    """Beyond 2^53 JSON is read wrongly."""
    few = Gathering(gathered.cards)
    hours, _ = summed([ledger_entry("one")])
    list(few.heard([hours[0]._replace(sums=hours[0].sums._replace(cost=2**53))]))

    columns = json.loads(zlib.decompress(base64.b64decode(table(few, most_bytes=10**6).embedded["columns"])))

    assert columns["requests"]["cost"] == [str(2**53)]
    assert columns["requests"]["requests"] == [1]


def test_too_many_parts_become_weeks_and_months_on_the_way(tmp_path: Path) -> None:
    """Memory does not grow with the ledger."""
    reader, policy = desk(tmp_path, requests=400, days=40)
    some = heard(sources(reader, policy))[0]

    few = heard(sources(reader, policy), most=100)[0]

    assert (some.length, few.length) == ("day", "month")
    assert _total(table(few, most_bytes=10**6)) == _total(table(some, most_bytes=10**6))


def test_too_many_durations_are_those_of_models_and_rules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also then none is lost."""
    reader, policy = desk(tmp_path, requests=300, days=2)
    monkeypatch.setattr(parts, "MOST_BUCKETS", 50)

    found = heard(sources(reader, policy))[0]

    assert not found.is_timed_by_part
    assert all(part.team is None for part in found.durations)
    answered = sum(sums.answered for sums in found.requests.values())
    assert sum(sum(buckets.values()) for buckets in found.durations.values()) == answered


def test_more_rows_than_are_shown_are_one(gathered: Gathering) -> None:
    """A hundred rows, the last of them all others."""
    many = Gathering(gathered.cards)
    hours, calls = summed(
        [ledger_entry(str(number), team=f"team {number}", rule="all") for number in range(MOST_ROWS + 50)]
    )
    list(many.heard(hours))
    list(many.heard_calls(calls))
    made = replace(table(many, most_bytes=10**6), requests=many.requests, calls=many.calls)

    groups = grouped(made, ("team",))

    assert (len(groups.keys), groups.keys[-1]) == (MOST_ROWS, (OTHER,))
    assert groups.requests[OTHER,].requests == 51
    assert sum(sums.requests for sums in groups.requests.values()) == MOST_ROWS + 50


def test_work_is_counted_in_whole_units_of_its_pool(tmp_path: Path) -> None:
    """12.2, 95.35 and 0.5 microseconds are 244, 1,907 and 10 twentieths; unknown rates are no work."""
    cards = Cards(policy_of(tmp_path, POOLS))
    cell = CallCell(None, None, None, "[]", None, "answer", "llama", "m", "pool", "v")
    sums = CallSums(calls=1, input=3, cache_read=2, output=1, reasoning=1)

    assert [card.parts for card in cards.pools] == [20, 1, 1]
    assert [card.origin is None for card in cards.pools] == [False, True, False]
    assert [cards.place(cell), cards.work(cell, sums)] == [0, 3 * 244 + 2 * 10 + 2 * 1907]
    assert [cards.place(cell._replace(backend="odd")), cards.work(cell._replace(backend="odd"), sums)] == [1, 0]
    assert cards.place(cell._replace(backend="frontier")) == NO_POOL
    assert cards.place(cell._replace(cost_source="price")) == NO_POOL


def test_unknown_rates_make_every_share_unknown(tmp_path: Path) -> None:
    """Nobody is charged by a guess."""
    reader, _ = desk(tmp_path, requests=50, days=1)
    gathering, account = heard(sources(reader, policy_of(tmp_path, POOLS)))

    groups = grouped(table(gathering, most_bytes=10**6), ("team",))

    assert set(hardware(account, groups).values()) == {None}


def test_a_model_that_its_server_calls_otherwise_is_the_policys(tmp_path: Path) -> None:
    """Hardware is charged to the rows of the requests that it worked for."""
    gathering = Gathering(Cards(policy_of(tmp_path, made_up.POLICY)))
    hours, calls = summed([ledger_entry("one")])
    other = calls[0].cell._replace(model="/models/llama.gguf")

    list(gathering.heard(hours))
    list(gathering.heard_calls([CallHour(0, other, calls[0].sums), CallHour(1, other, calls[0].sums)]))

    assert {part.model for part, _ in gathering.calls} == {"llama-3.1-8b-instruct"}
    assert [made.calls for made in gathering.calls.values()] == [2]


def test_who_answered_is_known_for_the_licences(tmp_path: Path) -> None:
    """By backend and model, with their tenants; who answered nothing is no use of a model."""
    gathering = Gathering(Cards(policy_of(tmp_path, made_up.POLICY)))
    later = ledger_entry("two", tenant="other", at=NOON + timedelta(hours=1), licence=None)
    nobody = ledger_entry("three", status="refused", backend=None, model=None, attempts=())
    hours, _ = summed([ledger_entry("one"), later, nobody, ledger_entry("four", tenant=None)])

    list(gathering.heard(hours))
    (found,) = gathering.served()

    assert (found.backend, found.answers, found.tenants, found.licence) == ("llama", 3, 2, "llama-3.1")
    assert (found.first, found.last) == (NOON, NOON + timedelta(hours=1))


def test_durations_of_one_bucket_add_up(tmp_path: Path) -> None:
    """Heard twice, counted twice."""
    gathering = Gathering(Cards(policy_of(tmp_path, made_up.POLICY)))
    hours, _ = summed([ledger_entry("one")])

    gathering.hear([DurationHour(0, hours[0].cell, 100, 2), DurationHour(1, hours[0].cell, 100, 3)])

    assert list(gathering.durations.values()) == [{100: 5}]
