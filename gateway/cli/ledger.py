"""`gateway ledger`: the books, read."""

import json
from datetime import datetime
from typing import Annotated, Any

import typer

from gateway.cli.bookkeeping import archived
from gateway.cli.books import ledger_of
from gateway.cli.console import Side, amount, remark, say, say_table, took, usd, width
from gateway.cli.inputs import JsonOption, LedgerOption, PolicyOption
from gateway.cli.ledger_archive import archive
from gateway.cli.ledger_close import close
from gateway.cli.ledger_correct import correct, corrections
from gateway.cli.ledger_import import import_
from gateway.cli.ledger_replay import replay
from gateway.entries import AttemptRecord, LedgerEntry
from gateway.types import Usage

NARROW = 100

ledger = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)

_COLUMNS: dict[str, Side] = {
    "time": "left",
    "status": "left",
    "rule": "fold",
    "backend": "fold",
    "level": "left",
    "tokens": "right",
    "cost": "right",
    "saved": "right",
    "took": "right",
}
_LEFT_OUT_WHEN_NARROW = ("level", "tokens")
_STYLES = {"answered": "", "refused": "yellow", "exhausted": "red", "cancelled": "dim"}


@ledger.callback()
def _group() -> None:
    """Look into the ledger, and keep it."""


ledger.command("import")(import_)
ledger.command()(correct)
ledger.command()(corrections)
ledger.command()(close)
ledger.command()(replay)
ledger.command()(archive)


@ledger.command()
def tail(
    *,
    number: Annotated[int, typer.Option("-n", "--number", min=1, max=100_000, help="How many entries.")] = 20,
    path: LedgerOption = None,
    policy: PolicyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the latest entries, the newest last.

    Tokens are prompt + completion of all answers. What is not known is "unknown", and never 0. A terminal below 100
    columns shows neither level nor tokens. With --json: one object a line.

    Example: gateway ledger tail -n 5
    """
    books = ledger_of(path, policy)
    entries = list(books.entries(limit=number))
    if as_json:
        for entry in entries:
            say(json.dumps(record(entry)))
    else:
        _print(entries, books.place)
    gone = archived(books) if len(entries) < number else 0
    if gone:
        remark(f"{gone:,} older ones are archived")


def _print(entries: list[LedgerEntry], place: str) -> None:
    if not entries:
        remark(f"no entries yet in {place}")
        return
    columns = width()
    narrow = columns is not None and columns < NARROW
    shown = {name: side for name, side in _COLUMNS.items() if not narrow or name not in _LEFT_OUT_WHEN_NARROW}
    rows = [[_cells(entry)[name] for name in shown] for entry in entries]
    say_table(shown, rows, styles=[_STYLES[entry.status] for entry in entries])


def _cells(entry: LedgerEntry) -> dict[str, str]:
    return {
        "time": _time(entry.at),
        "status": entry.status,
        "rule": entry.rule or "-",
        "backend": entry.backend or "-",
        "level": str(entry.level),
        "tokens": _tokens(entry),
        "cost": amount(entry.cost),
        "saved": amount(entry.saved),
        "took": took(entry.duration_s) if entry.duration_s else "unknown",
    }


def _time(at: datetime) -> str:
    return at.astimezone().strftime("%m-%d %H:%M:%S")


def _tokens(entry: LedgerEntry) -> str:
    answers = [attempt.usage for attempt in entry.answers if attempt.error is None]
    if not answers:
        return "-"
    prompts = [usage.prompt_tokens for usage in answers]
    completions = [usage.completion_tokens for usage in answers]
    return f"{_total(prompts)} + {_total(completions)}"


def _total(counts: list[int | None]) -> str:
    known = [count for count in counts if count is not None]
    return f"{sum(known):,}" if len(known) == len(counts) else "unknown"


def record(entry: LedgerEntry) -> dict[str, Any]:
    """Return an entry for programs: money in USD, null where unknown."""
    return {
        "id": entry.id,
        "at": entry.at.isoformat(),
        "status": entry.status,
        "rule": entry.rule,
        "policy_version": entry.policy_version,
        "tenant": entry.tenant,
        "team": entry.team,
        "task": entry.task,
        "tags": list(entry.tags),
        "level": str(entry.level),
        "kinds": list(entry.kinds),
        "difficulty": entry.difficulty,
        "classifier": entry.classifier,
        "backend": entry.backend,
        "model": entry.model,
        "local": entry.local,
        "licence": entry.licence,
        "attempts": [_attempt(attempt) for attempt in entry.attempts],
        "duration_s": entry.duration_s,
        "cost_usd": usd(entry.cost),
        "baseline_model": entry.baseline_model,
        "baseline_cost_usd": usd(entry.baseline_cost),
        "saved_usd": usd(entry.saved),
        "price_version": entry.price_version,
        "streamed": entry.streamed,
        "escalated": entry.escalated,
        "holdout": entry.holdout,
        "source": entry.source,
    }


def _attempt(attempt: AttemptRecord) -> dict[str, Any]:
    return {
        "backend": attempt.backend,
        "purpose": attempt.purpose,
        "model": attempt.model,
        "replica": attempt.replica,
        "duration_s": attempt.duration_s,
        "error": attempt.error,
        "accepted": attempt.accepted,
        "score": attempt.score,
        "usage": _usage(attempt.usage),
        "cost_usd": usd(attempt.cost),
        "cost_source": attempt.cost_source,
    }


def _usage(usage: Usage) -> dict[str, int | None]:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "cached_tokens": usage.cached_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
    }
