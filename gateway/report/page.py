"""The whole file: one HTML document that loads nothing, with the rows that a browser needs to filter it.

A policy in its head (CSP) allows our script and our style by their hashes and nothing else: no network, no form, no
frame, no other script, also if a name in the ledger should slip through the escaping.
"""

import base64
import hashlib
import json
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any

import gateway
from gateway.money.account import monthly_usd
from gateway.report import shown, words
from gateway.report.contents import Contents
from gateway.report.groups import MOST_ROWS
from gateway.report.hardware import as_dict, fraction
from gateway.report.panels import SHEETS, panels
from gateway.times import microseconds

MOST_BYTES = 1_000_000
# What the script, the style, the texts and the tables take beside the rows, at most.
ROWS_BYTES = 560_000
_SCRIPTS = ("exact", "rows", "account", "shown", "tables", "charts", "heat", "curves", "page")


def document(contents: Contents, made: datetime) -> str:
    """Return the file; it says when it was made."""
    script, style = scripts(), styles()
    csp = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data:; "
        "connect-src 'none'; base-uri 'none'; form-action 'none'"
    )
    title = shown.text(contents.title)
    head = (
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{csp}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer"><meta name="color-scheme" content="light dark">',
        f'<meta name="generator" content="hybrid-gateway {gateway.__version__}"><title>{title}</title>',
        f'<link rel="icon" href="data:,"><style>{style}</style>',
    )
    body = (
        f'<a class="skip" href="#headline">To the figures</a>{_header(contents, title, made)}{_FILTERS}',
        f"<main>{''.join(panels(contents))}</main>{_footer()}",
        f'<script type="application/json" id="rows">{embedded(contents)}</script><script>{script}</script>',
    )
    return f'<!doctype html><html lang="en"><head>{"".join(head)}</head><body>{"".join(body)}</body></html>\n'


def embedded(contents: Contents) -> str:
    """Return the rows as JSON within HTML: no `<` in it can end the element or begin another."""
    text = json.dumps(_for_browser(contents), separators=(",", ":"), ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def scripts() -> str:
    """Return the script, its files in the order in which they build on one another."""
    body = "\n".join(_asset(f"{name}.js") for name in _SCRIPTS)
    return f'"use strict";(()=>{{\n{body}\n}})();'


@cache
def styles() -> str:
    """Return the style sheet."""
    return _asset("report.css")


def _asset(name: str) -> str:
    return resources.files("gateway.report").joinpath("assets", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


# Any: a JSON object.
def _for_browser(contents: Contents) -> dict[str, Any]:
    account = contents.account
    monthly = monthly_usd(contents.policy.engineers)
    return {
        **contents.table.embedded,
        "digits": contents.digits,
        "since": None if account.since is None else str(microseconds(account.since)),
        "until": None if account.until is None else str(microseconds(account.until)),
        "hours": contents.trace.hours,
        "pools": [as_dict(card) for card in contents.cards.pools],
        "engineers": None if monthly is None else fraction(monthly),
        "corrections": [[hour, str(amount.nano_usd)] for hour, amount in contents.corrections],
        "corrected": str(account.corrections.nano_usd),
        "models": {line.name: ", ".join(line.models) for line in account.baselines},
        "sheets": {name: sheet.as_dict for name, sheet in SHEETS.items()},
        "sql": {**words.SQL, **words.BASELINE_SQL},
        "words": {**words.DRIVERS, **words.BASELINES, **words.PARTS},
        "most_rows": MOST_ROWS,
        "quality": [
            {
                "rule": row["rule"],
                "agree": row["agree"],
                "low": row["low"],
                "high": row["high"],
                "rate": str(row["rate"]),
            }
            for row in contents.quality
            if row["rate"] is not None
        ],
    }


def _header(contents: Contents, title: str, made: datetime) -> str:
    account = contents.account
    period = "no requests"
    if account.since is not None and account.until is not None:
        period = f"{account.since:%Y-%m-%d %H:%M} to {account.until:%Y-%m-%d %H:%M} UTC"
    return (
        f'<header><div><h1>{title}</h1><p><span id="period">{period}</span> · made {made:%Y-%m-%d %H:%M} UTC</p>'
        '</div><button type="button" id="theme" hidden>Dark</button></header>'
    )


_FILTERS = (
    '<form id="filters" aria-label="Selection" hidden>'
    '<label>From <input type="date" id="from"></label><label>To <input type="date" id="to"></label>'
    '<label data-of="model">Model <select id="by-model"></select></label>'
    '<label data-of="rule">Rule <select id="by-rule"></select></label>'
    '<label data-of="tenant">Tenant <select id="by-tenant"></select></label>'
    '<label data-of="team">Team <select id="by-team"></select></label>'
    '<label data-of="tag">Tag <select id="by-tag"></select></label>'
    '<button type="button" id="reset">Show all</button><p id="selected" role="status" aria-live="polite"></p></form>'
    '<noscript><p class="note">Without JavaScript the tables are complete; nothing is filtered or drawn.</p></noscript>'
)


def _footer() -> str:
    return (
        f"<footer><p>hybrid-gateway {gateway.__version__}. Amounts are in USD. "
        "This file loads nothing and sends nothing.</p></footer>"
    )
