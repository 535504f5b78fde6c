"""How `gateway licences` shows the register, and how it gives its papers."""

import csv
import io
from datetime import date
from pathlib import Path
from typing import Any

from gateway.cli.console import Side, remark, say, say_json, say_table
from gateway.cli.licences_case import Case
from gateway.errors import LicenceError
from gateway.licences.records import replace
from gateway.licences.register import Duty
from gateway.spreadsheets import cell

ADVICE = "This is no legal advice."
_MOST_BYTES = 1_000_000
_COLUMNS: dict[str, Side] = {
    "licence": "left",
    "duty": "left",
    "state": "left",
    "what": "fold",
    "evidence": "fold",
    "owner": "left",
    "due": "left",
}
_STYLES = {"met": "", "unmet": "red", "waived": "yellow", "warning": "yellow", "not due": "dim"}


def show_duties(found: list[Duty], case: Case, *, as_json: bool) -> None:
    """Print the register: a table and its sums, or JSON."""
    counts = {state: sum(duty.state == state for duty in found) for state in _STYLES}
    if as_json:
        say_json({"no_legal_advice": ADVICE, "counts": counts, "duties": [as_record(duty) for duty in found]})
        return
    if case.policy.entity is None:
        remark("the policy does not say who deploys (`entity`): counted as before customers, of unknown seat")
    if found:
        say_table(_COLUMNS, [_row(duty) for duty in found], styles=[_STYLES[duty.state] for duty in found])
        say()
    told = ", ".join(f"{count} {state}" for state, count in counts.items() if count) or "no duties"
    say(f"{told}. {ADVICE}")


def _row(duty: Duty) -> list[str]:
    rule = f" ({duty.rule})" if duty.rule else ""
    what = f"{duty.text} [{', '.join(duty.models)}]{rule}"
    return [duty.licence, duty.duty, duty.state, what, duty.evidence, duty.owner or "-", _day(duty.due)]


def _day(day: date | None) -> str:
    return "-" if day is None else day.isoformat()


def as_record(duty: Duty) -> dict[str, Any]:
    """Return a duty for programs."""
    return {
        "id": duty.id,
        "licence": duty.licence,
        "duty": duty.duty,
        "text": duty.text,
        "models": list(duty.models),
        "state": duty.state,
        "rule": duty.rule,
        "evidence": duty.evidence,
        "owner": duty.owner or None,
        "due": None if duty.due is None else duty.due.isoformat(),
    }


def as_csv(rows: list[dict[str, Any]]) -> str:
    """Return the register as CSV, with no cell that a spreadsheet would run."""
    text = io.StringIO()
    names = ["id", "licence", "duty", "state", "rule", "text", "models", "evidence", "owner", "due"]
    writer = csv.DictWriter(text, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for row in rows:
        cells = {**row, "models": "; ".join(row["models"])}
        writer.writerow({key: "" if value is None else cell(str(value)) for key, value in cells.items()})
    return text.getvalue()


def give(text: str, out: Path | None) -> None:
    """Print a paper, or write it to a file."""
    if out is None:
        print(text, end="")
    else:
        write(out, text)


def write(path: Path, text: str) -> None:
    """Put a paper in its place whole; raises `LicenceError`."""
    replace(path, text.encode())
    remark(f"written to {path}")


def read_bytes(path: Path) -> bytes:
    """Return a small file; raises `LicenceError`."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise LicenceError(f"{str(path)!r} cannot be read: {error.strerror}; name a file") from error
    if len(raw) > _MOST_BYTES:
        raise LicenceError(f"{str(path)!r} is larger than {_MOST_BYTES:,} bytes; name a text")
    return raw
