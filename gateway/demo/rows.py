"""The requests of the demo, as written in `requests.jsonl`: by hand, before its ticket specialist was trained.

`stand_in` is the answer that the scripted stand-in gives; a private row has none, since it must never get there.
"""

from importlib.resources import files
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, model_validator

from gateway.types import Request
from gateway.wire.request import parse_request

LABELS = ("billing", "refund", "delivery", "login", "cancellation", "bug", "feature", "privacy")

_TRIAGE = """\
You sort support tickets. Answer with exactly one word out of this list:
billing: question or problem about a charge, invoice, price, tax or means of payment
refund: wants money back
delivery: a parcel is late, lost, damaged, incomplete or on the way to the wrong address
login: cannot get into the account
cancellation: wants to end or downgrade a subscription, contract or order
bug: the software, app or site misbehaves
feature: asks for something that the product cannot do yet
privacy: data protection, such as deletion or a copy of one's data, storage, consent
other: anything else"""

INSTRUCTIONS = {"classification": _TRIAGE}
# SmolLM2 writes about 50 tokens a second on one core: a short bound keeps the whole demo within a minute.
MAX_TOKENS = {"reasoning": 512, "code": 512, "extraction": 96}
DEFAULT_MAX_TOKENS = 64
# A closed model that reasons spends its bound on thinking first: some room for it, and little of it.
REASONING_TOKENS = 512
REASONING_EFFORT = "low"


class StandInToolCall(BaseModel):
    """A function call that the stand-in asks for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    arguments: dict[str, Any]


class StandInToolCalls(BaseModel):
    """An answer of function calls alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tool_calls: tuple[StandInToolCall, ...]


StandInAnswer = str | StandInToolCalls


class DemoRow(BaseModel):
    """One request: either a `text` or whole `messages`, the caller's labels, and what is expected."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    text: str | None = None
    messages: tuple[dict[str, Any], ...] = ()
    task: str | None = None
    tags: frozenset[str] = frozenset()
    response_format: dict[str, Any] | None = None
    tools: tuple[dict[str, Any], ...] = ()
    label: str | None = None
    private: bool = False
    stand_in: StandInAnswer | None = None

    @model_validator(mode="after")
    def _has_one_source_and_one_destination(self) -> Self:
        if (self.text is None) == (not self.messages):
            raise ValueError("give either text or messages")
        if self.private == (self.stand_in is not None):
            raise ValueError("a private row has no stand_in answer, every other row has one")
        return self

    @property
    def is_ticket(self) -> bool:
        """Whether this is a support ticket of one of the eight labels."""
        return self.label in LABELS

    @property
    def prompt(self) -> str:
        """The text of the last user message."""
        return self.request(run="any").messages[-1].text

    def request(self, *, run: str, reasoning: bool = False) -> Request:
        """Return the request to be routed; `run` makes its id unique, `reasoning` leaves room for hidden thoughts."""
        thinks = reasoning and not self.private
        bound = MAX_TOKENS.get(self.task or "", DEFAULT_MAX_TOKENS) + (REASONING_TOKENS if thinks else 0)
        instruction = INSTRUCTIONS.get(self.task or "")
        system = ({"role": "system", "content": instruction},) if instruction else ()
        return parse_request(
            (*system, *(self.messages or ({"role": "user", "content": self.text},))),
            id=f"{run}-{self.id}",
            tools=self.tools or None,
            response_format=self.response_format,
            max_tokens=bound,
            temperature=0,
            reasoning_effort=REASONING_EFFORT if thinks else None,
            tags=self.tags,
            task=self.task,
        )


def load_rows() -> tuple[DemoRow, ...]:
    """Return the packaged requests in their order."""
    text = files("gateway.demo").joinpath("requests.jsonl").read_text(encoding="utf-8")
    return tuple(DemoRow.model_validate_json(line) for line in text.splitlines())
