"""The NOTICE file and the attribution page of what is in use: the registry's strings, to the byte."""

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.licences.models import Licence
from gateway.licences.register import Use
from gateway.licences.rules import displays

_NO_ADVICE = "This is no legal advice: it lists what the licences' texts ask to be shown."
_BY_MACHINE = "The answers are made by a machine and can be wrong."


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of software or data that ships beside models: its name, its licence, and whose it is."""

    name: str
    licence: str
    whose: str = ""


def notice(product: str, uses: Sequence[Use], parts: Sequence[Part] = ()) -> str:
    """Return the text of a NOTICE file; each notice of a licence stands on a line of its own."""
    lines = [product, "", _NO_ADVICE]
    if uses:
        lines += ["", "Models", ""]
        lines += [f"- {_model(use)}" for use in _by_name(uses)]
    for text in dict.fromkeys(one.notice.text for one in _licences(uses) if one.notice is not None):
        lines += ["", text]
    if parts:
        lines += ["", "Software and data", ""]
        lines += [f"- {part.name}: {part.licence}{f', {part.whose}' if part.whose else ''}" for part in parts]
    return "\n".join(lines) + "\n"


def page_markdown(product: str, uses: Sequence[Use]) -> str:
    """Return the attribution page as Markdown: what is displayed first, then models, then notices."""
    lines = [f"# {product}: models and their licences", ""]
    lines += [f"**{text}**\n" for text in _displayed(uses)]
    lines += [_BY_MACHINE, ""]
    for use in _by_name(uses):
        links = ", ".join(f"[{one.name}]({one.text.url})" for one in use.deployment.licences) or "unknown"
        lines.append(f"- `{use.name}`: {links}")
    lines += [f"\n{text}" for text in _notices(uses)]
    return "\n".join([*lines, "", _NO_ADVICE]) + "\n"


def page_html(product: str, uses: Sequence[Use]) -> str:
    """Return the same page as HTML."""
    title = html.escape(f"{product}: models and their licences")
    body = [f"<h1>{title}</h1>", *(f"<p><strong>{html.escape(text)}</strong></p>" for text in _displayed(uses))]
    body += [f"<p>{html.escape(_BY_MACHINE)}</p>", "<ul>"]
    for use in _by_name(uses):
        links = ", ".join(_link(one) for one in use.deployment.licences) or "unknown"
        body.append(f"<li><code>{html.escape(use.name)}</code>: {links}</li>")
    body += ["</ul>", *(f"<p>{html.escape(text, quote=False)}</p>" for text in _notices(uses))]
    body.append(f"<p>{html.escape(_NO_ADVICE)}</p>")
    head = f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title></head>\n<body>'
    return "\n".join([head, *body, "</body>", "</html>"]) + "\n"


def _link(licence: Licence) -> str:
    name = html.escape(licence.name)
    url = licence.text.url
    return f'<a href="{html.escape(url)}">{name}</a>' if url.startswith("https://") else name


def _model(use: Use) -> str:
    names = ", ".join(one.name for one in use.deployment.licences) or "licence unknown"
    bases = use.deployment.resolution.bases
    made = f" (made from {', '.join(bases)})" if bases else ""
    return f"{use.name}: {names}{made}"


def _by_name(uses: Sequence[Use]) -> Iterable[Use]:
    return {use.name: use for use in sorted(uses, key=lambda use: use.name)}.values()


def _licences(uses: Sequence[Use]) -> Iterable[Licence]:
    return {one.id: one for use in uses for one in use.deployment.licences}.values()


def _displayed(uses: Sequence[Use]) -> Iterable[str]:
    texts = (displays(one, use.deployment.records) for use in uses for one in use.deployment.licences)
    return dict.fromkeys(text for text in texts if text is not None)


def _notices(uses: Sequence[Use]) -> Iterable[str]:
    return dict.fromkeys(one.notice.text for one in _licences(uses) if one.notice is not None)
