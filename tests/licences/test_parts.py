"""What a product ships: allowed licences alone, and what a model that learned from another one's answers owes."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from support.licensing import TODAY

from gateway.errors import LicenceError
from gateway.licences.parts import bases_of, is_allowed, part_duties, read_parts
from gateway.licences.register import Duty
from gateway.licences.registry import packaged

CARD = (
    "Built with Llama.\n\nLlama 3.1 is licensed under the Llama 3.1 Community License, "
    "Copyright \N{COPYRIGHT SIGN} Meta Platforms, Inc. All Rights Reserved.\n"
)
ROUTER: dict[str, Any] = {
    "name": "Llama-router",
    "file": "router.npz",
    "licence": "Apache-2.0",
    "whose": "us",
    "card": "router.md",
    "made_from": [{"name": "a set", "licence": "CC-BY-4.0"}],
    "outputs_of": ["meta-llama/Llama-3.1-8B-Instruct"],
}


def write(folder: Path, *, lock: str | None = None, **changes: Any) -> Path:
    """Write what a product ships, changed in one part, and the files that it names."""
    part = {**ROUTER, **{key: value for key, value in changes.items() if key in ROUTER}}
    given = {
        "product": "Example",
        "allowed": ["Apache-2.0", "CC-BY-4.0", "MIT", "BSD-3-Clause", "MPL-2.0", "ISC", "PSF-2.0"],
        "locks": [] if lock is None else ["requirements.lock"],
        "stated": {},
        "parts": [part],
        **{key: value for key, value in changes.items() if key not in ROUTER},
    }
    (folder / "router.npz").write_bytes(b"")
    (folder / "router.md").write_text(CARD)
    if lock is not None:
        (folder / "requirements.lock").write_text(lock)
    file = folder / "parts.yaml"
    file.write_text(yaml.safe_dump(given))
    return file


def duties_of(file: Path) -> list[Duty]:
    return list(part_duties(read_parts(file), packaged(), owner="us", day=TODAY))


def test_a_router_that_learned_from_llama_says_so(tmp_path: Path) -> None:
    """Its name, its card and its notice; then it may be shipped."""
    found = duties_of(write(tmp_path))

    assert [(duty.duty, duty.state) for duty in found] == [
        ("part", "met"),
        ("outputs", "met"),
        ("name prefix", "met"),
        ("display", "met"),
        ("display", "met"),
    ]


@pytest.mark.parametrize(
    ("changes", "duty", "told"),
    [
        (
            {"outputs_of": ["meta-llama/Meta-Llama-3-8B"]},
            "outputs",
            "Meta Llama 3 Community License Agreement forbids it",
        ),
        ({"outputs_of": ["acme-1"]}, "outputs", "its terms are not known"),
        ({"outputs_of": ["acme-llama-qwen3-8b"]}, "outputs", "its terms are not known"),
        (
            {"outputs_of": ["Qwen2.5-72B"]},
            "display",
            "router.md does not have it",
        ),
        ({"name": "router"}, "name prefix", "its name does not begin with 'Llama'"),
        ({"card": None}, "display", "it has no card"),
        ({"licence": "AGPL-3.0-only"}, "part", "AGPL-3.0-only is not allowed here"),
        ({"made_from": [{"name": "x", "licence": "CC-BY-NC-4.0"}]}, "part", "CC-BY-NC-4.0 is not allowed here"),
        ({"file": "gone.npz"}, "part", "gone.npz is not there"),
    ],
)
def test_what_a_part_owes_and_does_not_have_is_said(changes: Any, duty: str, told: str, tmp_path: Path) -> None:
    """The classic trap among them: weights that learned from answers whose terms forbid it."""
    unmet = [one for one in duties_of(write(tmp_path, **changes)) if one.state == "unmet"]

    assert (unmet[0].duty, unmet[0].evidence, unmet[0].due) == (duty, told, TODAY)


def test_the_notice_names_parts_and_what_they_were_made_from(tmp_path: Path) -> None:
    """And the models that they learned from."""
    parts = read_parts(write(tmp_path))

    assert [(part.name, part.licence, part.whose) for part in parts.for_notice()] == [
        ("Llama-router", "Apache-2.0", "us"),
        ("a set", "CC-BY-4.0", "in Llama-router"),
    ]
    assert [found.licence_id for found in bases_of(parts, packaged())] == ["llama-3.1"]


def test_locked_dependencies_have_allowed_licences(tmp_path: Path) -> None:
    """By their own metadata: an expression, a word for it, a classifier, or the first line of the whole text."""
    lock = "pydantic==2.0 \\\n    --hash=x\npyyaml==6\nhttpx==0.28\ntiktoken==1\nno-such-package-here==1\n"

    found = [duty for duty in duties_of(write(tmp_path, lock=lock)) if duty.duty == "dependencies"]

    assert [(duty.state, duty.evidence) for duty in found] == [("met", "4 of 5 fit, 1 are not installed here")]


def test_a_dependency_that_does_not_fit_is_named(tmp_path: Path) -> None:
    """Also one whose metadata says nothing: somebody has to look."""
    file = write(tmp_path, lock="httpx-aiohttp==1\npyyaml==6\n", allowed=["Apache-2.0", "CC-BY-4.0"])

    unmet = {duty.models[0]: duty for duty in duties_of(file) if duty.state == "unmet"}

    assert set(unmet) == {"httpx-aiohttp", "pyyaml", "requirements.lock"}
    assert unmet["pyyaml"].evidence.startswith("MIT; allow it, or state what it is")
    assert unmet["httpx-aiohttp"].evidence.startswith("no licence in its metadata; allow it")


def test_what_somebody_looked_up_is_stated_with_its_place(tmp_path: Path) -> None:
    """It goes before the metadata."""
    stated = {"httpx-aiohttp": {"licence": "BSD-3-Clause", "seen": "LICENSE"}}

    assert all(duty.state == "met" for duty in duties_of(write(tmp_path, lock="httpx-aiohttp==1\n", stated=stated)))


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("MIT AND ISC", True),
        ("MIT AND GPL-3.0-only", False),
        ("GPL-3.0-only OR MIT", True),
        ("(GPL-3.0-only OR MIT) AND ISC", True),
        ("GPL-3.0-only AND (MIT OR ISC)", False),
        ("(MIT", False),
        ("MIT ISC", False),
        ("", False),
        ("MIT AND", False),
    ],
)
def test_an_expression_is_kept_by_all_of_and_and_one_of_or(expression: str, *, allowed: bool) -> None:
    """What is no expression is not allowed."""
    assert is_allowed(expression, ("MIT", "ISC")) is allowed


@pytest.mark.parametrize(
    ("break_", "told"),
    [
        (
            lambda file: file.write_text(file.read_text().replace("whose:", "whoze:")),
            "parts.yaml: parts.0.whoze: unknown",
        ),
        (lambda file: file.write_text("a: ["), "parts.yaml: cannot be read"),
        (lambda file: file.unlink(), "parts.yaml: cannot be read"),
        (lambda file: (file.parent / "router.md").unlink(), "the card .* cannot be read; mend `card`"),
        (lambda file: (file.parent / "requirements.lock").unlink(), "the lock .* cannot be read; mend `locks`"),
    ],
)
def test_a_file_of_parts_that_is_wrong_is_an_error(break_: Any, told: str, tmp_path: Path) -> None:
    """Never a silent pass."""
    file = write(tmp_path, lock="")
    break_(file)

    with pytest.raises(LicenceError, match=told):
        duties_of(file)
