"""Exporters are told what is on the books, and nothing that they do costs a request."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support.entries import NOON, attempt_record, ledger_entry
from support.exporting import Clock, Remembering
from support.kinds import InstallKind
from support.policies import mock, policy

from gateway import NoEligibleBackendError, Router, plugins
from gateway.audit.evidence import evidence_of
from gateway.entries import Feedback, FeedbackFate, HoldoutRecord, LedgerEntry
from gateway.errors import LedgerError, PolicyError
from gateway.exporting import Exporters, Times
from gateway.interfaces import Exporter, Ledger
from gateway.ledgers.memory import MemoryLedger
from gateway.money import prices
from gateway.policy.models import Policy
from gateway.types import Money
from gateway.vitals import BackendFacts, RuleFacts
from gateway.witness import Booking

CARDS = {"gpus": 2, "usd_per_gpu_hour": 1.8, "input_us": 1000, "output_us": 1000}
THEIRS = """
from contextlib import asynccontextmanager
from pydantic import BaseModel, ConfigDict
from support.exporting import Remembering

class Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

opened = []

@asynccontextmanager
async def build(options):
    opened.append("open")
    yield Remembering()
    opened.append("closed")
"""


class Broken(MemoryLedger):
    """A ledger that is full."""

    async def record(self, entry: LedgerEntry, evidence: Any = None) -> None:
        raise LedgerError("the disk is full")


class Slow(MemoryLedger):
    """A ledger that writes when it is let, also for a caller that has gone."""

    def __init__(self) -> None:
        super().__init__(10)
        self.asked, self.let = asyncio.Event(), asyncio.Event()

    async def record(self, entry: LedgerEntry, evidence: Any = None) -> None:
        await super().record(entry)
        self.asked.set()
        await self.let.wait()


class Plain:
    """A ledger that keeps no trail."""

    place = "nowhere"

    async def record(self, entry: LedgerEntry) -> None:
        pass

    async def feedback(self, feedback: Feedback, *, most_a_day: int | None = None) -> FeedbackFate:
        return "unknown"

    async def holdout(self, record: HoldoutRecord) -> bool:
        return True

    async def holdouts(self, **period: Any) -> Sequence[HoldoutRecord]:
        return []

    async def entries(self, **period: Any) -> Sequence[LedgerEntry]:
        return []


class Behind(MemoryLedger):
    """A ledger that takes entries before it writes them."""

    lag_s = 7.5


def house(**keys: Any) -> Policy:
    """Return a policy of a local backend on two cards and a closed one."""
    backends = {
        "llama": mock("fine", pool="cards"),
        "frontier": mock("fine", clearance="internal", local=False, model="openai/gpt-5-mini"),
        "auto": mock("fine", model="auto"),
    }
    rule = {"name": "default", "use": ["llama", "frontier"]}
    return policy(backends, rule, **{"pools": {"cards": CARDS}, "baseline": "openai/gpt-5-mini", **keys})


def told(
    *exporters: Exporter,
    under: Policy | None = None,
    ledger: Ledger | None = None,
    clock: Clock | None = None,
    today: date = date(2026, 11, 28),
) -> Exporters:
    """Return exporters of a policy that does not change, on a clock that stands."""
    given = under or house()
    named: Mapping[str, Exporter] = {f"exporter {number}": one for number, one in enumerate(exporters)}
    books = ledger or MemoryLedger(10)
    return Exporters(
        named, policy=lambda: given, ledger=books, times=Times(clock_ns=clock or Clock(), today=lambda: today)
    )


async def test_every_request_is_told_once_however_it_ends() -> None:
    """Answered or refused: what is on the books is told, without its content."""
    exporter = Remembering()
    async with Router.from_policy(house(), exporters={"mine": exporter}) as router:
        await router.route("hello")
        with pytest.raises(NoEligibleBackendError):
            await router.route("hello", pin="frontier", tags={"phi"})
        async with router.stream("hello") as stream:
            [delta async for delta in stream]

        assert [entry.status for entry in exporter.entries] == ["answered", "refused", "answered"]
        assert exporter.entries == list(await router.ledger.entries())
        assert router.exporters == {"mine": exporter}


async def test_an_exporter_that_fails_costs_no_request(caplog: pytest.LogCaptureFixture) -> None:
    """The reply comes, the others are told, and what failed is counted; its words may quote a tenant."""
    broken, other = Remembering(ValueError("acme's secret")), Remembering()
    async with Router.from_policy(house(), exporters={"broken": broken, "other": other}) as router:
        reply = await router.route("hello")

    assert reply.text == "fine"
    assert len(other.entries) == 1
    assert other.vitals().exporter_faults == 1
    assert "the exporter 'broken' failed with ValueError at " in caplog.text
    assert "secret" not in caplog.text


def test_faults_are_said_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """A thousand requests are not a thousand lines."""
    clock, exporter = Clock(), Remembering(ValueError())
    exporters = told(exporter, clock=clock)

    for seconds in (0, 30, 29, 1):
        clock.pass_s(seconds)
        exporters.booked(ledger_entry("1"))

    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2
    assert "(4 faults)" in caplog.messages[-1]
    assert exporters.vitals().exporter_faults == 4


async def test_what_is_not_on_the_books_is_not_told() -> None:
    """Numbers that no entry stands behind are nobody's."""
    exporter = Remembering()
    async with Router.from_policy(house(), ledger=Broken(1), exporters={"mine": exporter}) as router:
        with pytest.raises(LedgerError):
            await router.route("hello")

    assert exporter.entries == []
    assert exporter.vitals().ledger_lag_s == 0


