"""Crowds of requests through a router whose backends fail at random: who saw what he must not have seen?

Every request carries a canary, a word that occurs nowhere else. A request's tags say who may see it, by an account of
the rules that shares no code with ours; whatever else holds the canary afterwards is a leak. Some canaries are the
address of somebody: those who may not see one may be shown the rest of the request.
"""

import asyncio
import json
import logging
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gateway import GatewayError, Router
from gateway.types import Request
from gateway.wire.openai import body, encode
from support import faulty
from support.kinds import installing

LEVELS = ("public", "internal", "confidential", "restricted")
# What tags mean in these policies: the level, and the region.
TAGS = {
    "public": ("public", None),
    "note": ("internal", None),
    "pii": ("confidential", None),
    "phi": ("restricted", None),
    "eu": ("internal", "eu"),
    "mispelt": ("restricted", None),
}
_REGIONS = (None, "eu", "us")
_JUDGED = (
    {"judge": "agreement", "samples": 1},
    {"judge": "format", "json": True},
    {"judge": "refusal"},
)


@dataclass(frozen=True, slots=True)
class Place:
    """A backend by the words of the policy."""

    clearance: str
    local: bool
    region: str | None

    def may_see(self, tags: Sequence[str]) -> bool:
        """Whether the tags of a request let it come here."""
        levels = [LEVELS.index(TAGS[tag][0]) for tag in tags]
        regions = {TAGS[tag][1] for tag in tags} - {None}
        level = max(levels, default=LEVELS.index("public"))
        return (
            level <= LEVELS.index(self.clearance)
            and (level < LEVELS.index("restricted") or self.local)
            and (not regions or self.local or regions == {self.region})
        )


@dataclass(slots=True)
class Crowd:
    """What went through one router, and what came of it."""

    places: Mapping[str, Place]
    sent: dict[str, tuple[str, ...]] = field(default_factory=dict)
    replies: int = 0
    faults: int = 0
    calls: int = 0
    redacted: int = 0
    leaks: list[str] = field(default_factory=list)


async def crowd(folder: Path, seed: int, requests: int) -> Crowd:
    """Send so many requests through one random policy, many at once; the kind `faulty` must be installed."""
    chance = random.Random(seed)
    faulty.seen.clear()
    places = {name: any_place(chance) for name in "abcd"}
    policy, ledger = folder / f"{seed}.yaml", folder / f"{seed}.sqlite3"
    text = json.dumps(any_policy(chance, places, ledger, seed))
    policy.write_text(text)
    made = Crowd(places=places)
    with kept_log() as logged:
        async with Router.from_policy(policy, chance=chance.random) as router:
            for start in range(0, requests, 20):
                canaries = [f"canary{seed}x{start + number}x" for number in range(min(20, requests - start))]
                await asyncio.gather(*(send(router, made, random.Random(f"{seed} {name}"), name) for name in canaries))
                # The policy changes while requests are under way.
                policy.write_text(text if chance.random() < 0.5 else f"{text}\n# again {start}\n")
                await router.refresh()
    judge(made, logged, ledger)
    return made


@contextmanager
def faulty_kind(folder: Path) -> Iterator[None]:
    """Let policies name the kind `faulty`."""
    folder.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch, installing(folder, patch) as install:
        install("backends", "faulty", "from support.faulty import SUPPORTS, Options, build\n")
        yield


def any_place(chance: random.Random) -> Place:
    """Return a backend somewhere, cleared for something."""
    local = chance.random() < 0.5
    return Place(clearance=chance.choice(LEVELS if local else LEVELS[:3]), local=local, region=chance.choice(_REGIONS))


def any_policy(chance: random.Random, places: Mapping[str, Place], ledger: Path, seed: int) -> dict[str, Any]:
    """Return a policy over these backends that uses all that leads from one to another."""
    backends = {
        name: {
            "kind": "faulty",
            "model": f"model-{name}",
            "seed": seed,
            "clearance": place.clearance,
            "local": place.local,
            "timeout_s": 0.5,
            **({"region": place.region} if place.region else {}),
        }
        for name, place in places.items()
    }
    order = chance.sample(sorted(places), len(places))
    compared = chance.choice(order)
    accept = chance.sample((*_JUDGED, {"judge": "llm", "backend": order[0]}), chance.choice((0, 1, 2)))
    return {
        "version": 1,
        # The lowest: a rule that names a backend which can see none of its requests is refused.
        "default_level": "public",
        "backends": backends,
        "tags": {
            "eu": {"level": "internal", "region": "eu"},
            "note": "internal",
            "pii": {"level": "confidential", "redact_to": chance.choice(("internal", "public"))},
        },
        "ledger": {"kind": "sqlite", "path": str(ledger)},
        "retries": {"attempts": chance.choice((1, 2)), "first_wait_s": 0, "max_wait_s": 0},
        "holdout": {"backend": compared, "share": 0.5, "at_most": places[compared].clearance},
        "learning": {"keep": "features", "at_most": "restricted"},
        "escalation": {"per_tenant": 0.5, "least": 3},
        "rules": [
            {
                "name": "hard",
                "when": {"difficulty": {"at_least": max(0.01, round(chance.random(), 2))}},
                "use": chance.sample(order, 3),
                "accept": accept,
            },
            {"name": "rest", "use": order, "accept": accept, "unaccepted": chance.choice(("answer", "refuse"))},
        ],
    }


