"""What a policy says of a built-in tag replaces that and no more, and what it lowers is said."""

from pathlib import Path
from typing import Any

import pytest
from support.policies import mock, policy

from gateway import plugins
from gateway.clearance import UNKNOWN, Clearance, admit
from gateway.policy.lint import lint
from gateway.policy.load import load_policy
from gateway.policy.models import Policy
from gateway.policy.place import destination
from gateway.policy.tags import BUILT_IN_TAGS, TagPolicy
from gateway.types import Label, Level

FIELDS: list[tuple[dict[str, Any], Label]] = [
    ({"region": "eu"}, Label(regions=frozenset({"eu"}))),
    ({"retain": False}, Label(retain=False)),
    ({}, Label()),
]


def tagged(**tags: Any) -> Policy:
    """Return a policy with tags."""
    return policy({"llama": mock()}, tags=tags)


@pytest.mark.parametrize("name", sorted({*BUILT_IN_TAGS, "phi_weak"}))
@pytest.mark.parametrize(("fields", "more"), FIELDS)
def test_a_built_in_tag_keeps_the_level_that_a_policy_does_not_name(
    name: str, fields: dict[str, Any], more: Label
) -> None:
    """Whatever else it says of it, in a text and in code."""
    built_in = tagged().label(name)

    written, in_code = tagged(**{name: fields}), tagged(**{name: TagPolicy(**fields)})

    assert built_in is not None
    assert written.label(name) == in_code.label(name) == built_in | more
    assert Policy.model_validate(written.model_dump(exclude_unset=True)) == written
    assert lint(written).warnings == ()


def test_a_tag_of_ones_own_without_a_level_is_public() -> None:
    """Nothing is known of it but what is said."""
    assert tagged(mine={"region": "eu"}).label("mine") == Label(kinds=frozenset({"mine"}), regions=frozenset({"eu"}))


def test_what_a_policy_says_of_unread_parts_leaves_them_unknown() -> None:
    """Until it says their level."""
    unread, said = tagged(unread={"retain": False}).label("unread"), tagged(unread="restricted").label("unread")

    assert unread is not None
    assert unread.covers(UNKNOWN)
    assert said == Label(level=Level.RESTRICTED, kinds=frozenset({"unread"}))


@pytest.mark.parametrize(
    ("tags", "warning"),
    [
        ({"phi": "public"}, "tags.phi: public is laxer than the built-in tag, restricted; raise it"),
        ({"secret": {"level": "internal"}}, "tags.secret: internal is laxer than the built-in tag, restricted"),
        ({"restricted": "internal"}, "tags.restricted: internal is laxer than the built-in tag, restricted"),
        ({"phi_weak": "public"}, "tags.phi_weak: public is laxer than the built-in tag, internal"),
        ({"unread": "restricted"}, "tags.unread: what nobody can read is no longer closed to backends that refuse"),
    ],
)
def test_a_built_in_tag_that_is_made_laxer_is_a_warning(tags: dict[str, Any], warning: str) -> None:
    """A policy may, and its reader is told."""
    findings = lint(tagged(**tags))

    assert findings.errors == ()
    assert [str(one).startswith(f"<policy>: {warning}") for one in findings.warnings] == [True]


def test_a_policy_without_detectors_is_a_warning() -> None:
    """Tags alone raise a level then."""
    (warning,) = lint(policy({"llama": mock()}, detectors=[])).warnings

    assert warning == "<policy>: detectors: nobody looks for private content; remove it, and the usual detectors do"


def test_a_stricter_tag_is_none() -> None:
    """Nor one of the same level."""
    assert lint(tagged(pii="restricted", phi="restricted", mine="public")).warnings == ()


def test_the_text_of_a_policy_keeps_built_in_levels_too(tmp_path: Path) -> None:
    """As its author reads it."""
    path = tmp_path / "policy.yaml"
    path.write_text(
        "version: 1\n"
        "backends: {llama: {kind: mock, model: m, local: true, clearance: restricted}}\n"
        "tags: {phi: {region: eu}, secret: {retain: false}}\n"
        "rules: [{name: r, use: [llama]}]\n"
    )

    loaded = load_policy(path, options_of=plugins.options, kinds_of=plugins.kinds)

    assert [loaded.tags[name].level for name in ("phi", "secret")] == [Level.RESTRICTED] * 2


def bound(to: str, **backend: Any) -> Policy:
    """Return a policy with a tag that is bound to a region, and one backend elsewhere."""
    backends = {"llama": mock(), "elsewhere": mock(clearance="internal", local=False, **backend)}
    return policy(backends, tags={"bound": {"level": "internal", "region": to}})


def test_a_region_is_the_same_in_capitals() -> None:
    """Nobody is kept out, and nobody let in, for how it is written."""
    for given in (bound("eu", region="EU"), bound("EU", region="eu")):
        label = given.label("bound")

        assert label is not None
        assert isinstance(admit(label, destination("elsewhere", given.backends["elsewhere"])), Clearance)
        assert lint(given).warnings == ()


def test_a_region_where_no_backend_is_is_a_warning() -> None:
    """It is a slip, or everything with the tag stays on local backends."""
    (warning,) = lint(bound("eu-west", region="eu")).warnings

    assert str(warning).startswith("<policy>: tags.bound.region: no backend has the region")
    assert lint(bound("eu")).warnings == ()


def served(url: str, **keys: Any) -> Policy:
    """Return a policy whose one backend is asked at a URL."""
    return policy({"llama": {"kind": "vllm", "model": "m", "clearance": "restricted", "urls": [url], **keys}})


@pytest.mark.parametrize("url", ["http://8.8.8.8", "http://[2001:4860:4860::8888]:80", "http://[::ffff:8.8.8.8]"])
def test_a_local_backend_at_a_public_address_is_a_warning(url: str) -> None:
    """Unless the policy says by `addresses` that it is meant."""
    (warning,) = lint(served(url, local=True)).warnings

    assert str(warning).startswith("<policy>: backends.llama.urls[0]: a public address of a backend that is said")
    assert lint(served(url, local=True, addresses=["8.0.0.0/8", "2001::/16"])).warnings == ()


@pytest.mark.parametrize("url", ["http://10.1.2.3", "http://[fd00::1]:80", "http://gpu.example", "http://0.0.0.0"])
def test_a_local_backend_at_an_address_of_ones_own_is_none(url: str) -> None:
    """Nor one with a name: where that leads is looked at when it is asked."""
    assert lint(served(url, local=True)).warnings == ()


@pytest.mark.parametrize("host", ["127.1", "localhost.", "[::ffff:127.0.0.1]", "0x7f000001", "2130706433"])
def test_an_odd_spelling_of_this_machine_is_to_be_written_plainly(host: str) -> None:
    """And not to be declared local, which would be true of any address."""
    (error,) = lint(served(f"http://{host}:8000")).errors

    assert str(error).endswith("and this one is not; write 127.0.0.1 in urls")


@pytest.mark.parametrize("host", ["8.8", "gpu.example", "10.0.0.1", "[::ffff:10.0.0.1]", "abc.x"])
def test_another_address_is_to_be_declared(host: str) -> None:
    """As before."""
    (error,) = lint(served(f"http://{host}:8000")).errors

    assert str(error).endswith("lower it, or say 'local: true' if you run it")
