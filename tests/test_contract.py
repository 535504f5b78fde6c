"""What every kind promises. A new kind of ours is tested here without an edit, unless it needs options of its own."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from support import models
from support.clearances import cleared
from support.entries import NOON, attempt_record, ledger_entry
from support.judges import ALONE
from support.stand_ins import install_gliner, install_presidio
from support.trained import answering_model
from support.wire_servers import WireServer

from gateway import plugins
from gateway.entries import HoldoutRecord
from gateway.errors import DetectorError, NotClearedError
from gateway.interfaces import Backend, Classifier, Detector, Exporter, Judge
from gateway.types import Completion, Message, Need, Usage
from gateway.vitals import Vitals
from gateway.wire.deltas import DeltaCollector
from gateway.wire.openai import parse_request

# What litellm does with pydantic is litellm's to mend.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pydantic.PydanticDeprecatedSince211"),
    pytest.mark.filterwarnings("ignore:Item .* on TypedDict class:UserWarning"),
]

EVERY_KIND = [(socket, kind) for socket in plugins.SOCKETS for kind in plugins.kinds(socket)]


MINE = cleared("asked")
HELLO = parse_request("Where is my parcel? It should have come on Monday.", max_tokens=8)
FINE = Completion(
    message=Message(role="assistant", content="billing"), finish_reason="stop", usage=Usage(), model="some-model"
)


@pytest.fixture
def judges_need(tmp_path: Path) -> Mapping[str, Mapping[str, Any]]:
    """Return what a kind of judge needs to be built at all."""
    answering_model().save(tmp_path / "router.model")
    return {"llm": {"backend": "llama"}, "learned": {"model": str(tmp_path / "router.model")}}


def options_for(kind: str, server: WireServer) -> dict[str, Any]:
    """Return what a kind of backend needs beside its model to reach something that answers."""
    if kind == "mock":
        return {}
    if kind == "embedded":
        return {"path": str(models.specialist())}
    if kind == "hosted":
        return {"model": "openai/some-model", "api_base": f"{server.url}/v1", "api_key": "not-a-key"}
    return {"url": server.url}


@pytest.fixture(params=plugins.kinds("backends"))
async def backend(request: pytest.FixtureRequest, openai_server: WireServer) -> AsyncIterator[Backend]:
    """Open every kind of backend against something that answers."""
    module = plugins.load("backends", request.param)
    options = {"name": "asked", "model": "some-model", **options_for(request.param, openai_server)}
    async with module.build(module.Options.model_validate(options)) as part:
        yield part


@pytest.mark.parametrize(("socket", "kind"), EVERY_KIND)
def test_options_refuse_what_they_do_not_know(socket: plugins.Socket, kind: str) -> None:
    """A misspelt key is never ignored, and options do not change once read."""
    options = plugins.options(socket, kind)

    with pytest.raises(ValidationError, match="certainly_misspelt"):
        options.model_validate({"certainly_misspelt": 1})
    assert options.model_config.get("frozen") is True


@pytest.mark.parametrize("kind", plugins.kinds("backends"))
def test_a_backend_says_what_it_supports(kind: str) -> None:
    """A policy need not repeat what a kind can take."""
    module = plugins.load("backends", kind)

    supports = getattr(module, "SUPPORTS", None)

    assert isinstance(supports, frozenset)
    assert supports <= set(Need)


@pytest.mark.engine
async def test_a_backend_answers_whole(backend: Backend) -> None:
    """An answer has a text, an end and a model."""
    assert isinstance(backend, Backend)

    completion = await backend.complete(HELLO, MINE)

    assert completion.message.text
    assert completion.finish_reason
    assert completion.model


@pytest.mark.engine
@pytest.mark.parametrize("token", [None, cleared("another")], ids=["none", "another's"])
async def test_a_backend_takes_nothing_without_its_clearance(backend: Backend, token: Any) -> None:
    """Whole or streamed: a call that was admitted elsewhere, or nowhere, is not made."""
    with pytest.raises(NotClearedError):
        await backend.complete(HELLO, token)
    with pytest.raises(NotClearedError):
        async with aclosing(backend.stream(HELLO, token)) as deltas:
            await anext(deltas)


@pytest.mark.engine
async def test_a_backend_streams_to_an_end(backend: Backend) -> None:
    """The pieces make a whole answer with its usage."""
    collector = DeltaCollector()

    async with aclosing(backend.stream(HELLO, MINE)) as deltas:
        async for delta in deltas:
            collector.add(delta)

    assert collector.completion().message.text
    assert collector.usage.completion_tokens is not None


@pytest.mark.engine
async def test_a_backend_is_asked_by_many_at_once(backend: Backend) -> None:
    """Calls do not get in one another's way, also after a stream that was left early."""
    async with aclosing(backend.stream(HELLO, MINE)) as deltas:
        await anext(deltas)

    answers = await asyncio.gather(*(backend.complete(HELLO, MINE) for _ in range(8)))

    assert all(answer.message.text for answer in answers)


