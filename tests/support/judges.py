"""A judge whose verdicts are written in the test, and inquiries that are answered by one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.interfaces import Inquiry
from gateway.types import Completion, Message, Purpose, Request, Stakes, Usage, Verdict


@dataclass
class ScriptedJudge:
    """Accepts answers whose text is in `good`; remembers what it read."""

    good: frozenset[str]
    needs_logprobs: bool = False
    read: list[str] = field(default_factory=list)

    async def judge(self, request: Request, completion: Completion, inquiry: Inquiry) -> Verdict:
        self.read.append(completion.message.text)
        accepted = completion.message.text in self.good
        return Verdict(accepted=accepted, judge="scripted", score=float(accepted), reason="as scripted")


@dataclass
class ScriptedInquiry:
    """Answers from a script by backend, one text or several in turn; who is not in it is not admitted.

    `asked` remembers backend and purpose, `requests` what was asked, `chances` what it was to be worth.
    """

    backend: str = "llama"
    difficulty: float | None = 0.5
    stakes: Stakes = "normal"
    stake: float = 1.0
    answers: Mapping[str, str | Completion | Sequence[str]] = field(default_factory=dict)
    paying: bool = True
    asked: list[tuple[str, Purpose]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    chances: list[float] = field(default_factory=list)

    async def ask(
        self, backend: str, request: Request, *, purpose: Purpose, logprobs: bool = False
    ) -> Completion | None:
        self.asked.append((backend, purpose))
        self.requests.append(request)
        text = self.answers.get(backend)
        if text is None or isinstance(text, Completion):
            return text
        if not isinstance(text, str):
            text = text[[name for name, _ in self.asked].count(backend) - 1]
        message = Message(role="assistant", content=text)
        return Completion(message=message, finish_reason="stop", usage=Usage(), model=backend)

    def pays(self, backend: str, *, chance: float) -> bool:
        self.chances.append(chance)
        return self.paying


ALONE = ScriptedInquiry()
