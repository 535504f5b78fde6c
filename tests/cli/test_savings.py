"""`gateway savings`: what was saved, with hardware and with what is unknown."""

import asyncio
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.command import Gateway, WritePolicy
from support.entries import attempt_record, ledger_entry

from gateway.cli.periods import moment
from gateway.entries import HoldoutRecord
from gateway.ledgers import sqlite
from gateway.types import Money

POOLED = """\
version: 1
backends: {llama: {kind: mock, model: m, clearance: restricted, local: true, pool: cards}}
pools: {cards: {gpus: 2, usd_per_gpu_hour: 1.5}}
ledger: {kind: sqlite, path: ledger.sqlite3}
rules: [{name: all, use: [llama]}]
"""


@pytest.fixture
async def books(home: Path) -> Path:
    """A policy with a pool, and a ledger of two days: two answers of the pool, one by a price that is unknown."""
    (home / "policy.yaml").write_text(POOLED)
    now = datetime.now(UTC)
    async with sqlite.build(sqlite.Options(path=str(home / "ledger.sqlite3"))) as ledger:
        await ledger.record(ledger_entry("old", at=now - timedelta(days=2)))
        await ledger.record(ledger_entry("new", at=now - timedelta(hours=1)))
        await ledger.record(ledger_entry("odd", at=now, backend="other", local=False, cost=None))
    return home / "policy.yaml"


def test_the_table_has_a_row_a_backend_the_total_and_the_hardware(gateway: Gateway, books: Path) -> None:
    """Hardware is charged for the whole period, and may make the net a loss."""
    outcome = gateway("savings", "--policy", books)

    assert outcome.code == 0
    assert "llama" in outcome.out
    assert "total" in outcome.out
    assert "hardware   $144.0" in outcome.out
    assert "net        -$14" in outcome.out
    assert "note       1 request is not in the sums" in outcome.out
    # 2 of 3, rounded down: 100% means all.
    assert "coverage   66.6% of 3 requests" in outcome.out


async def test_what_comparing_answers_cost_has_its_line(gateway: Gateway, books: Path) -> None:
    """A holdout is paid for like everything else, and only where there was one it is shown."""
    before = await asyncio.to_thread(gateway, "savings", "--policy", books)
    async with sqlite.build(sqlite.Options(path=str(books.parent / "ledger.sqlite3"))) as ledger:
        for entry_id, cost in (("old", Money(2_000_000)), ("new", None)):
            attempt = attempt_record(purpose="holdout", cost=cost)
            await ledger.holdout(HoldoutRecord(entry_id=entry_id, attempt=attempt, at=datetime.now(UTC)))

    after = await asyncio.to_thread(gateway, "savings", "--policy", books)

    assert "holdout" not in before.out
    assert "holdout    $0.002000 for 1 local answers that were compared, 1 more of unknown cost" in after.out
    assert "after hardware and comparisons" in after.out


def test_since_leaves_out_what_was_before(gateway: Gateway, books: Path) -> None:
    """`--since 1d` sums up the last day alone."""
    outcome = gateway("savings", "--since", "1d", "--json", "--policy", books)

    table = json.loads(outcome.out)
    assert table["total"]["requests"] == 2
    assert table["total"]["saved_nano_usd"] == Money(1_600_000).nano_usd


def test_a_period_without_requests_says_so(gateway: Gateway, books: Path) -> None:
    """No table of zeros."""
    outcome = gateway("savings", "--since", "2999-01-01", "--policy", books)

    assert (outcome.code, outcome.out) == (0, "no requests in this period\n")


def test_an_idle_month_is_paid_for_and_shown(gateway: Gateway, books: Path) -> None:
    """Nobody asked anything, and the cards cost what they cost."""
    page = gateway("savings", "--month", "2026-01", "--policy", books).out

    assert page.startswith("no requests in this period\n\n")
    assert "period     2026-01-01 00:00 to 2026-02-01 00:00 UTC, 744.0 h\n" in page
    assert "hardware   $2232.000000 for pool cards: 2 x GPU, $3.00 an hour for 744.0 h; " in page
    assert "net        -$2232.000000 after hardware" in page


def test_hardware_outside_the_pools_is_not_passed_over(
    gateway: Gateway, books: Path, write_policy: WritePolicy
) -> None:
    """A local backend in no pool is named, since its cost is not in the net."""
    outcome = gateway("savings", "--policy", write_policy())

    assert "hardware of llama is not included" in outcome.out


