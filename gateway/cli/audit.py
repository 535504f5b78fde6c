"""`gateway audit`: what the audit trail of a ledger proves, whether it is whole, and how somebody is erased from it."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from gateway.audit.chain import Head
from gateway.audit.evidence import Erasure, Party
from gateway.audit.proof import Proof, Question
from gateway.audit.report import proof_json, trail_json
from gateway.cli.audit_page import counted, print_proof, print_trail
from gateway.cli.bookkeeping import existing_ledger, refuse_waiting
from gateway.cli.books import ledger_of, opened, reader_of
from gateway.cli.console import FAULT, NO, complain, remark, say, say_json
from gateway.cli.inputs import JsonOption, LedgerOption, PolicyOption, ledger_part, policy_of, text_of
from gateway.cli.periods import moment
from gateway.errors import ConfigurationError, InvalidRequestError, LedgerError
from gateway.ledgers.sqlite import read_proof
from gateway.policy.parts import LedgerPolicy
from gateway.policy.tags import BUILT_IN_TAGS
from gateway.settings import Settings
from gateway.types import Level

_BE = {True: "is", False: "are"}

audit = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)


def _head(text: str) -> Head:
    try:
        return Head.parse(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _level(text: str) -> Level:
    try:
        return Level[text.upper()]
    except KeyError:
        raise typer.BadParameter(f"{text!r} is none of {', '.join(map(str, Level))}") from None


HeadOption = Annotated[
    Head | None,
    typer.Option("--head", parser=_head, metavar="COUNT:HASH", help="A head that was noted earlier, and must hold."),
]
TenantOption = Annotated[str | None, typer.Option(metavar="NAME|-", help="A tenant; - reads it from standard input.")]
SubjectOption = Annotated[str | None, typer.Option(metavar="NAME|-", help="A subject; - reads it from standard input.")]


ArchiveOption = Annotated[
    Path | None, typer.Option("--archive", metavar="DIR", help="The folder of what was archived, to be read as well.")
]


@audit.callback()
def _group() -> None:
    """Prove from the audit trail where requests went."""


@audit.command()
def prove(  # noqa: PLR0913 - a parameter an option
    *,
    tag: Annotated[
        list[str] | None, typer.Option("--tag", "-t", metavar="TAG", help="Requests whose label has one of these.")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option(metavar="KIND", help="Requests in which one of these kinds was found.")
    ] = None,
    level: Annotated[
        Level | None, typer.Option(parser=_level, metavar="LEVEL", help="Requests of this level or above.")
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(parser=moment, metavar="90d|DATE", help="Only from then on; unset: all.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(parser=moment, metavar="90d|DATE", help="Only before that; unset: all.")
    ] = None,
    tenant: TenantOption = None,
    subject: SubjectOption = None,
    head: HeadOption = None,
    archive: ArchiveOption = None,
    ledger: LedgerOption = None,
    policy: PolicyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prove where the requests of a label went, and that none went where it may not.

    Every host that was contacted for them is listed, and each call is judged again by what its backend was cleared for
    at the time. Exit code 0: no violation, and the trail is whole. 1: a violation, a trail that is not whole, or
    requests of which nothing is proved, for instance older ones than the trail. Nor is anything proved of a name that
    no record and no policy has: it may be a slip.

    Example: gateway audit prove --tag phi --since 90d
    """
    question = Question(
        tags=frozenset(tag or ()),
        kinds=frozenset(kind or ()),
        level=level,
        since=since,
        until=until,
        parties=_parties(tenant, subject),
        known=_known(policy),
    )
    proof = _proof(question, head, archive, ledger, policy)
    if as_json:
        say_json(proof_json(proof, question))
    else:
        print_proof(proof, question)
    if not proof.is_proved:
        raise typer.Exit(NO)


