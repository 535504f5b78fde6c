"""What a decision may know of the requests before this one, as values. No text."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a conversation stands that escalated before: who answers it, whether it stays there, and why."""

    backend: str
    stays: bool
    told: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """`over_quota`: the tenant's share of requests that leave is used up. `standing` is None without an escalation."""

    over_quota: bool = False
    standing: Standing | None = None


NOTHING = Past()
