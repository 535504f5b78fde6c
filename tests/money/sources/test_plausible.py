"""What is too odd to be believed."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from gateway.money.price import Price
from gateway.money.prices import PriceList
from gateway.money.snapshot import Snapshot
from gateway.money.sources.plausible import Change, changes, doubt, outliers

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"input": 1, "output": 1}, None),
        ({"input": 2, "output": 1}, "an answer is listed for less than a prompt"),
        ({"input": 2, "output": 1, "kind": "embedding"}, None),
        ({"input": 0, "output": 0}, "listed at nothing"),
        ({"input": 0, "output": 0, "free": True}, None),
        ({"input": 1, "output": 2, "cache_read": 2}, "a cached token is listed for more than a fresh one"),
        ({"input": 1, "output": 10**10}, "more than 1,000 USD per million tokens"),
        (
            {"periods": [{"input": 1, "output": 1}, {"input": 2, "output": 1}]},
            "an answer is listed for less than a prompt",
        ),
    ],
)
def test_a_row_that_is_odd_is_doubted(row: dict[str, Any], why: str | None) -> None:
    """At every price that it ever had."""
    assert doubt("a/b", row) == why


def test_a_row_that_people_doubt_is_doubted() -> None:
    """By its name."""
    assert doubt("azure_ai/Meta-Llama-3-70B-Instruct", {"input": 1, "output": 1}) is not None


def test_a_host_that_bills_next_to_nothing_stands_out() -> None:
    """Among three hosts or more: of two, nobody knows which one is odd."""
    dear, cheap = {"input": 50, "output": 50}, {"input": 1, "output": 1}
    rows = {f"{name}/m": {**dear, "weights": "w"} for name in "abc"} | {"d/m": {**cheap, "weights": "w"}}

    assert [model for model, _ in outliers(rows)] == ["d/m"]
    assert list(outliers({"a/m": rows["a/m"], "d/m": rows["d/m"], "e/m": cheap})) == []


def listed(**rows: Any) -> PriceList:
    return PriceList.of(Snapshot(date=date(2026, 11, 23), rows={f"a/{name}": row for name, row in rows.items()}))


def test_changes_are_models_that_came_went_or_cost_something_else() -> None:
    """By their names; what is the same is none."""
    old = listed(same={"input": 1, "output": 1}, gone={"input": 1, "output": 1}, dear={"input": 1, "output": 1})
    new = listed(same={"input": 1, "output": 1}, come={"input": 1, "output": 1}, dear={"input": 1, "output": 2})

    found = list(changes(old, new, NOON))

    assert [(change.model, change.old is None, change.new is None) for change in found] == [
        ("a/come", True, False),
        ("a/dear", False, False),
        ("a/gone", False, True),
    ]


@pytest.mark.parametrize(
    ("old", "new", "is_large"),
    [
        ((100, 100), (150, 50), False),
        ((100, 100), (151, 100), True),
        ((100, 100), (100, 49), True),
        ((0, 0), (1, 1), True),
    ],
)
def test_a_price_that_moves_by_more_than_half_is_large(
    old: tuple[int, int], new: tuple[int, int], *, is_large: bool
) -> None:
    """Up or down."""
    before, after = (Price.per_mtok(input=of[0], output=of[1]) for of in (old, new))

    assert Change(model="m", old=before, new=after).is_large is is_large
    assert not Change(model="m", old=None, new=after).is_large
    assert not Change(model="m", old=before, new=None).is_large
