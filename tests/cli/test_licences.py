"""`gateway licences`: duties and their evidence, attestations, and the papers of what served."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.command import Gateway
from support.entries import attempt_record, ledger_entry

from gateway.ledgers import sqlite

POLICY = """\
version: 1
entity: {name: Example GmbH, seat: DE, exposure: customers}
licences: {attribution: {file: about.html}, owner: legal}
ledger: {kind: sqlite, path: ledger.sqlite3}
backends:
  llama: {kind: vllm, model: llama-3.1-8b-instruct, clearance: restricted}
  open: {kind: vllm, model: auto, urls: ["http://127.0.0.1:9"], clearance: restricted}
  frontier: {kind: hosted, model: openai/gpt-6-luna, clearance: internal}
rules: [{name: default, use: [llama, open, frontier]}]
"""
NOTICE = (
    "Llama 3.1 is licensed under the Llama 3.1 Community License, "
    "Copyright \N{COPYRIGHT SIGN} Meta Platforms, Inc. All Rights Reserved."
)
PARTS = """\
product: Example
allowed: [MIT]
locks: []
stated: {}
parts:
  - name: Llama-x
    file: about.html
    licence: MIT
    whose: ""
    card: about.html
    made_from: []
    outputs_of: [llama-3.1-8b]
"""


@pytest.fixture
def policy(home: Path) -> Path:
    """A policy with a page that shows what it has to."""
    (home / "about.html").write_text("<footer>Built with Llama</footer>")
    (home / "policy.yaml").write_text(POLICY)
    return home / "policy.yaml"


@pytest.fixture
async def books(policy: Path) -> Path:
    """The policy, and a ledger in which five models served."""
    now = datetime.now(UTC)
    async with sqlite.build(sqlite.Options(path=str(policy.parent / "ledger.sqlite3"))) as ledger:
        await ledger.record(ledger_entry("a", at=now - timedelta(days=9)))
        for number, (backend, model) in enumerate(
            [("open", "Meta-Llama-3-8B"), ("gone", "x/llama-2-7b"), ("gone", "openai/gpt-5-mini"), ("gone", "acme/one")]
        ):
            given = {"backend": backend, "model": model, "licence": None, "local": model != "acme/one"}
            attempt = attempt_record(backend=backend, model=model)
            await ledger.record(ledger_entry(f"b{number}", at=now, attempts=(attempt,), **given))
    return policy


def attest_all(gateway: Gateway, policy: Path) -> None:
    for what, *rest in (
        ("mau", "--value", "120000", "--as-of", "2024-07-23"),
        ("use-policy", "--subject", "llama-3.1"),
        ("disclosure",),
    ):
        assert gateway("licences", "attest", what, "--by", "head of legal", "--policy", policy, *rest).code == 0


def test_a_duty_that_is_not_met_is_exit_code_1(gateway: Gateway, policy: Path) -> None:
    """The table says which, why, who sees to it and until when; and that this is no advice."""
    outcome = gateway("licences", "check", "--policy", policy)

    assert outcome.code == 1
    assert "llama-3.1 users unmet attest the monthly active users on 2024-07-23" in " ".join(outcome.out.split())
    assert "about.html has it" in outcome.out
    assert "legal" in outcome.out
    assert "no legal advice" in outcome.out


def test_when_all_is_met_the_answer_is_yes(gateway: Gateway, home: Path, policy: Path) -> None:
    """By what people said and the page shows."""
    policy.write_text(POLICY.replace("  open: {", "  # {").replace("[llama, open, frontier]", "[llama, frontier]"))
    attest_all(gateway, policy)

    outcome = gateway("licences", "check", "--policy", policy, "--json")

    told = json.loads(outcome.out)
    assert outcome.code == 0
    assert told["counts"]["unmet"] == 0
    display = next(duty for duty in told["duties"] if duty["id"] == "llama-3.1/display")
    assert (display["state"], display["rule"], display["owner"]) == ("met", "R-11", "legal")
    assert gateway("policy", "check", policy).code == 0


def test_what_was_seen_on_the_page_is_kept_once(gateway: Gateway, home: Path, policy: Path) -> None:
    """With its hash and the time; a page that changed is kept anew."""
    records = home / "policy.attestations.jsonl"

    gateway("licences", "check", "--policy", policy)
    gateway("licences", "check", "--policy", policy)
    assert len(records.read_text().splitlines()) == 1
    seen = json.loads(records.read_text())
    assert (seen["what"], json.loads(seen["value"]), len(seen["sha256"])) == ("display", ["Built with Llama"], 64)

    (home / "about.html").write_text("Built with Llama 2")
    gateway("licences", "check", "--policy", policy)
    gateway("licences", "check", "--policy", policy, "--no-keep")
    assert len(records.read_text().splitlines()) == 2


def test_a_page_that_cannot_be_read_is_a_duty_not_met(gateway: Gateway, home: Path, policy: Path) -> None:
    """It says which page, and what to mend."""
    (home / "about.html").unlink()

    outcome = gateway("licences", "check", "--policy", policy)

    assert outcome.code == 1
    assert "cannot be read: No such file or directory; mend licences.attribution.file" in outcome.out


def test_a_page_of_the_web_that_is_not_there_is_a_duty_not_met(gateway: Gateway, policy: Path) -> None:
    """As with a file."""
    policy.write_text(POLICY.replace("{file: about.html}", '{url: "http://127.0.0.1:1/about"}'))

    assert "ConnectError; mend it" in gateway("licences", "check", "--policy", policy).out


def test_a_policy_that_does_not_say_who_deploys_is_read_strictly(gateway: Gateway, policy: Path) -> None:
    """As before customers; a page that is not named is not looked for."""
    policy.write_text("\n".join(line for line in POLICY.splitlines() if not line.startswith(("entity", "licences"))))

    outcome = gateway("licences", "check", "--policy", policy)

    assert outcome.code == 1
    assert "does not say who deploys" in outcome.err
    assert "no page is named: write licences.attribution" in outcome.out


def test_a_ledger_without_a_file_is_said(gateway: Gateway, policy: Path) -> None:
    """Duties of the policy are told all the same; papers of what served are not."""
    policy.write_text(POLICY.replace("{kind: sqlite, path: ledger.sqlite3}", "memory"))

    assert "what was served is not known" in gateway("licences", "check", "--policy", policy).err
    assert gateway("licences", "check", "--policy", policy, "--no-traffic").err == ""
    assert gateway("licences", "notice", "--policy", policy).code == 2


def test_what_served_has_duties_also_where_the_policy_forgot_it(gateway: Gateway, books: Path) -> None:
    """A model that was taken out of the policy, and what a server chose itself."""
    outcome = gateway("licences", "register", "--policy", books, "--json")

    ids = {duty["id"] for duty in json.loads(outcome.out)["duties"]}
    assert {"llama-2/users", "llama-3/display", "llama-3.1/display", "openai-services/outputs"} <= ids
    # A model that others ran, of whom nothing is known.
    assert "proprietary-api/outputs" in ids
    assert outcome.code == 0


def test_a_period_has_what_served_in_it(gateway: Gateway, books: Path) -> None:
    """Not what is configured, and not what came before or after."""
    early = gateway("licences", "notice", "--policy", books, "--until", "7d").out
    late = gateway("licences", "notice", "--policy", books, "--since", "7d").out

    assert (NOTICE in early, NOTICE in late) == (True, False)
    assert ("Meta-Llama-3-8B" in early, "Meta-Llama-3-8B" in late) == (False, True)


def test_the_register_is_a_table_for_a_spreadsheet(gateway: Gateway, home: Path, books: Path) -> None:
    """No cell of it is a formula."""
    outcome = gateway("licences", "register", "--csv", "--policy", books, "--out", "duties.csv")

    rows = list(csv.DictReader(io.StringIO((home / "duties.csv").read_text())))
    assert outcome.code == 0
    assert {"llama-3/display", "llama-2/users"} <= {row["id"] for row in rows}
    assert not any(cell[:1] in "=+-@" for row in rows for cell in row.values() if cell)
    gateway("licences", "register", "--policy", books, "--out", "duties.json")
    assert json.loads((home / "duties.json").read_text())[0]["owner"] == "legal"
    assert "duty" in gateway("licences", "register", "--policy", books).out


def test_no_cell_is_a_formula() -> None:
    """A model may be called anything."""
    from gateway.cli.licences_view import as_csv  # noqa: PLC0415 - the one test that asks it

    row = dict.fromkeys(("id", "licence", "duty", "state", "rule", "text", "evidence", "owner", "due"))

    assert "'=1+1" in as_csv([{**row, "models": ["=1+1"]}])


def test_the_notice_and_its_pages_are_written(gateway: Gateway, home: Path, books: Path) -> None:
    """Each whole; and compared, they are what would be written."""
    done = gateway(
        *("licences", "notice", "--policy", books, "--out", "NOTICE", "--markdown", "a.md", "--html", "a.html"),
        *("--product", "Our bot"),
    )

    assert done.code == 0
    assert (home / "NOTICE").read_text().startswith("Our bot\n")
    assert NOTICE in (home / "NOTICE").read_text().splitlines()
    assert "**Built with Llama**" in (home / "a.md").read_text()
    assert "<strong>Built with Llama</strong>" in (home / "a.html").read_text()
    compare = ("licences", "notice", "--policy", books, "--compare", "NOTICE", "--product")
    assert gateway(*compare, "Our bot").code == 0
    other = gateway(*compare, "Another")
    assert (other.code, "is not what would be written" in other.err) == (1, True)


def test_nothing_served_is_said(gateway: Gateway, policy: Path) -> None:
    """And with --configured the policy's own models are taken."""
    empty, full = (gateway("licences", "notice", "--policy", policy, *more) for more in ((), ("--configured",)))

    assert ("no model served" in empty.err, NOTICE in empty.out) == (True, False)
    assert ("no model served" in full.err, NOTICE in full.out) == (False, True)
    assert "no model served" in gateway("licences", "bom", "--policy", policy).err
    assert "no duties" in gateway("licences", "register", "--policy", policy).out


