"""What judges read of a request: its last question, and all that was given with it."""

from gateway.types import Request


def question(request: Request) -> str:
    """Return the text of the last message of the user."""
    return next((message.text for message in reversed(request.messages) if message.role == "user"), "")


def given(request: Request) -> str:
    """Return all the text that an answer may quote: what its models wrote before is no source."""
    return "\n".join(message.text for message in request.messages if message.role != "assistant")
