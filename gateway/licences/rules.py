"""The rules R-01 to R-15: what a deployment of a model may not be, or not without a duty met. Pure and total.

Each rule only adds findings: a further duty, limit or licence never takes one away. What nobody said counts as the
answer that binds the most. No legal advice.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Literal

from gateway.licences.deployment import EEA, EU, Deployment, Entity
from gateway.licences.models import Licence, Mau
from gateway.licences.records import Record, Records
from gateway.licences.resolve import has_prefix

Effect = Literal["error", "removal", "warning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule: what it says, where it is asked, and what it does where it is broken."""

    id: str
    says: str
    asked: Literal["load", "check", "request"]
    effect: Effect


RULES: Mapping[str, Rule] = {
    rule.id: rule
    for rule in (
        Rule(id="R-01", says="the licence of a self-hosted model is known", asked="load", effect="error"),
        Rule(id="R-02", says="what is declared is what the base chain concludes", asked="load", effect="warning"),
        Rule(id="R-03", says="a non-commercial licence is for research alone", asked="load", effect="error"),
        Rule(
            id="R-04",
            says="who has no right to a multimodal model by its seat hosts none",
            asked="load",
            effect="error",
        ),
        Rule(id="R-05", says="a text to display has a place", asked="load", effect="error"),
        Rule(id="R-06", says="the name of a derived model has its prefix", asked="load", effect="error"),
        Rule(id="R-07", says="the number of monthly active users is attested", asked="load", effect="error"),
        Rule(id="R-08", says="no use policy forbids the sector", asked="load", effect="error"),
        Rule(id="R-09", says="the licence's text is the one that was read", asked="load", effect="error"),
        Rule(
            id="R-10",
            says="a free tier sees nothing private and nobody's users in the EEA",
            asked="load",
            effect="error",
        ),
        Rule(id="R-11", says="the text to display stands on the page", asked="check", effect="error"),
        Rule(id="R-12", says="outputs train only what the terms allow", asked="request", effect="removal"),
        Rule(id="R-13", says="a model takes no image where it may not", asked="request", effect="removal"),
        Rule(id="R-14", says="an attestation that ended removes the model", asked="request", effect="removal"),
        Rule(id="R-15", says="a use that a policy forbids is not for the model", asked="request", effect="removal"),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule that is not kept: by which licence, what is wrong, and what would be right."""

    rule: str
    effect: Effect
    backend: str
    licence: str | None
    what: str
    remedy: str
    # Why a policy takes the rule for a warning.
    excused: str | None = None

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}; {self.remedy}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the rules say of a deployment; it is allowed where nothing but warnings were found."""

    backend: str
    findings: tuple[Finding, ...]
    allowed: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "allowed", all(finding.effect == "warning" for finding in self.findings))

    @property
    def reason(self) -> str:
        """Why, in one line."""
        against = [finding for finding in self.findings if finding.effect != "warning"]
        return "; ".join(map(str, against)) or "no rule is broken"


def judge(deployment: Deployment, *, excuses: Mapping[str, str] | None = None) -> Decision:
    """Return what the rules of loading say; `excuses` are rules that count as warnings, with the policy's reasons."""
    found = tuple(finding for rule in _LOAD for finding in rule(deployment))
    excused = tuple(_excused(finding, excuses or {}) for finding in found)
    return Decision(backend=deployment.backend, findings=excused)


def _excused(finding: Finding, excuses: Mapping[str, str]) -> Finding:
    reason = excuses.get(finding.rule)
    return finding if reason is None else replace(finding, effect="warning", excused=reason)


def _found(  # noqa: PLR0913 - what a finding says, each by its name
    deployment: Deployment,
    rule: str,
    what: str,
    remedy: str,
    *,
    licence: Licence | None = None,
    effect: Effect | None = None,
) -> Finding:
    return Finding(
        rule=rule,
        effect=effect or RULES[rule].effect,
        backend=deployment.backend,
        licence=None if licence is None else licence.id,
        what=what,
        remedy=remedy,
    )


def _known(deployment: Deployment) -> Iterator[Finding]:
    resolution = deployment.resolution
    if resolution.known:
        return
    parts = ", ".join(resolution.unsettled)
    what = f"the licence of {resolution.model!r} is not known" + (f" ({parts})" if parts else "")
    remedy = "name it in `licence`, and what the model was made from in `origin.base`"
    if parts and (resolution.derived or resolution.declared is not None):
        remedy = 'read its terms; a policy that relies on them says so in `licences.warn: {R-01: "who read them"}`'
    yield _found(deployment, "R-01", what, remedy, effect="error" if deployment.hosted_by is None else "warning")


def _declared(deployment: Deployment) -> Iterator[Finding]:
    for conflict in deployment.resolution.conflicts:
        if conflict.code in ("declared_differs", "base_left_out", "declared_unknown"):
            yield _found(
                deployment, "R-02", conflict.text, "what the base chain concludes holds; mend what is declared"
            )


def _commercial(deployment: Deployment) -> Iterator[Finding]:
    if deployment.entity.exposure == "research":
        return
    for licence in deployment.licences:
        if not licence.commercial and not has_own_licence(licence, deployment.records, deployment.day):
            what = f"{licence.name} allows no commercial use, and the exposure is {deployment.entity.exposure}"
            granted = f"gateway licences attest separate-licence --subject {licence.id}"
            remedy = f"take another model, or `exposure: research`; where its makers sold you a licence: {granted}"
            yield _found(deployment, "R-03", what, remedy, licence=licence)


def has_own_licence(licence: Licence, records: Records, day: date) -> bool:
    """Whether somebody said that the licensor granted a licence of its own, and it holds."""
    granted = records.latest("separate-licence", subject=licence.id)
    return granted is not None and granted.holds(day)


def _seat(deployment: Deployment) -> Iterator[Finding]:
    for licence in deployment.licences:
        if not limits_seat(deployment, licence):
            continue
        seat = deployment.entity.seat
        where = "of an unknown seat" if seat is None else f"with its seat in {seat}, in the EU"
        what = f"{licence.name} grants an entity {where} no right to its multimodal models ({deployment.basis})"
        remedy = "say where in `entity.seat`" if seat is None else "take a model of text alone, or another licence"
        yield _found(deployment, "R-04", what, remedy, licence=licence)


def limits_seat(deployment: Deployment, licence: Licence) -> bool:
    """Whether a licence grants this host nothing of this model, by its seat; an unknown seat counts as in the EU."""
    seat = deployment.entity.seat
    return (seat is None or seat in EU) and hangs_on_seat(deployment, licence)


def hangs_on_seat(deployment: Deployment, licence: Licence) -> bool:
    """Whether a licence grants this model by the seat of its host: what a model takes that nobody knows may be that."""
    takes = deployment.resolution.takes(licence)
    return any(not takes or not takes.isdisjoint(region.modalities) for region in licence.regions)


def displays(licence: Licence, records: Records) -> str | None:
    """Return the text that a licence wants displayed: always, or above a number of users that is attested."""
    if licence.display is not None:
        return licence.display.text
    mau = licence.mau
    if mau is None or mau.consequence != "display":
        return None
    earned = records.newest("revenue", subject=licence.id)
    over = _is_above(_said(mau, records, licence), mau.limit) or _is_above(earned, mau.revenue_usd_a_month)
    return mau.display if over else None


def _is_above(said: Record | None, limit: int | None) -> bool:
    return said is not None and limit is not None and int(said.value or 0) > limit


def _display(deployment: Deployment) -> Iterator[Finding]:
    if deployment.displayed or not deployment.entity.third_parties:
        return
    for licence in deployment.licences:
        text = displays(licence, deployment.records)
        if text is not None:
            what = f"{licence.name} wants {text!r} displayed where the product is offered ({deployment.basis})"
            yield _found(deployment, "R-05", what, "name the page in `licences.attribution`", licence=licence)


def _prefix(deployment: Deployment) -> Iterator[Finding]:
    resolution, entity = deployment.resolution, deployment.entity
    name = deployment.served_as or (resolution.model if resolution.derived else None)
    if name is None or not entity.third_parties:
        return
    for licence in deployment.licences:
        prefix = licence.name_prefix
        if prefix is not None and not has_prefix(name, prefix.text):
            what = f"{licence.name} wants the name of a model made with it to begin with {prefix.text!r}, not {name!r}"
            effect: Effect = "error" if entity.exposed("public") else "warning"
            yield _found(deployment, "R-06", what, "rename it in `origin.served_as`", licence=licence, effect=effect)


def _said(mau: Mau, records: Records, licence: Licence) -> Record | None:
    return (
        records.latest("mau", as_of=mau.as_of)
        if mau.measured == "fixed_date"
        else records.newest("mau", subject=licence.id)
    )


def _has_ended(said: Record, mau: Mau, day: date) -> bool:
    late = mau.days is not None and (day - (said.as_of or said.at.date())).days > mau.days
    return late or not said.holds(day)


def users_attested(
    licence: Licence, records: Records, day: date
) -> tuple[Literal["none", "missing", "ended", "over", "met"], Record | None]:
    """Return how a licence's clause on users stands: whether it has one, was attested, still holds, and is kept."""
    mau = licence.mau
    if mau is None:
        return "none", None
    said = _said(mau, records, licence)
    earned = records.newest("revenue", subject=licence.id) if mau.revenue_usd_a_month is not None else said
    if said is None or earned is None:
        return "missing", None
    ended = next((one for one in (said, earned) if _has_ended(one, mau, day)), None)
    if ended is not None:
        return "ended", ended
    above = mau.consequence == "separate_licence" and _is_above(said, mau.limit)
    if above and not has_own_licence(licence, records, day):
        return "over", said
    return "met", said


def _told_day(said: Record) -> str:
    """Return the day that a statement is of, and until when it held."""
    until = f", until {said.until}" if said.until is not None else ""
    return f"of {said.as_of or said.at.date()}{until}"


def _users(deployment: Deployment) -> Iterator[Finding]:
    for licence in deployment.licences:
        state, said = users_attested(licence, deployment.records, deployment.day)
        mau = licence.mau
        if state in ("none", "met") or mau is None:
            continue
        revenue = " and the revenue" if mau.revenue_usd_a_month is not None else ""
        of = f"on {mau.as_of}" if mau.as_of else f"in the last {mau.days} days"
        how = "gateway licences attest mau --value N --as-of " + (
            mau.as_of.isoformat() if mau.as_of else f"DAY --subject {licence.id}"
        )
        if state == "missing":
            yield _found(
                deployment,
                "R-07",
                f"{licence.name} asks for the monthly active users{revenue} {of}, and nobody attested them",
                how,
                licence=licence,
            )
        elif state == "ended":
            ended = "" if said is None else f" ({said.what} {_told_day(said)})"
            what = f"the attestation of monthly active users{revenue} {of} for {licence.name} ended{ended}"
            what += ": the model is in no plan"
            yield _found(deployment, "R-07", what, how, licence=licence, effect="removal")
        else:
            what = f"{licence.name} grants nothing above {mau.limit:,} monthly active users"
            yield _found(
                deployment,
                "R-07",
                what,
                f"ask {licence.steward}, then: gateway licences attest separate-licence",
                licence=licence,
            )


def _sectors(deployment: Deployment) -> Iterator[Finding]:
    for licence in deployment.licences:
        forbidden = forbidden_uses(licence, deployment.entity.sectors)
        if forbidden:
            what = f"the use policy of {licence.name} forbids {', '.join(sorted(forbidden))}"
            yield _found(deployment, "R-08", what, "take another model", licence=licence)


def forbidden_uses(licence: Licence, uses: frozenset[str]) -> frozenset[str]:
    """Return which of these uses a licence's policy forbids."""
    return uses & frozenset(licence.use_policy.categories) if licence.use_policy is not None else frozenset()


def _text(deployment: Deployment) -> Iterator[Finding]:
    text = deployment.text
    if text is None:
        return
    carried = {licence.id: licence for licence in deployment.licences}
    shown = f"the text in `origin.text` (SHA-256 {text.sha256[:12]})"
    if text.licence is None:
        yield _found(
            deployment, "R-09", f"{shown} is that of no licence here", "look what it says, and name it in `licence`"
        )
    elif text.licence.id not in carried:
        what = f"{shown} is {text.licence.name}, and the model carries {', '.join(carried) or 'nothing known'}"
        yield _found(
            deployment, "R-09", what, "find the right text, or mend `licence` and `origin.base`", licence=text.licence
        )
    elif not text.exact and text.licence.text.sha256:
        what = (
            f"{shown} is not the one of {text.licence.name} that was read on {text.licence.text.read}: it was changed"
        )
        yield _found(deployment, "R-09", what, f"compare it with {text.licence.text.url}", licence=text.licence)


def _free_tier(deployment: Deployment) -> Iterator[Finding]:
    for licence in deployment.licences:
        service = licence.service
        if service is None or not service.free_tier_trains or deployment.tier == "paid":
            continue
        if deployment.tier is None:
            what = f"whether the key for {licence.steward} is of the free tier is not said, and that one is trained on"
            yield _found(
                deployment, "R-10", what, "write `origin: {tier: paid}` or free", licence=licence, effect="warning"
            )
            continue
        if deployment.sees_private:
            what = (
                f"the free tier of {licence.steward} trains on what it sees, and the backend may see more than public"
            )
            yield _found(deployment, "R-10", what, "take a paid key, or `clearance: public`", licence=licence)
        if service.users_paid_only and _in(_users_in(deployment.entity), service.users_paid_only):
            what = f"{licence.name} has the paid tier alone for users in {', '.join(service.users_paid_only)}"
            yield _found(
                deployment,
                "R-10",
                what,
                "take a paid key, or say in `entity.users_in` where users are",
                licence=licence,
            )


def _users_in(entity: Entity) -> frozenset[str]:
    """Return where users are, empty for anywhere; people of the house are at its seat, where nobody says more."""
    at_home = frozenset({entity.seat}) if entity.seat is not None and not entity.third_parties else frozenset[str]()
    return entity.users_in or at_home


def _in(countries: frozenset[str], places: tuple[str, ...]) -> bool:
    sets = {"EU": EU, "EEA": EEA, "CH": frozenset({"CH"}), "UK": frozenset({"GB", "UK"})}
    wanted = frozenset[str]().union(*(sets[place] for place in places))
    return not countries or not countries.isdisjoint(wanted)


_LOAD: tuple[Callable[[Deployment], Iterator[Finding]], ...] = (
    _known,
    _declared,
    _commercial,
    _seat,
    _display,
    _prefix,
    _users,
    _sectors,
    _text,
    _free_tier,
)
