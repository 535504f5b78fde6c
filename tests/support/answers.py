"""Requests and answers for tests of judges."""

from gateway.types import Completion, Message, Request, TokenLogprob, ToolCall, Usage


def asked(text: str = "How many eggs?", **sampling: object) -> Request:
    """Return a request of one message."""
    return Request(messages=(Message(role="user", content=text),), sampling=sampling)


def said(
    text: str = "",
    *,
    calls: tuple[ToolCall, ...] = (),
    finish_reason: str = "stop",
    logprobs: tuple[TokenLogprob, ...] | None = None,
) -> Completion:
    """Return an answer."""
    return Completion(
        message=Message(role="assistant", content=text, tool_calls=calls),
        finish_reason=finish_reason,
        usage=Usage(),
        model="small",
        logprobs=logprobs,
    )
