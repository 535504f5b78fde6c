"""Where a backend runs; what is not surely ours counts as elsewhere."""

from typing import Any

import pytest

from gateway import plugins
from gateway.backends import hosted
from gateway.policy.models import BackendPolicy
from gateway.policy.place import PROVIDER_URLS, USUAL_URLS, destination, is_local, place_of


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


@pytest.mark.parametrize("kind", plugins.kinds("backends"))
def test_a_kind_is_asked_where_its_own_options_say(kind: str) -> None:
    """The place of a backend without `urls` is where its kind asks by default."""
    field = plugins.options("backends", kind).model_fields.get("url")
    url = None if field is None or field.is_required() else field.default

    assert USUAL_URLS.get(kind) == url


def test_every_provider_has_its_place() -> None:
    """Whoever may be asked by `hosted` is asked there."""
    assert PROVIDER_URLS.keys() == hosted.KEYS.keys()
    assert all(url.startswith("https://") for url in PROVIDER_URLS.values())


@pytest.mark.parametrize(
    ("keys", "places"),
    [
        (
            {"urls": ["http://LLM.test:8000/v1", "https://10.0.0.1", "http://[::1]"]},
            {"llm.test:8000", "10.0.0.1:443", "[::1]:80"},
        ),
        ({"kind": "vllm"}, {"127.0.0.1:8000"}),
        ({"kind": "vllm", "urls": "http://10.0.0.2:9"}, {"10.0.0.2:9"}),
        ({"kind": "hosted", "model": "xai/grok"}, {"api.x.ai:443"}),
        ({"kind": "hosted", "model": "xai/grok", "api_base": "http://10.0.0.1:8000/v1"}, {"10.0.0.1:8000"}),
        ({"kind": "hosted", "model": "nobody/grok"}, set()),
        ({"urls": ["nonsense", "http://", "http://host:99999", "ftp://host"]}, set()),
        ({"kind": "embedded"}, None),
        ({"kind": "mock"}, None),
        ({"kind": "somebody_elses"}, None),
        ({"kind": "somebody_elses", "urls": ["http://10.0.0.1:1"]}, {"10.0.0.1:1"}),
    ],
)
def test_a_destination_knows_its_places(keys: dict[str, Any], places: set[str] | None) -> None:
    """Host and port of what the policy names, and of nothing else."""
    assert destination("it", backend(**keys)).places == places


@pytest.mark.parametrize("text", ["", "host:1", "//host", "http://:80", "http://[x", "ftp://host", "http://h:x"])
def test_what_is_no_url_of_a_server_has_no_place(text: str) -> None:
    """Nobody guesses a port."""
    with pytest.raises(ValueError):
        place_of(text)


@pytest.mark.parametrize(
    ("keys", "kept"), [({}, True), ({"local": True}, False), ({"local": True, "retains": True}, True)]
)
def test_what_is_ours_keeps_nothing_unless_the_policy_says_so(keys: dict[str, Any], kept: bool) -> None:
    """Of others nobody knows it, so that they count as keeping what they see."""
    assert destination("it", backend(**keys)).retains is kept
