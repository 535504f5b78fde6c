"""Who may answer, and in what order. Pure: the same assessment, policy and fleet always give the same plan.

The only place where a backend is admitted; whatever follows can only leave admitted backends out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.policy.models import BackendPolicy, LevelRange, Policy, Range, Rule, When
from gateway.policy.place import is_local
from gateway.types import Assessment, Level, Need, Plan, Reason, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What is known of the backends besides the policy: which are not there, and what each kind can take."""

    unavailable: Mapping[str, str] = field(default_factory=dict)
    supports: Mapping[str, frozenset[Need]] = field(default_factory=dict)


def decide(assessment: Assessment, policy: Policy, fleet: Fleet, *, deadline_s: float | None = None) -> Plan:
    """Return the plan for a request: admitted backends in the order of the first rule that fits, reasons for all."""
    rule = next((rule for rule in policy.rules if _holds(rule.when, assessment)), None)
    reasons = {name: _reason(name, assessment, policy, fleet, rule) for name in policy.backends}
    return Plan(
        rule=rule.name if rule else None,
        steps=_steps(rule, reasons) if rule else (),
        reasons=reasons,
        deadline_s=min(filter(None, (deadline_s, rule.deadline_s if rule else None, policy.deadline_s))),
        policy_version=policy.fingerprint,
    )


def admit(assessment: Assessment, backend: BackendPolicy) -> Reason:
    """Say whether a backend may see a request at all. Pure and total; knows level and region, nothing else."""
    local = is_local(backend)
    if assessment.level > backend.clearance:
        because = f" ({assessment.level_reasons[-1]})" if assessment.level_reasons else ""
        return _out("clearance", f"level {assessment.level}{because} is above its clearance {backend.clearance}")
    if assessment.level == Level.RESTRICTED and not local:
        return _out("clearance", "level restricted stays on local backends")
    if assessment.regions is not None and not local and backend.region not in assessment.regions:
        wanted = ", ".join(sorted(assessment.regions)) or "no region at all"
        return _out(
            "region", f"it runs in {backend.region or 'an undeclared region'}, the request is bound to {wanted}"
        )
    return Reason(admitted=True, code="admitted", text=f"clearance {backend.clearance} covers level {assessment.level}")


def _steps(rule: Rule, reasons: Mapping[str, Reason]) -> tuple[Step, ...]:
    admitted = [name for name in dict.fromkeys(rule.use) if reasons[name].admitted]
    return tuple(Step(backend=name, judged=_is_judged(rule, last=name == admitted[-1])) for name in admitted)


def _reason(name: str, assessment: Assessment, policy: Policy, fleet: Fleet, rule: Rule | None) -> Reason:
    backend = policy.backends[name]
    verdict = admit(assessment, backend)
    if not verdict.admitted:
        return verdict
    return _passed_over(name, rule) or _unfit(name, assessment, backend, fleet) or verdict


def _passed_over(name: str, rule: Rule | None) -> Reason | None:
    if rule is None:
        return _out("no_rule", "no rule of the policy fits this request")
    if name not in rule.use:
        return _out("rule", f"rule {rule.name!r} does not use it")
    return None


def _unfit(name: str, assessment: Assessment, backend: BackendPolicy, fleet: Fleet) -> Reason | None:
    missing = assessment.needs - _supported(name, backend, fleet)
    if missing:
        return _out("needs", f"it does not take {', '.join(sorted(missing))}")
    if backend.context_tokens is not None and assessment.prompt_tokens > backend.context_tokens:
        return _out("context", f"about {assessment.prompt_tokens} tokens exceed its {backend.context_tokens}")
    if name in fleet.unavailable:
        return _out("unavailable", fleet.unavailable[name])
    return None


def _out(code: str, text: str) -> Reason:
    return Reason(admitted=False, code=code, text=text)


def _supported(name: str, backend: BackendPolicy, fleet: Fleet) -> frozenset[Need]:
    if backend.supports is not None:
        return frozenset(backend.supports)
    return fleet.supports.get(name, frozenset())


def _is_judged(rule: Rule, *, last: bool) -> bool:
    # The last answer has nobody behind it: judges read it only where the rule would rather refuse than give it.
    return bool(rule.accept) and (not last or rule.unaccepted == "refuse")


def _holds(when: When, assessment: Assessment) -> bool:
    return (
        (not when.tags or not assessment.tags.isdisjoint(when.tags))
        and (not when.kinds or not assessment.kinds.isdisjoint(when.kinds))
        and (not when.task or assessment.task in when.task)
        and (not when.tenant or assessment.tenant in when.tenant)
        and (not when.stakes or assessment.stakes in when.stakes)
        and (not when.needs or not assessment.needs.isdisjoint(when.needs))
        and _within_level(when.level, assessment.level)
        and _within(when.difficulty, assessment.difficulty)
        and _within(when.prompt_tokens, assessment.prompt_tokens)
    )


def _within(limits: Range | None, value: float | None) -> bool:
    if limits is None:
        return True
    # An unknown difficulty counts as hard: `at_least` holds, `below` does not.
    if value is None:
        return limits.below is None
    return (limits.at_least is None or value >= limits.at_least) and (limits.below is None or value < limits.below)


def _within_level(limits: LevelRange | None, level: Level) -> bool:
    return limits is None or limits.at_least <= level <= limits.at_most