@pytest.mark.parametrize(
    ("form", "first"),
    [
        ("cyclonedx-1.6", {"specVersion": "1.6"}),
        ("cyclonedx-1.7", {"specVersion": "1.7"}),
        ("spdx-3.0", {"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"}),
    ],
)
def test_a_bill_is_written_in_each_form(gateway: Gateway, books: Path, form: str, first: dict[str, str]) -> None:
    """Its validity is tested with the bills."""
    outcome = gateway("licences", "bom", "--policy", books, "--format", form, "--out", "bill.json")

    assert outcome.code == 0
    assert first.items() <= json.loads((books.parent / "bill.json").read_text()).items()


def test_parts_are_checked_and_noticed(gateway: Gateway, home: Path, policy: Path) -> None:
    """What ships beside models; the models that it learned from are in the NOTICE."""
    (home / "parts.yaml").write_text(PARTS)

    checked = gateway("licences", "check", "--policy", policy, "--parts", "parts.yaml")
    noticed = gateway("licences", "notice", "--policy", policy, "--parts", "parts.yaml")

    assert "about.html does not have it" in checked.out
    assert noticed.out.startswith("Example\n")
    assert "- Llama-x: MIT\n" in noticed.out
    assert NOTICE in noticed.out


def test_an_attestation_is_written_with_its_hash(gateway: Gateway, home: Path, policy: Path) -> None:
    """A paper that shows it is kept as its hash."""
    (home / "letter.pdf").write_text("letter")
    given = ("licences", "attest", "counsel", "--by", "counsel", "--policy", policy, "--note", "hosting is use")

    outcome = gateway(*given, "--subject", "llama-3.1", "--paper", "letter.pdf", "--until", "2030-01-01", "--json")

    told = json.loads(outcome.out)
    kept = json.loads((home / "policy.attestations.jsonl").read_text())
    assert (told["line"], len(told["sha256"])) == (1, 64)
    assert (kept["place"], kept["note"], kept["until"]) == ("letter.pdf", "hosting is use", "2030-01-01")
    assert len(kept["sha256"]) == 64


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("mao",), "'mao' cannot be attested; did you mean 'mau'?"),
        (("display",), "'display' cannot be attested"),
        (("seat", "--subject", "llama3.1"), "unknown licence 'llama3.1'; did you mean 'llama-3.1'?"),
        (("seat", "--as-of", "2999-01-01"), "as_of: 2999-01-01 is in the future"),
        (("seat", "--as-of", "today"), "'today' is no day; write for instance 2026-11-28"),
        (("mau", "--value", "few"), "'few' is no number of users"),
        (("seat", "--paper", "none.pdf"), "'none.pdf' cannot be read: No such file or directory"),
    ],
)
def test_what_cannot_be_attested_is_exit_code_2(
    gateway: Gateway, home: Path, policy: Path, arguments: tuple[str, ...], told: str
) -> None:
    """Nothing is written."""
    outcome = gateway("licences", "attest", "--by", "legal", "--policy", policy, *arguments)

    assert outcome.code == 2
    assert told in " ".join(outcome.err.replace("\N{BOX DRAWINGS LIGHT VERTICAL}", " ").split())
    assert not (home / "policy.attestations.jsonl").exists()