@pytest.mark.engine
async def test_a_replica_has_a_name_without_credentials(backend: Backend) -> None:
    """The name goes into logs and the ledger."""
    assert backend.replica
    assert "not-a-key" not in backend.replica


@pytest.fixture
def detectors_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Mapping[str, Any]]:
    """Return what a kind of detector needs to be built at all; packages that are in no lock are stood in for."""
    install_presidio(monkeypatch)
    install_gliner(monkeypatch)
    return {"gliner": {"model": str(tmp_path)}}


@pytest.mark.parametrize("kind", plugins.kinds("detectors"))
async def test_a_detector_reads_any_text(kind: str, detectors_need: Mapping[str, Mapping[str, Any]]) -> None:
    """Whatever the text, the spans lie within it and nothing is raised but that its language is unknown."""
    module = plugins.load("detectors", kind)
    async with module.build(module.Options(**detectors_need.get(kind, {}))) as detector:
        _check_detector(detector)


def _check_detector(detector: Detector) -> None:
    @given(st.text())
    def check(text: str) -> None:
        try:
            findings = detector.detect(text)
        except DetectorError:
            return
        for finding in findings:
            assert 0 <= finding.start < finding.end <= len(text)
            assert finding.kind

    assert isinstance(detector, Detector)
    check()


@pytest.mark.parametrize("kind", plugins.kinds("classifiers"))
async def test_a_classifier_gives_a_share(kind: str) -> None:
    """A difficulty lies between 0 and 1, and the same request gets the same one."""
    module = plugins.load("classifiers", kind)
    async with module.build(module.Options()) as classifier:
        assert isinstance(classifier, Classifier)
        first, second = classifier.difficulty(HELLO), classifier.difficulty(HELLO)

    assert 0 <= first == second <= 1


@pytest.mark.parametrize("kind", plugins.kinds("judges"))
async def test_a_judge_gives_a_verdict_with_a_reason(kind: str, judges_need: Mapping[str, Mapping[str, Any]]) -> None:
    """An answer without log-probabilities is judged or rejected, never an exception."""
    module = plugins.load("judges", kind)
    async with module.build(module.Options.model_validate(judges_need.get(kind, {}))) as judge:
        assert isinstance(judge, Judge)
        verdict = await judge.judge(HELLO, FINE, ALONE)

    assert verdict.judge == kind
    assert verdict.reason
    assert "billing" not in verdict.reason
    assert verdict.score is None or 0 <= verdict.score <= 1


@pytest.mark.parametrize("kind", plugins.kinds("exporters"))
async def test_an_exporter_takes_note_of_whatever_is_booked(kind: str) -> None:
    """Answered or not, with calls or without, of backends that it has never heard of, before it knows the house."""
    module = plugins.load("exporters", kind)
    free: Mapping[str, Mapping[str, Any]] = {"prometheus": {"port": 0}}
    unanswered: Mapping[str, Any] = {"rule": None, "backend": None, "local": None, "cost": None, "attempts": ()}
    async with module.build(module.Options.model_validate(free.get(kind, {}))) as exporter:
        assert isinstance(exporter, Exporter)
        exporter.booked(ledger_entry("1"))
        exporter.watch(Vitals)
        for number, status in enumerate(("refused", "exhausted", "cancelled")):
            exporter.booked(ledger_entry(f"{number}", status=status, **unanswered))
        exporter.booked(ledger_entry("9", attempts=(attempt_record(error="timeout", usage=Usage(), cost=None),)))
        exporter.compared(HoldoutRecord(entry_id="1", attempt=attempt_record(purpose="holdout"), at=NOON))