@audit.command()
def verify(
    *,
    head: HeadOption = None,
    archive: ArchiveOption = None,
    ledger: LedgerOption = None,
    policy: PolicyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether the trail is whole: no record altered, removed, moved or put in, and no entry without one.

    Entries that were archived are held against their records where --archive names the folder of their files.

    Example: gateway audit verify --ledger ledger.sqlite3
    """
    proof = _proof(None, head, archive, ledger, policy)
    if as_json:
        say_json(trail_json(proof))
    else:
        print_trail(proof)
    if not proof.is_whole:
        raise typer.Exit(NO)


@audit.command("head")
def show_head(*, ledger: LedgerOption = None, policy: PolicyOption = None, as_json: JsonOption = False) -> None:
    """Print where the trail ends, to be noted elsewhere: it shows later that nothing before it was changed.

    Example: gateway audit head
    """
    head = ledger_of(ledger, policy).head(key=Settings().seal())
    if as_json:
        say_json({"schema": "gateway.audit.head/1", "head": str(head), "count": head.count, "hash": head.hash})
    else:
        say(str(head))


@audit.command("seal")
def seal_trail(*, ledger: LedgerOption = None, policy: PolicyOption = None, as_json: JsonOption = False) -> None:
    """Seal a trail that has requests already with the key of GATEWAY_AUDIT_KEY, from here on.

    A new ledger is sealed by itself where the key is set. What was recorded before is not sealed, and `verify` says so.
    The trail must be whole. Afterwards nobody writes to it without the key.

    Example: gateway audit seal --ledger ledger.sqlite3
    """
    key = Settings().seal()
    if key is None:
        raise ConfigurationError("there is no key to seal with; set GATEWAY_AUDIT_KEY to at least 16 random bytes")
    head = ledger_of(ledger, policy).seal(key)
    before = head.count - 1
    if as_json:
        say_json({"schema": "gateway.audit.seal/1", "head": str(head), "unsealed_records": before})
    else:
        say(
            f"sealed from record {head.count:,} on; {counted(before, 'record')} before it {_BE[before == 1]} not sealed"
        )
        say(str(head))


@audit.command()
def erase(
    *,
    tenant: TenantOption = None,
    subject: SubjectOption = None,
    ledger: LedgerOption = None,
    policy: PolicyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Erase a tenant or a subject for good: nothing leads from the records to him any more, and the chain stays whole.

    His key is deleted; on the books, his tenant's name, what callers called his requests, and their vectors. Copies of
    the file elsewhere are not reached. Exit code 1: nobody of that name is known, or no
    request of his was found.

    Example: gateway audit erase --subject jane@example.com
    """
    parties = _parties(tenant, subject)
    if len(parties) != 1:
        raise InvalidRequestError("name one tenant or one subject to erase")
    erasure = asyncio.run(_erase(ledger_part(ledger, policy), parties[0]))
    if as_json:
        shown = {"known": erasure.known, "records": erasure.records, "wiped": erasure.wiped}
        say_json({"schema": "gateway.audit.erase/1", **shown})
    elif erasure.known and not erasure.records:
        remark("the key is deleted, but no request was found that it led to; see `gateway audit verify`")
    elif erasure.known:
        say(f"erased: {counted(erasure.records, 'request')} and the key that led to them")
    else:
        remark(f"no {parties[0].whose} of that name is known")
    if not erasure.wiped:
        complain("somebody reads the ledger, and its log may still hold the key; run this again when it is free")
        raise typer.Exit(FAULT)
    if not erasure.records:
        raise typer.Exit(NO)


async def _erase(part: LedgerPolicy, party: Party) -> Erasure:
    books = reader_of(part)
    # Opened for writing it would be begun.
    if not books.is_there():
        raise LedgerError(f"there is no ledger at {books.place!r}; name one with --ledger")
    refuse_waiting(part)
    async with opened(part) as ledger:
        erasure: Erasure = await ledger.trail.erase(party)
        return erasure


def _proof(
    question: Question | None, head: Head | None, archive: Path | None, ledger: str | None, policy: Path | None
) -> Proof:
    if archive is None:
        return ledger_of(ledger, policy).prove(question, key=Settings().seal(), anchor=head)
    file = existing_ledger(ledger, policy)
    return read_proof(file, question, key=Settings().seal(), anchor=head, archive=archive.expanduser())


def _parties(tenant: str | None, subject: str | None) -> tuple[Party, ...]:
    # A name on the command line is in the shell's history; from standard input it is nowhere.
    named = [
        *([Party(whose="tenant", name=text_of(tenant))] if tenant is not None else []),
        *([Party(whose="subject", name=text_of(subject))] if subject is not None else []),
    ]
    return tuple(named)


def _known(policy: Path | None) -> frozenset[str]:
    try:
        return frozenset(BUILT_IN_TAGS).union(policy_of(policy).tags)
    except ConfigurationError:
        # The trail can be looked at where its policy is not at hand, unless it was named.
        if policy is not None:
            raise
        return frozenset(BUILT_IN_TAGS)