def test_a_file_of_attestations_that_was_changed_is_exit_code_2(gateway: Gateway, home: Path, policy: Path) -> None:
    """With the line; nobody builds on it."""
    attest_all(gateway, policy)
    records = home / "policy.attestations.jsonl"
    records.write_text(records.read_text().replace("120000", "12"))

    outcome = gateway("licences", "check", "--policy", policy)

    assert outcome.code == 2
    assert "policy.attestations.jsonl:1: this line was changed after it was written" in outcome.err


def test_a_model_is_shown_with_all_that_it_carries(gateway: Gateway, home: Path) -> None:
    """Declared and concluded apart, and what does not fit."""
    shown = gateway("licences", "show", "NousResearch/Hermes-3-Llama-3.1-8B", "--declared", "llama3")
    told = json.loads(gateway("licences", "show", "csm-1b", "--declared", "apache-2.0", "--json").out)

    assert shown.code == 0
    assert "concluded     llama-3.1" in shown.out
    assert "it is declared as llama-3, but carries llama-3.1" in shown.out
    assert (told["declared"], told["concluded"], told["display"]) == ("apache-2.0", "llama-3.2", "Built with Llama")
    assert told["notice"].startswith("Llama 3.2 is licensed")
    assert gateway("licences", "show", "qwen2.5-72b").out.count("every 31 days") == 1
    assert "own" in gateway("licences", "show", "mine", "--declared", "own", "--base", "phi-4").out


