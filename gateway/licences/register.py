"""The register of duties: what each licence asks, whether it is met, by which evidence, who sees to it, until when.

By what was served or is configured. What only people can say is met where somebody said it and it holds; nothing else
makes it so. No legal advice.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Literal

from gateway.licences.deployment import Deployment, Entity
from gateway.licences.models import Licence
from gateway.licences.page import Page
from gateway.licences.records import NONE, Record, Records, What
from gateway.licences.rules import Finding, displays, hangs_on_seat, has_own_licence, judge, users_attested
from gateway.licences.served import Served

# `waived`: the policy says why a rule only warns. `warning`: the rule itself only warns, and nobody said why.
State = Literal["met", "unmet", "waived", "warning", "not due"]
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One model in use: how it is deployed, and what it served in the period."""

    deployment: Deployment
    served: Served | None = None

    @property
    def name(self) -> str:
        """The model's name."""
        return self.deployment.resolution.model


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """One thing to do: `id` is the licence and the duty, `rule` asks for it, `due` is when it has to be done anew."""

    licence: str
    duty: str
    text: str
    models: tuple[str, ...]
    state: State
    evidence: str
    owner: str
    due: date | None
    rule: str | None = None

    @property
    def id(self) -> str:
        """What it is called in tables and tickets."""
        return f"{self.licence}/{self.duty}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that duties are judged by: who deploys, what was said and seen, and what the policy takes for warnings.

    `page` is the page for texts to display, `unread` why it could not be read.
    """

    entity: Entity
    day: date
    records: Records = NONE
    page: Page | None = None
    unread: str | None = None
    seen_at: datetime | None = None
    owner: str = ""
    excuses: Mapping[str, str] = field(default_factory=dict)
    keeps_nothing: frozenset[str] = frozenset()


def duties(uses: Sequence[Use], facts: Facts) -> tuple[Duty, ...]:
    """Return every duty of what is in use, by licence; each finding of the rules that is no duty of its own as well."""
    found = [*_of_terms(uses, facts)]
    licences = {licence.id: licence for use in uses for licence in use.deployment.licences}
    for licence in licences.values():
        using = [use for use in uses if any(one.id == licence.id for one in use.deployment.licences)]
        case = _Case(licence, using, facts)
        found += [duty for kind in _KINDS for duty in kind(case)]
    return tuple(sorted(found, key=lambda duty: (duty.licence, duty.duty, duty.text)))


def texts_to_display(uses: Sequence[Use], facts: Facts) -> tuple[str, ...]:
    """Return the texts that have to stand on a page."""
    texts = (displays(one, facts.records) for use in uses for one in use.deployment.licences)
    return tuple(dict.fromkeys(text for text in texts if text is not None))


@dataclass(frozen=True, slots=True)
class _Case:
    licence: Licence
    uses: Sequence[Use]
    facts: Facts

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(use.name for use in self.uses))

    def duty(  # noqa: PLR0913 - a row, each cell by its name
        self, name: str, text: str, state: State, evidence: str, *, due: date | None = None, rule: str | None = None
    ) -> Duty:
        excuse = self.facts.excuses.get(rule or "")
        waived = state == "unmet" and excuse is not None
        return Duty(
            licence=self.licence.id,
            duty=name,
            text=text,
            models=self.models,
            state="waived" if waived else state,
            evidence=f"the policy only warns: {excuse}" if waived else evidence,
            owner=self.facts.owner,
            due=due if due is not None or state != "unmet" else self.facts.day,
            rule=rule,
        )

    def attested(self, name: str, text: str, what: What) -> Duty:
        """Return a duty that only people can say is met."""
        said = self.facts.records.latest(what, subject=self.licence.id)
        if said is None:
            return self.duty(
                name, text, "unmet", f"nobody said it: gateway licences attest {what} --subject {self.licence.id}"
            )
        state: State = "met" if said.holds(self.facts.day) else "unmet"
        return self.duty(name, text, state, told(said), due=said.until)

    def stated(self, name: str, text: str, what: What, value: str) -> Duty:
        """Return a duty to stand by what the policy says; another word than the policy's is none."""
        said = self.facts.records.latest(what)
        if said is not None and said.value != value:
            return self.duty(name, text, "unmet", f"the policy says {value}, and {told(said)}")
        duty = self.attested(name, text, what)
        return replace(duty, evidence=duty.evidence.replace(f"--subject {self.licence.id}", f"--value {value}"))


