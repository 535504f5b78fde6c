"""What the cells of a row hold: what was metered, what it cost, and what was saved. Amounts are exact. Pure."""

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from gateway.exports.columns import AMOUNT, PRICE, Value
from gateway.exports.hardware import PoolStep
from gateway.exports.meters import GPU_HOURS, Meter, Part
from gateway.exports.parties import Party
from gateway.exports.steps import Compared
from gateway.money.split import rounded

Cells = dict[str, Value]
GPU_SECONDS = "gpu-seconds"
# Nano-GPU-hours of a GPU-microsecond, and pico-USD a GPU-hour of a nano-USD a GPU-microsecond.
_NANO_HOURS = Fraction(10**9, 3_600_000_000)
_PICO_USD_HOURS = 3_600_000_000 * 1000


def amount(nano: int) -> Decimal:
    """Return thousand-millionths as a decimal: of a USD, of a GPU-hour, of one."""
    return Decimal(nano).scaleb(-AMOUNT)


def nano_hours(gpu_us: Fraction | int) -> int:
    """Return GPU-microseconds as thousand-millionths of a GPU-hour, rounded."""
    return rounded(gpu_us * _NANO_HOURS)


def metered(sku: str, part: Part) -> Cells:
    """Return what was metered, at what list price and cost: without a list price the list cost is what it cost."""
    quantity = Decimal(part.quantity)
    listed = None if part.list_price is None else Decimal(part.list_price).scaleb(-PRICE)
    list_cost = part.cost * 1000 if part.list_price is None else part.list_price * part.quantity
    return {
        **_sku(sku, part.meter),
        **_costs(part.cost, list_cost),
        "PricingQuantity": quantity,
        "PricingUnit": part.meter.unit,
        "ConsumedQuantity": quantity,
        "ConsumedUnit": part.meter.unit,
        "ListUnitPrice": listed,
    }


def reserved(pool: PoolStep, cost: int, quantity: int, status: str | None) -> Cells:
    """Return nano-GPU-hours of a pool; `status` is that of the reservation, None where its use is unknown."""
    price = rounded(Fraction(pool.cost * _PICO_USD_HOURS, pool.month_us))
    gpu = {} if pool.policy.gpu is None else {"InstanceType": pool.policy.gpu}
    return {
        **_sku(f"pool/{pool.pool}", GPU_HOURS),
        **_costs(cost, rounded(Fraction(price * quantity, 10**AMOUNT))),
        "ListUnitPrice": Decimal(price).scaleb(-PRICE),
        "PricingQuantity": amount(quantity),
        "PricingUnit": GPU_HOURS.unit,
        "ConsumedQuantity": amount(quantity),
        "ConsumedUnit": GPU_HOURS.unit,
        "SkuPriceDetails": as_json({"GpuCount": 1, **gpu}),
        "CapacityReservationId": None if status is None else pool.pool,
        "CapacityReservationStatus": status,
        "AllocatedMethodId": None if status is None else GPU_SECONDS,
        "ResourceId": pool.pool,
        "ResourceName": pool.pool,
        "ResourceType": "GPU pool",
        "ServiceCategory": "Compute",
        "ServiceSubcategory": "Virtual Machines",
        "ServiceName": "GPU pool",
        "x_AllocationMethod": None if status is None else GPU_SECONDS,
    }


def paid(nano_usd: int) -> Cells:
    """Return what was paid: billed when it was used, and never twice."""
    cost = amount(nano_usd)
    return {"BilledCost": cost, "EffectiveCost": cost, "ContractedCost": cost, "ListCost": cost}


def service(party: Party) -> Cells:
    """Return what was bought: answers of models."""
    return {
        "ServiceCategory": "AI and Machine Learning",
        "ServiceSubcategory": "Generative AI",
        "ServiceName": "Self-hosted models" if party.is_ours else f"{party.name} API",
    }


def saved(compared: Compared | None, baseline: int, cost: int, *, unpriced: int = 0) -> Cells:
    """Return a row's share of the baseline, and what was saved against it.

    Calls that gave no answer have no baseline, and saved less than nothing. Where the cost is unknown, or every
    baseline is, so is what was saved.
    """
    if compared is None:
        return {"x_NetSavings": None if unpriced else amount(-cost)}
    is_known = compared.covered > 0
    return {
        "x_BaselineModel": joined(compared.models),
        "x_BaselineCost": amount(baseline) if is_known else None,
        "x_NetSavings": amount(baseline - cost) if is_known and not unpriced else None,
        "x_TokenBasis": joined(compared.bases),
        "x_Coverage": amount((2 * compared.covered * 10**AMOUNT + compared.requests) // (2 * compared.requests)),
    }


@lru_cache(maxsize=1024)
def tags(team: str | None) -> str | None:
    """Return the tags of a row as JSON."""
    return as_json({"team": team}) if team else None


def as_json(value: Mapping[str, object]) -> str:
    """Return an object as JSON on one line."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def joined(names: Iterable[str]) -> str | None:
    """Return names as one text, None where there are none."""
    return ", ".join(sorted(names)) or None


def _sku(sku: str, meter: Meter) -> Cells:
    return {"SkuId": f"{sku}/{meter.id}", "SkuPriceId": f"{sku}/{meter.id}", "SkuMeter": meter.name}


def _costs(nano_usd: int, list_pico_usd: int) -> Cells:
    return {**paid(nano_usd), "ListCost": Decimal(list_pico_usd).scaleb(-PRICE)}
