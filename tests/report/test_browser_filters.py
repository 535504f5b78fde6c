"""The report in a real Chromium: filters reckon as the account does in Python, to the nano-USD."""

import csv
import json
import sqlite3
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from support import made_up
from support.browser import Page
from support.dashboards import DAYS, IN_CHROMIUM, Books, Wanted, account, choose, headline, share, table

from gateway.types import Money

pytestmark = IN_CHROMIUM


async def test_the_whole_period_is_the_account_of_python(page: Page, books: Books) -> None:
    """To the nano-USD: net, paid, baseline and every driver."""
    found = account(books)

    assert await headline(page) == {
        "net": found.net.nano_usd,
        "paid": found.actual.nano_usd,
        "baseline": found.total.baseline.nano_usd,
    }
    lines = [row[2] for row in await table(page, "waterfall") if row[2]]
    pieces = [
        part
        for driver in found.drivers
        for _, part in (driver.parts if driver.name == "self_hosting" else (("", driver.amount),))
    ]
    assert lines == [str(part.nano_usd) for part in pieces if part.nano_usd] + [str(found.net.nano_usd)]


@pytest.mark.parametrize("days", [(2, 5), (0, 1), (8, 9)])
async def test_a_selected_period_is_charged_its_own_hardware_and_people(
    page: Page, books: Books, days: tuple[int, int]
) -> None:
    """As `gateway savings --since --until`, to the nano-USD."""
    first, last = (made_up.FIRST + timedelta(days=day) for day in (days[0], days[1] - 1))
    await choose(page, **{"from": f"{first:%Y-%m-%d}", "to": f"{last:%Y-%m-%d}"})

    found = account(books, days=days)
    assert await headline(page) == {
        "net": found.net.nano_usd,
        "paid": found.actual.nano_usd,
        "baseline": found.total.baseline.nano_usd,
    }
    assert f"{days[1] - days[0]} of {DAYS} days" in await page.value("document.getElementById('selected').textContent")


@pytest.mark.parametrize(
    ("chosen", "wanted"),
    [
        ({"team": "billing"}, lambda cell: cell.team == "billing"),
        ({"team": "(none)"}, lambda cell: cell.team is None),
        ({"rule": "tickets"}, lambda cell: cell.rule == "tickets"),
        ({"model": made_up.LLAMA}, lambda cell: cell.model == made_up.LLAMA),
        ({"tag": "pii"}, lambda cell: "pii" in cell.tag_names),
        ({"tag": "pii", "rule": "search"}, lambda cell: "pii" in cell.tag_names and cell.rule == "search"),
    ],
)  # fmt: skip
async def test_a_part_bears_its_calls_and_its_share_of_the_hardware(
    page: Page, books: Books, chosen: dict[str, str], wanted: Wanted
) -> None:
    """As a row of `gateway savings --by`: baseline, calls, and hardware by GPU time, to the nano-USD."""
    before = await headline(page)
    await choose(page, **chosen)

    found = account(books, wanted)
    paid = found.total.cost.nano_usd + share(books, wanted)
    baseline = found.total.baseline.nano_usd
    assert await headline(page) == {"net": baseline - paid, "paid": paid, "baseline": baseline}
    assert await headline(page) != before
    assert "people" in await page.value("document.getElementById('unshared').textContent")
    left = (await table(page, "waterfall"))[-1]
    assert left[2:] == [str(baseline - paid), str(paid)]


async def test_a_part_of_a_period(page: Page, books: Books) -> None:
    """Both filters at once, and back to everything."""
    before = await headline(page)
    await choose(page, team="support", **{"from": "2026-10-03", "to": "2026-10-04"})

    def wanted(cell: Any) -> bool:
        return bool(cell.team == "support")

    found = account(books, wanted, (2, 4))
    assert (await headline(page))["paid"] == found.total.cost.nano_usd + share(books, wanted, (2, 4))
    await page.value("document.getElementById('reset').click()")
    assert await headline(page) == before


async def test_the_rows_of_teams_add_up_to_what_was_paid(page: Page, books: Books) -> None:
    """Chargeback leaves nothing over, with filters too."""
    for chosen in ({}, {"rule": "tickets"}):
        await choose(page, **chosen)
        rows = await table(page, "teams")
        assert sum(int(row[4]) for row in rows if row[4]) == (await headline(page))["paid"]
        assert account(books).actual == Money(sum(int(row[4]) for row in rows)) or chosen


async def test_the_tables_are_the_same_with_and_without_javascript(page: Page, books: Books) -> None:
    """What the browser reckons is what was written into the file, text by text."""
    names = ("waterfall", "steps", "baselines", "pools", "models", "teams", "failures")
    texts = f"""Object.fromEntries({json.dumps(names)}.map((name) => [name,
        [...document.querySelectorAll(`#t-${{name}} tbody tr`)]
            .map((row) => [...row.cells].map((cell) => cell.textContent))]))"""
    card = "[...document.querySelectorAll('.card')].map((one) => one.textContent)"
    facts = "document.getElementById('f-breakeven').textContent"
    with_script = [await page.value(code) for code in (texts, card, facts)]
    await page.tell("Emulation.setScriptExecutionDisabled", value=True)
    await page.open(books.file, ready=None)
    without = [await page.value(code) for code in (texts, card, facts)]
    is_hidden = await page.value(
        "[document.getElementById('filters').hidden, document.querySelector('#c-daily').hidden]"
    )
    await page.tell("Emulation.setScriptExecutionDisabled", value=False)

    assert without == with_script
    assert is_hidden == [True, True]


async def test_the_keyboard_reaches_the_way_to_a_rows_requests(page: Page, books: Books) -> None:
    """A row opens to the SQL that finds what it sums up, and that finds it."""
    await page.value("document.querySelector('#t-models tbody summary').focus()")
    for kind in ("keyDown", "keyUp"):
        await page.tell(
            "Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r"
        )
    sql = await page.value("document.querySelector('#t-models tbody details[open] code').textContent")
    requests = (await table(page, "models"))[0][2]

    rows = _rows(books, sql)
    assert f"{len(rows):,}" == requests


def _rows(books: Books, sql: str) -> list[Any]:
    connection = sqlite3.connect(books.reader.place)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


async def test_the_sql_of_a_selection_finds_what_is_selected(page: Page, books: Books) -> None:
    """Filters are in it: a driver of a team in some days."""
    await choose(page, team="billing", **{"from": "2026-10-02", "to": "2026-10-05"})
    row = next(row for row in await table(page, "waterfall") if row[0].startswith("Answered on own"))
    sql = await page.value(
        "[...document.querySelectorAll('#t-waterfall tbody tr')]"
        ".find((one) => one.textContent.startsWith('Answered on own')).querySelector('code').textContent"
    )

    assert str((_rows(books, sql))[0][0]) == row[2]


async def test_the_chargeback_is_saved_as_csv(page: Page, books: Books, folder: Path) -> None:
    """Every team with its amounts to the nano-USD; they add up to what was paid."""
    await page.saved("document.getElementById('csv').click()")
    file = folder / "chargeback.csv"

    rows = list(csv.DictReader(file.read_text().splitlines()))
    paid = sum(Fraction(row["charged_usd"]) for row in rows)
    assert paid == Fraction(account(books).actual.nano_usd, 1_000_000_000)
    assert {row["team"] for row in rows} >= {"support", "billing", "People"}
