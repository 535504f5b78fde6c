"""What is wrong, or odd, with a policy whose every word is right. Pure: asks nobody, opens nothing."""

from dataclasses import dataclass

from gateway.errors import Problem
from gateway.licences import registry
from gateway.money import prices
from gateway.policy.models import BackendPolicy, Policy, Rule
from gateway.policy.names import check_names
from gateway.policy.place import is_local
from gateway.policy.reach import impossible, is_unconditional, shadowing
from gateway.policy.report import Report
from gateway.policy.source import Path
from gateway.spelling import remedy
from gateway.types import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Errors forbid a policy, warnings do not; each is one line with its place."""

    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def lint(policy: Policy, *, name: str = "<policy>") -> Findings:
    """Return what is wrong and what is odd with the names and values of a policy; its kinds are asked for nothing."""
    errors, warnings = Report(name=name), Report(name=name)
    check_names(policy.model_dump(), errors)
    check(policy, errors=errors, warnings=warnings)
    return Findings(
        errors=tuple(Problem(error) for error in errors.lines()),
        warnings=tuple(Problem(warning) for warning in warnings.lines()),
    )


def check(policy: Policy, *, errors: Report, warnings: Report) -> None:
    """Add what is wrong to `errors` and what is odd to `warnings`."""
    _check_backends(policy, errors)
    _check_rules(policy, errors)
    _check_demands(policy, errors, warnings)
    _check_ends(policy, warnings)
    _check_baselines(policy, warnings)


def _check_backends(policy: Policy, errors: Report) -> None:
    for name, backend in policy.backends.items():
        if backend.clearance == Level.RESTRICTED and not is_local(backend):
            what = (
                "restricted stays on local backends, and this one is not; lower it, or say 'local: true' if you run it"
            )
            errors.add(("backends", name, "clearance"), what)
        if backend.licence is not None:
            _check_licence(("backends", name, "licence"), backend.licence, errors)


def _check_rules(policy: Policy, errors: Report) -> None:
    for index, rule in enumerate(policy.rules):
        for path, what in impossible(rule.when):
            errors.add(("rules", index, "when", *path), what)
    for later, earlier in shadowing(policy.rules):
        before = errors.shown(("rules", earlier, "name"), policy.rules[earlier].name)
        what = f"no request comes this far: rules[{earlier}] ({before}) takes them all; move this rule up or remove it"
        errors.add(("rules", later), what)


def _check_demands(policy: Policy, errors: Report, warnings: Report) -> None:
    for index, rule in enumerate(policy.rules):
        demand = _demand(policy, rule)
        if demand is None:
            continue
        level, why = demand
        low = [name for name in rule.use if name in policy.backends and not _may_see(policy.backends[name], level)]
        path: Path = ("rules", index, "use")
        if low and len(low) == len(set(rule.use)):
            seen = ", ".join(f"{name}: {policy.backends[name].clearance}" for name in low)
            errors.add(path, f"{why} makes a request {level}, and nobody here may see that ({seen}); add one who may")
        elif low:
            warnings.add(path, f"never asked by this rule: {', '.join(low)} ({why} makes a request {level})")


def _demand(policy: Policy, rule: Rule) -> tuple[Level, str] | None:
    """Return the lowest level that a request of this rule can have, None where it is unbounded."""
    demands: list[tuple[Level, str]] = []
    tags = [(policy.tag(name), name) for name in rule.when.tags]
    levels = [(tag.level, f"when.tags {name}") for tag, name in tags if tag is not None]
    if levels and len(levels) == len(tags):
        demands.append(min(levels))
    if rule.when.level is not None:
        demands.append((rule.when.level.at_least, f"when.level.at_least {rule.when.level.at_least}"))
    return max(demands, default=None)


def _may_see(backend: BackendPolicy, level: Level) -> bool:
    return level <= backend.clearance and (level < Level.RESTRICTED or is_local(backend))


def _check_baselines(policy: Policy, warnings: Report) -> None:
    own = {backend.model for backend in policy.backends.values() if backend.price is not None}
    baselines: list[tuple[Path, str | None]] = [(("baseline",), policy.baseline)]
    baselines += [(("rules", index, "baseline"), rule.baseline) for index, rule in enumerate(policy.rules)]
    for path, model in baselines:
        if model is None or model in own:
            continue
        price = prices.load().get(model)
        shown = warnings.shown(path, model)
        if price is None:
            known = "savings against it stay unknown; name a priced model as provider/model"
            warnings.add(path, f"there is no price for {shown}: {known}")
        elif price.ends is not None:
            warnings.add(path, f"{shown} ends on {price.ends}; name the model that you would use after it")


def _check_licence(path: Path, licence: str, errors: Report) -> None:
    if licence not in registry.ids():
        errors.add(path, f"there is no licence {errors.shown(path, licence)}; {remedy(licence, registry.ids())}")


def _check_ends(policy: Policy, warnings: Report) -> None:
    last = len(policy.rules) - 1
    if not is_unconditional(policy.rules[last].when):
        what = "requests that match no rule are refused; end with a rule that has no 'when'"
        warnings.add(("rules", last), what)
    used = {name for rule in policy.rules for name in rule.use}
    for name in policy.backends:
        if name not in used:
            warnings.add_key(("backends", name), "no rule uses this backend")
