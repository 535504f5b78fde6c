"""What a report is made of, gathered before a word of HTML is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from gateway.money.savings import Savings
from gateway.policy.models import Policy
from gateway.report.columns import Table
from gateway.report.figures import Column, Row
from gateway.report.hardware import Cards
from gateway.report.html import Sheet
from gateway.report.shown import digits_for
from gateway.report.trace import Trace
from gateway.types import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """A licence duty in words."""

    licence: str
    text: str
    models: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """All that is shown. `alerts` are (critical, warning or note; text); `corrections` are (hour, amount)."""

    account: Savings
    policy: Policy
    cards: Cards
    table: Table
    trace: Trace
    alerts: Sequence[tuple[str, str]] = ()
    duties: Sequence[Duty] = ()
    quality: Sequence[Row] = ()
    corrections: Sequence[tuple[int, Money]] = ()
    quality_sheet: ClassVar[Sheet] = Sheet(
        id="quality",
        caption="Compared local answers by rule",
        columns=(
            Column("rule", "Rule", "name"),
            Column("judged", "Compared", "count"),
            Column("agree", "Agree", "share"),
            Column("low", "At least", "share"),
            Column("high", "At most", "share"),
            Column("rate", "USD per 1,000", "rate"),
        ),
        by=("rule",),
    )

    @property
    def digits(self) -> int:
        """How many digits of a USD are shown."""
        return digits_for(max(self.account.actual.nano_usd, self.account.total.baseline.nano_usd))

    @property
    def title(self) -> str:
        """Whose report it is."""
        entity = self.policy.entity
        return "What the routing saved" if entity is None else f"What the routing saved: {entity.name}"
