"""`gateway ledger close`: a month is over, and what it came to stays as it is."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from support.command import Gateway
from support.entries import attempt_record, ledger_entry
from support.trails import tamper

from gateway import keeping

MARCH = datetime(2025, 3, 14, 9, tzinfo=UTC)
CREDIT = ("--provider", "openai", "--month", "2025-02", "--amount", "-1", "--reason", "credit")


@pytest.fixture(autouse=True)
def books(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ledger of two requests of March, one of them without a price."""
    path = home / "ledger.db"
    monkeypatch.setenv("GATEWAY_LEDGER", str(path))
    unknown = attempt_record(cost=None, cost_source="unknown")
    with keeping.session(path, key=None) as ledger:
        keeping.take(
            ledger, [[ledger_entry("a", at=MARCH), ledger_entry("b", at=MARCH, cost=None, attempts=(unknown,))]]
        )
    return path


def test_a_month_is_closed(gateway: Gateway, books: Path, home: Path) -> None:
    """What it came to, the hash, and the file."""
    done = gateway("ledger", "close", "2025-03", "--out", "closed")

    (close,) = keeping.read_closes(books)
    assert done.code == 0
    assert done.out.splitlines() == [
        "closed    2025-03: 2 requests",
        "cost      $0.000000 at the margin, and $0.000000 known of 1 that are not in the sums",
        "baseline  $0.001600",
        f"sha256    {close.sha256}",
        "file      closed/ledger-2025-03.json",
    ]
    assert (home / "closed" / "ledger-2025-03.json").exists()


def test_a_program_reads_json(gateway: Gateway, books: Path) -> None:
    """Amounts are whole nano-USD."""
    done = gateway("ledger", "close", "2025-03", "--json")

    (close,) = keeping.read_closes(books)
    assert json.loads(done.out) == {
        "schema": "gateway.ledger.closed/1",
        "month": "2025-03",
        "sha256": close.sha256,
        "file": None,
        "focus": None,
        "totals": {
            "requests": 2,
            "excluded": 1,
            "cost_nano_usd": 0,
            "excluded_cost_nano_usd": 0,
            "baseline_nano_usd": 1_600_000,
            "corrections_nano_usd": 0,
            "comparisons_nano_usd": 0,
        },
        "policies": ["a1b2c3"],
    }


def test_a_month_without_requests_is_told(gateway: Gateway) -> None:
    """It is closed, and a line says that there was nothing; what was corrected in it stands there."""
    done = gateway("ledger", "close", "2025-02", "--out", "closed")

    assert done.code == 0
    assert done.out.splitlines()[0] == "closed    2025-02: 0 requests"
    assert done.out.splitlines()[-1] == "note      no requests in 2025-02"


def test_a_month_is_verified(gateway: Gateway, books: Path) -> None:
    """0 where it is what it was, 1 where it is not, with what differs."""
    gateway("ledger", "close", "2025-03", "--out", "closed")
    good = gateway("ledger", "close", "2025-03", "--verify", "--out", "closed")
    tamper(books, "UPDATE call_hours SET calls = 7")
    Path("closed/ledger-2025-03.json").write_text("{}")

    bad = gateway("ledger", "close", "2025-03", "--verify", "--out", "closed")
    told = gateway("ledger", "close", "2025-03", "--verify", "--json")

    assert (good.code, bad.code, told.code) == (0, 1, 1)
    assert good.out.startswith("2025-03 comes to what it was closed as on ")
    assert "closed/ledger-2025-03.json is what was frozen then\nsha256 " in good.out
    assert "2025-03 does NOT come to what it was closed as on " in bad.out
    assert ": calls differ\n" in bad.out
    assert "ledger-2025-03.json is NOT what was frozen then\n" in bad.out
    known = json.loads(told.out)
    assert (known["holds"], known["different"], known["tenants_erased"], known["file_is_the_one"]) == (
        False, ["calls"], False, None,
    )  # fmt: skip


POOLED = """\
version: 1
baseline: openai/gpt-5-mini
backends: {llama: {kind: mock, model: llama-3.1-8b-instruct, clearance: restricted, local: true, pool: cards}}
pools: {cards: {gpus: 2, usd_per_gpu_hour: 1.37, input_us: 27, output_us: 212}}
rules: [{name: default, use: [llama]}]
"""


def test_the_charges_of_a_closed_month_stay_what_they_were(gateway: Gateway, books: Path, home: Path) -> None:
    """Written when it is closed, and exported again later, they are the same bytes, whatever is booked since."""
    (home / "policy.yaml").write_text(POOLED)
    month = ("2025-03", "--policy", "policy.yaml")

    done = gateway("ledger", "close", *month, "--out", "closed", "--focus", "closed/march.csv")
    gateway("ledger", "correct", *CREDIT)
    with keeping.session(books, key=None) as ledger:
        keeping.take(ledger, [[ledger_entry("late", at=MARCH.replace(month=4))]])
    again = [gateway("export", "focus", "--month", *month, "--out", f"{name}.csv") for name in ("one", "two")]
    good = gateway("ledger", "close", *month, "--verify", "--focus", "two.csv")

    written = (home / "closed" / "march.csv").read_bytes()
    assert [one.code for one in (done, *again, good)] == [0, 0, 0, 0]
    assert (home / "one.csv").read_bytes() == (home / "two.csv").read_bytes() == written
    assert f"focus     closed/march.csv, sha256 {sha256(written).hexdigest()}\n" in done.out
    assert "note: 1 call is of unknown cost" in done.err
    assert "two.csv is what was written then\n" in good.out
    assert gateway("export", "focus", "--check", "closed/march.csv").code == 0
    assert gateway("audit", "verify").code == 0


