"""`gateway prices`: what models cost, what changed, and a new list."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from support.command import Gateway, OnTerminal

from gateway.money import prices
from gateway.money.snapshot import Snapshot, load, save

POLICY = """\
version: 1
baseline: openai/gpt-5-mini
backends:
  llama: {kind: mock, model: m, clearance: restricted, local: true}
  frontier: {kind: mock, model: gemini/gemini-4-argon, clearance: internal, local: false}
  odd: {kind: mock, model: nobody/knows, clearance: internal, local: false}
rules: [{name: all, use: [llama, frontier, odd]}]
"""


@pytest.fixture(autouse=True)
def policy(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("GATEWAY_PRICES", raising=False)
    path = home / "policy.yaml"
    path.write_text(POLICY)
    monkeypatch.setenv("GATEWAY_POLICY", str(path))
    return path


def snapshot(path: Path, **rows: Any) -> Path:
    """Write a price list of models of `a`."""
    listed = {f"a/{name}": {**row, "source": "s"} for name, row in rows.items()}
    save(Snapshot(date=date(2026, 11, 23), rows=listed, sources={"s": "s 1"}), path)
    return path


def test_a_model_has_a_page_that_can_be_read(gateway: Gateway) -> None:
    """Its prices at every rate, what a call costs, when it ends, and who says so."""
    outcome = gateway("prices", "show", "openai/gpt-5-mini", "--at", "2026-11-23")

    assert outcome.code == 0
    assert outcome.out.splitlines()[:4] == [
        "openai/gpt-5-mini   standard   batch    flex  priority",
        "input                   0.25   0.125   0.125      0.45",
        "input from a cache     0.025  0.0125  0.0125     0.045",
        "output                     2       1       1       3.6",
    ]
    assert "a call  $0.001600 for 2,400 tokens in and 500 out, 2026-11-23 12:00 UTC" in outcome.out
    assert "ends    2026-12-11, in 18 days" in outcome.out
    assert f"source  genai-prices, of 2026-11-23, list {prices.load().version}" in outcome.out
    assert outcome.err == "warning: openai/gpt-5-mini ends on 2026-12-11, in 18 days\n"


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("openai/gpt-5.6-sol", ("prompt above 272,000 tokens:", "history  ... to 2026-08-20: 5/30")),
        ("deepseek/deepseek-v4-flash", ("01:00 to 04:00 UTC: 0.3/1.2", "in doubt  litellm 0.3/1.2 (input/output)")),
        ("gemini/gemini-4-argon", ("changes  2026-12-01: 4/20",)),
        ("perplexity/sonar", ("USD a call",)),
        ("anthropic/claude-opus-5", ("kept for an hour",)),
        ("openai/gpt-5-mini-2025-08-07", ("another name  of openai/gpt-5-mini",)),
        (
            "bedrock/meta.llama3-1-405b-instruct-v1:0",
            ("2026-07-07: the provider has retired it", "hosts of llama-3.1-405b"),
        ),
        (
            "novita/meta-llama/llama-3.1-8b-instruct",
            ("hosts of llama-3.1-8b", "deepinfra/meta-llama/Meta-Llama-3.1-8B"),
        ),
    ],
)
def test_all_that_is_known_of_a_model_is_on_its_page(gateway: Gateway, model: str, said: tuple[str, ...]) -> None:
    """History, hours, doubts, other names, hosts of the same weights."""
    outcome = gateway("prices", "show", model, "--at", "2026-11-23")

    assert outcome.code == 0
    assert all(text in outcome.out for text in said)


def test_a_page_is_for_programs_too(gateway: Gateway) -> None:
    """What is not known is null."""
    outcome = gateway("prices", "show", "gemini/gemini-3.1-pro-preview", "--at", "2026-11-23T01:00+01:00", "--json")

    record = json.loads(outcome.out)
    standard = record["usd_per_million_tokens"]["standard"]
    assert (standard["input"], standard["output"]) == (2, 12)
    assert standard["tiers"][0]["above_tokens"] == 200_000
    assert record["at"] == "2026-11-23T00:00:00+00:00"
    assert record["weights"] is None


def test_a_part_of_a_name_shows_all_that_have_it(gateway: Gateway) -> None:
    """As a table, no more than fit on a page."""
    few, many = gateway("prices", "show", "LLAMA-3.3-70b-instruct-turbo"), gateway("prices", "show", "gpt")

    assert "deepinfra/meta-llama/Llama-3.3-70B-Instruct-Turbo" in few.out
    assert "USD per million tokens, by price list" in few.err
    assert len(many.out.splitlines()) == 41
    assert "more; write more of the name" in many.err


def test_without_a_name_the_models_of_the_policy_are_shown(gateway: Gateway) -> None:
    """With what is about to change of them."""
    table = gateway("prices", "show", "--at", "2026-11-23")
    record = json.loads(gateway("prices", "show", "--at", "2026-11-23", "--json").out)

    assert [line.split()[0] for line in table.out.splitlines()[1:]] == [
        "gemini/gemini-4-argon",
        "nobody/knows",
        "openai/gpt-5-mini",
    ]
    assert "nobody/knows           unknown" in table.out
    assert (
        "warning: gemini/gemini-4-argon costs 4/20 USD per million tokens from 2026-12-01 (before: 2/10), in 8 days"
        in table.err
    )
    assert [row["usd_per_million_tokens"] is None for row in record] == [False, True, False]


def test_at_a_terminal_the_page_fits(on_terminal: OnTerminal) -> None:
    """Long names give way."""
    outcome = on_terminal("prices", "show", "novita/meta-llama/llama-3.1-8b-instruct", columns=60)

    assert outcome.code == 0
    assert max(map(len, outcome.out.splitlines())) <= 60


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("openai/gpt5-mini", "there is no price for 'openai/gpt5-mini'; did you mean 'openai/gpt-5-mini'?"),
        ("opnai/gpt-5-mini", "did you mean 'openai/gpt-5-mini'?"),
        ("xyzzy", "there is no price for 'xyzzy'; show a part of a name, and you see what there is"),
        ("azure_ai/Meta-Llama-3-70B-Instruct", "left out of the price list: the answer is listed at a third"),
    ],
)
def test_an_unknown_model_is_an_error_with_the_nearest_name(gateway: Gateway, model: str, said: str) -> None:
    """Exit code 2, and one line."""
    outcome = gateway("prices", "show", model)

    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_a_day_that_is_none_is_refused(gateway: Gateway) -> None:
    """With the form that a day has."""
    outcome = gateway("prices", "show", "--at", "yesterday")

    assert outcome.code == 2
    assert "'yesterday' is no date; write for instance 2026-08-21" in outcome.err


def test_your_prices_are_the_ones_that_are_shown(gateway: Gateway, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the environment names their file, or the policy does, from its own folder."""
    (home / "mine.yaml").write_text("models: {acme/m: {input: 1, output: 3}}")
    folder = home / "folder"
    folder.mkdir()
    (folder / "policy.yaml").write_text(f"prices: ../mine.yaml\n{POLICY}")

    named = gateway("prices", "show", "acme/m", "--policy", folder / "policy.yaml")
    monkeypatch.setenv("GATEWAY_PRICES", str(home / "mine.yaml"))
    by_environment = gateway("prices", "show", "acme/m")

    assert named.code == by_environment.code == 0
    assert "source  your prices" in named.out
    assert named.out.splitlines()[:3] == by_environment.out.splitlines()[:3]