def test_what_was_routed_is_summed_up(gateway: Gateway, write_policy: WritePolicy) -> None:
    """Without pools and unknown prices the net is what was saved."""
    policy = write_policy()
    gateway("route", "Where is Paris?", "--policy", policy)

    outcome = gateway("savings", "--policy", policy)

    assert "net        $0.0" in outcome.out
    assert "not in the sums" not in outcome.out


@pytest.mark.parametrize("text", ["yesterday", "7", "7y", "2026-13-01"])
def test_a_time_that_is_none_exits_with_2(gateway: Gateway, books: Path, text: str) -> None:
    """The message shows how to write one."""
    outcome = gateway("savings", "--since", text, "--policy", books)

    assert outcome.code == 2
    assert "7d, 12h or 2026-11-01" in outcome.err


def test_a_date_is_read_in_local_time() -> None:
    """A day begins where the user is."""
    assert moment("2026-11-01") == datetime(2026, 11, 1).astimezone()


async def test_spending_that_cannot_be_compared_is_shown_as_unknown(gateway: Gateway, home: Path) -> None:
    """Without a baseline nothing was saved or lost as far as we know; what was spent is said."""
    (home / "policy.yaml").write_text(POOLED.replace(", pool: cards", ""))
    async with sqlite.build(sqlite.Options(path=str(home / "ledger.sqlite3"))) as ledger:
        await ledger.record(ledger_entry("dear", cost=Money(2_100_000_000), baseline_cost=None))

    table = gateway("savings", "--policy", home / "policy.yaml")
    row = json.loads(gateway("savings", "--policy", home / "policy.yaml", "--json").out)

    assert table.out.count("unknown") >= 3
    assert "$2.100000" in table.out
    assert (row["total"]["saved_nano_usd"], row["net_nano_usd"]) == (None, None)
    assert row["total"]["excluded"] == 1


def test_rows_are_grouped_by_what_is_asked_for(gateway: Gateway, books: Path) -> None:
    """In the order of the dimensions; days are days in UTC."""
    outcome = gateway("savings", "--by", "day,rule", "--json", "--policy", books)

    table = json.loads(outcome.out)
    assert table["by"] == ["rule", "day"]
    assert [row["requests"] for row in table["rows"]] in ([1, 2], [1, 1, 1])


def test_rows_are_csv(gateway: Gateway, books: Path) -> None:
    """A spreadsheet reads them."""
    header, *lines = gateway("savings", "--by", "hour", "--csv", "--policy", books).out.splitlines()

    assert header.startswith("hour,requests,answered,")
    assert len(lines) in (2, 3)


def test_a_month_is_a_period(gateway: Gateway, books: Path) -> None:
    """A month that is over is charged whole; one that is not there is refused with its form."""
    past = json.loads(gateway("savings", "--month", "2026-01", "--json", "--policy", books).out)
    wrong = gateway("savings", "--month", "2026-13", "--policy", books)

    assert (past["hours"], past["hardware_nano_usd"]) == (744, 744 * 3 * 10**9)
    assert wrong.code == 2
    assert "write for instance 2026-11" in wrong.err


@pytest.mark.parametrize("command", [("savings",), ("pools",), ("export", "focus")])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--month", "0000-01"), "write for instance 2026-11"),
        (("--month", "9999-12"), "write for instance 2026-11"),
        (("--month", "2026-11", "--since", "7d"), "--month is a whole period"),
        (("--since", "7d", "--until", "2020-01-01"), "ends before it begins"),
    ],
)
def test_a_period_that_is_none_is_refused(
    gateway: Gateway, books: Path, command: tuple[str, ...], options: tuple[str, ...], said: str
) -> None:
    """Two answers to one question, and years that no calendar has, are mistakes of the user's."""
    outcome = gateway(*command, *options, "--policy", books)

    assert outcome.code == 2
    assert said in outcome.err


def test_hardware_is_charged_for_the_hours_that_are_summed(gateway: Gateway, books: Path) -> None:
    """Requests of whole hours against half an hour of hardware would flatter."""
    since, until = "2026-01-10T10:30:00+00:00", "2026-01-10T11:15:00+00:00"

    told = json.loads(gateway("savings", "--since", since, "--until", until, "--json", "--policy", books).out)

    assert told["since"] == "2026-01-10T10:00:00+00:00"
    assert told["until"] == "2026-01-10T12:00:00+00:00"
    assert told["hardware_nano_usd"] == 2 * 3 * 10**9


