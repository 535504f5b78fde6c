"""A classifier that fails at run time, through the whole router: the request is answered as if it were hard or easy."""

import pytest
from support.kinds import InstallKind
from support.policies import mock, policy

from gateway import Router

CLASSIFIER = """
from contextlib import asynccontextmanager

from gateway.classifiers.heuristic import Options


class Broken:
    def difficulty(self, request):
        raise RuntimeError(request.messages[0].text)


@asynccontextmanager
async def build(options):
    yield Broken()
"""
BACKENDS = {"llama": mock("a local answer"), "frontier": mock("a strong answer", clearance="internal", local=False)}
HARD = {"name": "hard", "when": {"difficulty": {"at_least": 0.6}}, "use": ["frontier", "llama"]}
EASY = {"name": "easy", "use": ["llama", "frontier"]}


@pytest.fixture(autouse=True)
def _broken_classifier(install_kind: InstallKind) -> None:
    """Install a classifier that always fails."""
    install_kind("classifiers", "broken", CLASSIFIER)


@pytest.mark.parametrize(("when_unsure", "backend"), [("hard", "frontier"), ("easy", "llama")])
async def test_a_request_is_answered_when_its_classifier_fails(
    when_unsure: str, backend: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The policy says what is assumed, the log says that it failed, and neither repeats the prompt."""
    async with Router.from_policy(policy(BACKENDS, HARD, EASY, classifier="broken", when_unsure=when_unsure)) as router:
        reply = await router.route("zebra")
        (entry,) = await router.ledger.entries()

    assert reply.backend == backend
    assert (entry.status, entry.difficulty) == ("answered", None)
    assert "failed: RuntimeError" in caplog.text
    assert "zebra" not in caplog.text


async def test_a_stream_is_answered_when_its_classifier_fails() -> None:
    """In pieces too."""
    async with Router.from_policy(policy(BACKENDS, HARD, EASY, classifier="broken")) as router:
        stream = router.stream("zebra")
        text = "".join([delta.text async for delta in stream])

    assert text == "a strong answer"
