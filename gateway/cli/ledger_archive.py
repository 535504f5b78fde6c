"""`gateway ledger archive`: the rows of months that are closed, moved to Parquet files."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway import keeping
from gateway.cli.bookkeeping import existing_ledger
from gateway.cli.console import Side, remark, say, say_json, say_table
from gateway.cli.inputs import JsonOption, LedgerOption, PolicyOption
from gateway.cli.periods import month as month_of
from gateway.settings import Settings
from gateway.times import Month

_COLUMNS: dict[str, Side] = {"month": "left", "entries": "right", "file": "left", "sha256": "left"}


def archive(
    *,
    before: Annotated[Month, typer.Option(parser=month_of, metavar="MONTH", help="Months before this one, in UTC.")],
    to: Annotated[Path, typer.Option(metavar="DIR", help="The folder of the files.")],
    ledger: LedgerOption = None,
    policy: PolicyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move the entries of closed months to Parquet files (zstd), one a month; sums, corrections and the trail stay.

    Every report is as it was. A file is written, synced, read back and compared before anything is taken out. Nobody is
    named in it: tenants are the pseudonyms of the trail, what callers called their requests and vectors are left out.
    `gateway audit verify --archive DIR` holds the files against the trail. Needs the extra `analytics`.

    Example: gateway ledger archive --before 2026-09 --to archive
    """
    file = existing_ledger(ledger, policy)
    with keeping.session(file, key=Settings().seal()) as books:
        made = keeping.archive(books, before, to=to.expanduser(), now=datetime.now(UTC))
    if as_json:
        say_json({"schema": "gateway.ledger.archive/1", "files": [_record(one, to) for one in made]})
        return
    if not made:
        remark(f"no entries of closed months before {before} are left to move")
        return
    say_table(_COLUMNS, [[str(one.month), f"{one.entries:,}", str(to / one.file), one.sha256] for one in made])
    say()
    say("the ledger has room for as many new ones; `VACUUM` while nobody writes gives it back to the disk")


def _record(made: keeping.Archive, folder: Path) -> dict[str, Any]:
    return {
        "month": str(made.month),
        "file": str(folder / made.file),
        "entries": made.entries,
        "first": made.first,
        "last": made.last,
        "sha256": made.sha256,
    }
