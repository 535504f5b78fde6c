"""Seals the trail of a PostgreSQL ledger from here on."""

from gateway.ledgers._pen import Pen
from gateway.ledgers._postgres_door import Door
from gateway.ledgers._postgres_page import Page
from gateway.ledgers._postgres_rollups import Rollups


async def seal(door: Door, key: bytes) -> None:
    """Seal a trail that was found whole."""
    link = await door.connect()
    try:
        async with door.transaction(link):
            page = Page(link, Pen(key, may_seal=True), Rollups())
            await page.open()
            await page.close()
    finally:
        await link.close()
