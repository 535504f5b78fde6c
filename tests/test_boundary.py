"""Every way by which a private request could leave: whatever fails, is doubted or is asked beside it, it stays.

Each way is gone twice: with a private request, that nobody elsewhere may hear of, and with one that may leave, which
does leave by it; so that no way is a dead end.
"""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from support.policies import mock, policy
from support.wire_servers import Answer, WireServer, openai_completion

from gateway import Router
from gateway.backends.mock import FAULTS, Mock
from gateway.errors import CascadeExhaustedError, NoEligibleBackendError, RoutingError
from gateway.policy.models import Policy
from gateway.types import Reply, Request

CANARY = "quagga"
PROMPT = f"Tell me about the {CANARY} in stable seven"
PRIVATE = {"tags": {"phi"}}
CHEAP, DEAR = {"input": 0.01, "output": 0.01}, {"input": 100, "output": 100}
LATE = {"text": "late", "latency_s": 30}
CALL = {"tool_calls": [{"id": "1", "name": "look", "arguments": "{}"}]}
REJECTED = {"accept": {"judge": "format", "one_of": ["accepted"]}}


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a request could leave: what the local backend does, what the policy says, and who would hear of it."""

    home: Sequence[object] = ("an answer of ours",)
    rule: Mapping[str, Any] = field(default_factory=dict)
    backend: Mapping[str, Any] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
    request: Mapping[str, Any] = field(default_factory=dict)
    content: object = PROMPT
    hears: tuple[str, ...] = ("cloud", "other")

    def policy(self) -> Policy:
        """Return a policy of one backend of ours and two elsewhere, which the rule would rather ask than nobody."""
        backends = {
            "home": mock(*self.home, **self.backend),
            "cloud": mock("an answer of theirs", clearance="internal", local=False, price=CHEAP),
            "other": mock("4", clearance="confidential", local=False, region="eu", price=DEAR),
        }
        return policy(backends, {"name": "r", "use": ["home", "cloud", "other"], **self.rule}, **self.more)


TOOLS = [{"type": "function", "function": {"name": "look", "description": PROMPT, "parameters": {"type": "object"}}}]
TALK = [
    {"role": "system", "content": f"You know the {CANARY}."},
    {"role": "user", "content": "Look."},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "look", "arguments": json.dumps({"at": CANARY})}}
        ],
    },
    {"role": "tool", "tool_call_id": "c", "content": f"{CANARY}: in stable seven"},
    {"role": "user", "content": "And now?"},
]
PATIENT = {"retries": {"attempts": 3, "first_wait_s": 0, "max_wait_s": 0}}

WAYS = {
    "first choice": Way(rule={"use": ["cloud", "other", "home"]}),
    "a difficulty that asks for more": Way(
        rule={"when": {"difficulty": {"at_least": 0}}, "use": ["cloud", "home"]}, content=f"{PROMPT}, and prove it"
    ),
    "stakes": Way(rule={"when": {"stakes": "high"}, "use": ["cloud", "home"]}, request={"stakes": "high"}),
    **{f"a fault: {code}": Way(home=[{"error": code}]) for code in FAULTS},
    "a limit of the rate with a pause": Way(home=[{"error": "rate_limited", "retry_after": 0}], more=PATIENT),
    "retries": Way(home=[{"error": "unavailable"}] * 3, more=PATIENT),
    "a time-out": Way(home=[LATE], backend={"timeout_s": 0.01}),
    "a doubted answer": Way(rule=REJECTED),
    "an empty answer that is doubted": Way(home=[""], rule={"accept": {"judge": "format", "min_chars": 1}}),
    "an answer that refuses": Way(
        home=["I'm sorry, but I can't help with that."], rule={"accept": {"judge": "refusal"}}
    ),
    "unaccepted, and rather refused": Way(rule={**REJECTED, "unaccepted": "refuse"}),
    "a call of a tool that is doubted": Way(home=[CALL], rule={**REJECTED, "use": ["home", "cloud"]}),
    "a judge that is a model": Way(
        rule={"use": ["home", "other"], "accept": {"judge": "llm", "backend": "cloud"}}, hears=("cloud",)
    ),
    "a second opinion": Way(
        rule={"use": ["home", "other"], "accept": {"judge": "agreement", "samples": 0, "backends": ["cloud"]}},
        hears=("cloud",),
    ),
    "a judge that is a model and has the last word": Way(
        rule={"use": ["home"], "unaccepted": "refuse", "accept": {"judge": "llm", "backend": "cloud"}}, hears=("cloud",)
    ),
    "an opinion that has the last word": Way(
        rule={
            "use": ["home", "other"],
            "unaccepted": "refuse",
            "accept": {"judge": "agreement", "samples": 0, "backends": ["cloud"]},
        },
        hears=("cloud",),
    ),
    "samples that disagree": Way(home=["apples", "12", "never"], rule={"accept": {"judge": "agreement", "samples": 2}}),
    "a pin": Way(request={"pin": "cloud"}),
    "a pin of who is not in the rule": Way(rule={"use": ["home"]}, request={"pin": "other"}),
    "a share that is not used up": Way(
        home=[{"error": "unavailable"}], more={"escalation": {"per_tenant": 1.0}}, request={"tenant": "acme"}
    ),
    "messages, tools and their arguments": Way(
        home=[{"error": "unavailable"}], content=TALK, request={"tools": TOOLS, "tool_choice": "auto"}
    ),
    "parts of a message": Way(
        home=[{"error": "unavailable"}],
        content=[{"role": "user", "content": [{"type": "text", "text": PROMPT}]}],
    ),
}


async def go(router: Router, content: Any, *, streamed: bool, **fields: Any) -> Reply | RoutingError:
    """Route one request, whole or in pieces; return the reply, or the error."""
    try:
        if not streamed:
            return await router.route(content, **fields)
        stream = router.stream(content, **fields)
        async for _ in stream:
            pass
    except (CascadeExhaustedError, NoEligibleBackendError) as error:
        return error
    assert stream.reply is not None
    return stream.reply


def mocks(router: Router, *names: str) -> list[Mock]:
    return [part for name in names for part in router.replicas(name) if isinstance(part, Mock)]


def heard(parts: Sequence[Mock]) -> str:
    """Return all that backends were sent, as one text."""
    return json.dumps([asdict(request) for part in parts for request in part.seen], default=str)


async def traces(router: Router) -> str:
    """Return all that the books hold, as one text."""
    return json.dumps([asdict(entry) for entry in await router.ledger.entries()], default=str)


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Listen to every logger, to the last word; what was asked for is never in it."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="gateway")
    yield caplog
    assert CANARY not in caplog.text


pytestmark = pytest.mark.usefixtures("logged")


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
async def test_a_private_request_leaves_by_no_way(way: Way, *, streamed: bool) -> None:
    """Nobody elsewhere is asked, the plan says why, and neither books nor errors hold a word of it."""
    async with Router.from_policy(way.policy()) as router:
        end = await go(router, way.content, streamed=streamed, **{**way.request, **PRIVATE})

        assert heard(mocks(router, "cloud", "other")) == "[]"
        assert CANARY not in await traces(router)
        (entry,) = await router.ledger.entries()
        assert {attempt.backend for attempt in entry.attempts} <= {"home"}
    if isinstance(end, Reply):
        assert not end.plan.clearances.keys() - {"home"}
        assert end.plan.reasons["cloud"].code in ("clearance", "rule", "pin")
    assert CANARY not in f"{end!r} {end!s} {vars(end) if isinstance(end, RoutingError) else ''}"


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
async def test_a_request_that_may_leave_does_by_every_way(way: Way, *, streamed: bool) -> None:
    """These are ways: without its tag, the same request reaches somebody elsewhere."""
    async with Router.from_policy(way.policy()) as router:
        await go(router, way.content, streamed=streamed, **way.request)

        assert CANARY in heard(mocks(router, *way.hears))


@pytest.mark.parametrize("private", [True, False], ids=["private", "harmless"])
async def test_an_empty_answer_is_an_answer(*, private: bool) -> None:
    """Nothing is asked elsewhere for want of words: whether an empty answer will do is for a judge to say."""
    async with Router.from_policy(Way(home=[""]).policy()) as router:
        reply = await go(router, PROMPT, streamed=False, **(PRIVATE if private else {}))

        assert isinstance(reply, Reply)
        assert (reply.backend, reply.text) == ("home", "")
        assert heard(mocks(router, "cloud", "other")) == "[]"


@pytest.mark.parametrize("after", [0, 1, 3])
@pytest.mark.parametrize("code", ["unavailable", "timeout", "malformed_response"])
async def test_a_private_stream_that_fails_halfway_goes_on_nowhere(code: str, after: int) -> None:
    """Not before its first piece, and not after it."""
    way = Way(home=[{"text": "one two three four", "error": code, "break_after": after}], more=PATIENT)

    async with Router.from_policy(way.policy()) as router:
        end = await go(router, PROMPT, streamed=True, **PRIVATE)

        assert isinstance(end, CascadeExhaustedError)
        assert heard(mocks(router, "cloud", "other")) == "[]"


async def test_a_stream_that_breaks_before_its_first_piece_gives_way_where_it_may() -> None:
    """The way that a private one does not go."""
    way = Way(home=[{"text": "one two", "error": "unavailable", "break_after": 0}])

    async with Router.from_policy(way.policy()) as router:
        end = await go(router, PROMPT, streamed=True)

    assert isinstance(end, Reply)
    assert end.backend == "cloud"


@pytest.mark.parametrize(
    ("tags", "asked"),
    [((), True), (("phi",), False), (("source",), False), (("eu_only",), False), (("unkept",), False)],
)
async def test_a_comparison_with_a_strong_backend_is_made_of_what_it_may_see(
    tags: tuple[str, ...], *, asked: bool
) -> None:
    """Every request is drawn; by level, kind, region and retention only those are compared that may leave."""
    holdout = {"backend": "cloud", "share": 1.0, "at_most": "internal"}
    given = _closed_by_labels(Way(rule={"use": ["home"]}, more={"holdout": holdout, "tags": TAGS}))

    async with Router.from_policy(given, chance=lambda: 0.0) as router:
        await go(router, PROMPT, streamed=False, tags=tags)
        cloud = mocks(router, "cloud")

    assert (CANARY in heard(cloud)) is asked


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
async def test_a_conversation_that_stays_elsewhere_takes_no_private_turn_along(*, streamed: bool) -> None:
    """A conversation that escalated is asked where it was; a private turn of it is not."""
    async with Router.from_policy(Way(rule=REJECTED).policy()) as router:
        first = await go(router, "hello there", streamed=streamed, conversation="c")
        private = await go(router, PROMPT, streamed=streamed, conversation="c", **PRIVATE)

        assert isinstance(first, Reply)
        assert first.backend in ("cloud", "other")
        assert isinstance(private, Reply)
        assert private.backend == "home"
        assert CANARY not in heard(mocks(router, "cloud", "other"))


async def test_a_used_up_share_opens_no_other_way() -> None:
    """Who may not leave for his tenant's sake stays, and who may not leave at all is refused when nobody is here."""
    way = Way(home=[{"error": "unavailable"}], more={"escalation": {"per_tenant": 0.0, "least": 0}})

    async with Router.from_policy(way.policy()) as router:
        ends = [await go(router, PROMPT, streamed=False, tenant="acme", **fields) for fields in (PRIVATE, {}, PRIVATE)]

        assert all(isinstance(end, CascadeExhaustedError) for end in ends)
        assert heard(mocks(router, "cloud", "other")) == "[]"


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(
    ("tag", "hears"),
    [("eu_only", ["other"]), ("unkept", []), ("source", ["other"]), ("vip", ["other"]), ("pii_weak", ["cloud"])],
)
async def test_a_request_falls_back_on_those_alone_who_may_see_it(
    tag: str, hears: list[str], *, streamed: bool
) -> None:
    """Regions, retention, refused kinds and levels hold for a fallback as for the first choice."""
    way = Way(home=[{"error": "unavailable"}], more={"tags": TAGS})

    async with Router.from_policy(_closed_by_labels(way)) as router:
        await go(router, PROMPT, streamed=streamed, tags={tag})

        assert [name for name in ("cloud", "other") if CANARY in heard(mocks(router, name))] == hears


