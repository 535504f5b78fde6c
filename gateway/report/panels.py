"""The panels of the report, top to bottom, as HTML that is whole without JavaScript."""

from collections.abc import Iterator

from gateway.money.savings import Savings
from gateway.report import figures, html, shown
from gateway.report.assumptions import assumptions
from gateway.report.breakeven import break_even
from gateway.report.contents import Contents

SHEETS = {
    "waterfall": html.Sheet(
        id="waterfall", caption="From the baseline to what was paid", columns=figures.WATERFALL, command="rule"
    ),
    "steps": html.Sheet(id="steps", caption="Spend and baseline over time", columns=figures.STEPS, command="model,day"),
    "baselines": html.Sheet(
        id="baselines", caption="Three baselines side by side", columns=figures.BASELINE_LINES, command="model"
    ),
    "pools": html.Sheet(id="pools", caption="Pools in this period", columns=figures.POOLS, command="backend,hour"),
    "models": html.Sheet(
        id="models",
        caption="Requests by the model that answered, and rule",
        columns=figures.MODELS,
        by=("model", "rule"),
        command="model,rule",
    ),
    "teams": html.Sheet(
        id="teams",
        caption="What each team is charged",
        columns=figures.TEAMS,
        by=("tenant", "team"),
        command="tenant,team",
    ),
    "failures": html.Sheet(
        id="failures", caption="What was paid besides first answers", columns=figures.FAILURES, command="rule"
    ),
}
_SEVERITIES = {"critical": "Critical", "warning": "Warning", "note": "Note"}


def panels(contents: Contents) -> Iterator[str]:
    """Yield every panel."""
    yield _headline(contents)
    if contents.alerts:
        yield _alerts(contents)
    yield html.panel(
        "waterfall",
        "Where the saving comes from",
        html.note("Each line changes the cost; together they lead to what was paid, to the nano-USD."),
        _table(contents, "waterfall", figures.waterfall(contents.account) if _is_known(contents.account) else []),
        wide=True,
    )
    yield _daily(contents)
    yield html.panel(
        "baselines",
        "Against three baselines",
        html.note("What the same requests would have cost elsewhere. A loss against one of them is shown as a loss."),
        _table(contents, "baselines", figures.baselines(contents.account)),
        wide=True,
    )
    yield _pools(contents)
    yield _break_even(contents)
    yield html.panel(
        "models",
        "By model and rule",
        html.note("Hardware is charged to the model that ran on it. Percentiles are exact to 10 %."),
        _table(contents, "models", figures.models(contents.table, contents.account)),
        wide=True,
    )
    yield html.panel(
        "teams",
        "Chargeback",
        html.note("The column “Charged” adds up to what was paid. What no team bears alone has lines of its own."),
        '<p class="tools"><button type="button" id="csv" hidden>Download as CSV</button></p>',
        _table(contents, "teams", figures.teams(contents.table, contents.account)),
        wide=True,
    )
    yield html.panel(
        "failures",
        "Failed, retried and escalated",
        html.note("Money that bought no first answer."),
        _table(contents, "failures", figures.failures(contents.table, contents.account)),
    )
    if contents.quality:
        yield _quality(contents)
    yield _duties(contents)
    yield html.panel(
        "assumptions",
        "What these figures rest on",
        html.terms(
            assumptions(contents.account, contents.policy, contents.cards.pools, contents.table, contents.digits)
        ),
        wide=True,
    )


def _table(contents: Contents, name: str, rows: list[figures.Row]) -> str:
    return html.table(SHEETS[name], rows, contents.digits, contents.trace)


def _is_known(account: Savings) -> bool:
    return account.total.is_known and account.total.sums.requests > 0


def _headline(contents: Contents) -> str:
    account, digits = contents.account, contents.digits
    known = _is_known(account)
    net, baseline = account.net.nano_usd, account.total.baseline.nano_usd
    sums = account.total.sums
    cards = [
        ("net", verdict(net if known else None), shown.amount_of(net if known else None, digits)),
        ("share", "Of the baseline", shown.text(shown.share(net, baseline) if known else shown.NONE)),
        ("paid", "Paid", shown.amount_of(account.actual.nano_usd, digits)),
        ("baseline", "Baseline", shown.amount_of(baseline if known else None, digits)),
        ("coverage", "Coverage", shown.text(shown.share(sums.covered, sums.requests))),
        ("requests", "Requests", shown.text(shown.count(sums.requests))),
    ]
    items = "".join(
        f'<div class="card" id="card-{name}"><dt id="l-{name}">{label}</dt><dd id="v-{name}">{value}</dd></div>'
        for name, label, value in cards
    )
    loss = ' data-loss="1"' if known and net < 0 else ""
    empty = "" if sums.requests else '<p class="empty">No requests in this period.</p>'
    prices = ", ".join(account.price_versions) or "none"
    return (
        f'<section id="headline" aria-label="Headline"{loss}><dl class="cards">{items}</dl>{empty}'
        f'<p class="note">Priced by the lists {shown.text(prices)}. <span id="unshared"></span></p></section>'
    )


