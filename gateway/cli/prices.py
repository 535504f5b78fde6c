"""`gateway prices`: what models cost, what changed between two price lists, and a new list from what is installed."""

from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.console import remark, say, say_facts, say_json, say_table
from gateway.cli.inputs import JsonOption, PolicyOption, policy_of
from gateway.cli.price_page import COLUMNS, described, page, record, row_of
from gateway.errors import ConfigurationError, PriceFileError
from gateway.money.listing import Listing
from gateway.money.outlook import Event, brief, outlook
from gateway.money.overrides import in_force, listed
from gateway.money.prices import PriceList, load, packaged
from gateway.money.snapshot import save
from gateway.money.sources.plausible import Change, changes
from gateway.policy.models import Policy
from gateway.policy.place import is_local
from gateway.spelling import nearest

prices = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)

# What is further away is no news yet.
_SOON_DAYS = 90
_MOST_SHOWN = 40


def moment(text: str) -> datetime:
    """Return the time that an ISO date or time means; a date is its noon in UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no date; write for instance 2026-08-21") from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return datetime.combine(at.date(), time(12), UTC) if len(text) == len("2026-08-21") else at


AtOption = Annotated[
    datetime | None, typer.Option(parser=moment, metavar="DATE", help="The prices of that day; unset: of now.")
]


@prices.callback()
def _group() -> None:
    """Show what models cost, what changed, and make a new list."""


@prices.command()
def show(
    *,
    model: Annotated[
        str | None,
        typer.Argument(metavar="MODEL", help="A model, or a part of its name; unset: those of the policy."),
    ] = None,
    at: AtOption = None,
    policy: PolicyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a model costs: every kind of token, each rate, history, end, and who else serves the same weights.

    Prices are USD per million tokens, with those of your own file in force.

    Example: gateway prices show openai/gpt-5-mini --at 2025-08-15
    """
    given, at = policy_of(policy), at or datetime.now(UTC)
    known = in_force(given)
    listing = None if model is None else known.listing(model)
    if listing is not None:
        _show_one(known, listing, at, as_json=as_json)
        _warn(known, [listing.model], at)
        return
    named = _named(given) if model is None else _like(model, known)
    if as_json:
        say_json([record(known, name, at) for name in named])
    else:
        say_table(COLUMNS, [row_of(known, name, at) for name in named[:_MOST_SHOWN]])
        if len(named) > _MOST_SHOWN:
            remark(f"and {len(named) - _MOST_SHOWN:,} more; write more of the name")
        remark(described(known))
    if model is None:
        _warn(known, named, at)


