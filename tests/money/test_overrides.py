"""A file of your own prices: it wins by the field, and a fault in it is told with its place."""

import textwrap
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from support.policies import policy

from gateway.errors import PriceFileError
from gateway.money import prices
from gateway.money.listing import Rate
from gateway.money.overrides import in_force, listed
from gateway.money.price import usd_per_mtok
from gateway.money.prices import PriceList
from gateway.money.snapshot import Snapshot, save
from gateway.types import Money, Usage

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
SOL, OLD_SOL, HAIKU = "openai/gpt-6.1-sol", "openai/gpt-5.6-sol", "anthropic/claude-haiku-4-5"
BACKENDS = {"frontier": {"kind": "hosted", "model": SOL, "clearance": "internal"}}

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> Path:
        path = tmp_path / "prices.yaml"
        path.write_text(textwrap.dedent(text))
        return path

    return write


def usd(listing: PriceList, model: str, at: datetime = NOON, *, rate: Rate = "standard") -> list[Decimal]:
    """Return input, cached input and output in USD per million tokens."""
    price = listing.get(model, at, rate=rate)
    assert price is not None
    return [usd_per_mtok(of) for of in (price.input, price.cached_input, price.output)]


def test_what_is_not_stated_stays_as_it_is_listed(write: Write) -> None:
    """A better price for answers does not lose the listed one for prompts, nor for cached ones."""
    found = listed(write(f"models: {{{SOL}: {{output: 8}}}}"))

    assert usd(found, SOL) == [2, Decimal("0.1"), 8]
    assert usd(found, SOL, rate="batch") == usd(prices.load(), SOL, rate="batch")
    assert usd(found, HAIKU) == usd(prices.load(), HAIKU)
    listing = found.listing(SOL)
    assert listing is not None
    assert listing.source == "your prices"


def test_a_price_that_is_stated_holds_for_long_prompts_too(write: Write) -> None:
    """The rest of the tier stays listed; tiers of yours stand in the place of the listed ones."""
    long = Usage(prompt_tokens=300_000, completion_tokens=0)
    flat = listed(write(f"models: {{{OLD_SOL}: {{input: 1}}}}")).get(OLD_SOL, NOON)
    own = listed(write(f"models: {{{OLD_SOL}: {{tiers: [{{above: 100000, input: 3}}]}}}}")).get(OLD_SOL, NOON)
    none = listed(write(f"models: {{{OLD_SOL}: {{tiers: []}}}}")).get(OLD_SOL, NOON)

    assert flat is not None
    assert flat.of(long) == Money(300_000 * 1_000)
    assert usd_per_mtok(flat.rates_for(300_000).output) == 30
    assert own is not None
    assert own.of(long) == Money(300_000 * 3_000)
    assert none is not None
    assert none.tiers == ()


def test_history_stays_where_a_price_begins_on_a_day(write: Write) -> None:
    """A contract from July changes July and later, over whatever is listed for those days."""
    found = listed(
        write(f"""\
            models:
              {OLD_SOL}:
                - {{output: 18, valid_from: 2026-07-01, valid_to: 2026-12-31}}
                - {{input: 3, output: 15, valid_from: 2027-01-01}}
            """)
    )

    days = ("2026-06-30", "2026-07-01", "2026-08-21", "2026-12-31", "2027-01-01")
    assert [usd(found, OLD_SOL, datetime.fromisoformat(f"{day}T12:00+00:00"))[::2] for day in days] == [
        [5, 30],
        [5, 18],
        [4, 18],
        [4, 18],
        [3, 15],
    ]


def test_a_contract_that_is_over_gives_way_to_the_list(write: Write) -> None:
    """And one of days before a listed price begins does not reach into it."""
    found = listed(write(f"models: {{{OLD_SOL}: {{output: 1, valid_to: 2026-08-01}}}}"))

    assert usd(found, OLD_SOL, datetime(2026, 8, 1, tzinfo=UTC))[2] == 1
    assert usd(found, OLD_SOL, datetime(2026, 8, 2, tzinfo=UTC))[2] == 30
    assert usd(found, OLD_SOL)[2] == 20


