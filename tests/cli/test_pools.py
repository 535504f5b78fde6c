"""`gateway pools`: what hardware cost, and its speed from the ledger."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from support.command import Gateway
from support.entries import attempt_record, ledger_entry

from gateway.ledgers import sqlite
from gateway.types import Usage

POLICY = """\
version: 1
backends: {llama: {kind: mock, model: m, clearance: restricted, local: true, pool: cards}}
pools: {cards: {gpus: 2, usd_per_gpu_hour: 1.5, input_us: 27, output_us: 212}}
ledger: {kind: sqlite, path: ledger.sqlite3}
rules: [{name: all, use: [llama]}]
"""


def write(home: Path, calls: int) -> Path:
    async def record() -> None:
        async with sqlite.build(sqlite.Options(path=str(home / "ledger.sqlite3"))) as ledger:
            start = datetime(2026, 11, 23, tzinfo=UTC)
            for number in range(calls):
                usage = Usage(prompt_tokens=(100, 4000)[number // 4 % 2], completion_tokens=(300, 20)[number // 4 % 2])
                tokens = (usage.prompt_tokens or 0) * 27e-6 + (usage.completion_tokens or 0) * 212e-6
                attempt = attempt_record(usage=usage, duration_s=tokens * 200)
                at = start + timedelta(seconds=20 * number)
                await ledger.record(ledger_entry(f"e{number}", at=at, attempts=(attempt,)))

    asyncio.run(record())
    (home / "policy.yaml").write_text(POLICY)
    return home / "policy.yaml"


def test_a_pool_is_shown_with_what_was_used(gateway: Gateway, home: Path) -> None:
    """Cost, used, idle, and the share of the time."""
    policy = write(home, 3)

    page = gateway("pools", "--policy", policy)
    told = json.loads(gateway("pools", "--json", "--policy", policy).out)

    assert "cards     2  3.0000" in page.out
    (pool,) = told["pools"]
    assert pool["cost_nano_usd"] == pool["used_nano_usd"] + pool["idle_nano_usd"]
    assert told["fits"] == {}


def test_a_month_is_a_period(gateway: Gateway, home: Path) -> None:
    """As for savings: the whole of it is charged, busy or not, and said."""
    policy = write(home, 3)

    page = gateway("pools", "--month", "2026-01", "--policy", policy).out
    (pool,) = json.loads(gateway("pools", "--month", "2026-01", "--json", "--policy", policy).out)["pools"]

    assert "charged 2026-01-01 00:00 to 2026-02-01 00:00 UTC, 744.0 h\n" in page
    assert (pool["hours"], pool["cost_nano_usd"]) == (744, 744 * 3 * 10**9)
    assert (pool["since"], pool["until"]) == ("2026-01-01T00:00:00+00:00", "2026-02-01T00:00:00+00:00")


def test_its_speed_is_fitted_to_the_ledger(gateway: Gateway, home: Path) -> None:
    """In the words of the policy, with how sure it is; too few minutes say nothing."""
    policy = write(home, 200)

    page = gateway("pools", "--fit", "--policy", policy).out
    few = gateway("pools", "--fit", "--since", "2026-11-23T01:00+00:00", "--policy", policy).out

    assert "cards: input_us: " in page
    assert "a minute is off by" in page
    assert "cards: too few busy minutes" in few


def test_without_pools_there_is_nothing_to_show(gateway: Gateway, home: Path) -> None:
    """It says so."""
    (home / "policy.yaml").write_text(
        POLICY.replace("pools: {cards: {gpus: 2, usd_per_gpu_hour: 1.5, input_us: 27, output_us: 212}}\n", "").replace(
            ", pool: cards", ""
        )
    )

    assert gateway("pools", "--policy", home / "policy.yaml").out == "the policy has no pools\n"
