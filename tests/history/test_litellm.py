"""LiteLLM's spend log: what it knows is kept, what it writes as 0 for want of knowing is unknown."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.recorded import NOW, one, read, spent, values, written

from gateway.errors import InvalidRequestError, RowsError
from gateway.history.recorded import Asked, LeftOut
from gateway.money.tokens import Tokens
from gateway.types import Money, Usage


def test_a_row_is_a_request() -> None:
    """Its tokens by kind, its cost, its team and its tags."""
    row = one("litellm", spent())

    assert (row.key, row.request_id) == ("chatcmpl-1", "chatcmpl-1")
    assert (row.model, row.provider, row.status, row.error) == ("openai/gpt-5-mini", "openai", "answered", None)
    assert (row.at, row.duration_s, row.first_token_s) == (datetime(2025, 10, 1, 8, tzinfo=UTC), 1.5, 0.25)
    assert Tokens.of(row.usage) == Tokens(input=1200, cache_read=800, output=300)
    assert (row.cost, row.cost_source, row.cached) == (Money(920_000), "provider", False)
    assert (row.team, row.tags) == ("team-7", ("refund",))


def test_nobody_is_named_unless_somebody_asked_for_it() -> None:
    """End users and keys are personal; the log has them, the books do not."""
    assert one("litellm", spent()).tenant is None
    assert one("litellm", spent(), Asked(NOW, tenant="acme")).tenant == "acme"
    assert one("litellm", spent(), Asked(NOW, field="end_user")).tenant == "jane.doe@example.com"


def test_the_log_of_another_version_is_read_as_well() -> None:
    """JSON in texts, times without a zone, tokens beside the usage object, the team's name in the metadata."""
    metadata = {"additional_usage_values": {"cache_read_input_tokens": 800}, "user_api_key_team_alias": "Support"}
    row = one(
        "litellm",
        spent(
            metadata=json.dumps(metadata),
            request_tags='["refund"]',
            startTime="2025-10-01 08:00:00.5",
            completionStartTime="",
            request_duration_ms="1250",
            model="openai/gpt-5-mini",
            status=None,
            call_type="",
        ),
    )

    assert (row.at, row.duration_s, row.first_token_s) == (
        datetime(2025, 10, 1, 8, 0, 0, 500_000, tzinfo=UTC),
        1.25,
        None,
    )
    assert Tokens.of(row.usage) == Tokens(input=1200, cache_read=800, output=300)
    assert (row.team, row.tags, row.model) == ("Support", ("refund",), "openai/gpt-5-mini")


def test_a_cached_answer_cost_nothing() -> None:
    """It was a cache that answered, and no provider."""
    row = one("litellm", spent(cache_hit="True", spend=0.0))

    assert (row.cached, row.cost, row.cost_source) == (True, Money(0), "price")


@pytest.mark.parametrize("fields", [{"spend": 0.0}, {"spend": None}, {"spend": ""}])
def test_a_spend_of_nothing_is_unknown(fields: dict[str, Any]) -> None:
    """LiteLLM writes 0 for every model that it has no price of."""
    assert one("litellm", spent(**fields)).cost is None


def test_tokens_of_nothing_are_unknown() -> None:
    """No request was answered with nothing about nothing."""
    assert one("litellm", spent(prompt_tokens=0, completion_tokens=0, total_tokens=0, metadata="{}")).usage == Usage()


@pytest.mark.parametrize(
    ("code", "error", "cost"),
    [
        ("429", "rate_limited", Money(0)),
        (401, "authentication", Money(0)),
        ("400", "rejected", Money(0)),
        ("408", "timeout", None),
        ("503", "unavailable", None),
        ("", "unavailable", None),
        (None, "unavailable", None),
    ],
)
def test_a_failed_request_is_free_where_it_was_refused(code: object, error: str, cost: Money | None) -> None:
    """After a time-out or half a stream nobody knows what was billed."""
    metadata = {"status": "failure", "error_information": {"error_code": code}}

    row = one("litellm", spent(spend=0, status=None, metadata=metadata))

    assert (row.status, row.error, row.cost) == ("exhausted", error, cost)


