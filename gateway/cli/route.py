"""`gateway route`: the answer on stdout, how it came to be on stderr."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from gateway.cli.console import NO, amount, complain, harmless, remark, say, say_json, usd
from gateway.cli.inputs import (
    JsonOption,
    KeyOption,
    PinOption,
    PolicyOption,
    StakesOption,
    TagOption,
    TaskOption,
    TenantOption,
    TextArgument,
    policy_path,
    text_of,
)
from gateway.errors import CascadeExhaustedError, InvalidRequestError, NoEligibleBackendError, RoutingError
from gateway.router import Router
from gateway.types import Attempt, Reply
from gateway.wire.request import RequestFields


def route(  # noqa: PLR0913 - a parameter an option
    *,
    text: TextArgument = None,
    policy: PolicyOption = None,
    tag: TagOption = None,
    task: TaskOption = None,
    stakes: StakesOption = "normal",
    tenant: TenantOption = None,
    key: KeyOption = None,
    pin: PinOption = None,
    deadline: Annotated[float | None, typer.Option(metavar="S", help="Seconds allowed, everything included.")] = None,
    stream: Annotated[bool, typer.Option("--stream", help="Print the answer as it comes.")] = False,
    max_tokens: Annotated[int | None, typer.Option(metavar="N", help="The longest answer, in tokens.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Answer a request by the policy in force.

    The answer goes to stdout; backend, rule, cost and what was saved go to stderr. Exit code 1: nobody may answer, or
    nobody who may could.

    Example: gateway route "Where is my parcel?" --task support --tag pii
    """
    if stream and as_json:
        raise InvalidRequestError("--stream and --json exclude each other; leave one out")
    fields = RequestFields(
        tags=tag, task=task, stakes=stakes, tenant=tenant, key=key, pin=pin, deadline_s=deadline, max_tokens=max_tokens
    )
    content = text_of(text)
    router = Router.from_policy(policy_path(policy), exporters={})
    try:
        if stream:
            reply = asyncio.run(_stream(router, content, fields))
        else:
            reply = asyncio.run(_route(router, content, fields))
    except RoutingError as error:
        _explain_refusal(error, as_json=as_json)
        raise typer.Exit(NO) from error
    _print(reply, as_json=as_json, streamed=stream)


async def _route(router: Router, content: str, fields: RequestFields) -> Reply:
    async with router:
        return await router.route(content, **fields)


async def _stream(router: Router, content: str, fields: RequestFields) -> Reply:
    on_terminal = sys.stdout.isatty()
    async with router, router.stream(content, **fields) as stream:
        async for delta in stream:
            print(harmless(delta.text) if on_terminal else delta.text, end="", flush=True)
        print()
        # The stream came to its end, so its reply is there.
        assert stream.reply is not None  # noqa: S101
        return stream.reply


def _print(reply: Reply, *, as_json: bool, streamed: bool) -> None:
    if as_json:
        say_json({**reply.openai(), "gateway": _record(reply)})
        return
    if not streamed:
        say(reply.text)
    for call in reply.tool_calls:
        say(f"{call.name}({call.arguments})")
    sys.stdout.flush()
    remark(_line(reply))


def _line(reply: Reply) -> str:
    parts = [
        reply.backend,
        f"rule {reply.plan.rule}",
        f"cost {amount(reply.cost)}",
        f"saved {amount(reply.saved)}",
        *asked(reply.attempts),
        *(["not accepted by its judges"] if reply.accepted is False else []),
        *reply.attribution,
    ]
    return " | ".join(parts)


def asked(attempts: Sequence[Attempt]) -> list[str]:
    """Say how often somebody was asked, where it was more than once: for the answer, and by judges."""
    answers = sum(attempt.purpose == "answer" for attempt in attempts)
    opinions = len(attempts) - answers
    told = [f"asked {answers} times"] if answers > 1 else []
    return [*told, f"{opinions} asked by judges"] if opinions else told


def _record(reply: Reply) -> dict[str, Any]:
    return {
        "entry_id": reply.entry_id,
        "backend": reply.backend,
        "rule": reply.plan.rule,
        "reasons": {name: str(reason) for name, reason in reply.plan.reasons.items()},
        "attempts": [_attempt(attempt) for attempt in reply.attempts],
        "accepted": reply.accepted,
        "cost_usd": usd(reply.cost),
        "saved_usd": usd(reply.saved),
        "baseline": reply.baseline_model,
        "level": str(reply.assessment.level),
        "attribution": list(reply.attribution),
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "backend": attempt.backend,
        "purpose": attempt.purpose,
        "replica": attempt.replica,
        "duration_s": round(attempt.duration_s, 6),
        "error": attempt.error.code if attempt.error else None,
        "accepted": attempt.accepted,
    }


def _explain_refusal(error: RoutingError, *, as_json: bool) -> None:
    reasons = error.reasons if isinstance(error, NoEligibleBackendError) else {}
    attempts = error.attempts if isinstance(error, CascadeExhaustedError) else ()
    if as_json:
        shown = {"code": error.code, "message": str(error), "entry_id": error.entry_id, "reasons": reasons}
        asked = [_attempt(attempt) for attempt in attempts if isinstance(attempt, Attempt)]
        say_json({"error": {**shown, "attempts": asked}})
    complain(str(error))
