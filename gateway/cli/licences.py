"""`gateway licences`: which duties the models bring, whether they are met, and the papers that show it.

No legal advice: it reads what the licences' texts say, and leaves to people what only people can say.
"""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal
from uuid import uuid4

import typer

import gateway
from gateway.cli.console import NO, remark, say, say_json
from gateway.cli.inputs import JsonOption, LedgerOption, PolicyOption
from gateway.cli.licences_case import PRODUCT, Case, case_of, page_of, policy_without_verdict
from gateway.cli.licences_show import show
from gateway.cli.licences_view import as_csv as to_csv
from gateway.cli.licences_view import as_record, give, read_bytes, show_duties, write
from gateway.cli.periods import moment
from gateway.licences.bom import Version, cyclonedx
from gateway.licences.deployment import Deployment, Entity
from gateway.licences.identify import identify
from gateway.licences.notice import notice as notice_text
from gateway.licences.notice import page_html, page_markdown
from gateway.licences.page import Page
from gateway.licences.parts import Parts, bases_of, part_duties, read_parts
from gateway.licences.records import MEANINGS, WHATS, Record, append
from gateway.licences.register import Use, duties, texts_to_display
from gateway.licences.registry import packaged
from gateway.licences.resolve import Resolution
from gateway.licences.spdx import spdx
from gateway.policy.duties import records_beside
from gateway.spelling import remedy

licences = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)

SinceOption = Annotated[
    datetime | None, typer.Option(parser=moment, metavar="30d|DATE", help="Only what was served since; unset: ever.")
]
UntilOption = Annotated[
    datetime | None, typer.Option(parser=moment, metavar="DATE", help="Only what was served before; unset: until now.")
]
PartsOption = Annotated[
    Path | None, typer.Option("--parts", metavar="FILE", help="What your product ships: files, models, dependencies.")
]
OutOption = Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write it to a file.")]
ConfiguredOption = Annotated[
    bool, typer.Option("--configured", help="Also models that the policy has and that served nobody.")
]


@licences.callback()
def _group() -> None:
    """Check and evidence licence duties; it is no legal advice."""


