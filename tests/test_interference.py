"""What an uncleared backend is sent says nothing about a private request: two worlds, two secrets, one traffic."""

import asyncio
import contextlib
import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import faulty
from support.crowds import LEVELS, any_place, any_policy, faulty_kind, sent_bytes

from gateway import GatewayError, Router

SECRETS = ("the patient has asthma", "the merger is on May 3")


@pytest.fixture(autouse=True)
def _kind(tmp_path: Path) -> Iterator[None]:
    with faulty_kind(tmp_path / "kinds"):
        yield


@pytest.mark.parametrize("seed", range(6))
def test_two_secrets_make_the_same_traffic(seed: int, tmp_path: Path) -> None:
    """Byte for byte, at every backend that may not see them, however they fail and whatever is judged or compared."""
    one, other = (asyncio.run(_traffic(_folder(tmp_path, secret), seed, secret)) for secret in SECRETS)

    assert one == other


def test_a_world_that_talks_is_noticed(tmp_path: Path) -> None:
    """The comparison can fail: a secret that is not marked makes a difference to somebody."""
    one, other = (asyncio.run(_traffic(_folder(tmp_path, secret), 0, secret, tags=())) for secret in SECRETS)

    assert one != other


def _folder(tmp_path: Path, secret: str) -> Path:
    folder = tmp_path / str(SECRETS.index(secret))
    folder.mkdir()
    return folder


async def _traffic(folder: Path, seed: int, secret: str, tags: tuple[str, ...] = ("phi",)) -> dict[str, list[bytes]]:
    """Return what the backends were sent that are not cleared for restricted, over forty requests, in order."""
    chance = random.Random(seed)
    faulty.seen.clear()
    places = {name: any_place(chance) for name in "abcd"}
    policy = folder / "policy.yaml"
    policy.write_text(json.dumps(any_policy(chance, places, folder / "ledger.sqlite3", seed)))
    async with Router.from_policy(policy, chance=chance.random) as router:
        for number in range(40):
            private = chance.random() < 0.5
            text = f"Number {number}: {secret if private else 'the weather is fine'}, what now?"
            with contextlib.suppress(GatewayError):
                await router.route(text, tags=set(tags) if private else {"note"}, tenant="one", conversation="talk")
            # Comparisons go on after a reply; here they end first, so that both worlds take their turns alike.
            await asyncio.gather(*router._holdouts._tasks)
    barred = [name for name, place in places.items() if place.clearance != LEVELS[-1]]
    return {name: [sent_bytes(request) for request in faulty.seen.get(name, ())] for name in barred}