def test_other_charges_are_noticed(gateway: Gateway, home: Path) -> None:
    """The hash is kept with the month."""
    told = json.loads(gateway("ledger", "close", "2025-03", "--focus", "march.csv", "--json").out)
    digest = sha256((home / "march.csv").read_bytes()).hexdigest()
    (home / "march.csv").write_text("mine")

    bad = gateway("ledger", "close", "2025-03", "--verify", "--focus", "march.csv")
    known = json.loads(gateway("ledger", "close", "2025-03", "--verify", "--focus", "march.csv", "--json").out)

    assert told["focus"] == {"file": "march.csv", "sha256": digest}
    assert (bad.code, known["holds"], known["different"], known["focus_is_the_one"]) == (1, False, [], False)
    assert "march.csv is NOT what was written then\n" in bad.out


def test_a_month_that_was_closed_without_its_charges_has_none_to_compare_with(gateway: Gateway, home: Path) -> None:
    """It says so."""
    gateway("ledger", "close", "2025-03")
    (home / "march.csv").write_text("mine")

    done = gateway("ledger", "close", "2025-03", "--verify", "--focus", "march.csv")

    assert done.code == 2
    assert "closed without a file of its charges" in done.err


def test_charges_go_into_a_file_of_their_own(gateway: Gateway, books: Path) -> None:
    """Standard output keeps nothing that could be compared later, and no file is called so by mistake."""
    done = gateway("ledger", "close", "2025-03", "--focus", "-")

    assert (done.code, done.out) == (2, "")
    assert "--focus needs a file" in done.err
    assert keeping.read_closes(books) == []


def test_no_other_file_gives_way_to_the_charges(gateway: Gateway, books: Path, home: Path) -> None:
    """The month stays open, and no file says that it is closed."""
    (home / "march.csv").write_text("mine")

    done = gateway("ledger", "close", "2025-03", "--out", "closed", "--focus", "march.csv")

    assert (done.code, done.out) == (2, "")
    assert "'march.csv' is there already and says something else" in done.err
    assert (home / "march.csv").read_text() == "mine"
    assert list((home / "closed").iterdir()) == []
    assert keeping.read_closes(books) == []


def test_an_erased_tenant_is_told(gateway: Gateway) -> None:
    """And the month is what it was."""
    gateway("ledger", "close", "2025-03")
    gateway("audit", "erase", "--tenant", "acme")

    done = gateway("ledger", "close", "2025-03", "--verify")

    assert done.code == 0
    assert "UTC, but for the names of tenants who were erased since\n" in done.out


def test_a_correction_stands_in_the_month_that_it_counts_in(gateway: Gateway, books: Path) -> None:
    """Not in the one that it is about."""
    gateway("ledger", "correct", *CREDIT)
    tamper(books, "UPDATE corrections SET hour = (SELECT min(hour) FROM hours)")

    done = gateway("ledger", "close", "2025-03")

    assert "corrections  -$1.000000\n" in done.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("2025-13",), "'2025-13' is no month; write for instance 2026-11"),
        (("2999-11",), "2999-11 is not over before 2999-12-01 UTC"),
        (("2025-04",), "2025-03 is still open"),
        (("2025-03", "--verify"), "2025-03 was never closed"),
        (("2025-03", "--ledger", "none.db"), "there is no ledger at 'none.db'"),
    ],
)
def test_what_cannot_be_closed_is_refused(gateway: Gateway, books: Path, arguments: tuple[str, ...], told: str) -> None:
    """Nothing is changed."""
    done = gateway("ledger", "close", *arguments)

    assert (done.code, done.out) == (2, "")
    assert told in " ".join(done.err.replace("│", " ").split())
    assert keeping.read_closes(books) == []


def test_a_ledger_that_is_none_is_left_alone(gateway: Gateway, home: Path) -> None:
    """A corrupt one is told, and not made anew."""
    path = home / "corrupt.db"
    path.write_bytes(b"no ledger at all" * 1000)

    for arguments in (("close", "2025-03"), ("close", "2025-03", "--verify"), ("correct", *CREDIT), ("corrections",)):
        done = gateway("ledger", *arguments, "--ledger", path)
        assert (done.code, done.out) == (2, "")
        assert "cannot open the ledger" in done.err
    assert path.read_bytes() == b"no ledger at all" * 1000
