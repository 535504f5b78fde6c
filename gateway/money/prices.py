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
from gateway.money.tokens import Tokens
from gateway.types import Money, Usage


class PriceList:
    """Prices by model, named as litellm names them: `provider/model`. `version` tells one list from another.

    Iterating gives the names. `date` is the day that the list is of.
    """

    def __init__(self, prices: Mapping[str, Price], *, version: str, date: date | None = None) -> None:
        self.version = version
        self.date = date
        self._snapshot: Snapshot | None = None
        self._offered: dict[tuple[str, int], tuple[tuple[str, Price], ...]] = {}
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
        tokens = Tokens.of(usage)
        if tokens is None or not (offers := self._offers(weights, at)):
            return None
        cost, model = min([(price.nano_usd(tokens), model) for model, price in offers])
        return model, Money(cost)

    def _offers(self, weights: str, at: datetime) -> Sequence[tuple[str, Price]]:
        """Return who serves open weights at a time, without those whom another one undercuts whatever is asked.

        This is asked for every answer of ours: it is kept for the quarter of an hour, in which no price changes.
        """
        key = weights, int(at.timestamp()) // _QUARTER_S
        known = self._offered.get(key)
        if known is None:
            if len(self._offered) >= _MOST_QUARTERS:
                self._offered.clear()
            open_ = [(model, price) for model in self.hosts(weights) if (price := self._open(model, at)) is not None]
            known = self._offered[key] = tuple(offer for offer in open_ if not _is_undercut(offer, open_))
        return known

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

    def _open(self, model: str, at: datetime) -> Price | None:
        price = self.get(model, at)
        gone = price is None or (price.ends is not None and price.ends <= at.astimezone(UTC).date())
        return None if gone else price


_QUARTER_S = 900
_MOST_QUARTERS = 256


def _is_undercut(offer: tuple[str, Price], offers: Sequence[tuple[str, Price]]) -> bool:
    """Say whether another offer is cheaper for every kind of token, or as cheap and before it by name."""
    model, price = offer
    for other, cheaper in offers:
        if other == model or price.tiers or cheaper.tiers:
            continue
        pairs = [*zip(cheaper.rates, price.rates, strict=True), (cheaper.request, price.request)]
        if all(low <= high for low, high in pairs) and (any(low < high for low, high in pairs) or other < model):
            return True
    return False


@cache
def load() -> PriceList:
    """Return the packaged snapshot; it is read once, from the package alone."""
    return PriceList.of(packaged(), version=f"{packaged().date}-{digest(_text())}")


@cache
def packaged() -> Snapshot:
    """Return the rows of the packaged snapshot."""
    return read(_text(), name="prices.json")


def _text() -> str:
    return resources.files("gateway.money").joinpath("prices.json").read_text(encoding="utf-8")
