"""Charges by the FOCUS standard, from the hourly sums: a row a step, tenant, team, provider, model and meter. Pure.

Rows add up to the books and the pools, to the nano-USD: each cost is split with largest remainders, never rounded by
itself. A pool is a capacity reservation: its used part is charged to who used it, the idle rest is a row of its own.
What nobody is invoiced for is no charge: neither savings nor engineers' time stand here.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from typing import NamedTuple

from gateway.entries import Correction
from gateway.exports.cells import Cells, joined, metered, nano_hours, paid, reserved, saved, service, tags
from gateway.exports.columns import Row
from gateway.exports.hardware import Cards, PoolStep
from gateway.exports.meters import REQUESTS, Part, parts_of, tokens_of
from gateway.exports.parties import Party, ourselves, party_of
from gateway.exports.periods import Grain
from gateway.exports.steps import Answers, Calls, Compared, Step
from gateway.money.prices import Price, PriceList
from gateway.money.rollups import CallSums
from gateway.money.split import split
from gateway.policy.models import BackendPolicy, Policy
from gateway.times import Month, hour_start


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Whose charges are wanted, and how fine. `since` and `until` bound the charge periods, `account` is billed."""

    policy: Policy
    prices: PriceList
    grain: Grain = Grain.DAY
    since: datetime | None = None
    until: datetime | None = None
    account: str | None = None


@dataclass(slots=True)
class Told:
    """What a reader of the rows must know besides them."""

    rows: int = 0
    unpriced: int = 0
    unpriced_models: set[str] = field(default_factory=set)
    unrated: set[str] = field(default_factory=set)
    unpooled: set[str] = field(default_factory=set)