@licences.command()
def check(  # noqa: PLR0913 - a parameter an option
    *,
    policy: PolicyOption = None,
    ledger: LedgerOption = None,
    since: SinceOption = None,
    parts: PartsOption = None,
    traffic: Annotated[bool, typer.Option(help="Whether the ledger is looked at.")] = True,
    keep: Annotated[bool, typer.Option(help="Whether what was seen on the page is kept as evidence.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Say which duties the models bring and whether they are met.

    Looks at the models of the policy and at those that served. A text to display is looked for on the page of
    `licences.attribution`, to the letter. Exit code 1: a duty is not met.

    Example: gateway licences check --since 30d
    """
    given = case_of(policy, ledger, since=since, configured=True, traffic=traffic)
    page, unread = page_of(given.policy)
    facts = given.facts(page=page, unread=unread)
    found = [*duties(given.uses, facts)]
    if parts is not None:
        found += part_duties(read_parts(parts), packaged(), owner=facts.owner, day=facts.day)
    if page is not None and keep:
        _keep(given, page, policy)
    show_duties(found, given, as_json=as_json)
    if any(duty.state == "unmet" for duty in found):
        raise typer.Exit(NO)


def _keep(case: Case, page: Page, policy: Path | None) -> None:
    """Keep what was seen, unless the same was seen last."""
    stands = page.has(texts_to_display(case.uses, case.facts()))
    seen = json.dumps([text for text, there in stands.items() if there], ensure_ascii=False)
    last = case.papers.records.latest("display")
    if last is None or (last.sha256, last.place, last.value) != (page.sha256, page.place, seen):
        record = Record(
            what="display", by="gateway licences check", at=case.now, value=seen, place=page.place, sha256=page.sha256
        )
        append(_records_file(policy), record)


def _records_file(policy: Path | None) -> Path:
    return records_beside(*policy_without_verdict(policy))


def _a_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day; write for instance 2026-11-28") from None


@licences.command(epilog="\n\n".join(f"{what}: {meaning}." for what, meaning in MEANINGS.items() if what != "display"))
def attest(  # noqa: PLR0913 - a parameter an option
    what: Annotated[str, typer.Argument(metavar="WHAT", help=", ".join(what for what in WHATS if what != "display"))],
    *,
    by: Annotated[str, typer.Option(metavar="WHO", help="Who says it: a name or a role.")],
    value: Annotated[
        str | None, typer.Option(metavar="VALUE", help="The number, country or word that is said.")
    ] = None,
    as_of: Annotated[
        date | None, typer.Option(parser=_a_day, metavar="DAY", help="The day that it speaks of; unset: none.")
    ] = None,
    until: Annotated[
        date | None, typer.Option(parser=_a_day, metavar="DAY", help="The last day that it holds; unset: a year.")
    ] = None,
    subject: Annotated[
        str | None, typer.Option(metavar="LICENCE", help="The licence or provider that it is about; unset: all.")
    ] = None,
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="What else there is to say.")] = None,
    paper: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="A paper that shows it: its hash is kept.")
    ] = None,
    policy: PolicyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write down what only people can say, with who, when and until when.

    It goes to the file of `licences.records`, one line each, which holds the hash of the line before.

    Example: gateway licences attest mau --value 120000 --as-of 2024-07-23 --by "head of compliance"
    """
    told = next((one for one in WHATS if one == what and one != "display"), None)
    if told is None:
        raise typer.BadParameter(
            f"{what!r} cannot be attested; {remedy(what, [one for one in WHATS if one != 'display'])}"
        )
    if subject is not None:
        packaged().get(subject)
    now = datetime.now(UTC).replace(microsecond=0)
    record = Record(
        what=told,
        by=by,
        at=now,
        until=until or now.date() + timedelta(days=365),
        subject=subject,
        value=value,
        as_of=as_of,
        note=note,
        place=None if paper is None else str(paper),
        sha256=None if paper is None else identify(read_bytes(paper), packaged()).sha256,
    )
    file = _records_file(policy)
    kept = append(file, record)
    if as_json:
        say_json({"file": str(file), "line": len(kept.records), "sha256": kept.head})
    else:
        say(f"{file}:{len(kept.records)}: {told}, until {record.until}, SHA-256 {kept.head[:12]}")


@licences.command()
def notice(  # noqa: PLR0913 - a parameter an option
    *,
    out: OutOption = None,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Also the page, as Markdown.")] = None,
    as_html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Also the page, as HTML.")] = None,
    compare: Annotated[
        Path | None, typer.Option("--compare", metavar="FILE", help="Write nothing: exit code 1 where it differs.")
    ] = None,
    product: Annotated[str | None, typer.Option(metavar="NAME", help="Its name; unset: the entity's.")] = None,
    policy: PolicyOption = None,
    ledger: LedgerOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    configured: ConfiguredOption = False,
    parts: PartsOption = None,
) -> None:
    """Write the NOTICE, and the page to show, of the models that served.

    Example: gateway licences notice --since 2026-11-01 --out NOTICE --html attribution.html
    """
    given = case_of(policy, ledger, since=since, until=until, configured=configured)
    shipped = None if parts is None else read_parts(parts)
    uses = (*given.uses, *_bases(shipped))
    name = product or (shipped.given.product if shipped is not None else given.product)
    if not uses:
        remark("no model served in this period; --configured adds those of the policy")
    text = notice_text(name, uses, shipped.for_notice() if shipped is not None else ())
    if compare is not None:
        if read_bytes(compare).decode("utf-8", "replace") != text:
            remark(f"{compare} is not what would be written; write it anew with --out {compare}")
            raise typer.Exit(NO)
        return
    for path, content in ((markdown, page_markdown(name, uses)), (as_html, page_html(name, uses))):
        if path is not None:
            write(path, content)
    give(text, out)


def _bases(parts: Parts | None) -> tuple[Use, ...]:
    """Return the models that parts learned from, as if they were used: their notices and texts count."""
    return () if parts is None else tuple(Use(deployment=_alone(found)) for found in bases_of(parts, packaged()))


def _alone(found: Resolution) -> Deployment:
    who = Entity(name=PRODUCT, seat=None, exposure="public")
    return Deployment(backend="", resolution=found, entity=who, day=datetime.now(UTC).date())


@licences.command()
def bom(  # noqa: PLR0913 - a parameter an option
    *,
    form: Annotated[
        Literal["cyclonedx-1.6", "cyclonedx-1.7", "spdx-3.0"], typer.Option("--format", help="Which standard.")
    ] = "cyclonedx-1.7",
    out: OutOption = None,
    product: Annotated[str | None, typer.Option(metavar="NAME", help="Its name; unset: the entity's.")] = None,
    policy: PolicyOption = None,
    ledger: LedgerOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    configured: ConfiguredOption = False,
) -> None:
    """Write a bill of the models that served, with their cards and licences.

    Example: gateway licences bom --format cyclonedx-1.7 --out models.cdx.json
    """
    given = case_of(policy, ledger, since=since, until=until, configured=configured)
    if not given.uses:
        remark("no model served in this period; --configured adds those of the policy")
    name, serial = product or given.product, uuid4()
    if form == "spdx-3.0":
        bill = spdx(given.uses, product=name, release=gateway.__version__, serial=serial, at=given.now)
    else:
        version: Version = "1.6" if form.endswith("1.6") else "1.7"
        bill = cyclonedx(
            given.uses, version=version, product=name, release=gateway.__version__, serial=serial, at=given.now
        )
    give(json.dumps(bill, ensure_ascii=False, indent=2) + "\n", out)


@licences.command()
def register(  # noqa: PLR0913 - a parameter an option
    *,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV, for spreadsheets.")] = False,
    out: OutOption = None,
    policy: PolicyOption = None,
    ledger: LedgerOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    configured: ConfiguredOption = False,
    as_json: JsonOption = False,
) -> None:
    """Write the register of duties of the models that served, with evidence, owner and due date.

    Example: gateway licences register --csv --since 30d --out duties.csv
    """
    given = case_of(policy, ledger, since=since, until=until, configured=configured)
    page, unread = page_of(given.policy)
    found = list(duties(given.uses, given.facts(page=page, unread=unread)))
    if as_csv:
        give(to_csv([as_record(duty) for duty in found]), out)
    elif out is not None:
        write(out, json.dumps([as_record(duty) for duty in found], ensure_ascii=False, indent=2) + "\n")
    else:
        show_duties(found, given, as_json=as_json)


licences.command()(show)
