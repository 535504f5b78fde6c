"""From a policy to its open parts."""

import pytest
from support.policies import mock, policy
from support.wire_servers import WireServer

from gateway import Router
from gateway.assembly import assemble
from gateway.backends.mock import Mock
from gateway.errors import ConfigurationError

DEAD = {"kind": "openai_http", "model": "auto", "clearance": "restricted", "optional": True}


async def test_an_optional_backend_that_is_not_there_is_out_with_its_reason(closed_port: int) -> None:
    """The plan says why, and the others answer."""
    dead = {**DEAD, "urls": [f"http://127.0.0.1:{closed_port}"]}
    async with Router.from_policy(policy({"gone": dead, "here": mock("fine")})) as router:
        reply = await router.route("hello")

        assert "cannot connect" in router.unavailable["gone"]
    assert reply.backend == "here"
    assert reply.plan.reasons["gone"].code == "unavailable"


async def test_a_policy_whose_backends_are_all_gone_says_what_to_start(closed_port: int) -> None:
    """One error, with what was looked for and the remedy."""
    dead = {**DEAD, "urls": [f"http://127.0.0.1:{closed_port}"]}

    with pytest.raises(ConfigurationError, match=r"(?s)nobody to route to.*gone: cannot connect.*OPENAI_API_KEY"):
        async with assemble(policy({"gone": dead})):
            pass


async def test_a_backend_that_must_be_there_stops_the_opening() -> None:
    """What cannot be built and is not optional is named."""
    broken = {"kind": "embedded", "model": "m", "path": "/nowhere/model.gguf", "clearance": "restricted"}

    with pytest.raises(ConfigurationError, match=r"backend 'llama': .*model\.gguf"):
        async with assemble(policy({"llama": broken, "other": mock()})):
            pass


async def test_each_replica_is_a_part_of_its_own(closed_port: int) -> None:
    """Several URLs are several servers of the same model."""
    urls = [f"http://127.0.0.1:{closed_port}", f"http://localhost:{closed_port}"]
    llama = {"kind": "openai_http", "model": "m", "clearance": "restricted", "urls": urls}

    async with assemble(policy({"llama": llama})) as house:
        assert [part.replica for part in house.replicas["llama"]] == [url.removeprefix("http://") for url in urls]


async def test_what_the_policy_says_of_a_model_reaches_its_part() -> None:
    """The name in errors and the model in answers are the policy's."""
    async with assemble(policy({"llama": mock(model="llama-3")})) as house:
        (part,) = house.replicas["llama"]

    assert isinstance(part, Mock)
    assert part.replica == "llama"


async def test_one_replica_is_enough_for_an_optional_backend(closed_port: int, openai_server: WireServer) -> None:
    """Several URLs are failover: one that is down at start does not take the others with it."""
    urls = [f"http://127.0.0.1:{closed_port}", openai_server.url]

    async with Router.from_policy(policy({"llama": {**DEAD, "urls": urls}})) as router:
        assert (await router.route("hello")).backend == "llama"
