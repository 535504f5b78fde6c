"""The genai-prices package, read into rows."""

import sys
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from genai_prices.types import (
    ClauseEquals,
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    PriceVariant,
    StartDateConstraint,
    Tier,
    TieredPrices,
    TimeOfDateConstraint,
)

from gateway.errors import ConfigurationError
from gateway.money.sources import genai
from gateway.money.sources.genai import row_of


def info(prices: Any, *variants: PriceVariant, comments: str | None = None) -> ModelInfo:
    return ModelInfo(
        id="m", match=ClauseEquals("m"), prices=prices, price_variants=list(variants) or None, price_comments=comments
    )


def price(**usd: Any) -> ModelPrice:
    return ModelPrice(
        **{key: value if isinstance(value, TieredPrices) else Decimal(value) for key, value in usd.items()}
    )


def test_every_kind_of_token_is_read() -> None:
    """In whole pico-USD; searches are no tokens, and passed over."""
    row = row_of(
        info(
            price(
                input_mtok="2",
                cache_read_mtok="0.1",
                cache_write_mtok="2.5",
                cache_write_1h_mtok="4",
                input_audio_mtok="3",
                input_image_mtok="5",
                output_mtok="10",
                output_reasoning_mtok="11",
                output_audio_mtok="20",
                requests_kcount="5",
                web_searches_kcount="10",
            )
        )
    )

    assert row == {
        "input": 2_000_000,
        "cache_read": 100_000,
        "cache_write_5m": 2_500_000,
        "cache_write_1h": 4_000_000,
        "audio_input": 3_000_000,
        "image_input": 5_000_000,
        "output": 10_000_000,
        "reasoning": 11_000_000,
        "audio_output": 20_000_000,
        "request": 5_000_000_000,
    }


def test_history_hours_and_tiers_are_read() -> None:
    """In the order in which they are tried, the last first; hours are of UTC."""
    tiered = TieredPrices(base=Decimal(1), tiers=[Tier(start=200_000, price=Decimal(2))])
    prices = [
        ConditionalPrice(prices=price(input_mtok=tiered, output_mtok="3")),
        ConditionalPrice(StartDateConstraint(date(2026, 8, 21)), prices=price(input_mtok="4", output_mtok="5")),
        ConditionalPrice(
            TimeOfDateConstraint(time(0, 30, tzinfo=UTC), time(16, 30)), prices=price(input_mtok="6", output_mtok="7")
        ),
    ]

    assert row_of(info(prices)) == {
        "periods": [
            {"input": 10**6, "output": 3 * 10**6, "tiers": [{"above": 200_000, "input": 2 * 10**6}]},
            {"from": "2026-08-21", "input": 4 * 10**6, "output": 5 * 10**6},
            {"hours": ["00:30", "16:30"], "input": 6 * 10**6, "output": 7 * 10**6},
        ]
    }


def test_other_rates_are_known_from_their_day_on_and_follow_the_standard_price() -> None:
    """What a rate does not state is billed at the standard price of its time."""
    prices = [
        ConditionalPrice(prices=price(input_mtok="2", cache_read_mtok="1", output_mtok="2")),
        ConditionalPrice(
            StartDateConstraint(date(2026, 12, 1)), prices=price(input_mtok="4", cache_read_mtok="2", output_mtok="4")
        ),
    ]
    batch = PriceVariant(
        {"processing": "batch"}, price(input_mtok="1", output_mtok="1"), StartDateConstraint(date(2026, 10, 14))
    )
    flex = PriceVariant({"service_tier": "flex"}, price(input_mtok="1"))

    row = row_of(info(prices, batch, flex))

    assert row is not None
    assert row["batch"] == [
        {"from": "2026-10-14", "input": 10**6, "cache_read": 10**6, "output": 10**6},
        {"from": "2026-12-01", "input": 10**6, "cache_read": 2 * 10**6, "output": 10**6},
    ]
    assert row["flex"][0] == {"input": 10**6, "cache_read": 10**6, "output": 2 * 10**6}
    assert "priority" not in row


def test_an_embedding_has_no_answer() -> None:
    """It is billed by its input."""
    assert row_of(info(price(input_mtok="0.02"))) == {"kind": "embedding", "input": 20_000, "output": 0}


@pytest.mark.parametrize("usd", [{"audio_hours": "1"}, {"input_mtok": "1", "output_image_mtok": "9"}, {}])
def test_what_a_usage_does_not_count_is_no_price(usd: dict[str, str]) -> None:
    """A model that is billed by it is left out, and not billed at nothing."""
    assert row_of(info(price(**usd))) is None


def test_what_is_free_of_charge_is_said_to_be() -> None:
    """Nothing is free by an empty price alone."""
    assert row_of(info(price(), comments="Free of charge on this API.")) == {"free": True, "input": 0, "output": 0}


def test_a_price_finer_than_ours_is_rounded_to_a_pico_usd() -> None:
    """Half up, once."""
    row = row_of(info(price(input_mtok="0.0833333333", output_mtok="1.0000005")))

    assert row == {"input": 83_333, "output": 1_000_001}


def test_the_package_is_read_by_our_names() -> None:
    """And knows other names of its models."""
    found = genai.read()

    assert found.version.startswith("0.")
    assert found.rows["fireworks_ai/accounts/fireworks/models/llama-v3p1-8b-instruct"]["input"] == 200_000
    assert found.known["openai"]("gpt-5-mini-2025-08-07") == "openai/gpt-5-mini"
    assert found.known["openai"]("gpt-99") is None
    assert found.known["openai"]("whisper-1") is None
    assert "bedrock" not in found.known


def test_without_the_package_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is fetched."""
    monkeypatch.setitem(sys.modules, "genai_prices.data", None)

    with pytest.raises(ConfigurationError, match=r"install hybrid-gateway\[prices\]"):
        genai.read()


def test_hours_of_another_zone_are_read_in_utc() -> None:
    """A clock of Peking's is eight hours ahead."""
    zone = datetime.strptime("+0800", "%z").tzinfo
    constraint = TimeOfDateConstraint(time(9, tzinfo=zone), time(12, tzinfo=zone))
    prices = [
        ConditionalPrice(prices=price(input_mtok="1", output_mtok="1")),
        ConditionalPrice(constraint, prices=price(input_mtok="2", output_mtok="2")),
    ]

    row = row_of(info(prices))

    assert row is not None
    assert row["periods"][1]["hours"] == ["01:00", "04:00"]