def told(said: Record) -> str:
    """Return a statement as evidence: what, by whom, when, and whether it ended."""
    value = f"{said.value} " if said.value is not None else ""
    of = f"on {said.as_of} " if said.as_of is not None else ""
    until = f", until {said.until}" if said.until is not None else ""
    return f"{value}{of}said by {said.by} on {said.at:%Y-%m-%d}{until}"


def _of_terms(uses: Sequence[Use], facts: Facts) -> Iterator[Duty]:
    """Yield what the rules find that is no duty of a licence: unknown terms, forbidden uses, limits and texts."""
    for use in uses:
        for finding in judge(use.deployment, excuses=facts.excuses).findings:
            if finding.rule not in _OWN:
                yield _of_finding(finding, use, facts)


def _of_finding(finding: Finding, use: Use, facts: Facts) -> Duty:
    warns = finding.effect == "warning"
    state: State = "unmet" if not warns else "waived" if finding.excused else "warning"
    why = f"the policy only warns: {finding.excused}" if finding.excused else finding.remedy
    return Duty(
        licence=finding.licence or use.deployment.resolution.licence_id or UNKNOWN,
        duty=_NAMES.get(finding.rule, "terms"),
        text=finding.what,
        models=(use.name,),
        state=state,
        evidence=why,
        owner=facts.owner,
        due=None if warns else facts.day,
        rule=finding.rule,
    )


# Rules whose duty stands in the register under its own name, met or not.
_OWN = frozenset({"R-05", "R-07"})
_NAMES = {
    "R-01": "terms",
    "R-02": "declared",
    "R-03": "commercial use",
    "R-04": "seat",
    "R-06": "name prefix",
    "R-08": "sector",
    "R-09": "text",
    "R-10": "free tier",
}


def _display(case: _Case) -> Iterator[Duty]:
    text = displays(case.licence, case.facts.records)
    if text is None:
        return
    facts, asked = case.facts, f"display {text!r} where the product is offered"
    if not facts.entity.third_parties:
        yield case.duty("display", asked, "not due", f"the exposure is {facts.entity.exposure}", rule="R-11")
    elif facts.page is None:
        why = facts.unread or "no page is named: write licences.attribution"
        yield case.duty("display", asked, "unmet", why, rule="R-11" if facts.unread else "R-05")
    else:
        stands = facts.page.has([text])[text]
        when = f" at {facts.seen_at:%Y-%m-%d %H:%M}" if facts.seen_at else ""
        seen = f"{facts.page.place} {'has it' if stands else 'does not have it, to the letter'}"
        evidence = f"{seen}{when}, SHA-256 {facts.page.sha256[:12]}"
        yield case.duty("display", asked, "met" if stands else "unmet", evidence, rule="R-11")


def _derived(case: _Case) -> Iterator[Duty]:
    """Yield what the documentation of a model that was made from another says, where its weights are handed on."""
    given, facts = case.licence.derived_display, case.facts
    if given is None:
        return
    for use in case.uses:
        if not use.deployment.resolution.derived:
            continue
        name = use.deployment.served_as or use.name
        texts = [text.replace("[name]", name) for text in given.one_of]
        asked = f"show {' or '.join(map(repr, texts))} in the documentation of {name}"
        if not facts.entity.exposed("weights_distributed"):
            duty = case.duty("derived display", asked, "not due", "no weights are handed on")
        elif facts.page is None:
            why = facts.unread or "no page is named: write licences.attribution"
            duty = case.duty("derived display", asked, "unmet", why)
        else:
            stands = any(facts.page.has(texts).values())
            evidence = f"{facts.page.place} {'has it' if stands else 'has none of them, to the letter'}"
            duty = case.duty("derived display", asked, "met" if stands else "unmet", evidence)
        yield replace(duty, models=(use.name,))


def _commercial(case: _Case) -> Iterator[Duty]:
    """Yield what makes a commercial use one by contract; where nobody said that there is one, R-03 finds it."""
    facts = case.facts
    sold = not case.licence.commercial and facts.entity.exposure != "research"
    if sold and has_own_licence(case.licence, facts.records, facts.day):
        yield case.attested("commercial use", "have a licence of its makers for commercial use", "separate-licence")


