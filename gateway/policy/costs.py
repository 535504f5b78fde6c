"""What is odd about the money of a policy: prices that are not there, that change, models that are withdrawn. Pure.

What changes is told by the day of the price list, not by today's: the same policy has the same findings.
"""

from collections.abc import Iterator

from gateway.errors import PriceFileError
from gateway.money.outlook import outlook
from gateway.money.overrides import in_force
from gateway.money.prices import PriceList
from gateway.policy.models import Policy
from gateway.policy.place import is_local
from gateway.policy.report import Report
from gateway.policy.source import Path


def check_costs(policy: Policy, *, errors: Report, warnings: Report) -> None:
    """Add a file of prices that cannot be read to `errors`, and what is odd to `warnings`."""
    try:
        prices = in_force(policy)
    except PriceFileError as error:
        for problem in error.problems:
            errors.add_key(("prices",), problem)
        return
    _check_baselines(policy, prices, warnings)
    _check_backends(policy, prices, warnings)


def _check_baselines(policy: Policy, prices: PriceList, warnings: Report) -> None:
    own = {backend.model for backend in policy.backends.values() if backend.price is not None}
    for path, model in _baselines(policy):
        if model in own:
            continue
        shown = warnings.shown(path, model)
        if prices.get(model) is None:
            known = "savings against it stay unknown; name a priced model as provider/model"
            warnings.add(path, f"there is no price for {shown}: {known}")
        for event in outlook(prices, [model]):
            remedy = "; name the model that you would use after it" if event.ends else ""
            warnings.add(path, f"{shown} {event.what}{remedy}")


def _check_backends(policy: Policy, prices: PriceList, warnings: Report) -> None:
    for name, backend in policy.backends.items():
        if backend.price is not None or is_local(backend):
            continue
        path: Path = ("backends", name, "model")
        shown = warnings.shown(path, backend.model)
        known = prices.listing(backend.model)
        if known is not None and backend.rate not in known.prices:
            what = f"there is no {backend.rate} price for {shown}: what it costs stays unknown; give its price"
            warnings.add(("backends", name, "rate"), what)
        # Another price is no fault of a policy, and `gateway prices` tells it.
        if known is not None and known.ends is not None:
            warnings.add(path, f"{shown} ends on {known.ends}; name the model that you would use after it")


def _baselines(policy: Policy) -> Iterator[tuple[Path, str]]:
    if policy.baseline is not None:
        yield ("baseline",), policy.baseline
    for index, rule in enumerate(policy.rules):
        if rule.baseline is not None:
            yield ("rules", index, "baseline"), rule.baseline
