"""Who may answer, and in what order. Pure: the same assessment, policy, fleet and past always give the same plan.

The only place where a plan is made: of each backend `admit` is asked, for the request and else for what is left of it
with placeholders, and whoever is in the plan is in it by the clearance that `admit` gave. Whatever follows can only
leave admitted backends out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf

from gateway.clearance import Clearance, Destination, Refusal, admit
from gateway.fleet.past import NOTHING, Past, Standing
from gateway.policy.models import BackendPolicy, LevelRange, Policy, Range, Rule, When
from gateway.policy.place import Destinations, destinations
from gateway.spelling import remedy
from gateway.types import Assessment, Level, Need, Plan, Reason, Step

_LONGEST_NAME = 64
# Where the choice of the rule decided about a backend.
_BY_RULE = frozenset({"admitted", "rule", "no_rule"})
_NOBODY: Mapping[str, Reason] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What is known of the backends besides the policy: which are not there, and what each kind can take.

    `destinations` are those of the policy, worked out once; for any other policy `decide` works them out itself.
    """

    unavailable: Mapping[str, str] = field(default_factory=dict)
    supports: Mapping[str, frozenset[Need]] = field(default_factory=dict)
    destinations: Destinations | None = None


def decide(  # noqa: PLR0913 - all that a plan depends on, each by its name
    assessment: Assessment,
    policy: Policy,
    fleet: Fleet,
    *,
    deadline_s: float | None = None,
    past: Past = NOTHING,
    barred: Mapping[str, Reason] = _NOBODY,
) -> Plan:
    """Return the plan for a request: admitted backends in the order of the first rule that fits, reasons for all.

    `barred` are backends whose model's terms keep them out of this request, with why.
    """
    places = _destinations(policy, fleet)
    case = _Case(assessment=assessment, policy=policy, fleet=fleet, destinations=places, barred=barred)
    difficulty = counted(assessment, policy)
    rule = next((rule for rule in policy.rules if _holds(rule.when, assessment, difficulty)), None)
    answers = case.answers()
    reasons = {name: _reason(name, answer, rule, case) for name, answer in answers.items()}
    if difficulty != assessment.difficulty:
        reasons = _with_note(reasons, _counting(assessment, policy, difficulty), policy, rule)
    if past.over_quota:
        reasons = _within_quota(reasons, case.destinations)
    if past.standing is not None:
        reasons = _told_standing(reasons, past.standing)
    cleared = {name: answer for name, answer in answers.items() if isinstance(answer, Clearance)}
    steps = _steps(rule, reasons, cleared, case, past.standing) if rule else ()
    consultable = _consultable(rule, reasons, cleared, case) if rule else frozenset[str]()
    return Plan(
        rule=rule.name if rule else None,
        steps=steps,
        reasons=reasons,
        deadline_s=min(filter(None, (deadline_s, rule.deadline_s if rule else None, policy.deadline_s))),
        policy_version=policy.fingerprint,
        clearances={name: cleared[name] for name in consultable.union(step.backend for step in steps)},
        consultable=consultable,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    assessment: Assessment
    policy: Policy
    fleet: Fleet
    destinations: Mapping[str, Destination]
    barred: Mapping[str, Reason]

    def is_redacted(self, clearance: Clearance) -> bool:
        """Whether a backend may see the request with placeholders alone."""
        redaction = self.assessment.redaction
        return redaction is not None and clearance.label is redaction.label

    def answers(self) -> dict[str, Clearance | Refusal]:
        """Ask `admit` about every backend; of those that refuse, whether they may see the request redacted."""
        label, redaction = self.assessment.label, self.assessment.redaction
        answers = {name: admit(label, self.destinations[name]) for name in self.policy.backends}
        if redaction is None:
            return answers
        less = {name: admit(redaction.label, self.destinations[name]) for name in _refusing(answers)}
        return {**answers, **{name: answer for name, answer in less.items() if isinstance(answer, Clearance)}}


def _refusing(answers: Mapping[str, Clearance | Refusal]) -> list[str]:
    return [name for name, answer in answers.items() if isinstance(answer, Refusal)]


def _destinations(policy: Policy, fleet: Fleet) -> Mapping[str, Destination]:
    known = fleet.destinations
    # A fleet that was opened for another policy knows nothing of this one's clearances.
    return known.by_name if known is not None and known.policy is policy else destinations(policy).by_name


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


def _within_quota(reasons: Mapping[str, Reason], places: Mapping[str, Destination]) -> dict[str, Reason]:
    """Keep a request that may stay; one that no local backend may answer is no escalation, and leaves."""
    if not any(reason.admitted and places[name].local for name, reason in reasons.items()):
        return dict(reasons)
    out = _out("quota", "the tenant's share of requests that may leave (`escalation`) is used up")
    return {name: reason if places[name].local or not reason.admitted else out for name, reason in reasons.items()}


def _told_standing(reasons: dict[str, Reason], standing: Standing) -> dict[str, Reason]:
    reason = reasons.get(standing.backend)
    if reason is None or not reason.admitted:
        return reasons
    return {**reasons, standing.backend: replace(reason, text=f"{reason.text}; {standing.told}")}


def _steps(
    rule: Rule,
    reasons: Mapping[str, Reason],
    cleared: Mapping[str, Clearance],
    case: _Case,
    standing: Standing | None,
) -> tuple[Step, ...]:
    pin = case.assessment.pin
    # A pinned backend is asked alone, also where the rule does not use it.
    admitted = [name for name in (dict.fromkeys(rule.use) if pin is None else reasons) if reasons[name].admitted]
    order = _from(standing.backend, admitted) if standing is not None and standing.stays else admitted
    # Who stands last in the rule has nobody better behind it, also where it is asked first.
    ends = {*admitted[-1:], *order[-1:]}
    return tuple(_step(cleared[name], case, judged=_is_judged(rule, last=name in ends)) for name in order)


def _step(clearance: Clearance, case: _Case, *, judged: bool) -> Step:
    """Make a step; its backend is the one that a clearance names, so that there is no step without one."""
    return Step(backend=clearance.destination.name, judged=judged, redacted=case.is_redacted(clearance))


def _from(first: str, admitted: Sequence[str]) -> Sequence[str]:
    """Begin with a backend and those behind it; those before it are the last resort."""
    if first not in admitted:
        return admitted
    place = admitted.index(first)
    return [*admitted[place:], *admitted[:place]]


def _consultable(
    rule: Rule, reasons: Mapping[str, Reason], cleared: Mapping[str, Clearance], case: _Case
) -> frozenset[str]:
    """Return who may be asked beside the answer: of those that the rule, its judges and the holdout name, who may."""
    policy, pin = case.policy, case.assessment.pin
    # A pin says who answers; judges may still ask somebody else about it.
    beside = (pin, policy.holdout.backend if policy.holdout else None)
    named = rule.names.union(name for name in beside if name is not None)
    return frozenset(
        cleared[name].destination.name
        for name in named & cleared.keys()
        # Most are in the plan, and looked at already.
        if reasons[name].admitted or _unfit(name, case) is None
    )


def _reason(name: str, answer: Clearance | Refusal, rule: Rule | None, case: _Case) -> Reason:
    pin = case.assessment.pin
    if pin is not None and (pinned_away := _pinned_away(name, pin, case.policy)):
        return pinned_away
    if isinstance(answer, Refusal):
        return _refused(answer, case.assessment)
    return _passed_over(name, rule, pin) or _unfit(name, case) or _admitted(answer, case)


def _refused(refusal: Refusal, assessment: Assessment) -> Reason:
    text = refusal.text
    if refusal.code == "clearance" and assessment.level_reasons:
        level = f"level {assessment.level}"
        text = text.replace(level, f"{level} ({assessment.level_reasons[-1]})", 1)
    return _out(refusal.code, text)


def _admitted(clearance: Clearance, case: _Case) -> Reason:
    text = f"clearance {clearance.destination.clearance} covers level {clearance.label.level}"
    if case.is_redacted(clearance):
        text = f"{text}: it sees the request redacted ({case.assessment.redaction})"
    return Reason(admitted=True, code="admitted", text=text)


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


def _unfit(name: str, case: _Case) -> Reason | None:
    assessment, backend, fleet = case.assessment, case.policy.backends[name], case.fleet
    missing = assessment.needs - _supported(name, backend, fleet)
    if missing:
        return _out("needs", f"it does not take {', '.join(sorted(missing))}")
    if backend.context_tokens is not None and assessment.prompt_tokens > backend.context_tokens:
        return _out("context", f"about {assessment.prompt_tokens} tokens exceed its {backend.context_tokens}")
    if name in fleet.unavailable:
        return _out("unavailable", fleet.unavailable[name])
    return case.barred.get(name)


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