def test_a_model_of_yours_needs_both_prices_and_may_have_any(write: Write) -> None:
    """What it does not state is billed as what it is a part of."""
    found = listed(
        write("""\
            models:
              acme/our-model:
                input: 0.5
                output: 1.5
                per_request: 0.001
                tiers: [{above: 1000, input: 2}]
                batch: {input: 0.25, output: 0.75}
                ends: 2027-06-30
            """)
    )

    price = found.get("acme/our-model", NOON)
    assert price is not None
    assert price.of(Usage(prompt_tokens=10, completion_tokens=10)) == Money(1_000_000 + 5_000 + 15_000)
    assert price.ends == date(2027, 6, 30)
    assert usd(found, "acme/our-model", rate="batch") == [Decimal("0.25"), Decimal("0.25"), Decimal("0.75")]
    assert found.get("acme/our-model", NOON, rate="flex") is None


def test_a_contract_for_batches_goes_on_from_the_listed_batch_price(write: Write) -> None:
    """By the field, as everything."""
    found = listed(write(f"models: {{{SOL}: {{batch: {{output: 4}}}}}}"))

    assert usd(found, SOL, rate="batch") == [1, Decimal("0.05"), 4]
    assert usd(found, SOL) == usd(prices.load(), SOL)


def test_other_names_of_a_model_have_your_price_too(write: Write) -> None:
    """A dated version is the same model."""
    found = listed(write("models: {openai/gpt-5-mini: {output: 1}}"))

    assert usd(found, "openai/gpt-5-mini-2025-08-07")[2] == 1


def test_a_host_stays_a_host_at_your_price(write: Write) -> None:
    """The cheapest host of open weights is found by what you pay."""
    host = "bedrock/meta.llama3-1-8b-instruct-v1:0"
    found = listed(write(f"models: {{'{host}': {{input: 0.001, output: 0.001}}}}"))

    offer = found.cheapest_host("llama-3.1-8b", Usage(prompt_tokens=1000, completion_tokens=0), NOON)

    assert offer == (host, Money(1000))


def test_the_version_tells_your_prices_from_the_lists(write: Write) -> None:
    """A ledger entry says with which it was made."""
    first = listed(write(f"models: {{{SOL}: {{output: 8}}}}")).version
    second = listed(write(f"models: {{{SOL}: {{output: 7}}}}")).version

    assert first.startswith(f"{prices.load().version}+")
    assert first != second


