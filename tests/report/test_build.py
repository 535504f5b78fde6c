"""The file as a whole: its size, its safety, and that every assumption is said."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support import made_up
from support.entries import NOON, ledger_entry
from support.reports import MADE, booked, desk, policy_of, sources

from gateway.money.certainty import Pair
from gateway.report.build import report
from gateway.report.contents import Duty
from gateway.report.page import MOST_BYTES, scripts
from gateway.types import Money

OWNED = """\
version: 1
baseline: openai/gpt-5-mini
entity: {name: "Example <GmbH>", seat: DE}
backends:
  llama: {kind: mock, model: llama-3.1-8b-instruct, local: true, clearance: restricted, pool: own}
  spare: {kind: mock, model: odd, local: true, clearance: restricted}
pools:
  own:
    gpus: 3
    standby: 1
    owned: {usd: 3000, residual: 0.2, months: 36, idle_w: 100, load_w: 600, usd_per_kwh: 0.15}
    input_us: 27
    output_us: 212
    since: 2026-11-01
    until: 2026-12-01
baselines: {openai/gpt-5-mini: {tokens: 0.96, verbosity: 1.2}}
engineers: {fte: 0.1, usd_per_fte_month: 9000}
bad_answer_usd: 0.02
holdout: {backend: spare, share: 0.02}
licences: {warn: {R-05: none, R-07: none}}
rules: [{name: all, use: [llama]}]
"""


def _facts(text: str) -> dict[str, str]:
    section = text[text.index('id="assumptions"') :]
    return dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", section))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("build")


def test_what_does_not_fit_is_summed_up_until_it_does(folder: Path) -> None:
    """The file stays below its bound, and says what was summed up."""
    reader, policy = desk(folder, requests=1_000, days=40)

    whole = report(sources(reader, policy), made=MADE)
    small = report(sources(reader, policy), made=MADE, most_bytes=115_000)

    assert len(whole) < MOST_BYTES
    assert len(small) <= 115_000
    assert "Summed up" in _facts(small)
    assert "Summed up" not in _facts(whole)


def test_a_bound_that_nothing_fits_is_not_waited_for(folder: Path) -> None:
    """The smallest file there is."""
    (folder / "few").mkdir()
    reader, policy = desk(folder / "few", requests=20, days=1)

    text = report(sources(reader, policy), made=MADE, most_bytes=5_000)

    assert text.endswith("</html>\n")


def test_one_script_one_style_and_both_by_their_hash(folder: Path) -> None:
    """Nothing else in the file may run: no handler, no inline style, no address to load from."""
    (folder / "one").mkdir()
    reader, policy = desk(folder / "one", requests=30, days=1)

    text = report(sources(reader, policy), made=MADE)

    markup = text.replace(scripts(), "")
    assert len(re.findall(r"sha256-[\w+/]+=*", text[:1200])) == 2
    assert "unsafe" not in text[:1200]
    assert not re.search(r"\son\w+=|\sstyle=|<(?:img|iframe|object|embed|form action)|url\(http|src=", markup)
    assert not re.search(r"https?://(?!www\.w3\.org)", scripts())


async def test_everything_that_the_figures_rest_on_is_said(folder: Path) -> None:
    """Owned cards on standby, people by their share, scaled tokens, comparisons, corrections."""
    entries = [
        ledger_entry("one", token_basis="declared"),
        ledger_entry("two", token_basis="declared", cost=None),
        ledger_entry("odd", backend="spare", model="odd", token_basis="declared", attempts=()),
    ]
    reader = await booked(folder / "owned.sqlite3", entries)
    pairs = [Pair(assumed=Money(10**6), real=Money(1_100_000 + n), agreement=1.0, rule="tickets") for n in range(40)]
    since = datetime(2026, 11, 23, tzinfo=UTC)
    made = sources(
        reader,
        policy_of(folder, OWNED),
        since=since,
        until=since + timedelta(days=1),
        pairs=pairs,
        corrections=[(494_000, Money(-5 * 10**9))],
        told=lambda _: [("critical", "<b>spent</b>")],
        owed=lambda served: [Duty(licence="llama-3.1", text="show <it>", models=served[0].model, state="unmet")],
    )

    text = report(made, made=MADE)
    facts = _facts(text)

    assert "&lt;b&gt;spent&lt;/b&gt;" in text
    assert "show &lt;it&gt;" in text
    assert "What the routing saved: Example &lt;GmbH&gt;" in text
    assert "bought for 3,000 USD, written off over 36 months" in facts["Pool own"]
    assert "1 of them on standby" in facts["Pool own"]
    assert "±40 %" in facts["Pool own"]
    assert "0.96" in facts["Tokens"]
    assert "900.00 USD a month" in facts["People"]
    assert "\N{MINUS SIGN}$5.0000 were booked" in facts["Corrections"]
    assert "2.0% of local answers are drawn" in facts["Random comparisons"]
    assert "40 random comparisons" in facts["Estimate"]
    assert "40 of 40 compared local answers agree" in facts["Quality"]
    assert "at the lower bound" in facts["Bad answers"]
    assert "1 are not: their cost or baseline is unknown" in facts["Coverage"]
    assert "t-quality" in text


async def test_without_pools_people_and_baselines_the_report_says_so(folder: Path) -> None:
    """Unknown is not zero: no saving is claimed, and what is missing is named."""
    plain = """\
version: 1
backends: {llama: {kind: mock, model: llama-3.1-8b-instruct, local: true, clearance: restricted}}
rules: [{name: all, use: [llama]}]
"""
    entries = [ledger_entry("one", baseline_model=None, baseline_cost=None, cost=Money(5), local=False)]
    reader = await booked(folder / "plain.sqlite3", entries)

    text = report(sources(reader, policy_of(folder, plain)), made=MADE)
    facts = _facts(text)

    assert "No baseline was declared" in facts["Baseline"]
    assert facts["People"] == "Engineers&#x27; time: not included."
    assert "no hardware is charged" in text
    assert "Nothing is paid by the month" in text
    assert "The hardware of llama: the policy puts it in no pool." in facts["Not included"]
    assert '<dd id="v-net"><span class="unknown">unknown</span></dd>' in text


async def test_an_unrated_pool_is_charged_and_its_use_is_unknown(folder: Path) -> None:
    """Its cost is in the net; nobody's share of it is claimed."""
    unrated = made_up.POLICY.replace(", gpu: A100-80", "")
    reader = await booked(
        folder / "unrated.sqlite3", [ledger_entry("one"), ledger_entry("two", at=NOON + timedelta(hours=2))]
    )
    pairs = [Pair(assumed=None, real=None, agreement=1.0, rule="tickets")]

    text = report(sources(reader, policy_of(folder, unrated), pairs=pairs), made=MADE)

    assert "GPU time a token is unknown" in _facts(text)["Pool a100s"]
    assert "Hardware that nobody is charged for" in text
    assert "What the routing saved" in text


async def test_rates_of_the_built_in_table_are_said_to_be_so(folder: Path) -> None:
    """And a pool of which nobody said the card is only not known where somebody works on it."""
    reader = await booked(folder / "table.sqlite3", [ledger_entry("one")])

    text = report(sources(reader, policy_of(folder, made_up.POLICY)), made=MADE, ledger="made-up.sqlite3")

    assert "from the built-in table for A100-80" in _facts(text)["Pool a100s"]
    assert "--ledger made-up.sqlite3" in text
