"""`gateway ledger replay`: what a ledger did not take, shown and written to it by hand."""

import asyncio
from datetime import UTC
from typing import Annotated, Any

import typer

from gateway.cli.audit_page import counted
from gateway.cli.books import opened
from gateway.cli.console import NO, Side, complain, remark, say, say_json, say_table
from gateway.cli.inputs import JsonOption, LedgerOption, PolicyOption, ledger_part
from gateway.errors import ConfigurationError
from gateway.interfaces import SpoolPlace
from gateway.opening import spool_place
from gateway.policy.parts import LedgerPolicy
from gateway.replaying import Left, Written, look, replay_all
from gateway.times import time_of

_COLUMNS: dict[str, Side] = {"spool": "fold", "entries": "right", "since": "left", "state": "fold"}
_STATES = {
    "left": "its process has ended",
    "in use": "of a running process, which writes it itself",
    "unreadable": "no spool, or of another version: left as it is",
}


def replay(
    *,
    only_show: Annotated[bool, typer.Option("--show", help="Only show what waits.")] = False,
    ledger: LedgerOption = None,
    policy: PolicyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write to the ledger what it did not take while it was down, and show what waits elsewhere.

    A router does that by itself as soon as its ledger works again, and for processes that ended at its next start. What
    is on the books already is kept once. A line that cannot be read or booked is set aside in a file beside the spool,
    and not thrown away. Exit code 1: something was set aside, or a spool cannot be read.

    Example: gateway ledger replay --policy policies/default.yaml
    """
    part = ledger_part(ledger, policy)
    place = spool_place(part)
    if place is None:
        raise ConfigurationError(f"the ledger is of kind {part.kind!r}, which has no spool")
    found = look(place)
    written = None if only_show or not found else asyncio.run(_replay(part, place))
    if as_json:
        say_json(_record(found, written))
    else:
        _print(found, written)
    if (written and written.set_aside) or any(one.state == "unreadable" for one in found):
        raise typer.Exit(NO)


async def _replay(part: LedgerPolicy, place: SpoolPlace) -> Written:
    async with opened(part) as ledger:
        return await replay_all(place, ledger)


def _print(found: list[Left], written: Written | None) -> None:
    if not found:
        say("nothing waits")
        return
    rows = [(one.path, one.waiting, _since(one), _STATES[one.state]) for one in found]
    say_table(_COLUMNS, rows)
    if written is None:
        remark("nothing was written; leave --show out to write what is left")
        return
    say(f"written: {counted(written.booked, 'entry', 'entries')}")
    if written.set_aside:
        where = f"{found[0].path.parent}"
        complain(f"{counted(written.set_aside, 'line')} cannot be booked; see the *.spool-unreadable file in {where}")


def _record(found: list[Left], written: Written | None) -> dict[str, Any]:
    return {
        "schema": "gateway.ledger.replay/1",
        "written": written.booked if written else 0,
        "set_aside": written.set_aside if written else 0,
        "spools": [
            {"file": str(one.path), "entries": one.waiting, "since": _since(one) or None, "state": one.state}
            for one in found
        ],
    }


def _since(one: Left) -> str:
    return time_of(one.since_us).astimezone(UTC).isoformat(timespec="seconds") if one.since_us else ""
