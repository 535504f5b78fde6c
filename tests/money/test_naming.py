"""A model has several names: a release is named by its day, and a server leaves its provider out."""

import pytest

from gateway.money.naming import answers_as, is_one_model
from gateway.money.prices import load

MINI = "openai/gpt-5-mini"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (MINI, MINI),
        (f"{MINI}-2025-08-07", MINI),
        (f"{MINI}-2025-08-07", f"{MINI}-2025-08-07"),
        ("anthropic/claude-haiku-4-5-20251001", "anthropic/claude-haiku-4-5"),
        ("gemini/gemini-flash-latest", "gemini/gemini-3.8-flash"),
        # Releases that no list knows.
        ("acme/large-2026-01-31", "acme/large"),
        ("acme/large-2026-01-31", "acme/large@20260630"),
        (f"{MINI}-2026-01-31", f"{MINI}-2025-08-07"),
        # What a server says may be anything.
        (f"{MINI}{'-20260131' * 1_100}", MINI),
    ],
)
def test_names_of_one_model(one: str, other: str) -> None:
    """As the price list says, either way round."""
    assert is_one_model(one, other)
    assert is_one_model(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (MINI, "openai/gpt-5-nano"),
        (MINI, "azure/gpt-5-mini"),
        ("gpt-5-mini", MINI),
        ("llama-3.1-8b-instruct", MINI),
        # A release with prices of its own.
        ("openai/gpt-4o-2024-05-13", "openai/gpt-4o"),
        ("", MINI),
    ],
)
def test_names_of_two_models(one: str, other: str) -> None:
    """A provider's offer is its own, and so is a release that costs otherwise."""
    assert not is_one_model(one, other)
    assert not is_one_model(other, one)


@pytest.mark.parametrize(
    ("reported", "named", "same"),
    [
        ("gpt-5-mini-2025-08-07", MINI, True),
        ("gpt-5-mini", f"{MINI}-2025-08-07", True),
        (MINI, MINI, True),
        ("openai/gpt-5-mini", "openrouter/openai/gpt-5-mini", True),
        ("gpt-5-nano-2025-08-07", MINI, False),
        ("llama", "llama", True),
        ("llama", "other", False),
    ],
)
def test_a_server_leaves_its_provider_out(reported: str, named: str, *, same: bool) -> None:
    """What it calls a model is that model of its provider's."""
    assert answers_as(reported, named) is same


def test_every_other_name_of_the_list_is_found() -> None:
    """But for what another provider offers."""
    others = [(model, listing.alias) for model in load() if (listing := load().listing(model)) and listing.alias]

    missed = [pair for pair in others if not is_one_model(*pair)]

    assert len(others) > 100
    assert {tuple(name.partition("/")[0] for name in pair) for pair in missed} == {("vertex_ai", "gemini")}
