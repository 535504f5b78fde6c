"""Who may answer, and in what order. Pure: the same assessment, policy, fleet and past always give the same plan.

The only place where a backend is admitted; whatever follows can only leave admitted backends out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf

from gateway.fleet.past import NOTHING, Past, Standing
from gateway.policy.models import BackendPolicy, LevelRange, Policy, Range, Rule, When
from gateway.policy.place import is_local
from gateway.spelling import remedy
from gateway.types import Assessment, Level, Need, Plan, Reason, Step

_LONGEST_NAME = 64
# Where the choice of the rule decided about a backend.
_BY_RULE = frozenset({"admitted", "rule", "no_rule"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What is known of the backends besides the policy: which are not there, and what each kind can take."""

    unavailable: Mapping[str, str] = field(default_factory=dict)
    supports: Mapping[str, frozenset[Need]] = field(default_factory=dict)


def decide(
    assessment: Assessment, policy: Policy, fleet: Fleet, *, deadline_s: float | None = None, past: Past = NOTHING
) -> Plan:
    """Return the plan for a request: admitted backends in the order of the first rule that fits, reasons for all."""
    difficulty = counted(assessment, policy)
    rule = next((rule for rule in policy.rules if _holds(rule.when, assessment, difficulty)), None)
    reasons = {name: _reason(name, assessment, policy, fleet, rule) for name in policy.backends}
    if difficulty != assessment.difficulty:
        reasons = _with_note(reasons, _counting(assessment, policy, difficulty), policy, rule)
    if past.over_quota:
        reasons = _within_quota(reasons, policy)
    if past.standing is not None:
        reasons = _told_standing(reasons, past.standing)
    return Plan(
        rule=rule.name if rule else None,
        steps=_steps(rule, reasons, assessment.pin, past.standing) if rule else (),
        reasons=reasons,
        deadline_s=min(filter(None, (deadline_s, rule.deadline_s if rule else None, policy.deadline_s))),
        policy_version=policy.fingerprint,
        consultable=_consultable(rule, reasons, assessment, policy, fleet) if rule else frozenset(),
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


def counted(assessment: Assessment, policy: Policy) -> float:
    """Return the difficulty that conditions are compared with: times what an error costs, at most 1.

    One that the classifier could not say is above every number where it counts as hard, and 0 where it counts as easy.
    """
    if assessment.difficulty is None:
        return inf if policy.when_unsure == "hard" else 0.0
    if assessment.stakes == "normal":
        return assessment.difficulty
    return min(1.0, assessment.difficulty * policy.stakes.of(assessment.stakes))


def _counting(assessment: Assessment, policy: Policy, difficulty: float) -> str:
    if assessment.difficulty is None:
        return f"the difficulty is unknown and counts as {policy.when_unsure}"
    return f"difficulty {assessment.difficulty:.2f} counts as {difficulty:.2f} at stakes {assessment.stakes}"


def _with_note(reasons: Mapping[str, Reason], note: str, policy: Policy, rule: Rule | None) -> dict[str, Reason]:
    """Add how the difficulty was counted where a rule read it, to the reasons that the choice of the rule gave."""
    tried = policy.rules[: policy.rules.index(rule) + 1] if rule else policy.rules
    if all(one.when.difficulty is None for one in tried):
        return dict(reasons)
    return {
        name: replace(reason, text=f"{reason.text}; {note}") if reason.code in _BY_RULE else reason
        for name, reason in reasons.items()
    }


def _within_quota(reasons: Mapping[str, Reason], policy: Policy) -> dict[str, Reason]:
    """Keep a request that may stay; one that no local backend may answer is no escalation, and leaves."""
    local = {name: is_local(backend) for name, backend in policy.backends.items()}
    if not any(reason.admitted and local[name] for name, reason in reasons.items()):
        return dict(reasons)
    out = _out("quota", "the tenant's share of requests that may leave (`escalation`) is used up")
    return {name: reason if local[name] or not reason.admitted else out for name, reason in reasons.items()}


def _told_standing(reasons: dict[str, Reason], standing: Standing) -> dict[str, Reason]:
    reason = reasons.get(standing.backend)
    if reason is None or not reason.admitted:
        return reasons
    return {**reasons, standing.backend: replace(reason, text=f"{reason.text}; {standing.told}")}


def _steps(rule: Rule, reasons: Mapping[str, Reason], pin: str | None, standing: Standing | None) -> tuple[Step, ...]:
    # A pinned backend is asked alone, also where the rule does not use it.
    admitted = [name for name in (dict.fromkeys(rule.use) if pin is None else reasons) if reasons[name].admitted]
    order = _from(standing.backend, admitted) if standing is not None and standing.stays else admitted
    # Who stands last in the rule has nobody better behind it, also where it is asked first.
    ends = {*admitted[-1:], *order[-1:]}
    return tuple(Step(backend=name, judged=_is_judged(rule, last=name in ends)) for name in order)


def _from(first: str, admitted: Sequence[str]) -> Sequence[str]:
    """Begin with a backend and those behind it; those before it are the last resort."""
    if first not in admitted:
        return admitted
    place = admitted.index(first)
    return [*admitted[place:], *admitted[:place]]


def _consultable(
    rule: Rule, reasons: Mapping[str, Reason], assessment: Assessment, policy: Policy, fleet: Fleet
) -> frozenset[str]:
    """Return who may be asked beside the answer: of those that the rule, its judges and the holdout name, who may."""
    # A pin says who answers; judges may still ask somebody else about it.
    beside = (assessment.pin, policy.holdout.backend if policy.holdout else None)
    named = rule.names.union(name for name in beside if name is not None)
    return frozenset(
        name
        for name in named & policy.backends.keys()
        # Most are in the plan, and looked at already.
        if reasons[name].admitted or _is_able(name, assessment, policy.backends[name], fleet)
    )


def _is_able(name: str, assessment: Assessment, backend: BackendPolicy, fleet: Fleet) -> bool:
    return admit(assessment, backend).admitted and _unfit(name, assessment, backend, fleet) is None


def _reason(name: str, assessment: Assessment, policy: Policy, fleet: Fleet, rule: Rule | None) -> Reason:
    backend = policy.backends[name]
    pinned_away = assessment.pin is not None and _pinned_away(name, assessment.pin, policy)
    if pinned_away:
        return pinned_away
    verdict = admit(assessment, backend)
    if not verdict.admitted:
        return verdict
    return _passed_over(name, rule, assessment.pin) or _unfit(name, assessment, backend, fleet) or verdict


def _pinned_away(name: str, pin: str, policy: Policy) -> Reason | None:
    if pin not in policy.backends:
        hint = remedy(pin, policy.backends)
        return _out("pin", f"the caller pinned {pin[:_LONGEST_NAME]!r}, which this policy does not have; {hint}")
    return None if name == pin else _out("pin", f"the caller pinned {pin!r}")


def _passed_over(name: str, rule: Rule | None, pin: str | None) -> Reason | None:
    if rule is None:
        return _out("no_rule", "no rule of the policy fits this request")
    if pin is None and name not in rule.use:
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


def _holds(when: When, assessment: Assessment, difficulty: float) -> bool:
    return (
        (not when.tags or not assessment.tags.isdisjoint(when.tags))
        and (not when.kinds or not assessment.kinds.isdisjoint(when.kinds))
        and (not when.task or assessment.task in when.task)
        and (not when.tenant or assessment.tenant in when.tenant)
        and (not when.stakes or assessment.stakes in when.stakes)
        and (not when.needs or not assessment.needs.isdisjoint(when.needs))
        and _within_level(when.level, assessment.level)
        and _within(when.difficulty, difficulty)
        and _within(when.prompt_tokens, assessment.prompt_tokens)
    )


def _within(limits: Range | None, value: float) -> bool:
    if limits is None:
        return True
    return (limits.at_least is None or value >= limits.at_least) and (limits.below is None or value < limits.below)


def _within_level(limits: LevelRange | None, level: Level) -> bool:
    return limits is None or limits.at_least <= level <= limits.at_most
