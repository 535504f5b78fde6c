"""What a reader does with a report in a browser, and what an account in Python says of the same."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from gateway.ledgers.sqlite import SqliteReader
from gateway.money.account import savings
from gateway.money.savings import Savings
from gateway.money.split import split
from gateway.policy.models import Policy
from gateway.report.hardware import NO_POOL, Cards
from support import browser, made_up
from support.browser import Page

DAYS = 9
FRAME = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
IN_CHROMIUM = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(
        browser.find() is None and not browser.is_needed(),
        reason="no Chromium here: run tests/support/install_browser.sh",
    ),
]


@dataclass(frozen=True)
class Books:
    """A report and what it was made from."""

    reader: SqliteReader
    policy: Policy
    file: Path


async def choose(page: Page, **chosen: str) -> None:
    """Choose something by what is read in the lists, or dates."""
    for name, text in chosen.items():
        await page.value(
            f"""(() => {{
                const field = document.getElementById({json.dumps(name if name in ("from", "to") else f"by-{name}")});
                const option = [...(field.options ?? [])].find((one) => one.textContent === {json.dumps(text)});
                field.value = option ? option.value : {json.dumps(text)};
                field.dispatchEvent(new Event("change", {{ bubbles: true }}));
            }})()"""
        )


async def headline(page: Page) -> dict[str, int | None]:
    """Return the amounts in the headline, in nano-USD."""
    found = await page.value(
        "Object.fromEntries(['net', 'paid', 'baseline'].map((name) =>"
        " [name, document.querySelector(`#v-${name} [data-nano]`)?.dataset.nano ?? null]))"
    )
    return {name: None if nano is None else int(nano) for name, nano in found.items()}


async def table(page: Page, name: str) -> list[list[str]]:
    """Return a table as it is read; amounts to the nano-USD."""
    found = await page.value(
        f"[...document.querySelectorAll('#t-{name} tbody tr')].map((row) => [...row.cells].map((cell) =>"
        " cell.querySelector('[data-nano]')?.dataset.nano ?? (cell.querySelector('summary') ?? cell).textContent))"
    )
    return list(found)


Wanted = Callable[[Any], bool]


def account(books: Books, wanted: Wanted = lambda _: True, days: tuple[int, int] = (0, DAYS)) -> Savings:
    """Reckon the account of some days and cells in Python."""
    since, until = (made_up.FIRST + timedelta(days=day) for day in days)
    return savings(
        [hour for hour in books.reader.hours(since=since, until=until, step="day") if wanted(hour.cell)],
        [call for call in books.reader.calls(since=since, until=until, step="day") if wanted(call.cell)],
        policy=books.policy,
        since=since,
        until=until,
        by=(),
    )


def share(books: Books, wanted: Wanted, days: tuple[int, int] = (0, DAYS)) -> int:
    """Return what the chosen calls bear of the hardware: by their GPU time, of all that it cost."""
    since, until = (made_up.FIRST + timedelta(days=day) for day in days)
    cards, work = Cards(books.policy), [Fraction(0), Fraction(0)]
    for call in books.reader.calls(since=since, until=until, step="day"):
        if cards.place(call.cell) != NO_POOL:
            work[0 if wanted(call.cell) else 1] += cards.work(call.cell, call.sums)
    whole = account(books, days=days)
    return split(whole.hardware.nano_usd, work)[0]
