"""`gateway explain`: who may answer a request and who would; nobody is asked and nothing is written."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any

import typer

from gateway.cli.console import NO, say, say_facts, say_json, say_table
from gateway.cli.inputs import (
    JsonOption,
    KeyOption,
    PinOption,
    PolicyOption,
    StakesOption,
    TagOption,
    TaskOption,
    TenantOption,
    TextArgument,
    policy_path,
    text_of,
)
from gateway.ledgers.memory import MemoryLedger
from gateway.router import Router
from gateway.types import Assessment, Explanation, Source
from gateway.wire.request import RequestFields


def explain(  # noqa: PLR0913 - a parameter an option
    *,
    text: TextArgument = None,
    policy: PolicyOption = None,
    tag: TagOption = None,
    task: TaskOption = None,
    stakes: StakesOption = "normal",
    tenant: TenantOption = None,
    key: KeyOption = None,
    pin: PinOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show who may answer a request and who would, calling nobody.

    Findings are counted, never shown, and so is what would be replaced. Exit code 1: nobody may answer.

    Example: gateway explain "Patient Jane Doe, MRN 448812" --tag phi
    """
    fields = RequestFields(tags=tag, task=task, stakes=stakes, tenant=tenant, key=key, pin=pin)
    # A ledger of its own: explaining leaves no file behind.
    router = Router.from_policy(policy_path(policy), ledger=MemoryLedger(1), exporters={})
    explanation = asyncio.run(_explain(router, text_of(text), fields))
    if as_json:
        say_json(_record(explanation))
    else:
        _print(explanation)
    if not explanation.plan.steps:
        raise typer.Exit(NO)


async def _explain(router: Router, content: str, fields: RequestFields) -> Explanation:
    async with router:
        return await router.explain(content, **fields)


def _print(explanation: Explanation) -> None:
    assessment, plan = explanation.assessment, explanation.plan
    facts = {
        "rule": plan.rule or "none fits",
        **_label_facts(explanation),
        "findings": "; ".join(f"{kind}: {_counted(types)}" for kind, types in _counts(explanation).items()) or "none",
        "difficulty": "unknown" if assessment.difficulty is None else f"{assessment.difficulty:.2f}",
        "needs": ", ".join(sorted(assessment.needs)) or "text only",
        "tokens": f"about {assessment.prompt_tokens:,}",
        "deadline": f"{plan.deadline_s:g} s",
    }
    if assessment.redaction is not None:
        facts["redacted"] = f"{assessment.redaction}, {assessment.redaction.label.level} then"
    if assessment.failed_detectors:
        facts["failed"] = f"{', '.join(assessment.failed_detectors)} (read as: everything was found)"
    if closed := _closed(explanation):
        facts["closed"] = "; ".join(f"by {code}: {', '.join(names)}" for code, names in closed.items())
    say_facts({name: [value] for name, value in facts.items()})
    say()
    say_table({"order": "right", "backend": "left", "may": "left", "reason": "fold"}, _rows(explanation))
    if not plan.steps:
        say("Nobody may answer this request.")


def _label_facts(explanation: Explanation) -> dict[str, str]:
    """Return the label, one line a thing that it asks for, and what it comes from."""
    assessment = explanation.assessment
    label, raising = assessment.label, assessment.level_reasons
    facts = {"level": str(label.level), "because": "; ".join(raising)}
    # What raised no level may still bind to a region, say a kind, or forbid to keep.
    besides = [source.reason for source in assessment.sources if source.reason not in raising]
    if besides:
        facts["besides"] = "; ".join(besides)
    if label.kinds:
        facts["kinds"] = ", ".join(sorted(label.kinds))
    if label.regions is not None:
        facts["regions"] = ", ".join(sorted(label.regions)) or "none but local backends"
    if not label.retain:
        facts["retention"] = "nobody may keep it"
    return facts


def _rows(explanation: Explanation) -> list[tuple[object, ...]]:
    plan = explanation.plan
    order = {name: number for number, name in enumerate(plan.backends, start=1)}
    names = sorted(plan.reasons, key=lambda name: order.get(name, len(order) + 1))
    judged = {step.backend: ", judged" if step.judged else "" for step in plan.steps}
    return [
        (
            order.get(name, "-"),
            name,
            "in" if plan.reasons[name].admitted else "out",
            f"{plan.reasons[name].text}{judged.get(name, '')}",
        )
        for name in names
    ]


def _record(explanation: Explanation) -> dict[str, Any]:
    assessment, plan = explanation.assessment, explanation.plan
    return {
        "rule": plan.rule,
        "level": str(assessment.level),
        "level_reasons": list(assessment.level_reasons),
        "kinds": sorted(assessment.label.kinds),
        "retain": assessment.retain,
        "sources": [_source(source) for source in assessment.sources],
        "findings": _counts(explanation),
        "tags": sorted(assessment.tags),
        "regions": None if assessment.regions is None else sorted(assessment.regions),
        "failed_detectors": list(assessment.failed_detectors),
        "redaction": _redaction(assessment),
        "difficulty": assessment.difficulty,
        "needs": sorted(assessment.needs),
        "prompt_tokens": assessment.prompt_tokens,
        "deadline_s": plan.deadline_s,
        "closed": _closed(explanation),
        "steps": [{"backend": step.backend, "judged": step.judged, "redacted": step.redacted} for step in plan.steps],
        "backends": {
            name: {"admitted": reason.admitted, "code": reason.code, "reason": reason.text}
            for name, reason in plan.reasons.items()
        },
        "policy_version": plan.policy_version,
    }


def _redaction(assessment: Assessment) -> dict[str, Any] | None:
    redaction = assessment.redaction
    return None if redaction is None else {"level": str(redaction.label.level), "replaced": dict(redaction.counts)}


def _source(source: Source) -> dict[str, Any]:
    label = source.label
    return {
        "by": source.by,
        "name": source.name,
        "message": source.message,
        "level": str(label.level),
        "kinds": sorted(label.kinds),
        "regions": None if label.regions is None else sorted(label.regions),
        "retain": label.retain,
        "reason": source.reason,
    }


def _counts(explanation: Explanation) -> dict[str, dict[str, int]]:
    """Return how often each type of each kind was found."""
    counts: dict[str, dict[str, int]] = {}
    found = Counter((finding.kind, finding.type) for finding in explanation.assessment.findings)
    for (kind, type_), count in sorted(found.items()):
        counts.setdefault(kind, {})[type_] = count
    return counts


def _counted(types: Mapping[str, int]) -> str:
    return ", ".join(f"{type_} x {count}" for type_, count in types.items())


def _closed(explanation: Explanation) -> dict[str, list[str]]:
    """Return the backends that are out, by the code of what closed them."""
    closed: dict[str, list[str]] = {}
    for name, reason in explanation.plan.reasons.items():
        if not reason.admitted:
            closed.setdefault(reason.code, []).append(name)
    return closed
