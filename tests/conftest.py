"""Fixtures that many tests share; one fixture, one subject."""

from collections.abc import AsyncIterator

import pytest
from support.wire_servers import WireServer, serving_openai


@pytest.fixture
async def openai_server() -> AsyncIterator[WireServer]:
    """An OpenAI-compatible server on loopback; script it by its `answers`, read what came from `seen`."""
    async with serving_openai() as server:
        yield server
