"""What is too odd to be believed: of one row, among the hosts of one open model, and from one list to the next."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from gateway.money.listing import Period, Row, periods_of
from gateway.money.price import PICO_PER_MTOK, Price
from gateway.money.prices import PriceList
from gateway.money.sources.exceptions import CHEAP_ANSWERS, DOUBTFUL, FREE

MOST_USD_PER_MTOK = 1_000
# What a host bills for open weights, next to what hosts bill for them on the whole.
LEAST_SHARE = 1 / 8
FEWEST_HOSTS = 3
MOST_CHANGE = 0.5


def doubt(model: str, row: Row) -> str | None:
    """Return why a row is not to be believed, None where nothing speaks against it."""
    if model in DOUBTFUL:
        return DOUBTFUL[model]
    return next(filter(None, (_odd(model, row, period) for period in periods_of(row, "standard"))), None)


def outliers(rows: Mapping[str, Row]) -> Iterator[tuple[str, str]]:
    """Give the hosts of open weights that bill next to nothing of what the others do, each with what is odd."""
    bills: dict[str, dict[str, int]] = defaultdict(dict)
    for model, row in rows.items():
        if "weights" in row:
            last = periods_of(row, "standard")[-1]
            bills[row["weights"]][model] = last["input"] + last["output"]
    for weights, by_model in bills.items():
        usual = median(by_model.values())
        for model, bill in by_model.items():
            if len(by_model) >= FEWEST_HOSTS and bill < usual * LEAST_SHARE:
                yield model, f"{bill / usual:.0%} of what hosts of {weights} bill on the whole"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A model whose price is another one in a newer list, or that one of them does not have."""

    model: str
    old: Price | None
    new: Price | None

    @property
    def is_large(self) -> bool:
        """Whether a price moved by more than half: somebody should look before it is believed."""
        if self.old is None or self.new is None:
            return False
        pairs = ((self.old.input, self.new.input), (self.old.output, self.new.output))
        return any(abs(new - old) > old * MOST_CHANGE for old, new in pairs)


def changes(old: PriceList, new: PriceList, at: datetime) -> Iterator[Change]:
    """Give the models whose price at a time differs, those of one list alone included, by their names."""
    for model in sorted({*old, *new}):
        before, after = old.get(model, at), new.get(model, at)
        if before is None or after is None or (before.rates, before.tiers) != (after.rates, after.tiers):
            yield Change(model=model, old=before, new=after)


def _odd(model: str, row: Row, period: Period) -> str | None:
    asked, answered = period["input"], period["output"]
    if max(asked, answered) > MOST_USD_PER_MTOK * PICO_PER_MTOK:
        return f"more than {MOST_USD_PER_MTOK:,} USD per million tokens"
    if not (asked or answered) and not row.get("free") and model not in FREE:
        return "listed at nothing"
    if row.get("kind") != "embedding" and answered < asked and model not in CHEAP_ANSWERS:
        return "an answer is listed for less than a prompt"
    if period.get("cache_read", 0) > asked:
        return "a cached token is listed for more than a fresh one"
    return None
