"""From a number of the export to the rows in the ledger: the SQL of the manual gives what the file says."""

import asyncio
import json
import random
import sqlite3
from collections import defaultdict
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from support.command import Gateway
from support.entries import NOON, attempt_record, ledger_entry
from support.pages import ROOT, blocks

from gateway.entries import AttemptRecord, HoldoutRecord
from gateway.exports.files import read_table
from gateway.ledgers import sqlite
from gateway.types import Money, Usage

SQL = {block.title: block.text for block in blocks(ROOT / "docs" / "exports.md") if block.language == "sql"}
POLICY = """\
version: 1
baseline: openai/gpt-5-mini
backends:
  llama: {kind: mock, model: llama-3.1-8b-instruct, clearance: restricted, local: true, pool: cards}
  mini: {kind: mock, model: openai/gpt-5-mini, clearance: internal, local: false}
pools: {cards: {gpus: 2, usd_per_gpu_hour: 1.37, input_us: 27, output_us: 212}}
rules: [{name: default, use: [llama, mini]}]
ledger: {kind: sqlite, path: ledger.sqlite3}
"""
Group = tuple[str, ...]


def any_call(dice: random.Random) -> AttemptRecord:
    """Return a local call, a paid one, one that a provider billed, or one of unknown cost."""
    usage = Usage(
        prompt_tokens=dice.randrange(100, 5_000),
        completion_tokens=dice.randrange(100, 900),
        cached_tokens=dice.randrange(100),
        reasoning_tokens=dice.randrange(100),
    )
    source = dice.choice(["pool", "price", "provider", "unknown"])
    if source == "pool":
        return attempt_record(usage=usage)
    cost = None if source == "unknown" else Money(dice.randrange(10**7))
    return attempt_record(backend="mini", model="openai/gpt-5-mini", cost_source=source, cost=cost, usage=usage)


async def write(path: Path, dice: random.Random) -> None:
    async with sqlite.build(sqlite.Options(path=str(path))) as ledger:
        for number in range(120):
            calls = [any_call(dice) for _ in range(dice.randrange(1, 4))]
            costs = [call.cost for call in calls]
            entry = ledger_entry(
                f"e{number}",
                at=NOON + timedelta(minutes=30 * number),
                tenant=dice.choice([None, "acme"]),
                team=dice.choice([None, "sales"]),
                backend=calls[-1].backend,
                model=calls[-1].model,
                attempts=tuple(calls),
                cost=None if None in costs else sum((cost for cost in costs if cost), Money(0)),
                price_version=dice.choice(["one", "two"]),
            )
            await ledger.record(entry)
            if number % 10 == 0:
                seen = attempt_record(
                    backend="mini", model="openai/gpt-5-mini", cost_source="price", cost=Money(number)
                )
                await ledger.holdout(HoldoutRecord(entry_id=entry.id, attempt=seen, at=entry.at))


@pytest.fixture
def exported(gateway: Gateway, home: Path) -> list[dict[str, str]]:
    """A ledger with three days of all kinds of calls, and its export."""
    (home / "policy.yaml").write_text(POLICY)
    asyncio.run(write(home / "ledger.sqlite3", random.Random(7)))
    gateway("export", "focus", "--policy", "policy.yaml", "--grain", "hour", "--out", "focus.csv")
    with Path("focus.csv").open("rb") as file:
        return list(read_table(file)[1])


def asked(row: dict[str, str]) -> dict[str, object]:
    """Return what the manual's SQL asks for, from the columns of a row."""
    return {
        "first_hour": int(datetime.fromisoformat(row["ChargePeriodStart"]).timestamp()) // 3600,
        "end_hour": int(datetime.fromisoformat(row["ChargePeriodEnd"]).timestamp()) // 3600,
        "tenant": row["SubAccountId"] or None,
        "team": json.loads(row["Tags"])["team"] if row["Tags"] else None,
        "backend": row["x_Backend"],
        "model": row["x_Model"],
        "cost_source": row["x_CostSource"],
        "price_version": row["x_PriceVersion"],
    }


def grouped(rows: list[dict[str, str]], *columns: str) -> dict[Group, list[dict[str, str]]]:
    groups: defaultdict[Group, list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        if row["x_Backend"]:
            groups[tuple(row[column] for column in columns)].append(row)
    return dict(groups)


WHOSE = ("ChargePeriodStart", "SubAccountId", "Tags", "x_Backend", "x_Model", "x_PriceVersion")


def summed(rows: list[dict[str, str]], column: str) -> Decimal:
    return sum((Decimal(row[column]) for row in rows if row[column]), Decimal(0))


def test_the_calls_behind_each_number_are_found(exported: list[dict[str, str]]) -> None:
    """Cost, tokens and unpriced calls of every group are those of its rows; what ran on a pool cost nothing there."""
    groups = grouped(exported, *WHOSE, "x_CostSource")

    with closing(sqlite3.connect("ledger.sqlite3")) as books:
        for rows in groups.values():
            calls, tokens, nano_usd, unpriced = books.execute(SQL["calls.sql"], asked(rows[0])).fetchone()
            billed = 0 if rows[0]["x_CostSource"] == "pool" else summed(rows, "BilledCost")
            assert calls > 0
            assert (tokens, nano_usd) == (summed(rows, "ConsumedQuantity"), billed * 10**9)
            assert unpriced == sum(int(row["x_UnpricedCalls"]) for row in rows)

    assert len(groups) > 100


def test_no_call_is_behind_no_number(exported: list[dict[str, str]]) -> None:
    """All groups together are all calls of the ledger."""
    groups = grouped(exported, *WHOSE, "x_CostSource")

    with closing(sqlite3.connect("ledger.sqlite3")) as books:
        traced = sum(books.execute(SQL["calls.sql"], asked(rows[0])).fetchone()[0] for rows in groups.values())
        (booked,) = books.execute("SELECT (SELECT count(*) FROM attempts) + (SELECT count(*) FROM holdouts)").fetchone()

    assert traced == booked


def test_the_answers_behind_each_baseline_are_found(exported: list[dict[str, str]]) -> None:
    """Requests that are compared, and what they would have cost."""
    with closing(sqlite3.connect("ledger.sqlite3")) as books:
        for rows in grouped(exported, *WHOSE).values():
            _, nano_usd = books.execute(SQL["answers.sql"], asked(rows[0])).fetchone()
            assert nano_usd == summed(rows, "x_BaselineCost") * 10**9