def test_a_fault_in_your_prices_is_told_with_its_place(
    gateway: Gateway, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, whatever the command."""
    (home / "mine.yaml").write_text("models: {acme/m: {input: cheap, output: 3}}")
    monkeypatch.setenv("GATEWAY_PRICES", str(home / "mine.yaml"))

    outcome = gateway("prices", "show", "acme/m")

    assert outcome.code == 2
    assert "mine.yaml:1:26: models.acme/m.input: expected a number, not text" in outcome.err


def test_what_differs_between_two_lists_is_shown(gateway: Gateway, home: Path) -> None:
    """Other prices, and how many models only one of them has."""
    old = snapshot(
        home / "old.json",
        same={"input": 1, "output": 1},
        dear={"input": 10**6, "output": 10**6},
        gone={"input": 1, "output": 1},
    )
    new = snapshot(home / "new.json", same={"input": 1, "output": 1}, dear={"input": 10**6, "output": 2 * 10**6})

    table, record = gateway("prices", "diff", old, new), json.loads(gateway("prices", "diff", old, new, "--json").out)

    assert table.code == 0
    assert table.out.splitlines()[1] == "a/dear  1/1  1/2"
    assert "1 prices differ, 0 models are new, 1 are gone" in table.out
    assert record[0] == {"model": "a/dear", "old": {"input": 1, "output": 1}, "new": {"input": 1, "output": 2}}
    assert record[1]["new"] is None


def test_one_list_is_compared_with_ours(gateway: Gateway, home: Path) -> None:
    """And what it foretells of the policy's models is told."""
    save(prices.packaged(), home / "same.json")

    outcome = gateway("prices", "diff", home / "same.json", "--at", "2026-11-23")

    assert outcome.out == "0 prices differ, 0 models are new, 0 are gone (USD per million tokens, input/output)\n"
    assert "warning: openai/gpt-5-mini ends on 2026-12-11, in 18 days" in outcome.err


def test_without_a_list_ours_is_compared_with_what_is_installed(gateway: Gateway) -> None:
    """Before one is made of it."""
    outcome = gateway("prices", "diff")

    assert outcome.code == 0
    assert "prices differ" in outcome.out


@pytest.mark.parametrize("files", [("a.json", "b.json", "c.json"), ("none.json",)])
def test_what_are_no_two_lists_is_refused(gateway: Gateway, files: tuple[str, ...]) -> None:
    """With what is wrong."""
    assert gateway("prices", "diff", *files).code == 2


@pytest.fixture
def map_file(home: Path) -> Path:
    """A map of litellm's with one model, of a version that is newer than ours."""
    package = home / "site" / "litellm"
    package.mkdir(parents=True)
    (home / "site" / "litellm-99.0.dist-info").mkdir()
    file = package / "map.json"
    entry = {"litellm_provider": "nebius", "mode": "chat", "input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6}
    file.write_text(json.dumps({"m": entry}))
    return file


def test_a_new_list_is_made_and_can_be_used(
    gateway: Gateway, home: Path, map_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says how, and what differs."""
    dear = ("--confirm", "together_ai/meta-llama/Llama-3.3-70B-Instruct-Turbo")
    large = [
        *("fireworks_ai/accounts/fireworks/models/llama-v3p1-8b-instruct", "deepseek/deepseek-chat"),
        *("deepseek/deepseek-reasoner", "deepseek/deepseek-r1"),
    ]
    confirmed = [word for model in large for word in ("--confirm", model)]

    outcome = gateway("prices", "update", "--out", "new.json", "--litellm", map_file, *dear, *confirmed)
    monkeypatch.setenv("GATEWAY_PRICES", "new.json")

    assert outcome.code == 0, outcome.err
    assert "written to new.json" in outcome.out
    assert "set GATEWAY_PRICES=new.json" in outcome.err
    assert load(home / "new.json").rows["nebius/m"]["input"] == 10**6
    assert gateway("prices", "show", "nebius/m").code == 0


def test_a_price_that_moved_too_far_is_refused_until_it_is_confirmed(
    gateway: Gateway, home: Path, map_file: Path
) -> None:
    """Nothing is written."""
    entries = json.loads(map_file.read_text())
    entries["openai/only-here"] = {}
    listed = {"litellm_provider": "nscale", "mode": "chat", "input_cost_per_token": 1e-3, "output_cost_per_token": 1e-3}
    map_file.write_text(json.dumps({**entries, "nscale/meta-llama/Llama-3.1-8B-Instruct": listed}))

    outcome = gateway("prices", "update", "--litellm", map_file)

    assert outcome.code == 2
    assert "nothing was written: these prices moved by more than half" in outcome.err
    assert "nscale/meta-llama/Llama-3.1-8B-Instruct: 0.03/0.03 became 1000/1000" in outcome.err
    assert list(home.glob("prices-*.json")) == []


def test_a_place_that_cannot_be_written_is_named(gateway: Gateway, map_file: Path) -> None:
    """Nothing half written stays."""
    outcome = gateway(
        "prices", "update", "--out", "none/new.json", "--litellm", map_file, *_all_confirmed(gateway, map_file)
    )

    assert outcome.code == 2
    assert "none/new.json: cannot be written" in outcome.err


def _all_confirmed(gateway: Gateway, map_file: Path) -> list[str]:
    refusal = gateway("prices", "update", "--litellm", map_file).err
    models = [line.partition(": ")[0] for line in refusal.splitlines() if " became " in line]
    return [word for model in models for word in ("--confirm", model)]
