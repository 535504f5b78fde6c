"""`gateway ledger import`: requests that something else recorded, put on the books once."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from gateway import keeping
from gateway.cli.console import amount, say_facts, say_json
from gateway.cli.inputs import JsonOption, LedgerOption, PolicyOption, ledger_path, policy_of
from gateway.errors import InvalidRequestError
from gateway.history.booking import Booking
from gateway.history.files import opened
from gateway.history.importing import History, Tally, batches, tenant_fields
from gateway.history.recorded import Asked
from gateway.money.overrides import in_force
from gateway.policy.models import Policy
from gateway.policy.words import LevelWord
from gateway.settings import Settings
from gateway.spelling import remedy
from gateway.types import Level

Format = Literal["jsonl", "litellm", "openai-usage"]
# How many entries one transaction adds: a fraction of a second in which nobody else writes.
_BATCH = 2_000


def import_(  # noqa: PLR0913 - a parameter an option
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file; it is read twice.")],
    *,
    format_: Annotated[Format, typer.Option("--from", help="What wrote the file.")],
    tenant: Annotated[str | None, typer.Option(metavar="NAME", help="On whose behalf all of it was.")] = None,
    tenant_from: Annotated[
        str | None,
        typer.Option(metavar="FIELD", help="The field that says on whose behalf: end_user, project_id ... It is kept."),
    ] = None,
    level: Annotated[
        LevelWord | None, typer.Option(help="How private a row counts as that does not say it; unset: as the policy's.")
    ] = None,
    ledger: LedgerOption = None,
    policy: PolicyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put requests that something else recorded on the books, priced and compared with the policy's baseline.

    jsonl is our own format, litellm the rows of LiteLLM_SpendLogs (JSON, JSON lines or CSV), openai-usage the pages of
    /v1/organization/usage/completions. A file with a fault is refused whole. A second import adds nothing. No prompt,
    no key and no user is kept, unless --tenant-from names a field.

    Example: gateway ledger import --from litellm spend.csv
    """
    given = policy_of(policy)
    booking = Booking(
        source=format_, policy=given, prices=in_force(given), level=None if level is None else Level[level.upper()]
    )
    asked = Asked(datetime.now(UTC), tenant, _field(format_, tenant, tenant_from))
    path = ledger_path(ledger, policy)
    with opened(file.expanduser()) as source:
        history = History(source=source, format=format_, asked=asked, booking=booking)
        tally, taken = _import(history, path)
    if as_json:
        say_json(_record(tally, taken, given))
    else:
        say_facts(_facts(tally, taken, given, file))


def _import(history: History, path: Path) -> tuple[Tally, keeping.Taken]:
    key = Settings().seal()
    # A ledger that is not there yet is made once the whole file is known to be good.
    if not path.exists():
        tally = history.check(0)
        with keeping.session(path, key=key) as books:
            return tally, _take(history, tally, books)
    with keeping.session(path, key=key) as books:
        tally = history.check(keeping.open_from(books))
        return tally, _take(history, tally, books)


def _take(history: History, tally: Tally, books: keeping.Session) -> keeping.Taken:
    taken = keeping.Taken()
    for batch in batches(history.units(tally), _BATCH):
        taken = taken.plus(keeping.take(books, batch))
    return taken


def _field(format_: str, tenant: str | None, field: str | None) -> str | None:
    if field is None:
        return None
    if tenant is not None:
        raise InvalidRequestError("--tenant and --tenant-from are two answers to one question; give one")
    known = tenant_fields(format_)
    if field not in known:
        raise InvalidRequestError(f"{field!r} is no field of {format_} that names somebody; {remedy(field, known)}")
    return field


def _record(tally: Tally, taken: keeping.Taken, policy: Policy) -> dict[str, Any]:
    return {
        "schema": "gateway.ledger.import/1",
        "rows": tally.rows,
        "requests": tally.requests,
        "imported": taken.added,
        "already_there": taken.known,
        "different": taken.different,
        "without_price": tally.unpriced,
        "without_baseline": tally.without_baseline,
        "cost_nano_usd": tally.cost.nano_usd,
        "baseline": policy.baseline,
        "since": tally.first and tally.first.isoformat(),
        "until": tally.last and tally.last.isoformat(),
        "left_out": dict(sorted(tally.left_out.items())),
        "left_out_cost_nano_usd": tally.left_out_cost.nano_usd,
    }


def _facts(tally: Tally, taken: keeping.Taken, policy: Policy, file: Path) -> dict[str, list[str]]:
    if not tally.rows:
        return {"rows": [f"none in {file}: nothing was imported"]}
    period = f"{tally.first:%Y-%m-%d %H:%M} to {tally.last:%Y-%m-%d %H:%M} UTC" if tally.first else "none"
    known = f", {taken.known:,} were there already" if taken.known else ""
    left_out = [f"{count:,} x {what}" for what, count in sorted(tally.left_out.items())]
    return {
        "rows": [f"{tally.rows:,} read, {tally.requests:,} requests"],
        "imported": [f"{taken.added:,}{known}"],
        "period": [period],
        "cost": [f"{amount(tally.cost)} as far as it is known; {tally.unpriced:,} without a price"],
        "baseline": [f"{policy.baseline or 'none: the policy declares none'}; {tally.without_baseline:,} without it"],
        **({"left out": [*left_out, f"they cost {tally.left_out_cost}"]} if left_out else {}),
        **({"note": [_different(taken)]} if taken.different else {}),
    }


def _different(taken: keeping.Taken) -> str:
    count = f"{taken.different:,} {'is' if taken.different == 1 else 'are'}"
    return f"{count} on the books with other figures and stay as they are; book the difference: gateway ledger correct"