def test_a_file_may_go_on_from_another_list(write: Write, tmp_path: Path) -> None:
    """One that was made later, for instance; and such a list may be named itself."""
    rows = {"a/b": {"input": 1_000_000, "output": 2_000_000, "source": "s"}}
    later = Snapshot(date=date(2026, 12, 1), rows=rows, sources={"s": "s 1"})
    save(later, tmp_path / "later.json")

    found = listed(write("{list: later.json, models: {a/b: {output: 9}}}"))

    assert list(found) == ["a/b"]
    assert usd(found, "a/b") == [1, 1, 9]
    assert found.version.startswith(later.version)
    assert listed(tmp_path / "later.json").version == later.version


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("models: {a/b: {input: -1, output: 1}}", ":1:23: models.a/b.input: expected 0 or more, not -1"),
        ('models: {a/b: {input: "1", output: 1}}', ":1:23: models.a/b.input: expected a number, not text"),
        ("models: {a/b: {input: cheap, output: 1}}", ":1:23: models.a/b.input: expected a number, not text"),
        ("models: {a/b: {input: yes, output: 1}}", ":1:23: models.a/b.input: expected a number, not true or false"),
        ("models: {a/b: {input: .nan, output: 1}}", "write a finite one"),
        ("models: {a/b: {input: 9999999, output: 1}}", "expected 1e+06 or less"),
        ("models: {a/b: {inptu: 1, output: 1}}", ":1:16: models.a/b.inptu: unknown key; did you mean 'input'?"),
        ("models: {a/b: {input: 1, input: 2, output: 1}}", "this key is given twice, first on line 1; remove one"),
        (
            "models: {a/b: {input: 1, output: 1, valid_from: soon}}",
            ":1:49: models.a/b.valid_from: expected a valid date",
        ),
        ("models: {a/b: {output: 1}}", "needs input and output; input missing"),
        ("models: {openai/gpt-6.1-soll: {output: 1}}", "output; input missing; did you mean 'openai/gpt-6.1-sol'?"),
        ("models: {a/b: {ends: 2027-01-01}}", "input and output missing"),
        ("modles: {}", ":1:1: modles: unknown key; did you mean 'models'?"),
        ("models: [a]", "expected a mapping (key: value), not a list"),
        ("- a", "a file of prices is a mapping (key: value); start with 'models:'"),
        ("", "the file of prices is empty; start with 'models:'"),
        ("models: {", "not YAML"),
        ("{list: none.json}", "none.json: cannot be read: no such file or directory; check the path"),
    ],
)
def test_a_fault_is_told_with_its_place_and_what_to_do(write: Write, text: str, said: str) -> None:
    """The file is refused whole."""
    with pytest.raises(PriceFileError) as refusal:
        listed(write(text))

    assert said in str(refusal.value)
    assert all("prices.yaml" in problem or ".json" in problem for problem in refusal.value.problems)


def test_all_faults_are_told_at_once(write: Write) -> None:
    """In the order of the text."""
    with pytest.raises(PriceFileError) as refusal:
        listed(write("models:\n  a/b: {output: 1}\n  c/d:\n    - {input: 1}\n    - {input: 1, output: 2}\n"))

    assert [problem.partition("prices.yaml:")[2].partition(": ")[0] for problem in refusal.value.problems] == [
        "2:3",
        "4:7",
    ]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """With the reason."""
    (tmp_path / "latin.yaml").write_bytes("models: {\xe4: {}}".encode("latin-1"))

    with pytest.raises(PriceFileError, match="no such file"):
        listed(tmp_path / "none.yaml")
    with pytest.raises(PriceFileError, match="this is not UTF-8"):
        listed(tmp_path / "latin.yaml")


def test_the_policy_names_the_file_else_the_environment_does(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """And without either the packaged list is in force."""
    path = write(f"models: {{{SOL}: {{output: 8}}}}")
    monkeypatch.delenv("GATEWAY_PRICES", raising=False)

    assert in_force(policy(BACKENDS)) is prices.load()
    assert usd(in_force(policy(BACKENDS, prices=str(path))), SOL)[2] == 8
    monkeypatch.setenv("GATEWAY_PRICES", str(path))
    assert usd(in_force(policy(BACKENDS)), SOL)[2] == 8


@pytest.mark.parametrize(
    ("model", "what"),
    [
        ("{input: 0.0000001, output: 1}", "smaller than we can count"),
        ("{output: 1, valid_from: 2026-12-01, valid_to: 2026-01-01}", "valid_to is before valid_from"),
    ],
)
def test_a_price_that_says_nothing_is_refused(write: Write, model: str, what: str) -> None:
    """Neither a free model by rounding, nor a period without a day."""
    with pytest.raises(PriceFileError, match=what):
        listed(write(f"models: {{{SOL}: {model}}}"))


def test_the_price_of_a_call_is_exact(write: Write) -> None:
    """Fractions of a micro-USD a call are counted."""
    price = listed(write(f"models: {{{SOL}: {{per_request: 0.0000015}}}}")).get(SOL, NOON)

    assert price is not None
    assert price.request == 1_500_000
