"""The registry's files: strict, complete, and to the byte what the licences say."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from gateway.errors import LicenceError
from gateway.licences import registry
from gateway.licences.registry import load, packaged

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.txt"))
FILES = Path(registry.__file__).parent


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_a_llama_licence_has_its_own_strings(file: Path) -> None:
    """Date, display text, prefix and notice are the licence's own, to the byte."""
    licence = registry.get(file.stem)

    strings = [
        licence.version_date and licence.version_date.isoformat(),
        licence.display and licence.display.text,
        licence.name_prefix and licence.name_prefix.text,
        licence.notice and licence.notice.text,
    ]

    assert "".join(f"{string or 'none'}\n" for string in strings).encode() == file.read_bytes()


def test_there_are_eight_llama_licences() -> None:
    """None of them is another one's newer name."""
    assert len(GOLDEN) == 8
    assert len({registry.get(file.stem).id for file in GOLDEN}) == 8


def test_llama_3_speaks_of_uses_and_3_1_of_contains() -> None:
    """Another verb, another text, another prefix, and another rule about outputs."""
    three, later = registry.get("llama-3"), registry.get("llama-3.1")

    assert (three.display and three.display.trigger, later.display and later.display.trigger) == ("uses", "contains")
    assert (three.outputs.train, later.outputs.train) == ("forbidden", "allowed_with_duties")


@pytest.mark.parametrize(
    ("licence_id", "limited"),
    [("llama-3.1", False), ("llama-3.2", True), ("llama-3.3", True), ("llama-4", True), ("llama-3", False)],
)
def test_the_limit_for_the_eu_stands_where_a_use_policy_has_it(licence_id: str, limited: bool) -> None:
    """It stands in the use policies of 3.2 and later, that of 3.3 included."""
    regions = registry.get(licence_id).regions

    assert [region.deny_host_seat for region in regions] == ["EU"] * limited


@pytest.mark.parametrize("licence_id", ["qwen-2024", "kimi-modified-mit", "tongyi-qianwen-2023"])
def test_a_continuous_clause_has_no_date_and_a_number_of_days(licence_id: str) -> None:
    """Llama asks about one month for ever, these about every month."""
    mau = registry.get(licence_id).mau

    assert mau is not None
    assert (mau.measured, mau.as_of, mau.days) == ("continuous", None, 31)


@pytest.mark.parametrize("licence_id", registry.ids())
def test_every_licence_says_where_it_was_read(licence_id: str) -> None:
    """A text that was read whole is pinned or linked; who read it for you stays open."""
    licence = registry.get(licence_id)

    assert licence.id == licence_id
    assert all((licence.name, licence.steward, licence.text.url))
    assert licence.review.counsel is False


def test_every_base_in_the_registry_is_of_a_known_family() -> None:
    """A chain that ends in a name that nobody knows would end in nothing."""
    from gateway.licences.resolve import resolve  # noqa: PLC0415 - the one test that asks it

    bases = {base for family in packaged().families.values() for model in family.models for base in model.base}

    known = {base: resolve(base, packaged()).known for base in bases}

    assert {base for base, is_known in known.items() if not is_known} <= {"ByteDance-Seed/Seed-OSS-36B-Base"}


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [("llama3.1", "did you mean 'llama-3.1'"), ("zzzzzzzz", "known: anthropic-commercial, "), ("../x", "known: ")],
)
def test_an_unknown_licence_is_an_error_that_helps(wrong: str, hint: str) -> None:
    """The nearest right spelling, else the list."""
    with pytest.raises(LicenceError, match=hint):
        registry.get(wrong)


@pytest.mark.parametrize(
    ("tag", "licence_id"),
    [
        ("llama3", "llama-3"),
        ("llama3.1", "llama-3.1"),
        ("license:mit", "mit"),
        ("Apache-2.0", "apache-2.0"),
        ("LicenseRef-scancode-llama-4-cla-2025", "llama-4"),
        ("gemma-tou-2025-03-24", "gemma"),
        ("made-up", None),
    ],
)
def test_a_hubs_tag_means_a_licence(tag: str, licence_id: str | None) -> None:
    """By the hub's word, by SPDX, by the database of licences, or by our own id."""
    assert packaged().declared(tag) == licence_id


@pytest.mark.parametrize(
    ("word", "category"),
    [("Military", "military"), ("defence", "military"), ("public sector", "public-sector"), ("x", None)],
)
def test_a_sector_has_other_words(word: str, category: str | None) -> None:
    """Who writes `defence` means what a use policy calls military."""
    assert packaged().category(word) == category


def _copied(folder: Path) -> Path:
    for name, one in (("texts", "mit.yaml"), ("families", "phi.yaml")):
        (folder / name).mkdir()
        (folder / name / one).write_bytes((FILES / name / one).read_bytes())
    (folder / "categories.yaml").write_bytes((FILES / "categories.yaml").read_bytes())
    return folder


def _without(text: str, key: str) -> str:
    return yaml.safe_dump({name: value for name, value in yaml.safe_load(text).items() if name != key})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda text: _without(text, "notice"), "texts/mit.yaml: notice: this field is missing; write it"),
        (
            lambda text: text.replace("notice:", "notise:"),
            "texts/mit.yaml: notise: unknown field; did you mean 'notice'\\?",
        ),
        (lambda text: text + "colour: red\n", "texts/mit.yaml: colour: unknown field; remove it"),
        (lambda text: text.replace("id: mit", "id: mut"), "texts/mit.yaml: id: this is 'mut' in a file named 'mit'"),
        (lambda text: text.replace("commercial: true", "commercial: 7"), "texts/mit.yaml: commercial: input should be"),
        (lambda text: text.replace("basis: text", "basis: tex"), "texts/mit.yaml: text.basis: input should be 'text'"),
        (lambda _: "- 1", "texts/mit.yaml: the file: input should be"),
        (lambda _: "a: [", "mit.yaml: cannot be read as YAML"),
        (
            lambda text: text.replace("use_policy: null", "use_policy: {url: x, sha256: [], categories: [milytary]}"),
            "texts/mit.yaml: use_policy.categories: there is no 'milytary'; did you mean 'military'\\?",
        ),
    ],
)
def test_a_broken_licence_file_is_an_error_with_file_and_field(
    change: Callable[[str], str], told: str, tmp_path: Path
) -> None:
    """Never a silent pass: what is missing is said, and what would be right."""
    file = _copied(tmp_path) / "texts" / "mit.yaml"
    file.write_text(change(file.read_text()))

    with pytest.raises(LicenceError, match=told):
        load(tmp_path)


def test_a_family_of_an_unknown_licence_is_an_error(tmp_path: Path) -> None:
    """Its models would have no duties at all."""
    file = _copied(tmp_path) / "families" / "phi.yaml"
    file.write_text(file.read_text().replace("licence: mit", "licence: mitt"))

    with pytest.raises(LicenceError, match=r"families/phi.yaml: models\[0\].licence: there is no 'mitt'; did you mean"):
        load(tmp_path)


def test_a_list_of_categories_that_is_none_is_an_error(tmp_path: Path) -> None:
    """As strict as the rest."""
    (_copied(tmp_path) / "categories.yaml").write_text("id: x\n")

    with pytest.raises(LicenceError, match=r"categories.yaml\[0\]: means: this field is missing"):
        load(tmp_path)
