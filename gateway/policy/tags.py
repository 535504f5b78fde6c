"""What a policy says of tags: what each means, and which of them a tenant's or a key's requests have by default."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from gateway.clearance import UNKNOWN
from gateway.licences.uses import is_use
from gateway.policy.words import LevelName, LevelWord, Model, Names, Region
from gateway.types import Label, Level

# The entry of those whom the policy does not name.
ANYBODY = "*"
# What a policy lowers by redaction only where it says so twice: more of it may be there than anybody found.
PROTECTED = frozenset({"phi", "special", "legal", "export", "child", "secret", "mnpi", "source"})
# The kind of a part that no detector reads.
UNREAD = "unread"
# What the name of a kind ends with that is suspected only.
WEAK = "_weak"


class TagPolicy(Model):
    """What a tag means: the level it raises a request to, and the region it binds it to.

    `redact_to` is for what detectors find. What a caller tags keeps its level, for there may be more than was found.
    """

    level: LevelName = Field(
        default=Level.PUBLIC,
        description="Requests with the tag have at least this level. Unset: as the built-in tag of the name, if any.",
    )
    region: Region | None = Field(default=None, description="Backends elsewhere never see them; local ones always may.")
    retain: bool = Field(
        default=True, description="false: only backends that keep nothing (`retains: false`) see them."
    )
    redact_to: LevelName | None = Field(
        default=None,
        description="The level where all that was found of it is surely replaced. Unset: nothing is replaced.",
    )
    redact_even: bool = Field(
        default=False, description=f"Beside `redact_to`, for {', '.join(sorted(PROTECTED))}: true, or it is an error."
    )


class CallerPolicy(Model):
    """What every request of a tenant, or with a key, is tagged with, besides what its caller says."""

    tags: Names = Field(default=(), description="Tags of the policy; none: nothing is known of them.")


BUILT_IN_TAGS = {
    **{str(level): TagPolicy.model_construct(level=level) for level in Level},
    "pii": TagPolicy.model_construct(level=Level.CONFIDENTIAL),
    "pii_weak": TagPolicy.model_construct(level=Level.INTERNAL),
    "pci": TagPolicy.model_construct(level=Level.CONFIDENTIAL),
    "phi": TagPolicy.model_construct(level=Level.RESTRICTED),
    "secret": TagPolicy.model_construct(level=Level.RESTRICTED),
    "child": TagPolicy.model_construct(level=Level.RESTRICTED),
    "special": TagPolicy.model_construct(level=Level.RESTRICTED),
    "export": TagPolicy.model_construct(level=Level.RESTRICTED),
    "legal": TagPolicy.model_construct(level=Level.CONFIDENTIAL),
    "mnpi": TagPolicy.model_construct(level=Level.RESTRICTED),
    "source": TagPolicy.model_construct(level=Level.INTERNAL),
    "unread": TagPolicy.model_construct(level=Level.RESTRICTED),
}


def _tag(value: object) -> object:
    return {"level": value} if isinstance(value, (str, Level)) else value


def _tags(value: object) -> object:
    return {name: _tag(tag) for name, tag in value.items()} if isinstance(value, dict) else value


def _completed(tags: dict[str, TagPolicy]) -> dict[str, TagPolicy]:
    return {name: _complete(name, tag) for name, tag in tags.items()}


def _complete(name: str, tag: TagPolicy) -> TagPolicy:
    """Return a tag with what it leaves unsaid as the built-in one of the name has it: no more is replaced than said."""
    known = meaning(name, {})
    if known is None or "level" in tag.model_fields_set:
        return tag
    # What was written is still told from what was not: the level stays unset.
    return TagPolicy.model_construct(tag.model_fields_set, **{**dict(tag), "level": known.level})


def meaning(name: str, own: Mapping[str, TagPolicy]) -> Label | None:
    """Return what a tag or a kind asks for, by a policy's own tags and the built-in ones; None for an unknown one."""
    if name not in own and name.endswith(WEAK):
        return _suspicion(name, own)
    tag = own.get(name) or BUILT_IN_TAGS.get(name)
    if tag is None:
        # What a request is for says nothing of how private it is.
        return Label(kinds=frozenset({name})) if is_use(name) else None
    label = _label(name, tag)
    # Only a policy that has a word for what nobody could read knows anything of it.
    says = name in own and "level" in own[name].model_fields_set
    return label | UNKNOWN if name == UNREAD and not says else label


def _suspicion(name: str, own: Mapping[str, TagPolicy]) -> Label | None:
    """Return what a suspicion asks for: a lower level than certainty, at the same places, kept no longer."""
    kind, built_in = name.removesuffix(WEAK), BUILT_IN_TAGS.get(name)
    strong = own.get(kind) or BUILT_IN_TAGS.get(kind)
    if strong is None:
        return None
    level = min(Level.INTERNAL, strong.level) if built_in is None else built_in.level
    return replace(_label(name, strong), level=level)


def _label(name: str, tag: TagPolicy) -> Label:
    regions = None if tag.region is None else frozenset({tag.region})
    return Label(level=tag.level, kinds=frozenset({name}), regions=regions, retain=tag.retain)


Tags = Annotated[
    dict[str, TagPolicy],
    BeforeValidator(_tags, json_schema_input_type=dict[str, LevelWord | TagPolicy]),
    AfterValidator(_completed),
]


def _caller(value: object) -> object:
    return {"tags": value} if isinstance(value, (str, list, tuple)) else value


def _callers(value: object) -> object:
    return {name: _caller(caller) for name, caller in value.items()} if isinstance(value, dict) else value


Callers = Annotated[
    dict[str, CallerPolicy],
    BeforeValidator(_callers, json_schema_input_type=dict[str, str | tuple[str, ...] | CallerPolicy]),
]
