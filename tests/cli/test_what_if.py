"""What another policy would have cost on the books, in words and for programs."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.command import python_process
from support.entries import attempt_record, ledger_entry
from support.trails import tamper

from gateway import keeping
from gateway.cli.accounts import Asked, asked
from gateway.cli.what_if import say_what_if
from gateway.entries import LedgerEntry
from gateway.types import Level, Money

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
BACKENDS = """\
version: 1
backends:
  llama: {kind: mock, model: small, clearance: restricted, local: true, pool: card}
  frontier: {kind: mock, model: big, clearance: internal, local: false, price: {input: 1, output: 10}}
pools: {card: {gpus: 1, usd_per_gpu_hour: 0.001, input_us: 27, output_us: 212}}
ledger: {kind: sqlite, path: ledger.sqlite3}
"""
HERE = f"{BACKENDS}rules: [{{name: all, use: [frontier]}}]\n"
CASCADE = f"""\
{BACKENDS}
holdout: {{backend: frontier, share: 0.1}}
rules:
  - {{name: hard, when: {{difficulty: {{at_least: 0.6}}}}, use: [frontier]}}
  - {{name: tickets, use: [llama, frontier], accept: {{judge: confidence, at_least: 0.8}}}}
"""


def paid(name: str, **fields: object) -> LedgerEntry:
    call = attempt_record(backend="frontier", model="big", cost=Money(8_000_000), cost_source="price")
    given = {
        "at": NOON,
        "rule": "all",
        "tags": (),
        "kinds": (),
        "level": Level.INTERNAL,
        "backend": "frontier",
        "attempts": (call,),
        "cost": Money(8_000_000),
        "difficulty": 0.1,
    }
    return ledger_entry(name, **{**given, **fields})


@pytest.fixture
def other(home: Path) -> Path:
    """A policy in force, one that might be, and an hour of requests on the books."""
    (home / "here.yaml").write_text(HERE)
    (home / "other.yaml").write_text(CASCADE)
    entries = [paid("a"), paid("b", difficulty=None), paid("c", at=NOON + timedelta(hours=1)), paid("d", cost=None)]
    with keeping.session(home / "ledger.sqlite3", key=None) as books:
        keeping.take(books, [entries])
    return home / "other.yaml"


def question(home: Path) -> Asked:
    return asked(None, home / "here.yaml", since=None, until=None)


def test_it_is_told_in_words(home: Path, other: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Row by row, both sides with all that was paid, and every assumption."""
    say_what_if(question(home), other, rejected=0.25, easy=0.5, as_json=False)

    told = capsys.readouterr().out.splitlines()
    assert told[:4] == [
        "rule     backend   calls       cost",
        "tickets  llama       2.5  $0.000000",
        "tickets  frontier    0.6  $0.004625",
        "hard     frontier    0.5  $0.003700",
    ]
    assert told[5:13] == [
        "period      2026-11-20 12:00 to 2026-11-20 13:00 UTC",
        "compared    3 of 4 requests (75.0%)",
        "left out    1 without a price",
        "recorded    $0.025000: $0.024000 calls, $0.001000 hardware",
        "would be    $0.011175: $0.008325 calls, $0.001000 hardware, $0.001850 comparisons",
        "saved       $0.013825 (55.3%)",
        "rejected    rule tickets: 25.0% of judged answers, given",
        "difficulty  unknown of 1 requests: 50.0% of them taken as easy",
    ]
    assert told[13].startswith("hardware    $0.001000 for pool card, busy or not, load 0.0% of what is usable")
    assert told[14].startswith("assumed     answers are as long as the recorded ones")


def test_what_is_unknown_is_told_with_its_bounds(home: Path, other: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody's number stands where two shares are missing."""
    say_what_if(question(home), other, rejected=None, easy=None, as_json=False)

    told = capsys.readouterr().out
    assert "would be    unknown: $0.003" in told
    assert "saved       unknown: " in told
    assert "rejected    rule tickets: unknown, nothing was recorded under a rule of this name; give a share" in told
    assert "difficulty  unknown of 1 requests; give the share of them that is easy" in told


def test_a_share_may_be_observed(home: Path, other: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From the answers of a rule of the same name."""
    with keeping.session(home / "ledger.sqlite3", key=None) as books:
        keeping.take(books, [[paid("e", rule="tickets")]])

    say_what_if(question(home), other, rejected=None, easy=1.0, as_json=False)

    assert (
        "rule tickets: 0.0% of judged answers, observed of 1 answers of a rule of this name" in capsys.readouterr().out
    )


def test_a_program_reads_json(home: Path, other: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Amounts are whole nano-USD, what is unknown is null."""
    say_what_if(question(home), other, rejected=0.25, easy=0.5, as_json=True)
    known = json.loads(capsys.readouterr().out)
    say_what_if(question(home), other, rejected=None, easy=None, as_json=True)
    unknown = json.loads(capsys.readouterr().out)

    assert known["schema"] == "gateway.what-if/1"
    assert known["there"] == {
        "calls_nano_usd": 8_325_000,
        "hardware_nano_usd": 1_000_000,
        "comparisons_nano_usd": 1_850_000,
        "engineers_nano_usd": None,
        "total_nano_usd": 11_175_000,
    }
    assert (known["saved_nano_usd"], known["rejected"][0]["share"]) == (13_825_000, 0.25)
    assert (unknown["there"], unknown["saved_nano_usd"], unknown["rejected"][0]["share"]) == (None, None, None)


def test_an_empty_period_is_told(home: Path, other: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And compares nothing."""
    empty = asked(None, home / "here.yaml", since=NOON + timedelta(days=1), until=NOON + timedelta(days=2))

    say_what_if(empty, other, rejected=None, easy=None, as_json=False)

    assert capsys.readouterr().out == "no requests in this period\n"


def test_what_is_archived_is_told(home: Path, other: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only what is on the books is looked at."""
    tamper(home / "ledger.sqlite3", "DELETE FROM entries WHERE id = 'a'")

    say_what_if(question(home), other, rejected=0.0, easy=1.0, as_json=True)

    assert capsys.readouterr().err == "1 requests of the period are archived, and were not looked at\n"


def test_the_books_are_read_without_what_learns() -> None:
    """Fitting takes seconds to load, and reckons no money."""
    script = "import sys, gateway.cli.savings, gateway.cli.ledger; sys.exit('sklearn' in sys.modules)"

    assert python_process(script).code == 0
