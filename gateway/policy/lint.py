"""What is wrong, or odd, with a policy whose every word is right. Pure: asks nobody, opens nothing."""

from dataclasses import dataclass

from gateway.errors import Problem
from gateway.policy.costs import check_costs
from gateway.policy.duties import check_duties
from gateway.policy.laxer import check_laxness
from gateway.policy.models import Policy, Rule
from gateway.policy.names import check_names
from gateway.policy.paths import check_paths
from gateway.policy.place import has_own_server, is_local, is_odd_loopback
from gateway.policy.reach import Demand, impossible, is_unconditional, shadowing
from gateway.policy.redacting import check_redaction
from gateway.policy.report import Report
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


def check(policy: Policy, *, errors: Report, warnings: Report, licensed: bool = True) -> None:
    """Add what is wrong to `errors` and what is odd to `warnings`; `licensed` says whether licences are judged too."""
    _check_backends(policy, errors)
    if licensed:
        check_duties(policy, errors=errors, warnings=warnings)
    check_redaction(policy, errors)
    _check_rules(policy, errors)
    check_paths(policy, errors)
    check_laxness(policy, warnings)
    _check_ends(policy, warnings)
    check_costs(policy, errors=errors, warnings=warnings)
    _check_stakes(policy, warnings)
    _check_escalation(policy, warnings)
    _check_judges(policy, warnings)


def _check_backends(policy: Policy, errors: Report) -> None:
    for name, backend in policy.backends.items():
        if backend.kind == "hosted" and backend.local and not has_own_server(backend):
            what = (
                "without api_base this is the provider's own server, and no local one; "
                "remove it, or name the server that you run in api_base"
            )
            errors.add(("backends", name, "local"), what)
        elif backend.clearance == Level.RESTRICTED and not is_local(backend):
            odd = any(map(is_odd_loopback, backend.urls)) and backend.local is None
            advice = "write 127.0.0.1 in urls" if odd else "lower it, or say 'local: true' if you run it"
            what = f"restricted stays on local backends, and this one is not; {advice}"
            errors.add(("backends", name, "clearance"), what)


def _check_rules(policy: Policy, errors: Report) -> None:
    for index, rule in enumerate(policy.rules):
        for path, what in impossible(rule.when, _least(policy, rule)):
            errors.add(("rules", index, "when", *path), what)
    for later, earlier in shadowing(policy.rules, policy.default_level):
        before = errors.shown(("rules", earlier, "name"), policy.rules[earlier].name)
        what = f"no request comes this far: rules[{earlier}] ({before}) takes them all; move this rule up or remove it"
        errors.add(("rules", later), what)


def _least(policy: Policy, rule: Rule) -> Demand:
    """Return the level that the rule's tags, or the policy's default, give to every request of it."""
    tags = [(policy.tag(name), name) for name in rule.when.tags]
    levels = [(tag.level, name) for tag, name in tags if tag is not None]
    # One of the tags is enough, and who knows what an unknown one would have meant.
    level, name = min(levels) if levels and len(levels) == len(tags) else (Level.PUBLIC, "")
    if level <= policy.default_level:
        return Demand(level=policy.default_level, why="default_level")
    return Demand(level=level, why=f"when.tags {name}")


def _check_stakes(policy: Policy, warnings: Report) -> None:
    low, high = policy.stakes.low, policy.stakes.high
    if low > 1:
        warnings.add(("stakes", "low"), f"an error at stakes low costs {low:g} times a normal one; 1 or less fits")
    if high < 1:
        warnings.add(("stakes", "high"), f"an error at stakes high costs {high:g} times a normal one; 1 or more fits")


def _check_escalation(policy: Policy, warnings: Report) -> None:
    if policy.escalation is not None and not any(map(is_local, policy.backends.values())):
        what = "no backend is local, so that no request could stay: this bounds nothing; add a local one or remove it"
        warnings.add_key(("escalation",), what)


def _check_judges(policy: Policy, warnings: Report) -> None:
    for index, rule in enumerate(policy.rules):
        for number, accept in enumerate(rule.accept):
            paid = [name for name in accept.asks if name in policy.backends and not is_local(policy.backends[name])]
            if paid:
                names = ", ".join(paid)
                what = (
                    f"judges read every answer, and {names} is not ours: each reading is paid for; name a local backend"
                )
                warnings.add(("rules", index, "accept", number), what)


def _check_ends(policy: Policy, warnings: Report) -> None:
    last = len(policy.rules) - 1
    if not is_unconditional(policy.rules[last].when, policy.default_level):
        what = "requests that match no rule are refused; end with a rule that has no 'when'"
        warnings.add(("rules", last), what)
    used = {name for rule in policy.rules for name in rule.names} | {policy.holdout and policy.holdout.backend}
    for name in policy.backends:
        if name not in used:
            warnings.add_key(("backends", name), "no rule uses this backend")
