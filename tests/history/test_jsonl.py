"""Our own format: strict, so that a slip of the pen is no history."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.recorded import ASKED, line, one

from gateway.errors import InvalidRequestError
from gateway.history.importing import formats
from gateway.history.jsonl import Line, TokenKinds
from gateway.history.recorded import LeftOut
from gateway.money.tokens import Tokens
from gateway.types import Level, Money, Usage


def test_every_field_of_a_line_is_kept() -> None:
    """What was recorded is what is booked."""
    said: dict[str, Any] = {
        "id": "r-1",
        "cost_usd": "0.0000000015",
        "rate": "batch",
        "tenant": "acme",
        "team": "support",
        "tags": ["b", "a", "a"],
        "task": "classification",
        "kinds": ["pii"],
        "level": "confidential",
        "difficulty": 0.4,
        "local": False,
        "duration_s": 1.5,
        "first_token_s": 0.25,
    }

    row = one("jsonl", line(**said))

    assert (row.key, row.request_id, row.at) == ("id r-1", "r-1", datetime(2025, 10, 1, 8, tzinfo=UTC))
    assert (row.model, row.provider, row.status) == ("openai/gpt-5-mini", "openai", "answered")
    assert row.usage == Usage(prompt_tokens=2000, completion_tokens=300, cached_tokens=800)
    # Half a nano-USD goes to the even one.
    assert (row.cost, row.cost_source, row.rate) == (Money(2), "provider", "batch")
    assert (row.tenant, row.team, row.tags, row.task) == ("acme", "support", ("a", "b"), "classification")
    assert (row.kinds, row.level, row.difficulty, row.local) == (("pii",), Level.CONFIDENTIAL, 0.4, False)
    assert (row.duration_s, row.first_token_s) == (1.5, 0.25)


def test_what_is_not_said_is_unknown() -> None:
    """No price, no tokens, no tenant: none of them is 0 or somebody."""
    row = one("jsonl", line(tokens=...))

    assert (row.cost, row.usage, row.tenant, row.level, row.difficulty) == (None, Usage(), None, None, None)


def test_a_time_may_be_seconds_since_1970() -> None:
    """Logs of programs have it so."""
    assert one("jsonl", line(time=1_759_276_800)).at == datetime(2025, 10, 1, tzinfo=UTC)


@given(st.lists(st.integers(0, 10**6), min_size=9, max_size=9))
def test_tokens_by_kind_are_read_as_those_kinds(counts: list[int]) -> None:
    """Each kind is billed at its own price."""
    tokens = Tokens(*counts)

    usage = one("jsonl", line(tokens=tokens._asdict())).usage

    assert Tokens.of(usage) == tokens
    assert set(TokenKinds.model_fields) == set(Tokens._fields)


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 1000, "completion_tokens": 50, "prompt_tokens_details": {"cached_tokens": 900}},
        {"input_tokens": 100, "output_tokens": 50, "cache_read_input_tokens": 900},
    ],
    ids=["OpenAI counts the cache inside", "Anthropic counts it beside"],
)
def test_a_providers_usage_means_the_same_tokens(usage: dict[str, Any]) -> None:
    """Whose convention it is does not change what was used."""
    row = one("jsonl", line(tokens=..., usage=usage))

    assert Tokens.of(row.usage) == Tokens(input=100, cache_read=900, output=50)


def test_equal_lines_are_two_requests_and_the_same_two_again() -> None:
    """Without an id a request is what it says, and how often that was said before."""
    keys, again = _keys(line(), line()), _keys(line(), line())

    assert keys == again
    assert len(set(keys)) == 2


def _keys(*lines: str) -> list[str]:
    with formats("jsonl").reading(ASKED) as reader:
        units = [unit for text in lines for unit in reader.units(text)]
    return [row.key for unit in units if not isinstance(unit, LeftOut) for row in unit]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (line(modell="x"), "has an unknown field; did you mean 'model'?"),
        (line(tokens={"input": 1, "output": 1, "cached_read": 3}), "field in `tokens`; did you mean 'cache_read'?"),
        (line(what_is_this_prompt_about="x"), "has an unknown field; known: id, time, model"),
        (line(tokens={"input": -1, "output": 1}), "`tokens.input`: input should be greater than or equal to 0"),
        (line(tokens={"input": 1.0, "output": 1}), "`tokens.input`: input should be a valid integer"),
        (line(usage={"prompt_tokens": 1}), "`tokens` and `usage` are two ways to say one thing"),
        (line(tokens=..., usage={"prompt_tokens": 1}), "`usage` does not say how many tokens went and came"),
        (line(tokens=..., usage={}), "`usage` does not say how many tokens went and came"),
        (line(time="2025-10-01T08:00:00"), "`time`: input should have timezone info"),
        (line(time=...), "`time`: field required"),
        (line(model=...), "`model` is missing"),
        (line(error="timeout"), "`error` and status answered do not go together"),
        (line(cost_usd=-1), "`cost_usd`: input should be greater than or equal to 0"),
        (line(cost_usd="much"), "`cost_usd`: input should be a valid decimal"),
        (line(status="done"), "`status`: input should be 'answered'"),
        (line(team=""), "`team`: string should have at least 1 character"),
        (line(team="a\x1b[2J"), "`team`: string should match pattern"),
        (line(tags=[str(number) for number in range(33)]), "`tags`: tuple should have at most 32 items"),
        ("[]", "is no JSON object"),
        ("{", "is no JSON object"),
    ],
)  # fmt: skip
def test_a_line_with_a_fault_is_refused_with_what_is_wrong(text: str, told: str) -> None:
    """The place, the fault and the nearest right spelling."""
    with pytest.raises(InvalidRequestError) as refused:
        one("jsonl", text)

    assert told in str(refused.value)


def test_no_fault_quotes_what_a_line_says() -> None:
    """It may be a prompt that slipped into the log."""
    with pytest.raises(InvalidRequestError) as refused:
        one("jsonl", line(task=17, tokens={"input": "my secret", "output": 1}, prompt="my secret"))

    assert "my secret" not in str(refused.value)


def test_every_field_is_described() -> None:
    """The page of the format shows them all."""
    assert all(field.description for field in Line.model_fields.values())
    assert json.loads(line())
