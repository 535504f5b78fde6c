"""What a policy lowers by redaction, and where it must not: `redact_to` and `redact_even` of its tags. Pure."""

from collections.abc import Iterator

from gateway.policy.models import Policy
from gateway.policy.report import Report
from gateway.policy.tags import PROTECTED, WEAK, TagPolicy
from gateway.policy.words import LEVELS
from gateway.types import Level


def redacted(policy: Policy) -> dict[str, Level]:
    """Return the kinds that the policy redacts, each with its level afterwards."""
    return {name: tag.redact_to for name, tag in policy.tags.items() if tag.redact_to is not None}


def lowest(policy: Policy, level: Level) -> Level:
    """Return how low a request of a level may come by redaction."""
    lowered = [tag.redact_to for tag in policy.tags.values() if tag.redact_to is not None and tag.level >= level]
    return min([level, *(max(each, policy.default_level) for each in lowered)])


def check_redaction(policy: Policy, errors: Report) -> None:
    """Report where redaction is allowed that could not be meant, or is not meant twice."""
    for name, tag in policy.tags.items():
        for key, what in _faults(name, tag):
            errors.add(("tags", name, key), what)


def _faults(name: str, tag: TagPolicy) -> Iterator[tuple[str, str]]:
    if tag.redact_to is None:
        if tag.redact_even:
            yield "redact_even", "there is no redact_to beside it; add one, or remove this"
        return
    if name in LEVELS or name == "unread" or name.endswith(WEAK):
        yield "redact_to", f"{name} is nothing that can surely be replaced; remove it"
    elif tag.redact_to >= tag.level:
        yield "redact_to", f"{tag.redact_to} is not below the tag's level {tag.level}; lower it, or remove it"
    elif name in PROTECTED and not tag.redact_even:
        more = f"of {name} there may be more than anybody finds"
        yield "redact_to", f"{more}; remove it, or say 'redact_even: true' beside it"
