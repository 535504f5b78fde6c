"""One browser and one report for the tests of a module."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from support import browser, made_up
from support.browser import Page
from support.dashboards import DAYS, Books
from support.reports import desk, sources, write


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="module")
def books(folder: Path) -> Books:
    """A report of nine made-up days."""
    reader, policy = desk(folder, requests=2_500, days=DAYS, compared=120)
    file = folder / "report.html"
    since = made_up.FIRST
    write(file, sources(reader, policy, since=since, until=since + timedelta(days=DAYS)))
    return Books(reader, policy, file)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium(folder: Path) -> AsyncIterator[Page]:
    async with browser.browsing(folder) as page:
        yield page


@pytest_asyncio.fixture(loop_scope="module")
async def page(chromium: Page, books: Books) -> Page:
    await chromium.size(1280)
    await chromium.scheme("light")
    await chromium.open(books.file)
    return chromium
