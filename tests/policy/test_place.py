"""Where a backend runs; what is not surely ours counts as elsewhere."""

from typing import Any

import pytest

from gateway import plugins
from gateway.policy.models import BackendPolicy
from gateway.policy.place import is_local


def backend(**keys: Any) -> BackendPolicy:
    return BackendPolicy.model_validate({"kind": "openai_http", "model": "any", "clearance": "internal", **keys})


@pytest.mark.parametrize("declared", [True, False])
def test_what_is_declared_wins(declared: bool) -> None:
    """A server on your own network is local if you say so, a tunnel on loopback is not if you say so."""
    assert is_local(backend(urls=["http://127.0.0.1:8080"], local=declared)) is declared


@pytest.mark.parametrize(
    ("kind", "local"),
    [
        ("embedded", True),
        ("llamacpp", True),
        ("ollama", True),
        ("vllm", True),
        ("lmstudio", True),
        ("tgi", True),
        ("openai_http", False),
        ("hosted", False),
        ("mock", False),
        ("somebody_elses", False),
    ],
)
def test_without_a_url_the_kind_says_it(kind: str, local: bool) -> None:
    """Servers that run on loopback by default are ours; anything unknown is not."""
    assert is_local(backend(kind=kind)) is local


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://localhost:8080", True),
        ("http://LOCALHOST", True),
        ("http://127.0.0.1:8080", True),
        ("http://127.8.9.1", True),
        ("http://[::1]:8080", True),
        ("http://192.168.0.7", False),
        ("http://127.0.0.1.example.com", False),
        ("http://localhost.example.com", False),
        ("http://localhost@example.com", False),
        ("https://api.openai.com/v1", False),
        ("127.0.0.1:8080", False),
        ("http://[::1", False),
        ("", False),
    ],
)
def test_a_loopback_address_is_ours_and_nothing_else(url: str, local: bool) -> None:
    """A name that only looks like loopback is elsewhere, and so is what cannot be read."""
    assert is_local(backend(urls=[url])) is local


def test_one_replica_elsewhere_makes_the_backend_elsewhere() -> None:
    """A request may end at any replica."""
    assert not is_local(backend(kind="llamacpp", urls=["http://127.0.0.1:8080", "http://10.0.0.2:8080"]))


@pytest.mark.parametrize("kind", [kind for kind in plugins.kinds("backends") if kind != "embedded"])
def test_a_kind_is_ours_without_a_url_where_it_asks_loopback(kind: str) -> None:
    """The address that is asked when the policy names none decides, as one that it names would."""
    usual = plugins.options("backends", kind).model_fields.get("url")
    url = usual.default if usual is not None and not usual.is_required() else None

    assert is_local(backend(kind=kind)) is (url is not None and is_local(backend(urls=[url])))


@pytest.mark.parametrize(
    ("keys", "local"),
    [
        ({"local": True}, False),
        ({"local": True, "api_base": ""}, False),
        ({"local": True, "api_base": "http://10.0.0.7/v1"}, True),
        ({"local": False, "api_base": "http://127.0.0.1/v1"}, False),
        ({"api_base": "http://127.0.0.1/v1"}, False),
    ],
)
def test_a_providers_own_api_is_never_ours(keys: dict[str, Any], local: bool) -> None:
    """Only a server that is named can be declared one's own."""
    assert is_local(backend(kind="hosted", **keys)) is local


@pytest.mark.parametrize("kind", ["hosted", "mock"])
def test_a_hosted_model_is_elsewhere_whatever_its_url(kind: str) -> None:
    """A provider's client on loopback is still a provider."""
    assert not is_local(backend(kind=kind, urls=["http://127.0.0.1:8080"]))
