"""A new price list from what is installed."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import ConfigurationError
from gateway.money import prices
from gateway.money.prices import PriceList
from gateway.money.snapshot import Snapshot
from gateway.money.sources.update import check_age, rebuilt, refused

DAY = date(2026, 11, 23)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_a_list_is_made_of_what_is_installed(tmp_path: Path) -> None:
    """And of another file of litellm's map where one is named."""
    (tmp_path / "map.json").write_text(
        json.dumps(
            {
                "m": {
                    "litellm_provider": "nebius",
                    "mode": "chat",
                    "input_cost_per_token": 1e-06,
                    "output_cost_per_token": 1e-06,
                }
            }
        )
    )

    snapshot = rebuilt(DAY, litellm=tmp_path / "map.json")

    assert snapshot.rows["nebius/m"] == {"input": 10**6, "output": 10**6, "source": "litellm"}
    assert snapshot.row("openai/gpt-5-mini") is not None


def test_the_packaged_list_is_what_its_sources_make() -> None:
    """Every price of genai-prices in it is the one that the installed package has today."""
    snapshot, packaged = rebuilt(DAY), prices.packaged()

    theirs = [model for model, row in packaged.rows.items() if row["source"] == "genai-prices" and "as" not in row]
    kept = ("input", "output", "periods", "tiers")
    assert len(theirs) > 1_000
    assert [{key: snapshot.rows[model].get(key) for key in kept} for model in theirs] == [
        {key: packaged.rows[model].get(key) for key in kept} for model in theirs
    ]


def test_large_changes_are_refused_until_they_are_confirmed() -> None:
    """By the name of the model."""
    old, new = (
        PriceList.of(Snapshot(date=DAY, rows={f"a/{name}": {"input": pico, "output": pico} for name in "bc"}))
        for pico in (100, 10)
    )

    assert [change.model for change in refused(old, new, NOON, confirmed=())] == ["a/b", "a/c"]
    assert [change.model for change in refused(old, new, NOON, confirmed=["a/b"])] == ["a/c"]


@pytest.mark.parametrize(
    ("before", "now", "older"),
    [("1.109.1", "1.106.2", True), ("1.109.1", "1.109.1", False), ("1.9.9", "1.109.1", False), (None, "1.0", False)],
)
def test_older_sources_make_no_newer_list(before: str | None, now: str, *, older: bool) -> None:
    """A list must not go back to prices of last month."""
    old = Snapshot(date=DAY, rows={}, sources={"litellm": f"litellm {before} (MIT)"} if before else {})
    new = Snapshot(date=DAY, rows={}, sources={"litellm": f"litellm {now} (MIT)"})

    if older:
        with pytest.raises(ConfigurationError, match="is older than litellm"):
            check_age(old, new)
    else:
        check_age(old, new)


def test_of_an_unknown_version_nobody_knows_whether_it_is_older() -> None:
    """It counts as the oldest."""

    def said(version: str) -> Any:
        return Snapshot(date=DAY, rows={}, sources={"litellm": version})

    with pytest.raises(ConfigurationError):
        check_age(said("litellm 1.0 (MIT)"), said("litellm of an unknown version (MIT)"))


def test_the_refusal_names_what_to_install() -> None:
    """All that is too old, in one command: of an extra, the extra too."""
    old = Snapshot(
        date=DAY, rows={}, sources={"genai-prices": "genai-prices 0.2.3 (MIT)", "litellm": "litellm 1.109.1 (MIT)"}
    )
    new = Snapshot(
        date=DAY, rows={}, sources={"genai-prices": "genai-prices 0.2.1 (MIT)", "litellm": "litellm 1.106.2 (MIT)"}
    )

    with pytest.raises(ConfigurationError) as refusal:
        check_age(old, new)

    assert str(refusal.value).endswith(
        "run: pip install --upgrade 'hybrid-gateway[prices]' 'genai-prices>=0.2.3' 'litellm>=1.109.1'"
    )