@pytest.mark.parametrize(
    ("model", "licence"), [("openai/gpt-5-mini", "openai-services"), ("openai/gpt-oss-20b", "apache-2.0")]
)
def test_a_providers_model_is_shown_under_its_terms(gateway: Gateway, home: Path, model: str, licence: str) -> None:
    """Weights of the same maker are under their own."""
    assert json.loads(gateway("licences", "show", model, "--json").out)["concluded"] == licence


def test_a_model_that_nobody_knows_is_exit_code_1(gateway: Gateway, home: Path) -> None:
    """Never a silent pass."""
    outcome = gateway("licences", "show", "acme-1")

    assert (outcome.code, "concluded unknown" in " ".join(outcome.out.split())) == (1, True)
    assert gateway("licences", "show").code == 2
    assert gateway("licences", "show", "x", "--text", "y").code == 2


def test_a_text_is_told_from_others(gateway: Gateway, home: Path) -> None:
    """Which licence it is, and whether to the byte."""
    text = f"Llama 3.1 Version Release Date: July 23, 2024\n{NOTICE}"
    (home / "LICENSE").write_text(text)
    (home / "OTHER").write_text("hello")
    (home / "HUGE").write_bytes(b"x" * 1_000_001)

    assert "llama-3.1, by its words" in gateway("licences", "show", "--text", "LICENSE").out
    assert json.loads(gateway("licences", "show", "--text", "LICENSE", "--json").out)["licence"] == "llama-3.1"
    other = gateway("licences", "show", "--text", "OTHER")
    assert (other.code, "no licence that is known here" in other.out) == (1, True)
    assert "is larger than" in gateway("licences", "show", "--text", "HUGE").err
