"""Whom the terms of its model keep out of one request: R-12 to R-15. Worked out when a policy is opened.

Most requests ask nothing of it and get the same empty answer; it costs them two looks at a set and one at the clock.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from gateway.licences.deployment import Deployment
from gateway.licences.models import Licence
from gateway.licences.records import What
from gateway.licences.registry import packaged
from gateway.licences.rules import forbidden_uses, limits_seat, users_attested
from gateway.licences.uses import TRAINING, USE, uses
from gateway.plan import Reason
from gateway.types import Assessment, Need

_MEDIA = frozenset({Need.IMAGES, Need.OTHER_MEDIA})
_NOBODY: Mapping[str, Reason] = {}
_NOTHING = frozenset[str]()
# Tags are the callers' to choose.
_MOST_KNOWN = 1_000
# Statements that a model is used by: once made, their end is the end of its use.
_ENDING: tuple[What, ...] = ("zero-retention", "separate-licence", "use-policy", "flow-down", "approval")


class Gate:
    """The deployments of one policy that some request may not use. `excuses` are rules that count as warnings."""

    def __init__(self, deployments: Sequence[Deployment] = (), *, excuses: Iterable[str] = ()) -> None:
        excused = frozenset(excuses)
        self._named = tuple(deployments) if "R-15" not in excused else ()
        self._trained = tuple(deployments) if "R-12" not in excused else ()
        self._timed = tuple(deployments) if "R-14" not in excused else ()
        self._seeing = {} if "R-13" in excused else _seeing(deployments)
        self._day = date.min
        self._ended: Mapping[str, Reason] = _NOBODY
        self._known: dict[tuple[frozenset[str], bool], Mapping[str, Reason]] = {}

    def barred(self, assessment: Assessment, at: datetime) -> Mapping[str, Reason]:
        """Return the backends that may not answer a request, each with the rule and the reason."""
        day = at.date()
        if day != self._day:
            self._ended = {one.backend: reason for one in self._timed if (reason := _ended(one, day)) is not None}
            self._day, self._known = day, {}
        tags, sees = assessment.tags, not assessment.needs.isdisjoint(_MEDIA)
        named = frozenset(filter(_is_use, tags)) if tags else _NOTHING
        if not named and not (sees and self._seeing):
            return self._ended
        barred = self._known.get((named, sees))
        if barred is None:
            barred = self._barred(named, sees=sees)
            if len(self._known) < _MOST_KNOWN:
                self._known[named, sees] = barred
        return barred

    def _barred(self, named: frozenset[str], *, sees: bool) -> Mapping[str, Reason]:
        training = _training(self._trained) if TRAINING in named else _NOBODY
        forbidden = _forbidden(self._named, uses(named))
        return {**self._ended, **(self._seeing if sees else _NOBODY), **training, **forbidden}


def _is_use(tag: str) -> bool:
    return tag.startswith(USE) or tag == TRAINING


def _out(rule: str, text: str, *, code: str = "licence") -> Reason:
    return Reason(admitted=False, code=code, text=f"{rule}: {text}")


def _seeing(deployments: Iterable[Deployment]) -> dict[str, Reason]:
    seeing = {}
    for one in deployments:
        limited = next((licence for licence in one.licences if limits_seat(one, licence)), None)
        if limited is not None:
            seat = one.entity.seat or "an unknown place"
            seeing[one.backend] = _out("R-13", f"{limited.name} grants a host with its seat in {seat} no images")
    return seeing


def _ended(deployment: Deployment, day: date) -> Reason | None:
    for licence in deployment.licences:
        state, users = users_attested(licence, deployment.records, day)
        if state == "ended" and users is not None:
            words = "monthly active users" if users.what == "mau" else users.what
            as_of = licence.mau.as_of if licence.mau is not None else None
            how = f"{users.what} --value N --as-of {as_of or f'DAY --subject {licence.id}'}"
            return _over(f"the attestation of {words} for {licence.name} ended", how)
        for what in _ENDING:
            said = deployment.records.latest(what, subject=licence.id)
            if said is not None and not said.holds(day):
                told = f"the attestation of {what} for {licence.name} ended on {said.until}"
                return _over(told, f"{what} --subject {licence.id}")
    return None


def _over(text: str, how: str) -> Reason:
    """Return the reason where somebody has to attest anew: no caller can change that."""
    return _out("R-14", f"{text}; whoever runs this: gateway licences attest {how}", code="attestation")


def trains(licences: Sequence[Licence], *, classifier: bool) -> str | None:
    """Return why outputs may not train a model (a classifier that stays in the house), None where they may."""
    if not licences:
        return "its terms are not known"
    for licence in licences:
        rule = licence.outputs
        if rule.train in ("contract", "forbidden") and not (classifier and rule.internal_classifier):
            verb = "forbids it" if rule.train == "forbidden" else "asks for a contract"
            return f"{licence.name} {verb}"
    return None


def _training(deployments: Iterable[Deployment]) -> dict[str, Reason]:
    barred = {}
    for one in deployments:
        why = trains(one.licences if one.resolution.known else (), classifier=False)
        if why is not None:
            barred[one.backend] = _out("R-12", f"its answers may not train another model: {why}")
    return barred


def _risky(named: frozenset[str]) -> frozenset[str]:
    """Return those uses that some use policy forbids, and words that nobody knows."""
    registry = packaged()
    forbidden = (forbidden_uses(one, named) for one in registry.licences.values())
    return frozenset[str]().union(named - registry.categories.keys(), *forbidden)


def _forbidden(deployments: Iterable[Deployment], named: frozenset[str]) -> dict[str, Reason]:
    barred = {}
    for one in deployments:
        if not one.resolution.known and (risky := _risky(named)):
            words = ", ".join(sorted(risky))
            barred[one.backend] = _out("R-15", f"whether its use policy is against {words} is not known")
        for licence in one.licences:
            forbidden = forbidden_uses(licence, named)
            # What no list has cannot be shown to be allowed.
            unknown = named - packaged().categories.keys() if licence.use_policy is not None else frozenset[str]()
            if forbidden or unknown:
                words = ", ".join(sorted(forbidden | unknown))
                barred[one.backend] = _out("R-15", f"the use policy of {licence.name} is against {words}")
    return barred
