"""The price list: what each model costs, through time and at each rate. An unknown model has no price, never 0.

The packaged list is a dated snapshot (`prices.json`, with its sources); nothing is ever fetched.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache, cached_property
from importlib import resources

from gateway.money.listing import Listing, Rate, parse
from gateway.money.price import Price as Price  # noqa: PLC0414 - given on
from gateway.money.snapshot import Snapshot, digest, read
from gateway.types import Money, Usage


class PriceList:
    """Prices by model, named as litellm names them: `provider/model`. `version` tells one list from another.

    Iterating gives the names. `date` is the day that the list is of.
    """

    def __init__(self, prices: Mapping[str, Price], *, version: str, date: date | None = None) -> None:
        self.version = version
        self.date = date
        self._snapshot: Snapshot | None = None
        # Rows are read when they are asked for: a policy names a few of hundreds.
        self._listings: dict[str, Listing] = {
            model: Listing(model=model, prices={"standard": (price,)}, ends=price.ends, source=price.source)
            for model, price in prices.items()
        }

    @classmethod
    def of(cls, snapshot: Snapshot, *, version: str | None = None) -> "PriceList":
        """Return the prices of a snapshot."""
        made = cls({}, version=version or snapshot.version, date=snapshot.date)
        made._snapshot = snapshot
        return made

    @property
    def left_out(self) -> Mapping[str, str]:
        """Why models that a source lists are not in this list."""
        return {} if self._snapshot is None else self._snapshot.left_out

    def get(self, model: str, at: datetime | None = None, *, rate: Rate = "standard") -> Price | None:
        """Return a model's price at a time, now where none is given; None where it is unknown."""
        listing = self.listing(model)
        return None if listing is None else listing.at(at or datetime.now(UTC), rate)

    def listing(self, model: str) -> Listing | None:
        """Return all that is known of a model."""
        known = self._listings.get(model)
        if known is None and self._snapshot is not None and (row := self._snapshot.row(model)) is not None:
            known = parse(model, row, checked=self.date, source=self._snapshot.source)
            self._listings[model] = known
        return known

    def hosts(self, weights: str) -> Sequence[str]:
        """Return the models of this list that serve open weights, by their names as `weights_of` gives them."""
        return self._hosts.get(weights, ())

    def cheapest_host(self, weights: str, usage: Usage, at: datetime) -> tuple[str, Money] | None:
        """Return who would serve open weights for least, and what it bills; None where nobody is known to.

        Hosts that have retired the model by that time are none, nor are those whose listed price is doubtful.
        """
        offers = [(cost, model) for model in self.hosts(weights) if (cost := self._bill(model, usage, at)) is not None]
        if not offers:
            return None
        cost, model = min(offers, key=lambda offer: (offer[0].nano_usd, offer[1]))
        return model, cost

    def __iter__(self) -> Iterator[str]:
        return iter(self._listings if self._snapshot is None else self._snapshot.rows)

    def __len__(self) -> int:
        return len(self._listings if self._snapshot is None else self._snapshot.rows)

    def __contains__(self, model: object) -> bool:
        return model in (self._listings if self._snapshot is None else self._snapshot.rows)

    @cached_property
    def _hosts(self) -> Mapping[str, Sequence[str]]:
        hosts: dict[str, list[str]] = defaultdict(list)
        for model, row in self._snapshot.rows.items() if self._snapshot else ():
            if "weights" in row:
                hosts[row["weights"]].append(model)
        return hosts

    def _bill(self, model: str, usage: Usage, at: datetime) -> Money | None:
        price = self.get(model, at)
        gone = price is None or (price.ends is not None and price.ends <= at.astimezone(UTC).date())
        return None if price is None or gone else price.of(usage)


@cache
def load() -> PriceList:
    """Return the packaged snapshot; it is read once, from the package alone."""
    text = resources.files("gateway.money").joinpath("prices.json").read_text(encoding="utf-8")
    snapshot = read(text, name="prices.json")
    return PriceList.of(snapshot, version=f"{snapshot.date}-{digest(text)}")
