"""The whole demo, once: two real models, the real litellm, the stand-in, the real ledger."""

import io
import json
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

import pytest

from gateway.cli.main import main
from gateway.demo.rows import load_rows
from gateway.entries import LedgerEntry
from gateway.ledgers.sqlite import read_entries

pytestmark = pytest.mark.engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What `gateway demo --json` left behind."""

    code: int
    # JSON as a program reads it.
    shown: dict[str, Any]
    entries: tuple[LedgerEntry, ...]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Run the demo once for all claims."""
    ledger = tmp_path_factory.mktemp("demo") / "ledger.sqlite3"
    with redirect_stdout(io.StringIO()) as out:
        code = main(["demo", "--json", "--ledger", str(ledger)])
    return Ran(code=code, shown=json.loads(out.getvalue()), entries=tuple(read_entries(ledger)))


def test_every_request_ends_in_one_of_four_ways(ran: Ran) -> None:
    """Answered here, answered by the closed side, refused or failed: the counts add up, and nothing failed."""
    shown = ran.shown

    ends = [shown[end] for end in ("local", "closed", "refused", "failed")]

    assert sum(ends) == shown["requests"] == len(load_rows()) == len(shown["decisions"])
    assert (ran.code, shown["failed"]) == (0, 0)
    assert shown["local"] > shown["closed"]


def test_the_specialist_names_nine_in_ten_unseen_tickets(ran: Ran) -> None:
    """Forty tickets that it was not trained on; escalation does not make it worse."""
    shown = ran.shown

    assert shown["tickets"] == 40
    assert shown["accuracy"] >= 0.9
    assert shown["accuracy_after_escalation"] >= shown["accuracy"]


def test_texts_out_of_scope_are_escalated(ran: Ran) -> None:
    """A poem is no ticket, whatever the specialist makes of it."""
    asked = [decision["asked"] for decision in ran.shown["decisions"] if decision["id"].startswith("scope-")]

    assert asked == [["tickets", "frontier"]] * 3


def test_no_private_request_reaches_the_stand_in(ran: Ran) -> None:
    """The stand-in looked for every private prompt in all that it was sent; the books say the same."""
    private = {row.id for row in load_rows() if row.private}

    asked = {decision["id"]: decision["asked"] for decision in ran.shown["decisions"] if decision["id"] in private}

    counts = [ran.shown[name] for name in ("private", "private_kept", "private_at_stand_in")]
    assert counts == [len(private), len(private), 0]
    assert [name for name, backends in asked.items() if "frontier" in backends] == []


def test_one_request_is_refused(ran: Ran) -> None:
    """A patient's image: the local models take no images, and the one that does may not see it."""
    refused = [decision for decision in ran.shown["decisions"] if decision["outcome"] == "refused"]

    assert [(decision["id"], decision["asked"]) for decision in refused] == [("image-2", [])]
    assert "above its clearance" in refused[0]["reasons"]["frontier"]


def test_the_ledger_has_each_request_once(ran: Ran) -> None:
    """Answered or refused, each is on the books, and its price with it."""
    names = sorted((entry.request_id or "").split("-", 2)[2] for entry in ran.entries)

    assert names == sorted(row.id for row in load_rows())
    assert ran.shown["unpriced"] == 0


def test_the_stand_in_is_named_wherever_it_answered(ran: Ran) -> None:
    """Nobody who reads the books takes its answers for a model's."""
    models = {record.model for entry in ran.entries for record in entry.attempts if record.backend == "frontier"}

    assert ran.shown["stand_in"] is True
    assert [model for model in models if "stand-in" not in model] == []


def test_the_money_is_exact_and_adds_up(ran: Ran) -> None:
    """Cost and saving make the baseline, to the last nano-USD."""
    cost, saved, baseline = (int(ran.shown[key].replace(".", "")) for key in ("cost_usd", "saved_usd", "baseline_usd"))

    assert cost > 0
    assert cost + saved == baseline
