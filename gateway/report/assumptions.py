"""Everything that the figures rest on, in words: what was declared, what was taken for granted, what is missing."""

from collections.abc import Iterator, Sequence

from gateway.money.account import monthly_usd
from gateway.money.savings import Savings
from gateway.policy.models import Policy
from gateway.report.columns import Table
from gateway.report.hardware import Card
from gateway.report.shown import exact, money, share
from gateway.types import Money

Line = tuple[str, str]


def assumptions(account: Savings, policy: Policy, cards: Sequence[Card], table: Table, digits: int) -> Iterator[Line]:
    """Yield what the figures rest on: a word and a sentence each."""
    yield "Period", f"{_period(account)}. Hours are whole, and all times are UTC."
    yield "Coverage", _coverage(account)
    yield "Baseline", _baseline(account)
    yield "Tokens", _tokens(account, policy)
    yield "Prices", _prices(account)
    for card in cards:
        yield f"Pool {card.name}", _pool(card)
    if cards:
        yield (
            "Shared hardware",
            (
                "A model, rule, team or tag bears hardware by the GPU time of its calls, idle time included. "
                "Rows add up to the whole."
            ),
        )
    if account.unpooled:
        yield "Not included", f"The hardware of {', '.join(account.unpooled)}: the policy puts it in no pool."
    yield "People", _people(account, policy, digits)
    yield "Corrections", _corrections(account, digits)
    yield "Random comparisons", _comparisons(account, policy)
    yield from _certainty(account, digits)
    yield (
        "Others would claim",
        (
            f"{_naive(account, digits)}, "
            "taking local and cached answers as free. Hardware, failures and overheads are not in that figure."
        ),
    )
    yield (
        "Selections",
        (
            "A selected period bears its own hardware and people. What no part bears alone (comparisons, corrections, "
            "people) is left out when a part is selected, and the report says so."
        ),
    )
    yield "Rounding", "Amounts are whole nano-USD; what you read is rounded, and the exact one is in its title."
    for note in table.notes:
        yield "Summed up", note


def _naive(account: Savings, digits: int) -> str:
    claim = account.naive.nano_usd
    return f"{money(claim, digits)} ({share(claim, account.total.baseline.nano_usd)})"


def _period(account: Savings) -> str:
    if account.since is None or account.until is None:
        return "Empty"
    return f"{account.since:%Y-%m-%d %H:%M} to {account.until:%Y-%m-%d %H:%M}, {account.hours:,.1f} hours"


def _coverage(account: Savings) -> str:
    sums = account.total.sums
    text = f"{sums.covered:,} of {sums.requests:,} requests ({share(sums.covered, sums.requests)}) are in the sums."
    if sums.excluded:
        known = exact(sums.excluded_cost)
        text += f" {sums.excluded:,} are not: their cost or baseline is unknown. What is known of their cost: {known}."
    return text


def _baseline(account: Savings) -> str:
    models = ", ".join(account.baselines[0].models)
    return (
        f"What one successful call of {models} would have cost at the time of each request."
        if models
        else "No baseline was declared: what was saved is unknown."
    )


def _tokens(account: Savings, policy: Policy) -> str:
    if not account.token_bases or account.token_bases == ("assumed-equal",):
        return "The baseline is taken to need as many tokens as the answer took (tokens=assumed-equal)."
    scaled = [
        f"{model}: {scale.tokens:g} \N{MULTIPLICATION SIGN} tokens, {scale.verbosity:g} \N{MULTIPLICATION SIGN} length"
        for model, scale in policy.baselines.items()
    ]
    return f"Basis: {', '.join(account.token_bases)}. {'; '.join(scaled)}"


def _prices(account: Savings) -> str:
    versions = ", ".join(account.price_versions) or "none"
    return f"Every request keeps the price list that priced it; history is never priced anew. Lists in use: {versions}."


def _pool(card: Card) -> str:
    pool = card.policy
    rent = (
        f"{pool.usd_per_gpu_hour:g} USD a card and hour, rented"
        if pool.owned is None
        else f"bought for {pool.owned.usd:,.0f} USD, written off over {pool.owned.months:g} months, with electricity"
    )
    standby = f", {pool.standby} of them on standby" if pool.standby else ""
    rates = (
        f"GPU time a token {card.origin}: such rates are right to ±40 % away from the lengths they were measured at."
        if card.origin is not None
        else "GPU time a token is unknown, so nobody can say how much of it was used."
    )
    return (
        f"{pool.gpus} cards{standby}; {rent}; charged for the whole period, busy or not. "
        f"{pool.usable:.0%} of full load counts as usable within the latency target. {rates}"
    )


def _people(account: Savings, policy: Policy, digits: int) -> str:
    monthly = monthly_usd(policy.engineers)
    if monthly is None:
        return "Engineers' time: not included."
    cost = money((account.engineers or Money(0)).nano_usd, digits)
    return f"Engineers' time: included, {float(monthly):,.2f} USD a month by the policy, {cost} in this period."


def _corrections(account: Savings, digits: int) -> str:
    booked = account.corrections.nano_usd
    if not booked:
        return "None in this period."
    return f"{money(booked, digits)} were booked to put earlier costs right; rows that were wrong stay as they were."


def _comparisons(account: Savings, policy: Policy) -> str:
    made = account.comparisons
    if policy.holdout is None and not made.calls:
        return "No local answer is compared with a strong model's: nobody knows how good they are."
    drawn = "" if policy.holdout is None else f"{policy.holdout.share:.1%} of local answers are drawn. "
    return f"{drawn}{made.calls:,} were compared in this period; that is paid for, and in the figures."


def _certainty(account: Savings, digits: int) -> Iterator[Line]:
    equal = account.equivalence
    if account.estimate is not None and account.ratio is not None:
        net, low, high = (money(amount.nano_usd, digits) for amount in account.estimate)
        yield (
            "Estimate",
            (
                f"By {account.ratio.pairs:,} random comparisons the net is {net} ({low} to {high}, 95 %): the baseline "
                f"really costs {account.ratio.estimate:.3f} of what was assumed. The figures above do not use it."
            ),
        )
    if equal is not None and account.equivalent_net is not None:
        yield (
            "Quality",
            (
                f"{equal.equivalent:,} of {equal.judged:,} compared local answers agree with the strong model's "
                f"({equal.low:.1%} to {equal.high:.1%}, 95 %). Counting only those that surely agree, the net is "
                f"{money(account.equivalent_net.nano_usd, digits)}."
            ),
        )
    if account.rework_net is not None:
        observed, low = (money(amount.nano_usd, digits) for amount in account.rework_net)
        yield "Bad answers", f"At what the policy says one costs, the net is {observed}; {low} at the lower bound."
