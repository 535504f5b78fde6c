"""`gateway licences show`: what one model carries, or which licence a text is."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.console import NO, say, say_facts, say_json
from gateway.cli.inputs import JsonOption
from gateway.cli.licences_view import ADVICE, read_bytes
from gateway.licences.identify import identify
from gateway.licences.registry import packaged
from gateway.licences.resolve import Resolution, as_dict, provider_of, resolve


def show(
    model: Annotated[
        str | None, typer.Argument(metavar="MODEL", help="As its hub, its server or its file calls it.")
    ] = None,
    *,
    declared: Annotated[str | None, typer.Option(metavar="TAG", help="What its hub declares: llama3, mit ...")] = None,
    base: Annotated[
        list[str] | None, typer.Option(metavar="MODEL", help="What it was made from; may be repeated.")
    ] = None,
    text: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="A licence's text: say which one it is.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a model carries: what is declared, what its bases conclude, and the strings that they ask for.

    Exit code 1: its licence, or the one of the text, is not known.

    Example: gateway licences show NousResearch/Hermes-3-Llama-3.1-8B --declared llama3
    """
    if (model is None) is (text is None):
        raise typer.BadParameter("give a MODEL or --text FILE, one of them")
    if text is not None:
        _show_text(text, as_json=as_json)
        return
    found = _found(str(model), declared, base or ())
    if as_json:
        say_json(as_dict(found))
    else:
        say_facts(_facts(found))
    if not found.known:
        raise typer.Exit(NO)


def _found(model: str, declared: str | None, bases: Sequence[str]) -> Resolution:
    """Return what a model carries; a name that no family has may be a provider's own, as `openai/gpt-5-mini`."""
    found = resolve(model, packaged(), declared=declared, bases=bases)
    provider = model.partition("/")[0]
    if found.families or bases or provider_of(provider, packaged()) is None:
        return found
    return resolve(model, packaged(), declared=declared, provider=provider)


def _show_text(path: Path, *, as_json: bool) -> None:
    found = identify(read_bytes(path), packaged())
    licence = None if found.licence is None else found.licence.id
    if as_json:
        say_json({"file": str(path), "licence": licence, "exact": found.exact, "sha256": found.sha256})
    else:
        how = "to the byte" if found.exact else "by its words; its bytes are another's"
        say(f"{path}: {f'{licence}, {how}' if licence else 'no licence that is known here'}")
    if licence is None:
        raise typer.Exit(NO)


def _facts(found: Resolution) -> dict[str, list[str]]:
    told = as_dict(found)
    mau = next((one.mau for one in found.licences if one.mau is not None), None)
    facts = {
        "model": [found.model],
        "declared": [found.declared or "-"],
        "concluded": [f"{found.licence_id or 'unknown'}"],
        "all licences": [one.name for one in found.licences],
        "made from": list(found.bases),
        "display": list(found.attribution),
        "notice": [one.notice.text for one in found.licences if one.notice is not None],
        "prefix": list(found.prefixes),
        "users": [] if mau is None else [f"{mau.limit:,} a month, {mau.as_of or f'every {mau.days} days'}"],
        "outputs": [str(told["outputs"] or "unknown").replace("_", " ")],
        "conflicts": [f"{one.text} ({one.code})" for one in found.conflicts],
        "note": [ADVICE],
    }
    return {name: lines for name, lines in facts.items() if lines}