def verdict(net: int | None) -> str:
    """Return in a word what a net means."""
    return "Net" if net is None else "Lost: it cost more than the baseline" if net < 0 else "Saved"


def _alerts(contents: Contents) -> str:
    items = "".join(
        f'<li class="{shown.text(severity)}"><strong>{_SEVERITIES[severity]}</strong> {shown.text(text)}</li>'
        for severity, text in contents.alerts
    )
    return html.panel("alerts", "To know", f"<ul>{items}</ul>", wide=True)


def _daily(contents: Contents) -> str:
    step = contents.table.length
    rows = figures.steps(contents.table, contents.account)
    return html.panel(
        "daily",
        f"Spend against baseline by {step}",
        html.note(
            "Bars: calls by model and hardware. Line: the declared baseline. People and corrections are not here."
        ),
        html.chart("daily", f"Spend by model and hardware for each {step}, with the baseline as a line"),
        '<ul class="legend" id="k-daily"></ul>',
        f"<details><summary>As a table</summary>{_table(contents, 'steps', rows)}</details>",
        wide=True,
    )


def _pools(contents: Contents) -> str:
    if not contents.cards.pools:
        return html.panel("pools", "Hardware", html.note("The policy has no pools: no hardware is charged."))
    return html.panel(
        "pools",
        "Hardware: used and idle",
        html.note(
            "An hour a square, UTC: the darker, the busier. A pool works for all: selected parts do not change it."
        ),
        html.chart("pools", "How busy each pool was in each hour"),
        _table(contents, "pools", figures.pools(contents.account)),
    )


def _break_even(contents: Contents) -> str:
    found = break_even(contents.account)
    if found is None:
        return html.panel(
            "breakeven", "Break-even", html.note("Nothing is paid by the month, or no request is in the sums.")
        )
    digits = contents.digits + 2
    lines = [
        ("Hardware and people, a month", _usd(found.fixed, contents.digits)),
        ("A request at the baseline", _usd(found.baseline, digits)),
        ("Its calls here", _usd(found.calls, digits)),
        ("Requests a month now", f"{found.now:,.0f}"),
        ("It pays from", _volume(found.pays_from)),
        ("Against the cheapest host of the open model", _volume(found.pays_from_managed)),
        ("The hardware is full at", _volume(found.capacity, "unknown")),
    ]
    return html.panel(
        "breakeven",
        "Break-even: cost of a month by volume",
        html.note("An estimate for the mix of the selected period: N = (F + O) / (b \N{MINUS SIGN} c)."),
        html.chart("breakeven", "Cost of a month by its number of requests: baseline, cheapest host, this gateway"),
        '<ul class="legend" id="k-breakeven"></ul>',
        f'<div id="f-breakeven">{html.terms(lines)}</div>',
    )


def _usd(value: float, digits: int) -> str:
    return shown.money(round(value * 1_000_000_000), digits)


def _volume(value: float | None, otherwise: str = "no volume: a request costs more than there") -> str:
    return otherwise if value is None else f"{value:,.0f} requests a month"


def _quality(contents: Contents) -> str:
    return html.panel(
        "quality",
        "Cost and quality by rule",
        html.note(
            "Local answers beside a strong model's, of the whole period: the share that agrees, with 95 % intervals."
        ),
        html.chart("quality", "Share of local answers that agree with a strong model by cost of 1,000 requests"),
        html.table(contents.quality_sheet, contents.quality, contents.digits, contents.trace),
    )


def _duties(contents: Contents) -> str:
    if not contents.duties:
        return html.panel("licences", "Licence duties", html.note("No duties are known for the models that answered."))
    rows = "".join(
        f'<tr><th scope="row">{shown.text(duty.licence)}</th><td>{shown.text(duty.text)}</td>'
        f"<td>{shown.text(duty.models)}</td><td>{shown.text(duty.state)}</td></tr>"
        for duty in contents.duties
    )
    return html.panel(
        "licences",
        "Licence duties",
        html.note("Of the models that answered in this period; no legal advice. In full: gateway licences register."),
        '<div class="scroll" tabindex="0" role="region" aria-label="Licence duties"><table id="t-licences">'
        "<caption>What the licences of these models ask for</caption><thead><tr>"
        '<th scope="col">Licence</th><th scope="col">Duty</th><th scope="col">Models</th><th scope="col">State</th>'
        f"</tr></thead><tbody>{rows}</tbody></table></div>",
        wide=True,
    )