def _copies(case: _Case) -> Iterator[Duty]:
    licence = case.licence
    if licence.copy_of_licence == "never":
        return
    notice = f" and the Notice {licence.notice.text!r}" if licence.notice is not None else ""
    asked = f"give a copy of {licence.name}{notice} with every copy of the weights"
    if case.facts.entity.exposed("weights_distributed"):
        yield case.attested("copies", asked, "copies")
    else:
        yield case.duty("copies", asked, "not due", "no weights are handed on")


def _users(case: _Case) -> Iterator[Duty]:
    mau = case.licence.mau
    state, said = users_attested(case.licence, case.facts.records, case.facts.day)
    if mau is None or state == "none":
        return
    of = f"on {mau.as_of}" if mau.as_of else f"of the last {mau.days} days"
    asked = f"attest the monthly active users {of}; above {mau.limit:,}: {mau.consequence.replace('_', ' ')}"
    due = said.until if said is not None else None
    if said is not None and mau.days is not None:
        due = (said.as_of or said.at.date()) + timedelta(days=mau.days)
    words = {"missing": "nobody said it: gateway licences attest mau", "over": "the limit is exceeded; "}
    evidence = words.get(state, "") + (told(said) if said is not None else "")
    yield case.duty("users", asked, "met" if state == "met" else "unmet", evidence, due=due, rule="R-07")


def _use_policy(case: _Case) -> Iterator[Duty]:
    policy = case.licence.use_policy
    if policy is not None:
        yield case.attested("use policy", f"keep within {policy.url}", "use-policy")


def _disclosure(case: _Case) -> Iterator[Duty]:
    policy = case.licence.use_policy
    if policy is None or not {"passing-as-human", "undisclosed-dangers"} & set(policy.categories):
        return
    asked = "tell people that a machine answers, and of its known limits"
    if case.facts.entity.third_parties:
        yield case.attested("disclosure", asked, "disclosure")
    else:
        yield case.duty("disclosure", asked, "not due", f"the exposure is {case.facts.entity.exposure}")


def _flow_down(case: _Case) -> Iterator[Duty]:
    if case.licence.flow_down and case.facts.entity.third_parties:
        yield case.attested("flow-down", "put the restrictions of use into your users' terms", "flow-down")


def _outputs(case: _Case) -> Iterator[Duty]:
    rule = case.licence.outputs.train
    if rule == "allowed":
        return
    excuse = case.facts.excuses.get("R-12")
    asked = {
        "allowed_with_duties": "a model that learns from outputs has the prefix and the display texts",
        "contract": "outputs train other models by contract alone",
        "forbidden": "outputs train no other model",
    }[rule]
    if excuse is not None and rule != "allowed_with_duties":
        yield case.duty("outputs", asked, "waived", f"the policy only warns: {excuse}", rule="R-12")
    else:
        yield case.duty("outputs", asked, "met", "training requests and exports are filtered by row", rule="R-12")


def _said_of_the_entity(case: _Case) -> Iterator[Duty]:
    """Yield what the policy says of who deploys, where a duty hangs on it: somebody has to stand by it."""
    entity = case.facts.entity
    if entity.seat is not None and any(hangs_on_seat(use.deployment, case.licence) for use in case.uses):
        yield case.stated("seat", f"have it said that the seat is in {entity.seat}", "seat", entity.seat)
    if case.licence.display is not None and not entity.third_parties:
        yield case.stated(
            "exposure", f"have it said that the exposure is {entity.exposure}", "exposure", entity.exposure
        )


def _counsel(case: _Case) -> Iterator[Duty]:
    said = case.facts.records.latest("counsel", subject=case.licence.id)
    if said is not None and said.subject is not None:
        state: State = "met" if said.holds(case.facts.day) else "unmet"
        note = f": {said.note}" if said.note else ""
        yield case.duty("counsel", f"have counsel read it{note}", state, told(said), due=said.until)


def _retention(case: _Case) -> Iterator[Duty]:
    keeps = {use.deployment.backend for use in case.uses} & case.facts.keeps_nothing
    if case.licence.service is not None and keeps:
        yield case.attested("zero retention", "have the provider's word that it keeps nothing", "zero-retention")


_KINDS = (
    _derived,
    _commercial,
    _display,
    _copies,
    _users,
    _use_policy,
    _disclosure,
    _flow_down,
    _outputs,
    _retention,
    _said_of_the_entity,
    _counsel,
)