class Focus:
    """Makes rows of steps; `told` is complete when the last row was given."""

    def __init__(self, question: Question, cards: Cards) -> None:
        self._question = question
        self._cards = cards
        self._policy = question.policy
        self._parties: dict[tuple[str, str], Party] = {}
        self._ourselves = ourselves(question.policy)
        self.told = Told()

    def rows(self, steps: Iterable[Step], corrections: Iterable[Correction] = ()) -> Iterator[Row]:
        """Yield the rows, step by step, and the corrections that count in the period."""
        for row in chain(chain.from_iterable(map(self._step, steps)), map(self._correction, corrections)):
            self.told.rows += 1
            yield row

    def _step(self, step: Step) -> Iterator[Row]:
        compared, rest = step.compared()
        pools = {pool.pool: pool for pool in step.pools}
        workers: dict[str, dict[Calls, Fraction]] = {name: {} for name in pools}
        for calls in sorted(step.calls, key=_by_name):
            sums, pool = step.calls[calls], self._cards.pool_of(calls.backend)
            gpu_us = self._cards.gpu_us(calls.backend, calls.cost_source, sums)
            if gpu_us is None or pool not in workers:
                yield from self._calls(step, calls, compared.get(calls))
            else:
                workers[pool][calls] = gpu_us
        for name, pool_step in pools.items():
            yield from self._pool(pool_step, step, workers[name], compared)
        for answers in sorted(rest, key=_by_name):
            yield self._answers(step, answers, rest[answers])

    def _calls(self, step: Step, calls: Calls, compared: Compared | None) -> Iterator[Row]:
        """Yield the rows of calls that are paid for by themselves, a row a meter."""
        sums, backend = step.calls[calls], self._policy.backends.get(calls.backend)
        self._tell(calls, sums)
        parts = parts_of(sums, listed=self._listed(backend, calls.model, step.start), agreed=_agreed(backend))
        shares = split(compared.baseline if compared else 0, [part.share for part in parts])
        for place, (part, share) in enumerate(zip(parts, shares, strict=True)):
            yield {
                **self._model(step, calls, compared),
                **metered(calls.model, part),
                **saved(compared, share, part.cost, unpriced=sums.unpriced),
                "ChargeDescription": _described(f"{part.meter.name} of {calls.model}", sums.unpriced),
                # Once a group, so that they can be added up.
                "x_UnpricedCalls": 0 if place else sums.unpriced,
            }

    def _answers(self, step: Step, answers: Answers, compared: Compared) -> Row:
        """Return the row of answers whose calls are not on the books: it costs nothing, and has their baseline."""
        calls = Calls(answers.tenant, answers.team, answers.backend, answers.model, "unknown", answers.price_version)
        part = Part(meter=REQUESTS, quantity=compared.requests, cost=0, list_price=None, share=1)
        return {
            **self._model(step, calls, compared),
            **metered(answers.model, part),
            **saved(compared, compared.baseline, 0),
            "ChargeDescription": f"Answers of {answers.model} without a call of their own",
        }

    def _pool(
        self, pool: PoolStep, step: Step, workers: Mapping[Calls, Fraction], compared: Mapping[Calls, Compared]
    ) -> Iterator[Row]:
        """Yield what a pool cost: a row for each who used it, and one for the rest."""
        used = pool.used or 0
        rest, free = pool.idle, nano_hours(pool.gpu_us)
        if not workers:
            rest += used
        for (calls, gpu_us), cost in zip(workers.items(), split(used, list(workers.values())), strict=True):
            free -= nano_hours(gpu_us)
            answered = compared.get(calls)
            yield {
                **self._frame(_Span(pool.since, pool.until), self._ourselves, calls),
                **reserved(pool, cost, nano_hours(gpu_us), "Used"),
                **saved(answered, answered.baseline if answered else 0, cost),
                **self._which(calls, answered),
                "ChargeDescription": f"GPU time of pool {pool.pool} used by {calls.model}",
                "ConsumedQuantity": Decimal(sum(tokens_of(step.calls[calls]))),
                "ConsumedUnit": "Tokens",
                "AllocatedResourceId": calls.backend,
                "AllocatedResourceName": calls.model,
                "AllocatedTags": tags(calls.team),
            }
        yield self._rest(pool, rest, max(0, free))

    def _rest(self, pool: PoolStep, cost: int, free: int) -> Row:
        """Return the row of what nobody used of a pool, or of all of it where its use is unknown."""
        is_known = pool.used is not None
        if not is_known:
            self.told.unrated.add(pool.pool)
        return {
            **self._frame(_Span(pool.since, pool.until), self._ourselves, None),
            **reserved(pool, cost, free, "Unused" if is_known else None),
            **saved(None, 0, cost),
            "ChargeDescription": f"{'Idle capacity' if is_known else 'Capacity, used to an unknown part,'} "
            f"of pool {pool.pool}",
            "ChargeFrequency": "Recurring",
            "x_CostSource": "pool",
        }

    def _correction(self, correction: Correction) -> Row:
        """Return the row of a correction: billed when it counts, charged for the month that it is about."""
        month, billed = Month.parse(correction.month), Month.of(correction.counted)
        backend = correction.provider if correction.provider in self._policy.backends else None
        who = Calls(correction.tenant, correction.team, backend or "", correction.model or "", "correction", "")
        party = self._party(backend or correction.provider or "", correction.model or "")
        is_late = month < billed
        return {
            **self._frame(_Span(month.since, month.until), party, who),
            **service(party),
            **paid(correction.amount.nano_usd),
            **saved(None, 0, correction.amount.nano_usd),
            "BillingPeriodStart": billed.since,
            "BillingPeriodEnd": billed.until,
            # What is put right within an open period is no correction in the sense of the standard.
            "ChargeCategory": "Usage" if is_late else "Adjustment",
            "ChargeClass": "Correction" if is_late else None,
            "ChargeDescription": f"Correction {correction.id}: {correction.reason}",
            "ChargeFrequency": "One-Time",
            "PricingCategory": None,
            "x_Backend": backend,
            "x_Model": correction.model,
            "x_CostSource": "correction",
        }

    def _model(self, step: Step, calls: Calls, compared: Compared | None) -> Cells:
        """Return what every row of a model's calls says."""
        party = self._party(calls.backend, calls.model)
        return {
            **self._frame(self._span(step.start), party, calls),
            **self._which(calls, compared),
            **service(party),
        }

    def _frame(self, span: "_Span", party: Party, calls: Calls | None) -> Cells:
        """Return what every row says: who pays whom, when, and on whose behalf."""
        month = Month.of(span.since)
        tenant = (calls and calls.tenant) or None
        return {
            "BillingAccountId": self._question.account or self._ourselves.name,
            "BillingAccountName": self._policy.entity.name if self._policy.entity else None,
            "BillingCurrency": "USD",
            "BillingPeriodStart": month.since,
            "BillingPeriodEnd": month.until,
            "ChargePeriodStart": span.since,
            "ChargePeriodEnd": span.until,
            "ChargeCategory": "Usage",
            "ChargeFrequency": "Usage-Based",
            "InvoiceIssuerName": party.name,
            "ProviderName": party.name,
            "PublisherName": party.name,
            "ServiceProviderName": party.name,
            "HostProviderName": party.name,
            "PricingCategory": "Standard",
            "SubAccountId": tenant,
            "SubAccountName": tenant,
            "Tags": tags(calls.team if calls else None),
            "x_UnpricedCalls": 0,
        }

    def _which(self, calls: Calls, compared: Compared | None) -> Cells:
        """Return by which the rows in the ledger are found that a row sums up."""
        backend = self._policy.backends.get(calls.backend)
        licence = joined(compared.licences) if compared else None
        return {
            "x_Backend": calls.backend,
            "x_Model": calls.model or None,
            "x_CostSource": calls.cost_source,
            "x_PriceVersion": calls.price_version,
            "x_ModelLicense": licence or (backend.licence if backend else None),
        }

    def _span(self, start: int) -> "_Span":
        since, until = hour_start(start), hour_start(start + self._question.grain)
        asked = self._question
        return _Span(max(since, asked.since or since), min(until, asked.until or until))

    def _party(self, backend: str, model: str) -> Party:
        party = self._parties.get((backend, model))
        if party is None:
            party = self._parties[backend, model] = party_of(self._policy, backend, model)
        return party

    def _listed(self, backend: BackendPolicy | None, model: str, start: int) -> Price | None:
        names = (backend.model, model) if backend is not None else (model,)
        at = hour_start(start)
        return next(filter(None, (self._question.prices.get(name, at) for name in names)), None)

    def _tell(self, calls: Calls, sums: CallSums) -> None:
        if sums.unpriced:
            self.told.unpriced += sums.unpriced
            self.told.unpriced_models.add(calls.model)
        if calls.cost_source == "pool" and self._cards.pool_of(calls.backend) is None:
            self.told.unpooled.add(calls.backend)


class _Span(NamedTuple):
    since: datetime
    until: datetime


def _agreed(backend: BackendPolicy | None) -> Price | None:
    own = backend.price if backend is not None else None
    return None if own is None else Price.per_mtok(input=own.input, output=own.output, cached_input=own.cached_input)


def _described(what: str, unpriced: int) -> str:
    if not unpriced:
        return what
    return f"{what}; the cost of {unpriced:,} {'call' if unpriced == 1 else 'calls'} is unknown and 0 here"


def _by_name(key: Calls | Answers) -> tuple[str, ...]:
    return tuple(value or "" for value in key)
