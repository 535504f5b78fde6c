"""Runs the `tests:` of a policy through the router's own `assess` and `decide`, calling nobody.

A backend that the policy calls optional counts as present: a policy's tests say the same on every machine.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.assembly import supports
from gateway.decide import Fleet, decide
from gateway.errors import InvalidRequestError
from gateway.licences.gate import Gate
from gateway.policy.duties import gate_of
from gateway.policy.models import Expectation, Policy, PolicyTest
from gateway.policy.place import destinations
from gateway.reading import Reader, open_reader
from gateway.types import Assessment, Plan, Request
from gateway.wire.request import parse_request


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """One demand of a test that the plan does not meet, both sides as text."""

    what: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.what}: expected {self.expected}, got {self.got}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """What became of one test; it passed where nothing mismatches."""

    # pytest collects classes of this name otherwise.
    __test__ = False

    number: int
    name: str
    mismatches: tuple[Mismatch, ...]
    rule: str | None = None
    uses: tuple[str, ...] = ()
    level: str | None = None

    @property
    def passed(self) -> bool:
        """Whether the plan meets every demand."""
        return not self.mismatches


async def run_tests(policy: Policy) -> list[TestResult]:
    """Run every test of a policy, in its order; a request that cannot be read fails its test."""
    takes = {name: supports(backend) for name, backend in policy.backends.items()}
    fleet = Fleet(supports=takes, destinations=destinations(policy))
    gate = gate_of(policy)
    async with open_reader(policy) as reader:
        return [await _run(number, test, reader, fleet, gate) for number, test in enumerate(policy.tests, start=1)]


async def _run(number: int, test: PolicyTest, reader: Reader, fleet: Fleet, gate: Gate) -> TestResult:
    name = test.name or f"test {number}"
    try:
        request = _request(test.request)
    except InvalidRequestError as error:
        fault = Mismatch(what="request", expected="a request that can be read", got=str(error))
        return TestResult(number=number, name=name, mismatches=(fault,))
    assessment = await reader.assess(request)
    barred = gate.barred(assessment, datetime.now(UTC))
    plan = decide(assessment, reader.policy, fleet, deadline_s=request.deadline_s, barred=barred)
    return TestResult(
        number=number,
        name=name,
        mismatches=tuple(_mismatches(test.expect, plan, assessment)),
        rule=plan.rule,
        uses=plan.backends,
        level=str(assessment.level),
    )


def _request(given: Mapping[str, Any]) -> Request:
    fields = dict(given)
    texts = [fields.pop(key) for key in ("text", "messages") if key in fields]
    if len(texts) != 1:
        raise InvalidRequestError("the request has neither text nor messages, or both; give one of them")
    return parse_request(texts[0], **fields)


def _mismatches(expect: Expectation, plan: Plan, assessment: Assessment) -> Iterator[Mismatch]:
    if expect.first is not None and plan.first != expect.first:
        yield Mismatch(what="first", expected=expect.first, got=plan.first or _refused(plan))
    if expect.uses is not None and plan.backends != expect.uses:
        yield Mismatch(what="uses", expected=_listed(expect.uses), got=_listed(plan.backends))
    for name in expect.never:
        if name in plan.backends:
            yield Mismatch(what="never", expected=f"{name} out", got=f"{name} in ({plan.reasons[name].text})")
    if expect.rule is not None and plan.rule != expect.rule:
        yield Mismatch(what="rule", expected=expect.rule, got=plan.rule or "no rule")
    if expect.level is not None and assessment.level != expect.level:
        because = f" ({'; '.join(assessment.level_reasons)})" if assessment.level_reasons else ""
        yield Mismatch(what="level", expected=str(expect.level), got=f"{assessment.level}{because}")
    if expect.refused is not None and expect.refused == bool(plan.steps):
        yield Mismatch(what="refused", expected=_yes_no(expect.refused), got=_yes_no(not plan.steps))


def _refused(plan: Plan) -> str:
    reasons = "; ".join(f"{name}: {reason.text}" for name, reason in plan.reasons.items() if not reason.admitted)
    return f"nobody ({reasons})"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "nobody"


def _yes_no(value: bool) -> str:
    return "yes" if value else "no"