async def send(router: Router, made: Crowd, chance: random.Random, canary: str) -> None:
    """Send one request with this canary: whole, streamed, broken off or cancelled."""
    tags = tuple(chance.sample(sorted(TAGS), chance.choice((0, 1, 1, 2))))
    is_address = chance.random() < 0.5
    # An address is found, and counts as what it is.
    made.sent[canary] = (*tags, "pii") if is_address else tags
    fields: dict[str, Any] = {
        "tags": set(tags),
        "tenant": chance.choice((None, "one", "two")),
        "conversation": chance.choice((None, "talk")),
        "stakes": chance.choice(("low", "normal", "high")),
    }
    if chance.random() < 0.1:
        fields["pin"] = chance.choice(sorted(made.places))
    content = _content(chance, f"{canary}@example.com" if is_address else canary)
    try:
        match chance.randrange(5):
            case 0:
                await _streamed(router, content, fields, stop_after=None)
            case 1:
                await _streamed(router, content, fields, stop_after=chance.randrange(4))
            case 2:
                await asyncio.wait_for(router.route(content, **fields), chance.choice((0.0005, 0.002, 5)))
            case _:
                reply = await router.route(content, **fields)
                await router.feedback(reply.entry_id, chance.random(), tenant=fields["tenant"])
        made.replies += 1
    except TimeoutError:
        made.faults += 1
    except GatewayError as error:
        made.faults += 1
        if canary in f"{error!s} {error!r} {vars(error)!r}":
            made.leaks.append(f"{type(error).__name__} of {canary}")


async def _streamed(router: Router, content: Any, fields: dict[str, Any], *, stop_after: int | None) -> None:
    stream = router.stream(content, **fields)
    async with aclosing(stream):
        count = 0
        async for _ in stream:
            count += 1
            if stop_after is not None and count > stop_after:
                return


def _content(chance: random.Random, canary: str) -> Any:
    """Put the canary where prompts have things: texts, parts, names, tool calls and their answers."""
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": json.dumps({"who": canary})}}
    forms: tuple[Any, ...] = (
        f"Tell me about {canary}, please.",
        [{"role": "system", "content": f"You serve {canary}."}, {"role": "user", "content": "Hello there."}],
        [{"role": "user", "content": [{"type": "text", "text": "Who?"}, {"type": "text", "text": canary}]}],
        [
            {"role": "user", "content": "Look it up."},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c", "content": f"found {canary}"},
        ],
    )
    return chance.choice(forms)


@contextmanager
def kept_log() -> Iterator[list[str]]:
    """Give the list to which every line of every logger is added."""
    lines: list[str] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(logging.Formatter().format(record))

    logger, keeper = logging.getLogger(), Keeper(level=logging.DEBUG)
    before = logger.level
    logger.addHandler(keeper)
    logger.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        logger.removeHandler(keeper)
        logger.setLevel(before)


def judge(made: Crowd, logged: Sequence[str], ledger: Path) -> None:
    """Add to the crowd's leaks every place that holds a canary and must not."""
    words = "\n".join(logged)
    # The journal too: what was written and taken back is written all the same.
    written = b"".join(path.read_bytes() for path in ledger.parent.glob(f"{ledger.name}*"))
    for name, place in made.places.items():
        told = [sent_bytes(request).decode() for request in faulty.seen.get(name, ())]
        made.calls += len(told)
        made.redacted += sum("[[EMAIL_ADDRESS_1_" in sent for sent in told)
        barred = [canary for canary, tags in made.sent.items() if not place.may_see(tags)]
        every = "\n".join(told)
        made.leaks.extend(f"{canary} at backend {name}" for canary in barred if canary in every)
    made.leaks.extend(f"{canary} in the log" for canary in made.sent if canary in words)
    made.leaks.extend(f"{canary} in the ledger" for canary in made.sent if canary.encode() in written)


def sent_bytes(request: Request) -> bytes:
    """Return a request as it goes over the wire."""
    return encode(body(request, model="any"), backend="any")
