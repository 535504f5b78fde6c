import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.licensing import said
from support.policy_kinds import kinds_of, options_of

from gateway.errors import PolicyError
from gateway.licences.records import append
from gateway.policy.watch import PolicyFile

TEXT = """\
version: 1
backends:
  llama: {kind: llamacpp, model: one, clearance: restricted}
rules:
  - {name: default, use: llama}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "p.yaml"
    path.write_text(TEXT)
    return path


def open_file(path: Path) -> PolicyFile:
    return PolicyFile(path, options_of=options_of, kinds_of=kinds_of, environ={})


def test_a_file_that_did_not_change_is_not_read_again(path: Path) -> None:
    """Looking is a stat, and says that there is nothing new."""
    file = open_file(path)

    assert file.refresh() is None


def test_a_changed_file_gives_a_new_policy_until_it_is_in_force(path: Path) -> None:
    """An edit whose backends cannot be opened just now is tried again at every look."""
    file = open_file(path)
    before = file.policy
    path.write_text(TEXT.replace("one", "three"))

    fresh = file.refresh()

    assert fresh is not None
    assert fresh.backends["llama"].model == "three"
    assert file.refresh() is fresh
    assert file.policy is before


def test_an_accepted_policy_is_not_new_any_more(path: Path) -> None:
    """What is in force is not opened a second time."""
    file = open_file(path)
    path.write_text(TEXT.replace("one", "three"))
    fresh = file.refresh()
    assert fresh is not None

    file.accept(fresh)

    assert file.policy is fresh
    assert file.refresh() is None


def test_a_change_after_the_one_that_was_accepted_is_still_new(path: Path) -> None:
    """An edit that comes while another is being opened is not taken for it."""
    file = open_file(path)
    path.write_text(TEXT.replace("one", "three"))
    first = file.refresh()
    path.write_text(TEXT.replace("one", "eleven"))
    second = file.refresh()
    assert first is not None

    file.accept(first)

    assert file.refresh() is second


@pytest.mark.parametrize("text", [TEXT, "version: 2"])
def test_a_change_that_is_taken_back_is_not_tried_again(path: Path, text: str) -> None:
    """What the file no longer says does not come into force late, whatever stands there now."""
    file = open_file(path)
    path.write_text(TEXT.replace("one", "three"))
    file.refresh()
    path.write_text(text)
    os.utime(path, ns=(0, 1))

    with suppress(PolicyError):
        file.refresh()

    assert file.refresh() is None


def test_an_edit_of_the_same_length_is_seen(path: Path) -> None:
    """The time of writing counts as well as the size."""
    file = open_file(path)
    path.write_text(TEXT.replace("one", "two"))
    os.utime(path, ns=(0, 1))

    fresh = file.refresh()

    assert fresh is not None
    assert fresh.backends["llama"].model == "two"


def test_a_file_that_takes_the_place_of_the_old_one_is_seen(path: Path) -> None:
    """Editors and deployments write a new file and rename it."""
    file = open_file(path)
    fresh = path.with_suffix(".new")
    fresh.write_text(TEXT.replace("one", "two"))
    status = path.stat()
    os.utime(fresh, ns=(status.st_atime_ns, status.st_mtime_ns))
    fresh.replace(path)

    assert file.refresh() is not None


def test_a_touched_file_with_the_same_text_is_no_new_policy(path: Path) -> None:
    """Nothing is rebuilt because somebody saved without a change."""
    file = open_file(path)
    os.utime(path, ns=(0, 1))

    assert file.refresh() is None


def test_a_broken_change_is_said_once_and_the_last_good_policy_stays(path: Path) -> None:
    """A typing error in production is a line in the log and not an outage."""
    file = open_file(path)
    before = file.policy
    path.write_text(TEXT.replace("use: llama", "use: lama"))

    with pytest.raises(PolicyError, match="did you mean 'llama'"):
        file.refresh()

    assert file.refresh() is None
    assert file.policy is before


def test_a_file_that_goes_away_is_said_once_and_may_come_back(path: Path) -> None:
    """A policy that is being deployed is missing for a moment."""
    file = open_file(path)
    path.unlink()

    with pytest.raises(PolicyError, match="no such file"):
        file.refresh()

    assert file.refresh() is None
    path.write_text(TEXT.replace("one", "three"))
    assert file.refresh() is not None


def test_a_broken_file_is_refused_at_the_first_reading(path: Path) -> None:
    """There is no last good policy yet."""
    path.write_text("version: 2")

    with pytest.raises(PolicyError):
        open_file(path)


def test_a_path_that_cannot_be_one_is_refused() -> None:
    """A NUL in a path is said, not thrown."""
    with pytest.raises(PolicyError, match="NUL"):
        open_file(Path("a\x00b"))


def test_what_is_attested_while_it_runs_is_a_new_version(path: Path) -> None:
    """The file of attestations beside the policy is looked at too."""
    file = open_file(path)
    append(path.with_name("p.attestations.jsonl"), said("seat", value="DE", at=datetime.now(UTC)))

    fresh = file.refresh()

    assert fresh is not None
    assert len(fresh.papers.records.records) == 1