TAGS = {"eu_only": {"region": "eu"}, "unkept": {"retain": False}, "vip": "confidential"}


def _closed_by_labels(way: Way) -> Policy:
    """Return a way's policy in which the first backend elsewhere refuses source code."""
    given = way.policy()
    cloud = given.backends["cloud"].model_copy(update={"refuses": ("source",)})
    return given.model_copy(update={"backends": {**given.backends, "cloud": cloud}})


def _written(cloud: str) -> str:
    return (
        "version: 1\nledger: memory\nretries: {attempts: 1}\nbackends:\n"
        "  home: {kind: mock, model: m, clearance: restricted, local: true, answers: [{error: unavailable}]}\n"
        f"  cloud: {{kind: mock, model: m, clearance: {cloud}}}\n"
        "rules:\n  - {name: r, use: [home, cloud]}\n"
    )


@pytest.mark.parametrize(
    ("before", "after", "leaves"),
    [
        ("internal", "restricted, local: true", False),
        ("restricted, local: true", "internal", True),
    ],
)
async def test_a_policy_that_changes_during_a_request_changes_nothing_for_it(
    tmp_path: Path, before: str, after: str, *, leaves: bool
) -> None:
    """A request keeps the plan, the backends and the clearances that it began with; the next one has the new ones."""
    file = tmp_path / "policy.yaml"
    file.write_text(_written(before))

    async with Router.from_policy(file) as router:
        (old,) = mocks(router, "cloud")
        (home,) = mocks(router, "home")
        done = _rewritten_when_asked(router, home, file, _written(after))
        await go(router, PROMPT, streamed=False, **PRIVATE)
        (new,) = mocks(router, "cloud")

        assert done == [True]
        assert new is not old
        assert (len(old.seen), len(new.seen)) == (int(leaves), 0)
        await go(router, PROMPT, streamed=False, **PRIVATE)
        assert (len(old.seen), len(new.seen)) == (int(leaves), int(not leaves))


