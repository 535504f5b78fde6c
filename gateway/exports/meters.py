"""What was metered of a group of calls, and its cost split over that, to the last nano-USD. Pure.

The books keep one exact cost of a call. It is split over the kinds of tokens, and the fee of a request, by what each
would cost at the prices of that day, with the largest remainders rounded up: the parts add up to the cost again,
whatever it was. A cost without a price to split it by stays whole, as one part.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gateway.money.price import REQUEST, Price
from gateway.money.rollups import CallSums
from gateway.money.split import split
from gateway.money.tokens import Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """What is counted: `id` within a SKU, `name` for people, and the unit that it is priced in."""

    id: str
    name: str
    unit: str = "Tokens"


TOKENS: Mapping[str, Meter] = MappingProxyType(
    {
        "input": Meter(id="input", name="Input Tokens"),
        "cache_read": Meter(id="cached-input", name="Cached Input Tokens"),
        "cache_write_5m": Meter(id="cache-write-5m", name="Cache Write Tokens (5 min)"),
        "cache_write_1h": Meter(id="cache-write-1h", name="Cache Write Tokens (1 h)"),
        "audio_input": Meter(id="audio-input", name="Audio Input Tokens"),
        "image_input": Meter(id="image-input", name="Image Input Tokens"),
        "output": Meter(id="output", name="Output Tokens"),
        "reasoning": Meter(id="reasoning", name="Reasoning Tokens"),
        "audio_output": Meter(id="audio-output", name="Audio Output Tokens"),
    }
)
ALL_TOKENS = Meter(id="tokens", name="Tokens")
REQUESTS = Meter(id="requests", name="Requests", unit="Requests")
GPU_HOURS = Meter(id="gpu-hours", name="GPU-Hours", unit="GPU-Hours")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a group's cost. `list_price` is pico-USD a unit, None where no list has it; `share` is a weight."""

    meter: Meter
    quantity: int
    cost: int
    list_price: int | None
    share: int


def tokens_of(sums: CallSums) -> Tokens:
    """Return the tokens of a group by kind."""
    return Tokens._make(getattr(sums, kind) for kind in Tokens._fields)


def parts_of(sums: CallSums, *, listed: Price | None, agreed: Price | None) -> list[Part]:
    """Return a group's cost in parts: by the prices that were agreed, else by the listed ones, else as a whole."""
    price = agreed or listed
    metered = list(_metered(sums, price))
    weights = [] if price is None else [_rate(price, kind) * quantity for kind, quantity in metered]
    # By a price of 0 nothing is split, unless there is nothing to split.
    if not weights or sums.unpriced or (not sum(weights) and sums.cost):
        return [_whole(sums)]
    return [
        Part(
            meter=TOKENS.get(kind, REQUESTS),
            quantity=quantity,
            cost=cost,
            list_price=None if listed is None else _rate(listed, kind),
            share=weight,
        )
        for (kind, quantity), weight, cost in zip(metered, weights, split(sums.cost, weights), strict=True)
    ]


def _metered(sums: CallSums, price: Price | None) -> Iterator[tuple[str, int]]:
    for kind, quantity in tokens_of(sums)._asdict().items():
        if quantity:
            yield kind, quantity
    if price is not None and price.request:
        yield REQUEST, sums.calls


def _whole(sums: CallSums) -> Part:
    quantity = sum(tokens_of(sums))
    meter, quantity = (ALL_TOKENS, quantity) if quantity else (REQUESTS, sums.calls)
    return Part(meter=meter, quantity=quantity, cost=sums.cost, list_price=None, share=1)


def _rate(price: Price, kind: str) -> int:
    return price.request if kind == REQUEST else int(getattr(price.rates, kind))