async def test_an_entry_whose_caller_has_gone_is_told_too() -> None:
    """It is written all the same."""
    exporter, ledger = Remembering(), Slow()
    async with Router.from_policy(house(), ledger=ledger, exporters={"mine": exporter}) as router:
        asked = asyncio.create_task(router.route("hello"))
        await ledger.asked.wait()
        waited = exporter.vitals().ledger_lag_s
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked

    assert exporter.entries == list(await ledger.entries())
    assert waited > 0
    assert exporter.vitals().ledger_lag_s == 0


async def test_a_comparison_is_told_once_it_is_kept() -> None:
    """What is spent on knowing is spent."""
    exporter = Remembering()
    given = house(holdout={"backend": "frontier", "share": 1.0})
    async with Router.from_policy(given, exporters={"mine": exporter}, chance=lambda: 0.0) as router:
        ledger = router.ledger
        await router.route("hello")
    (record,) = exporter.records

    assert record in await ledger.holdouts()

    exporters = told(exporter, ledger=ledger)
    booking = Booking.in_ledger(ledger, exporters)
    evidence = evidence_of(ledger_entry("1"))
    await booking.holdout(record, evidence)

    # It is on the books already.
    assert exporter.records == [record]


async def test_a_ledger_without_a_trail_is_told_of_too() -> None:
    """Third parties' ledgers need not keep one."""
    ledger, exporter = Plain(), Remembering()
    booking = Booking.in_ledger(ledger, told(exporter, ledger=ledger))
    record = HoldoutRecord(entry_id="1", attempt=attempt_record(purpose="holdout"), at=NOON)

    await booking.record(ledger_entry("1"), evidence_of(ledger_entry("1")))
    await booking.holdout(record, evidence_of(ledger_entry("1")))

    assert ([entry.id for entry in exporter.entries], exporter.records) == (["1"], [record])


def test_a_comparison_that_an_exporter_fails_at_is_counted() -> None:
    """As of a request."""
    exporters = told(Remembering(ValueError()))

    exporters.compared(HoldoutRecord(entry_id="1", attempt=attempt_record(purpose="holdout"), at=NOON))

    assert exporters.vitals().exporter_faults == 1


def test_the_lag_is_that_of_the_entry_that_waits_longest() -> None:
    """One that is stuck is not hidden by those that go through."""
    clock = Clock()
    exporters = told(clock=clock)
    stuck = exporters.begin()
    clock.pass_s(3)
    exporters.end(exporters.begin())
    exporters.begin()
    clock.pass_s(2)

    assert exporters.vitals().ledger_lag_s == 5

    exporters.end(stuck)

    assert exporters.vitals().ledger_lag_s == 2


def test_a_ledger_may_say_itself_how_far_it_is_behind() -> None:
    """One that takes entries before it writes them knows better."""
    assert told(ledger=Behind(1)).vitals().ledger_lag_s == 7.5


def test_what_is_fixed_of_the_house_is_shown() -> None:
    """Whose a backend is, where it runs, what a rule is compared with."""
    vitals = told().vitals()

    assert vitals.backends == {
        "llama": BackendFacts(provider="mock", model="mock-1", local=True, pool="cards"),
        "frontier": BackendFacts(provider="openai", model="openai/gpt-5-mini", local=False, pool=None),
        "auto": BackendFacts(provider="mock", model=None, local=True, pool=None),
    }
    assert vitals.rules == {"default": RuleFacts(use=("llama", "frontier"), baseline="openai/gpt-5-mini")}


def test_the_price_lists_day_is_shown() -> None:
    """Somebody watches how old it gets."""
    day = told().vitals().price_snapshot

    assert day is not None
    assert day.date() == prices.load().date