def _rewritten_when_asked(router: Router, home: Mock, file: Path, text: str) -> list[bool]:
    """Exchange the policy while the first backend is at work; return a list that says whether it was."""
    done: list[bool] = []
    ask, write = home._next, partial(file.write_text, text)

    async def meanwhile(request: Request) -> Any:
        write()
        done.append(await router.refresh())
        return await ask(request)

    home._next = meanwhile  # type: ignore[method-assign] # the moment between asking and answering
    return done


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("status", [200, 400, 401, 404, 413, 422, 429, 500, 503])
async def test_what_a_server_echoes_of_the_prompt_is_kept_nowhere(
    openai_server: WireServer, status: int, *, streamed: bool
) -> None:
    """Providers quote what they refuse: errors, attempts, books and logs say the fault and none of the words."""
    echo = {"error": {"message": PROMPT, "type": CANARY, "param": CANARY, "code": "quoted"}, "prompt": PROMPT}
    openai_server.answers = [Answer(status=status, body=echo)] * 2
    real = {"kind": "openai_http", "model": "m", "urls": [openai_server.url], "clearance": "restricted", "local": True}
    given = policy({"home": real, "cloud": mock(clearance="internal", local=False)})

    async with Router.from_policy(given) as router:
        end = await go(router, PROMPT, streamed=streamed, **PRIVATE)

        assert isinstance(end, CascadeExhaustedError)
        assert CANARY not in await traces(router)
        assert heard(mocks(router, "cloud")) == "[]"
    shown = [f"{end!s} {end!r}"]
    for attempt in end.attempts:
        fault = getattr(attempt, "error", None)
        shown.append(f"{attempt!r} {fault!s} {fault!r} {vars(fault)!r}")
    assert CANARY not in " ".join(shown)


async def test_a_private_request_over_http_is_on_the_wire_once(openai_server: WireServer) -> None:
    """The control of these tests: what a backend of ours is sent is heard."""
    openai_server.answers = [Answer(body=openai_completion())]
    real = {"kind": "openai_http", "model": "m", "urls": [openai_server.url], "clearance": "restricted", "local": True}

    async with Router.from_policy(policy({"home": real})) as router:
        await go(router, PROMPT, streamed=False, **PRIVATE)

    assert [CANARY in json.dumps(seen.body) for seen in openai_server.seen] == [True]
