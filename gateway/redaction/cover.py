"""A request with placeholders, for whoever may see no more of it, and the means to cover what is made of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from gateway.redaction.redact import Redacted
from gateway.types import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """What goes to a backend that was admitted to the redacted request alone.

    `again` covers another request that holds parts of this one, such as a judge's; None where that is not sure.
    """

    redacted: Redacted
    again: Callable[[Request], Awaitable[Redacted | None]] = field(repr=False)