@prices.command()
def diff(
    *,
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[OLD] [NEW]", help="Price lists. One: against the packaged one. None: packaged against installed."
        ),
    ] = None,
    at: AtOption = None,
    policy: PolicyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show which prices differ between two price lists, and which models only one of them has.

    Example: gateway prices diff prices-20261123.json prices-20261201.json
    """
    paths, at = files or [], at or datetime.now(UTC)
    if len(paths) > 2:  # noqa: PLR2004 - an old one and a new one
        raise ConfigurationError("two price lists at most: an old one and a new one")
    old = listed(paths[0]) if len(paths) > 1 else load()
    new = listed(paths[-1]) if paths else _rebuilt()
    _print_changes(list(changes(old, new, at)), as_json=as_json)
    _warn(new, _named(policy_of(policy)), at)


@prices.command()
def update(
    *,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Where to write it; unset: prices-YYYYMMDD.json here.")
    ] = None,
    confirm: Annotated[
        list[str] | None,
        typer.Option("--confirm", metavar="MODEL", help="Take a large change of this model over; may be repeated."),
    ] = None,
    litellm: Annotated[
        Path | None, typer.Option("--litellm", metavar="FILE", help="Another file of litellm's map than the installed.")
    ] = None,
    policy: PolicyOption = None,
) -> None:
    """Make a new price list from the genai-prices and litellm packages that are installed here. Fetches nothing.

    A price that moved by more than half is refused until you confirm its model by name. Nothing is written then.

    Example: gateway prices update --out prices.json
    """
    from gateway.money.sources.update import check_age, rebuilt, refused  # noqa: PLC0415 - a second of work

    now = datetime.now(UTC)
    snapshot = rebuilt(now.date(), litellm=litellm)
    check_age(packaged(), snapshot)
    new = PriceList.of(snapshot)
    doubtful = list(refused(load(), new, now, confirmed=confirm or ()))
    if doubtful:
        raise PriceFileError(_refusal(doubtful))
    file = out or Path(f"prices-{now:%Y%m%d}.json")
    save(snapshot, file)
    changed = list(changes(load(), new, now))
    _print_changes(changed, as_json=False)
    say(f"written to {file}: {len(new):,} models, {len(snapshot.left_out)} left out as doubtful")
    remark(f"To use it, set GATEWAY_PRICES={file}, or write `list: {file}` into your file of prices.")
    _warn(new, _named(policy_of(policy)), now)


def _rebuilt() -> PriceList:
    from gateway.money.sources.update import rebuilt  # noqa: PLC0415 - a second of work

    return PriceList.of(rebuilt(datetime.now(UTC).date()))


def _refusal(doubtful: list[Change]) -> list[str]:
    shown = [f"{change.model}: {brief(change.old)} became {brief(change.new)}" for change in doubtful[:_MOST_SHOWN]]
    more = [f"and {len(doubtful) - _MOST_SHOWN} more"] if len(doubtful) > _MOST_SHOWN else []
    head = "nothing was written: these prices moved by more than half; look into them, then confirm each by --confirm"
    return [head, *shown, *more]


def _show_one(known: PriceList, listing: Listing, at: datetime, *, as_json: bool) -> None:
    if as_json:
        say_json(record(known, listing.model, at))
        return
    for number, block in enumerate(page(known, listing, at)):
        if number:
            say()
        if block.rows:
            say_table(block.columns, block.rows)
        if block.facts:
            say_facts(block.facts)


def _like(model: str, known: PriceList) -> list[str]:
    """Return the models with a text in their names; raises `PriceFileError` where there is none."""
    found = sorted(name for name in known if model.lower() in name.lower())
    if found:
        return found
    if model in known.left_out:
        raise ConfigurationError(f"{model!r} is left out of the price list: {known.left_out[model]}; price it yourself")
    near = _nearest(model, known)
    hint = f"did you mean {near!r}?" if near else "show a part of a name, and you see what there is"
    raise ConfigurationError(f"there is no price for {model!r}; {hint}")


def _nearest(model: str, known: PriceList) -> str | None:
    """Return the nearest name of the same provider, else of the one with the shortest name for the like model."""
    provider, _, own = model.rpartition("/")
    near = nearest(model, (name for name in known if provider and name.startswith(f"{provider}/")))
    if near is not None:
        return near
    shortest = {name.rpartition("/")[2]: name for name in sorted(known, key=lambda name: (-name.count("/"), name))}
    like = nearest(own, (name for name in shortest if name[:2] == own[:2]))
    return shortest[like] if like else None


def _named(policy: Policy) -> list[str]:
    """Return the models that a policy pays for, or measures savings against."""
    baselines = [policy.baseline, *(rule.baseline for rule in policy.rules)]
    paid = [backend.model for backend in policy.backends.values() if not is_local(backend)]
    return sorted({*paid, *filter(None, baselines)})


def _warn(known: PriceList, models: list[str], at: datetime) -> None:
    for event in outlook(known, models, since=at.date(), days=_SOON_DAYS):
        remark(f"warning: {event.model} {event.what}{_away(event, at.date())}")


def _away(event: Event, today: date) -> str:
    days = (event.on - today).days
    return f", in {days} days" if days > 0 else ", and is over" if event.ends else ""


def _print_changes(changed: list[Change], *, as_json: bool) -> None:
    if as_json:
        say_json([_record(change) for change in changed])
        return
    moved = [change for change in changed if change.old and change.new]
    if moved:
        rows = [(change.model, brief(change.old), brief(change.new)) for change in moved[:_MOST_SHOWN]]
        say_table({"model": "fold", "old": "right", "new": "right"}, rows)
        say()
    added = sum(change.old is None for change in changed)
    gone = sum(change.new is None for change in changed)
    say(f"{len(moved)} prices differ, {added} models are new, {gone} are gone (USD per million tokens, input/output)")


def _record(change: Change) -> dict[str, Any]:
    return {"model": change.model, "old": _rates(change.old), "new": _rates(change.new)}


def _rates(price: Any) -> dict[str, float] | None:
    return None if price is None else {"input": price.input / 1e6, "output": price.output / 1e6}