def test_what_makes_rows_and_total_differ_is_said(gateway: Gateway, books: Path) -> None:
    """Several tags, and hardware that nobody used."""
    spare = "spare: {gpus: 1, usd_per_gpu_hour: 1}"
    books.write_text(POOLED.replace("1.5}", f"1.5, input_us: 27, output_us: 212}}, {spare}"))

    plain = gateway("savings", "--policy", books).out
    by_tag = gateway("savings", "--by", "tag", "--policy", books).out

    assert "nobody used spare: its $48.0" in plain
    assert "several tags" not in plain
    assert "a request with several tags stands in the row of each" in by_tag


def test_it_is_said_for_which_period_hardware_is_charged(gateway: Gateway, books: Path) -> None:
    """Without a period it is from the first request to the last, which is shorter than a month; a pool has days too."""
    day = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
    books.write_text(POOLED.replace("1.5}", f"1.5, since: {day}}}"))

    whole = gateway("savings", "--policy", books).out
    begun = gateway("savings", "--until", "9999-12-31T23:30+00:00", "--policy", books).out
    given = gateway("savings", "--since", "3d", "--policy", books).out
    (pool,) = json.loads(gateway("savings", "--json", "--since", "3d", "--policy", books).out)["pools"]

    assert "48.0 h, from the first request to the last\n" in whole
    assert "h, from the first request on\n" in begun
    assert "from the first" not in given
    assert pool["since"] == f"{day}T00:00:00+00:00"
    hours = (datetime.fromisoformat(pool["until"]) - datetime.fromisoformat(pool["since"])).total_seconds() / 3600
    assert pool["hours"] == pytest.approx(hours)


def test_the_period_is_shown_in_utc(gateway: Gateway, books: Path) -> None:
    """A month of invoices begins at midnight there, wherever the reader sits."""
    page = gateway("savings", "--since", "2d", "--policy", books).out

    assert re.search(r"period     .*:00 to .* UTC, ", page)


def test_an_unknown_dimension_is_refused_with_the_nearest(gateway: Gateway, books: Path) -> None:
    """One message with the remedy."""
    outcome = gateway("savings", "--by", "modell", "--policy", books)

    assert outcome.code == 2
    assert "cannot group by 'modell'" in outcome.err
    assert "model" in outcome.err


def test_people_and_unrated_pools_are_said(gateway: Gateway, books: Path) -> None:
    """Engineers have a line even where nobody counts them, and a pool without rates says what to give."""
    before = gateway("savings", "--policy", books).out
    books.write_text(POOLED + "engineers: {usd_per_month: 730}\nbad_answer_usd: 1\n")

    after = gateway("savings", "--policy", books).out

    assert "engineers  not included" in before
    assert "used part unknown: give input_us and output_us, or gpu" in before
    assert "engineers  $47.0" in after or "engineers  $48" in after
    assert "after hardware and engineers" in after


async def test_corrections_and_certainty_have_lines(gateway: Gateway, books: Path) -> None:
    """What was put right, and how sure the saving is."""
    file = books.parent / "ledger.sqlite3"
    async with sqlite.build(sqlite.Options(path=str(file))) as ledger:
        for number in range(40):
            entry_id = f"n{number}"
            await ledger.record(ledger_entry(entry_id, at=datetime.now(UTC), backend="llama"))
            real = Money(1_700_000 + number * 1000)
            attempt = attempt_record(model="openai/gpt-5-mini", purpose="holdout", cost=real, score=1.0)
            await ledger.holdout(HoldoutRecord(entry_id=entry_id, attempt=attempt, at=datetime.now(UTC)))
    await asyncio.to_thread(books.write_text, POOLED + "bad_answer_usd: 1\n")

    shown = (await asyncio.to_thread(gateway, "savings", "--policy", books)).out

    assert "95 %) by 40 random comparisons" in shown
    assert "40 of 40 compared local answers agree (91.2% at least)" in shown
    assert "net after bad answers" in shown


def test_another_policy_is_reckoned_on_the_same_requests(
    gateway: Gateway, books: Path, write_policy: WritePolicy
) -> None:
    """What it would have cost, with what is assumed, in words and for programs."""
    other = write_policy("other.yaml")

    page = gateway("savings", "--what-if", other, "--policy", books)
    told = json.loads(gateway("savings", "--what-if", other, "--rejected", "10%", "--json", "--policy", books).out)

    assert page.code == 0
    assert "requests" in page.out
    assert told["schema"] == "gateway.what-if/1"
