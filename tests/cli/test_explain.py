"""`gateway explain`: every backend with its reason, findings counted and never shown, nobody asked."""

import json
from pathlib import Path

import pytest
from support.command import Gateway, OnTerminal, WritePolicy

QUESTION = "Write to jane.doe@example.com about her invoice"


def test_every_backend_is_in_or_out_with_its_reason(gateway: Gateway, write_policy: WritePolicy) -> None:
    """The table has the order of asking and why the others are not asked."""
    outcome = gateway("explain", "Where?", "--tag", "phi", "--policy", write_policy())

    assert outcome.code == 0
    assert "rule        regulated" in outcome.out
    assert "level       restricted" in outcome.out
    rows = [line.split() for line in outcome.out.splitlines()[-2:]]
    assert rows[0][:3] == ["1", "llama", "in"]
    assert rows[1][:3] == ["-", "frontier", "out"]


def test_findings_are_counted_and_not_shown(gateway: Gateway, write_policy: WritePolicy) -> None:
    """What was found can be explained to anybody who looks over the shoulder."""
    outcome = gateway("explain", QUESTION, "--policy", write_policy())

    assert "findings    pii: EMAIL_ADDRESS x 1" in outcome.out
    assert "jane.doe" not in outcome.out


def test_a_program_gets_json(gateway: Gateway, write_policy: WritePolicy) -> None:
    """Everything that the table says, by name."""
    outcome = gateway("explain", QUESTION, "--task", "mail", "--json", "--policy", write_policy())

    explained = json.loads(outcome.out)
    assert explained["steps"] == [{"backend": "llama", "judged": False, "redacted": False}]
    assert explained["redaction"] is None
    assert explained["findings"] == {"pii": {"EMAIL_ADDRESS": 1}}
    assert explained["backends"]["frontier"]["code"] == "clearance"
    assert explained["closed"] == {"clearance": ["frontier"]}
    assert (explained["kinds"], explained["regions"], explained["retain"]) == (["pii"], None, True)
    assert [(source["by"], source["name"], source["level"]) for source in explained["sources"]] == [
        ("detector", "pii", "confidential")
    ]
    assert 0 <= explained["difficulty"] <= 1


def test_nobody_may_answer_exits_with_1(gateway: Gateway, write_policy: WritePolicy) -> None:
    """A refusal is explained in full."""
    outcome = gateway("explain", "Where?", "--tag", "phi", "--policy", write_policy(clearance="internal", regulated=""))

    assert outcome.code == 1
    assert outcome.out.endswith("Nobody may answer this request.\n")


def test_a_judged_step_says_so(gateway: Gateway, write_policy: WritePolicy) -> None:
    """The first answer is read before the second backend is spared."""
    policy = write_policy(rule=", accept: {judge: format, one_of: [refund]}")

    outcome = gateway("explain", "Where?", "--policy", policy)

    assert "judged" in outcome.out


def test_explaining_writes_nothing(gateway: Gateway, write_policy: WritePolicy, home: Path) -> None:
    """No ledger is made for a question that nobody was asked."""
    gateway("explain", "Where?", "--policy", write_policy())

    assert [path.name for path in home.iterdir()] == ["policy.yaml"]


def test_a_detector_that_failed_is_named(
    gateway: Gateway, write_policy: WritePolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The strictest reading has its reason."""

    def broken(*_: object) -> None:
        raise ValueError("broken")

    monkeypatch.setattr("gateway.detectors.patterns.PatternDetector.detect", broken)

    outcome = gateway("explain", "Where?", "--policy", write_policy())

    assert "failed      patterns (read as: everything was found)" in outcome.out


def test_a_table_fits_a_terminal_and_is_one_line_a_row_in_a_pipe(
    gateway: Gateway, on_terminal: OnTerminal, write_policy: WritePolicy
) -> None:
    """At 80, 100 and 200 columns no line is cut by the screen; a pipe gets no boxes and no wrapped cells."""
    policy = write_policy()
    screens = {
        columns: on_terminal("explain", "Where?", "--tag", "phi", "--policy", policy, columns=columns)
        for columns in (80, 100, 200)
    }
    piped = gateway("explain", "Where?", "--tag", "phi", "--policy", policy)

    assert all(len(line) <= columns for columns, screen in screens.items() for line in screen.out.splitlines())
    assert piped.out.isascii()
    assert len(piped.out.splitlines()) == 14


def test_a_pin_is_explained(gateway: Gateway, write_policy: WritePolicy) -> None:
    """A pin that opens nothing says so."""
    outcome = gateway("explain", "Where?", "--tag", "phi", "--pin", "frontier", "--policy", write_policy())

    assert outcome.code == 1
    assert "the caller pinned 'frontier'" in outcome.out


def test_what_would_be_replaced_is_counted_by_type(gateway: Gateway, write_policy: WritePolicy) -> None:
    """In words and for programs; the values are not shown."""
    path = write_policy()
    path.write_text(path.read_text() + "tags: {pii: {level: confidential, redact_to: internal}}\n")

    told, asked = (gateway("explain", QUESTION, "--policy", path, *more) for more in ((), ("--json",)))

    assert "redacted    EMAIL_ADDRESS x 1, internal then" in told.out
    explained = json.loads(asked.out)
    assert explained["redaction"] == {"level": "internal", "replaced": {"EMAIL_ADDRESS": 1}}
    assert {"backend": "frontier", "judged": False, "redacted": True} in explained["steps"]
    assert "jane.doe" not in told.out + asked.out


def test_a_label_is_shown_whole(gateway: Gateway, write_policy: WritePolicy) -> None:
    """Level, kinds, regions and retention, what each comes from, and which backends it closed by what."""
    outcome = gateway("explain", "Where?", "--tag", "phy", "--tag", "public", "--policy", write_policy())

    assert "besides     tag 'public' is public" in outcome.out
    assert "kinds       phy, public, unknown" in outcome.out
    assert "regions     none but local backends" in outcome.out
    assert "retention   nobody may keep it" in outcome.out
    assert "closed      by clearance: frontier" in outcome.out
