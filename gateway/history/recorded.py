"""A request as something else recorded it, in one shape whatever the format. Never holds a prompt or an answer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from gateway.entries import CostSource, Status
from gateway.errors import InvalidRequestError
from gateway.leaves import is_encodable
from gateway.money.listing import Rate as Rate  # noqa: PLC0414 - given on
from gateway.types import Level, Money, Usage

LONGEST_TEXT = 256
MOST_TAGS = 32
# What steers a terminal, or breaks a line of a report.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """One request. `key` tells it from every other of its format, so that a second import adds nothing.

    `request_id` is what it is called where it comes from, None where that is nothing, or somebody's name.
    `model` is named as price lists name it: `provider/model`. `cost` is None where it is not known; `cost_source` says
    who knows it. `cached` requests were answered by a cache of the caller's. `duration_s` is 0 where it is not known.
    `level` is None where nobody said how private it was.
    """

    key: str
    at: datetime
    model: str | None
    provider: str | None
    request_id: str | None = None
    status: Status = "answered"
    error: str | None = None
    usage: Usage = field(default_factory=Usage)
    cost: Money | None = None
    cost_source: CostSource = "provider"
    rate: Rate = "standard"
    cached: bool = False
    tenant: str | None = None
    team: str | None = None
    tags: tuple[str, ...] = ()
    task: str | None = None
    kinds: tuple[str, ...] = ()
    level: Level | None = None
    difficulty: float | None = None
    local: bool | None = None
    duration_s: float = 0.0
    first_token_s: float | None = None


class LeftOut(NamedTuple):
    """A row that is no request of the kind that is routed: what it is, and what it cost as far as that is said."""

    what: str
    cost: Money | None = None


# What stands or falls together: the requests of one row, or of one bucket of a sum.
Unit = Sequence[Recorded] | LeftOut


class Asked(NamedTuple):
    """What is asked of a reader: rows until `now`, all of them one tenant's, or each of the one that `field` names."""

    now: datetime
    tenant: str | None = None
    field: str | None = None


def plain(value: object, name: str) -> str | None:
    """Return a text that may be kept, None where it is empty or missing; raises `InvalidRequestError`."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise InvalidRequestError(f"`{name}` is a {type(value).__name__}; give a text")
    if len(value) > LONGEST_TEXT or _CONTROLS.search(value) or not is_encodable(value):
        raise InvalidRequestError(f"`{name}` is longer than {LONGEST_TEXT} characters, or holds control characters")
    return value
