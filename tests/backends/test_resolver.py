"""Where a name leads is looked at before anything is sent there: a clearance for a place is none for its impostor."""

from collections.abc import Mapping
from typing import Any

import pytest
from support.clearances import cleared
from support.names import Names
from support.policies import policy
from support.wire_servers import TEXT, WireServer
from yarl import URL

from gateway import Router
from gateway.backends._resolver import OutsideError, Resolver
from gateway.backends.openai_http import connect
from gateway.errors import CascadeExhaustedError, ConfigurationError, NotClearedError
from gateway.policy.models import BackendPolicy
from gateway.policy.place import networks
from gateway.wire.openai import parse_request

REQUEST = parse_request("the quick Zebra")
FOREIGN = "203.0.113.7"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """Take the place of the system's names."""
    return Names(monkeypatch)


def at(server: WireServer, host: str) -> str:
    return str(URL(server.url).with_host(host))


def backend(**keys: Any) -> dict[str, Any]:
    return {"kind": "openai_http", "model": "m", "clearance": "internal", **keys}


def _networks(**keys: Any) -> tuple[str, ...]:
    return networks(BackendPolicy.model_validate(backend(**keys)))


async def _routed(declared: Mapping[str, Any]) -> str:
    """Return what a router with this one backend answers, else the text of the fault."""
    async with Router.from_policy(policy({"llama": declared})) as router:
        try:
            return (await router.route(REQUEST)).text
        except CascadeExhaustedError as error:
            (attempt,) = error.attempts
            fault = getattr(attempt, "error", None)
            assert isinstance(fault, NotClearedError)
            return str(fault)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "10.1.2.3", "172.16.0.1", "172.31.255.1", "192.168.7.7", "169.254.1.1"),
        *("100.64.0.1", "::1", "fd12::1", "fe80::1", "::ffff:10.0.0.1"),
    ],
)
async def test_a_name_of_ours_leads_to_loopback_and_private_addresses(names: Names, address: str) -> None:
    """What is operated by ourselves is found on this machine, or in a network of ours."""
    names.answer("llm.test", [address])

    found = await Resolver(_networks(local=True)).resolve("llm.test", 8000)

    assert [one["host"] for one in found] == [address]


@pytest.mark.parametrize(
    "address",
    [FOREIGN, "172.32.0.1", "100.128.0.1", "192.169.0.1", "2001:db8::1", "::ffff:203.0.113.7", "64:ff9b::a00:1"],
)
async def test_a_name_of_ours_never_leads_to_the_internet(names: Names, address: str) -> None:
    """A name that somebody else answers takes no private prompt with it; the message says what to write."""
    names.answer("llm.test", [address])

    with pytest.raises(OutsideError, match="write addresses:"):
        await Resolver(_networks(local=True)).resolve("llm.test", 8000)


async def test_a_private_prompt_follows_no_name_to_a_stranger(names: Names, openai_server: WireServer) -> None:
    """The attempt fails before anything is sent, and says where the name led."""
    names.answer("llm.test", [FOREIGN])

    said = await _routed(backend(urls=[at(openai_server, "llm.test")], local=True))

    assert said.startswith(f"'llama': 'llm.test' resolves to {FOREIGN}, outside the networks")
    assert openai_server.seen == []


async def test_a_name_that_is_answered_anew_leads_nowhere_else(names: Names, openai_server: WireServer) -> None:
    """DNS rebinding: what was looked at is what is connected to, and the next answer is looked at again."""
    names.answer("llm.test", ["127.0.0.1"], [FOREIGN])
    declared = backend(urls=[at(openai_server, "llm.test")], local=True)

    first = await _routed(declared)
    asked = list(names.asked)
    second = await _routed(declared)

    assert (first, asked) == (TEXT, ["llm.test"])
    assert FOREIGN in second
    assert len(openai_server.seen) == 1


