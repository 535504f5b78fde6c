"""A judge whose verdicts are written in the test."""

from dataclasses import dataclass, field

from gateway.types import Completion, Request, Verdict


@dataclass
class ScriptedJudge:
    """Accepts answers whose text is in `good`; remembers what it read."""

    good: frozenset[str]
    needs_logprobs: bool = False
    read: list[str] = field(default_factory=list)

    async def judge(self, request: Request, completion: Completion) -> Verdict:
        self.read.append(completion.message.text)
        accepted = completion.message.text in self.good
        return Verdict(accepted=accepted, judge="scripted", score=float(accepted), reason="as scripted")
