"""OpenAI's usage API: sums over requests, taken apart so that they add up again."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.recorded import NOW, page, read, result, values

from gateway.errors import InvalidRequestError
from gateway.history.recorded import Asked, LeftOut, Recorded
from gateway.money.tokens import Tokens

COUNTS = st.integers(0, 10_000)


def requests(**fields: Any) -> tuple[Recorded, ...]:
    (unit,) = read("openai-usage", page(result(**fields)))
    assert not isinstance(unit, LeftOut)
    return tuple(unit)


@given(st.integers(1, 50), COUNTS, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS)
def test_the_requests_of_a_sum_add_up_to_it(  # noqa: PLR0913, PLR0917 - a kind of tokens each
    count: int, fresh: int, cached: int, written: int, heard: int, said: int, spoken: int
) -> None:
    """No token is lost and none is made up, and every request is possible in itself."""
    rows = requests(
        num_model_requests=count,
        input_tokens=fresh + cached + written + heard,
        input_cached_tokens=cached,
        input_cache_write_tokens=written,
        input_audio_tokens=heard,
        output_tokens=said + spoken,
        output_audio_tokens=spoken,
    )

    kinds = [Tokens.of(row.usage) for row in rows]
    assert len(rows) == count
    assert [sum(kind) for kind in zip(*filter(None, kinds), strict=True)] == [
        fresh, cached, written, 0, heard, 0, said, 0, spoken
    ]  # fmt: skip
    assert None not in kinds


def test_they_are_spread_over_the_time_of_the_bucket() -> None:
    """Nobody knows when they came; at once they did not."""
    rows = requests()

    began = datetime(2025, 10, 1, tzinfo=UTC)
    assert [row.at for row in rows] == [began, began + timedelta(minutes=20), began + timedelta(minutes=40)]
    assert {(row.model, row.provider, row.team) for row in rows} == {
        ("openai/gpt-5-mini-2025-08-07", "openai", "proj-1")
    }


def test_nobody_is_named_unless_somebody_asked_for_it() -> None:
    """Users and keys are in no field of what is kept."""
    assert "user-jane" not in json.dumps([dataclasses.asdict(row) | {"key": "", "at": ""} for row in requests()])
    (unit,) = read("openai-usage", page(result()), Asked(NOW, field="user_id"))
    assert not isinstance(unit, LeftOut)
    assert {row.tenant for row in unit} == {"user-jane"}


def test_sums_of_different_users_are_different_requests() -> None:
    """The same model in the same hour, by somebody else."""
    one, other = (requests(user_id=name) for name in ("a", "b"))

    assert not {row.key for row in one} & {row.key for row in other}


def test_a_sum_that_has_grown_is_known_again() -> None:
    """Its requests have the same keys, so that they are not booked twice, and say of how many they are."""
    before, after = requests(), requests(num_model_requests=4)

    assert [row.key for row in after][:3] == [row.key for row in before]
    assert before[0].request_id != after[0].request_id


@pytest.mark.parametrize(
    ("fields", "rate"),
    [
        ({}, "standard"),
        ({"batch": True}, "batch"),
        ({"service_tier": "flex"}, "flex"),
        ({"service_tier": "odd"}, "standard"),
    ],
)
def test_the_rate_is_kept(fields: dict[str, Any], rate: str) -> None:
    """A batch costs half."""
    assert {row.rate for row in requests(**fields)} == {rate}


def test_what_is_not_over_is_left_out() -> None:
    """An hour that goes on will have other sums later."""
    start = int(NOW.timestamp()) - 60

    units = read("openai-usage", page(result(), start=start, end=start + 3600))

    assert units == [LeftOut("bucket that is not over")]


def test_embeddings_are_left_out() -> None:
    """They answer nobody."""
    assert read("openai-usage", page({"object": "organization.usage.embeddings.result"})) == [LeftOut("embeddings")]


def test_a_sum_of_no_requests_is_none() -> None:
    """Some buckets are empty."""
    assert requests(num_model_requests=0, input_tokens=0, output_tokens=0, input_cached_tokens=0) == ()


@pytest.mark.parametrize(
    ("given_page", "told"),
    [
        ([], "is no page"),
        ({"data": 7}, "is no page"),
        ({"data": [{}]}, r"`data\[0\]` is no bucket"),
        (page({}), r"`data\[0\].results\[0\]`: is no result"),
        (page(result(model=None)), "names no `model`; ask the API with group_by=model"),
        (page(result(), start=2_000_000_000, end=2_000_000_000), "ends before it begins"),
        (page(result(input_tokens=-1)), "`input_tokens` is no whole number"),
        (page(result(input_tokens=True)), "`input_tokens` is no whole number"),
        (page(result(input_tokens=...)), "`input_tokens` is no whole number"),
        (page(result(num_model_requests=100_001)), "sums up 100,001 requests, more than 100,000"),
        (page(result(num_model_requests=0)), "has tokens of 0 requests"),
        (page(result(input_cached_tokens=7000)), "has parts that are larger than their sum"),
        (page(result(output_audio_tokens=901)), "has parts that are larger than their sum"),
    ],
)
def test_a_page_that_is_none_is_refused(given_page: object, told: str) -> None:
    """With the place in it."""
    with pytest.raises(InvalidRequestError, match=told):
        read("openai-usage", given_page)


def test_pages_stand_one_after_another(tmp_path: Path) -> None:
    """Kept as they came, however they are laid out."""
    path = tmp_path / "pages.json"
    path.write_text(json.dumps(page(result()), indent=2) + "\n" + json.dumps(page()))

    pages = values(path, "openai-usage")

    assert [value for _, value in pages] == [page(result()), page()]