async def test_of_mixed_answers_only_ours_are_connected_to(names: Names, openai_server: WireServer) -> None:
    """An address of strangers among ours is not tried, whichever comes first."""
    names.answer("llm.test", [FOREIGN, "127.0.0.1", "2001:db8::1"])

    found = await Resolver(_networks(local=True)).resolve("llm.test", 8000)

    assert [one["host"] for one in found] == ["127.0.0.1"]
    assert await _routed(backend(urls=[at(openai_server, "llm.test")], local=True)) == TEXT


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "localhost.", "llm.localhost"])
@pytest.mark.parametrize("keys", [{"local": True}, {"local": False}, {"addresses": FOREIGN}], ids=str)
async def test_localhost_is_this_machine_whatever_its_name_service_says(
    names: Names, host: str, keys: dict[str, Any]
) -> None:
    """A policy that says localhost counts as local, so that it must be."""
    names.answer(host, [FOREIGN])

    with pytest.raises(OutsideError, match="which is not this machine"):
        await Resolver(_networks(**keys)).resolve(host, 8000)


async def test_a_name_that_ends_like_localhost_is_another_name(names: Names) -> None:
    """Only the name itself, and what is below it, is this machine."""
    names.answer("notlocalhost", [FOREIGN])

    assert await Resolver(()).resolve("notlocalhost", 8000)


async def test_a_backend_elsewhere_may_be_held_to_its_addresses(names: Names, openai_server: WireServer) -> None:
    """Who declares `addresses` is told when a name leads outside them, whatever the backend."""
    declared = backend(urls=[at(openai_server, "api.test")], local=False, addresses=["192.0.2.0/24", "127.0.0.1"])
    names.answer("api.test", [FOREIGN], ["127.0.0.1"])

    assert f"resolves to {FOREIGN}" in await _routed(declared)
    assert await _routed(declared) == TEXT


async def test_a_server_of_ours_on_the_internet_is_named_by_its_address(names: Names) -> None:
    """What the message says to write works."""
    names.answer("llm.test", [FOREIGN])

    found = await Resolver(_networks(local=True, addresses=[FOREIGN])).resolve("llm.test", 8000)

    assert [one["host"] for one in found] == [FOREIGN]


async def test_a_name_elsewhere_leads_wherever_it_leads(names: Names) -> None:
    """A backend that is not ours, and declares nothing, is where its name says."""
    names.answer("api.test", [FOREIGN])

    assert await Resolver(_networks(local=False)).resolve("api.test", 443)


async def test_an_address_in_a_url_is_looked_up_by_nobody(names: Names, openai_server: WireServer) -> None:
    """It stands for itself."""
    assert await _routed(backend(urls=[openai_server.url], local=True)) == TEXT
    assert names.asked == []


async def test_a_name_without_an_address_is_no_server(names: Names, openai_server: WireServer) -> None:
    """Nobody there is nobody there."""
    names.answer("llm.test", [])

    with pytest.raises(OutsideError, match="resolves to no address"):
        await Resolver(_networks(local=True)).resolve("llm.test", 8000)


async def test_a_look_at_the_server_goes_no_further_than_a_prompt(names: Names, openai_server: WireServer) -> None:
    """A probe with the policy's key is kept from strangers too, and the policy's mistake is said at start."""
    names.answer("llm.test", [FOREIGN])

    with pytest.raises(ConfigurationError, match="outside the networks"):
        await _routed(backend(urls=[at(openai_server, "llm.test")], local=True, model="auto", api_key="not-a-key"))


async def test_code_without_a_policy_is_held_to_the_networks_it_names(names: Names, openai_server: WireServer) -> None:
    """`connect` takes them as the router does."""
    url = at(openai_server, "llm.test")
    names.answer("llm.test", [FOREIGN])

    async with connect(url=url, model="m", name="llama", networks=("10.0.0.0/8",)) as llama:
        with pytest.raises(NotClearedError):
            await llama.complete(REQUEST, cleared("llama", url))