def test_a_failed_request_may_have_been_billed() -> None:
    """Half a stream is."""
    row = one("litellm", spent(status="failure"))

    assert (row.status, row.cost, row.error) == ("exhausted", Money(920_000), "unavailable")


def test_who_was_not_even_routed_was_refused() -> None:
    """A budget, a wrong key: nobody was asked."""
    row = one("litellm", spent(status="failure", custom_llm_provider="", model="", spend=0))

    assert (row.status, row.model, row.provider) == ("refused", None, None)


def test_what_is_no_answer_is_left_out_with_its_cost() -> None:
    """Embeddings and images are not what is routed."""
    assert read("litellm", spent(call_type="aembedding")) == [LeftOut("aembedding", Money(920_000))]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ([], "is no object"),
        ({"model": "x"}, "lacks request_id, startTime, spend"),
        (spent(startTime="yesterday"), "`startTime` is no time"),
        (spent(endTime="later"), "`endTime` is no time"),
        (spent(spend="much"), "`spend` is no number"),
        (spent(spend=float("inf")), "`spend` is outside"),
        (spent(spend=-1), "`spend` is outside"),
        (spent(model=""), "`request_id` or `model` is empty"),
        (spent(request_id=""), "`request_id` or `model` is empty"),
        (spent(model=7), "`model` is a int"),
        (spent(team_id="\ud800"), "`team_id` is longer than 256 characters, or holds control characters"),
        (spent(team_id="a\nb"), "`team_id` is longer than 256 characters, or holds control characters"),
        (spent(request_tags=[str(number) for number in range(33)]), "more than 32 tags"),
    ],
)
def test_a_row_that_is_none_is_refused(row: object, told: str) -> None:
    """With what is wrong, and nothing of what it says."""
    with pytest.raises(InvalidRequestError, match=told):
        one("litellm", row)


@pytest.mark.parametrize("broken", ["{", "7", "[" * 100_000])
def test_a_column_that_is_no_json_says_nothing(broken: str) -> None:
    """The rest of the row counts."""
    row = one("litellm", spent(metadata=broken, request_tags=broken))

    assert (row.usage.prompt_tokens, row.tags) == (2000, ())


def test_a_csv_says_the_same_as_json(tmp_path: Path) -> None:
    """Whichever way the log was exported."""
    given = [spent(), spent(request_id="chatcmpl-2", messages=[{"content": "x" * 200_000}])]
    path = tmp_path / "spend.csv"
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(given[0]))
        writer.writeheader()
        writer.writerows({name: _cell(cell) for name, cell in row.items()} for row in given)

    rows = [one("litellm", value) for _, value in values(path, "litellm")]

    assert rows == [one("litellm", row) for row in given]


def _cell(value: object) -> object:
    return json.dumps(value) if isinstance(value, (dict, list)) else value


@pytest.mark.parametrize("text", ["a,b\n1\n", "a,b\n1,2,3\n", 'a,b\n"1,2\n', 'a,b\n"1"x,2\n'])
def test_a_csv_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    """A row of another length is another row."""
    path = tmp_path / "spend.csv"
    path.write_text(text)

    with pytest.raises(RowsError, match=r"spend.csv:\d: "):
        values(path, "litellm")


def test_a_list_and_lines_are_the_same_rows(tmp_path: Path) -> None:
    """The API gives a list, a data base lines."""
    as_lines = values(written(tmp_path / "lines.jsonl", [spent(), spent(spend=1)]), "litellm")
    (tmp_path / "list.json").write_text(json.dumps([row for _, row in as_lines], indent=1))

    as_list = values(tmp_path / "list.json", "litellm")

    assert [row for _, row in as_list] == [row for _, row in as_lines]
    assert [place for place, _ in as_lines] == [1, 2]
    assert as_list[1][0] > 20
