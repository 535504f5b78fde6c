"""Which conversations escalated, and who answers them since. Holds hashes and numbers, no text.

A conversation is known by the caller's id, else by its beginning: its tenant, its system prompt and its first message.
Those that never escalated are not kept.
"""

import os
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b

from gateway.fleet import topic
from gateway.fleet.past import Standing
from gateway.money.switching import USUAL_ANSWER_TOKENS, Estimate, Turn, compare
from gateway.policy.models import ConversationPolicy
from gateway.types import Assessment, Message, Request

# Of a long text its two ends tell it from another, with its length.
_END = 8_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept of a conversation: who answers it, how long its last prompt and answer were, what it is about."""

    backend: str
    prompt_tokens: int
    answer_tokens: int
    topic: bytes
    at: float


class Conversations:
    """Keeps the conversations that escalated; beyond the policy's bound, the one that rested longest is forgotten."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._kept: OrderedDict[bytes, Kept] = OrderedDict()
        self._clock = clock
        # With a key of this process nobody can try out beginnings on what is kept.
        self._key = os.urandom(32)

    def __len__(self) -> int:
        return len(self._kept)

    def recall(self, request: Request, limits: ConversationPolicy) -> Kept | None:
        """Return what is kept of the request's conversation; a first turn without an id has none. Changes nothing."""
        # Most requests find an empty memory, and are spared the hash.
        if not self._kept or not (request.conversation or _is_later_turn(request)):
            return None
        kept = self._kept.get(self._name(request))
        return kept if kept is not None and self._clock() - kept.at < limits.ttl_s else None

    def keep(
        self,
        request: Request,
        limits: ConversationPolicy,
        *,
        backend: str,
        prompt_tokens: int,
        answer_tokens: int | None,
    ) -> None:
        """Keep that the request's conversation escalated, and who answers it."""
        name, now = self._name(request), self._clock()
        before = self._kept.pop(name, None)
        self._kept[name] = Kept(
            backend=backend,
            prompt_tokens=prompt_tokens,
            answer_tokens=USUAL_ANSWER_TOKENS if answer_tokens is None else answer_tokens,
            topic=topic.sketch(topic.words("\n".join(_said(request))), before.topic if before else b""),
            at=now,
        )
        while len(self._kept) > limits.most or now - next(iter(self._kept.values())).at >= limits.ttl_s:
            self._kept.popitem(last=False)

    def forget(self, request: Request) -> None:
        """Forget the request's conversation: it begins like any other again."""
        if self._kept:
            self._kept.pop(self._name(request), None)

    def _name(self, request: Request) -> bytes:
        digest = blake2b(key=self._key, digest_size=16)
        for piece in _beginning(request):
            whole = piece if len(piece) <= 2 * _END else f"{piece[:_END]}{piece[-_END:]}"
            # Lengths keep two pieces from being read as one.
            digest.update(b"%d:" % len(piece))
            digest.update(whole.encode("utf-8", "surrogatepass"))
        return digest.digest()


def standing(kept: Kept, request: Request, assessment: Assessment, estimate: Estimate) -> Standing:
    """Say whether a conversation that escalated stays with who answers it.

    It goes back where its topic changed and going back pays: not with a short follow-up, nor at an unknown price.
    """
    stays = f"stays with {kept.backend}: this conversation escalated before"
    said = _said(request)
    if not topic.is_another(topic.words(said[-1] if said else ""), kept.topic):
        return Standing(backend=kept.backend, stays=True, told=stays)
    turn = Turn(
        last_prompt_tokens=kept.prompt_tokens,
        new_tokens=max(0, assessment.prompt_tokens - kept.prompt_tokens),
        answer_tokens=kept.answer_tokens,
    )
    chance = 1.0 if assessment.difficulty is None else assessment.difficulty
    costs = compare(estimate, turn, chance=chance)
    if costs is None:
        return Standing(backend=kept.backend, stays=True, told=f"{stays}; its topic changed, its price is unknown")
    amounts = f"escalating again at {chance:.2f} would cost {costs.going_back}, staying {costs.staying}"
    if costs.pays:
        return Standing(backend=kept.backend, stays=False, told=f"its topic changed, and going back pays: {amounts}")
    return Standing(backend=kept.backend, stays=True, told=f"{stays}; its topic changed, but {amounts}")


def _is_later_turn(request: Request) -> bool:
    return any(message.role == "assistant" for message in request.messages)


def _said(request: Request) -> list[str]:
    return [message.text for message in request.messages if message.role == "user"]


def _beginning(request: Request) -> Iterator[str]:
    """Yield what a conversation is known by: the tenant, and the caller's id or the first that was said."""
    yield from ("", "") if request.tenant is None else ("tenant", request.tenant)
    if request.conversation is not None:
        yield from ("id", request.conversation)
        return
    for message in request.messages:
        if message.role in ("system", "developer", "user"):
            yield message.role
            yield from _strings(message)
        if message.role == "user":
            return


def _strings(message: Message) -> Iterator[str]:
    if not isinstance(message.content, tuple):
        yield message.text
        return
    for part in message.content:
        for value in part.body.values():
            # An image is known by its bytes: its URL is one step further in.
            yield from (str(one) for one in (value.values() if isinstance(value, Mapping) else (value,)))