def test_a_price_list_without_a_day_is_of_no_known_age(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown is not the year 1970."""
    monkeypatch.setattr(prices, "load", lambda: prices.PriceList({}, version="ours"))

    assert told().vitals().price_snapshot is None


def test_hardware_costs_by_the_hour_and_is_used_by_calls() -> None:
    """Two cards at 1.80 an hour; a call of 2,800 tokens, beside cached ones, takes 2.8 seconds of one."""
    clock = Clock()
    exporters = told(clock=clock)

    exporters.booked(ledger_entry("1"))
    clock.pass_s(100)
    (pool,) = exporters.vitals().pools.values()

    assert pool.costs == {"used": Money(1_400_000), "idle": Money(98_600_000)}
    assert pool.utilization == pytest.approx(0.014)


def test_a_comparison_uses_hardware_too() -> None:
    """A card does not know what it is asked for."""
    clock = Clock()
    exporters = told(clock=clock)

    exporters.compared(HoldoutRecord(entry_id="1", attempt=attempt_record(purpose="holdout"), at=NOON))
    clock.pass_s(100)

    assert exporters.vitals().pools["cards"].costs["used"] == Money(1_400_000)


def test_hardware_that_is_not_rated_is_neither_used_nor_idle() -> None:
    """Unknown is not 0."""
    clock = Clock()
    exporters = told(under=house(pools={"cards": {"gpus": 1, "usd_per_gpu_hour": 3.6}}), clock=clock)

    clock.pass_s(10)
    exporters.booked(ledger_entry("1"))
    (pool,) = exporters.vitals().pools.values()

    assert (pool.costs, pool.utilization) == ({"unrated": Money(10_000_000)}, None)


def test_hardware_begins_to_cost_on_its_day() -> None:
    """A rent that begins tomorrow is not paid today."""
    clock, days = Clock(), [date(2026, 11, 27)]
    given = house(pools={"cards": {**CARDS, "since": "2026-11-28"}})
    times = Times(clock_ns=clock, today=lambda: days[-1])
    exporters = Exporters({}, policy=lambda: given, ledger=MemoryLedger(1), times=times)

    clock.pass_s(90)
    before = exporters.vitals().pools["cards"].costs
    days.append(date(2026, 11, 28))
    clock.pass_s(90)
    exporters.vitals()
    clock.pass_s(90)

    assert before == {"used": Money(0), "idle": Money(0)}
    assert exporters.vitals().pools["cards"].costs["idle"] == Money(90_000_000)


def test_a_new_policy_goes_on_with_the_meters_of_the_old_one() -> None:
    """What hardware has cost is not forgotten, and what is on its way ends on backends that are known."""
    clock = Clock()
    policies = [house()]
    exporters = Exporters({}, policy=lambda: policies[-1], ledger=MemoryLedger(1), times=Times(clock_ns=clock))
    clock.pass_s(100)
    dearer = {"cards": {**CARDS, "usd_per_gpu_hour": 3.6}}
    policies.append(policy({"llama": mock(pool="cards")}, pools=dearer, fingerprint="another"))

    before = exporters.vitals()
    clock.pass_s(100)
    after = exporters.vitals()

    assert before.pools["cards"].costs["idle"] == Money(100_000_000)
    assert after.pools["cards"].costs["idle"] == Money(300_000_000)
    assert after.policy_version == "another"
    assert {"llama", "frontier"} <= set(after.backends)


async def test_the_policys_exporters_are_opened_once_and_closed_with_the_router(
    install_kind: InstallKind, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A port cannot be listened on twice: a changed policy keeps those that are open, and says so."""
    install_kind("exporters", "theirs", THEIRS)
    text = "version: 1\nledger: memory\nbackends: {llama: {kind: mock, model: m, clearance: restricted, local: true}}\n"
    text += "rules: [{name: default, use: llama}]\nexporters: [theirs, theirs]\n"
    path = tmp_path / "p.yaml"
    path.write_text(text)

    async with Router.from_policy(path) as router:
        opened = dict(router.exporters)
        path.write_text(text.replace("[theirs, theirs]", "[]"))
        await router.refresh()
        await router.route("hello")

    assert list(opened) == ["theirs", "theirs 2"]
    assert all(isinstance(one, Exporter) and len(one.entries) == 1 for one in opened.values())  # type: ignore[attr-defined]
    assert plugins.load("exporters", "theirs").opened == ["open", "open", "closed", "closed"]  # type: ignore[attr-defined]
    assert "the policy's exporters changed; the router goes on with those that it opened" in caplog.text


async def test_without_exporters_nobody_is_told() -> None:
    """As most policies have it."""
    async with Router.from_policy(house()) as router:
        await router.route("hello")

        assert router.exporters == {}


async def test_a_misspelt_option_of_an_exporter_refuses_the_policy() -> None:
    """As of every part, with its place."""
    given = house(exporters=[{"kind": "prometheus", "prot": 9464}])

    with pytest.raises(PolicyError, match=r"exporters\[0\].*prot"):
        Router.from_policy(given)
