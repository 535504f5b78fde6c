"""Models and thresholds are replaced whole, and what they replace can be had back."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.errors import ConfigurationError
from gateway.training.calibration import Calibration, default_path, read_calibration, write_calibration
from gateway.training.files import file_hash, keep, kept_versions, replacing, restore

CALIBRATION = Calibration(
    kind="max_loss",
    target=0.05,
    confidence=0.95,
    threshold=0.4,
    kept=0.5,
    loss=0.03,
    upper=0.049,
    quality=0.8,
    weak_quality=0.6,
    strong_quality=0.85,
    rows=500,
    use="prompt",
    model_sha256="a" * 64,
    rows_sha256="b" * 64,
    created=datetime(2026, 11, 24, tzinfo=UTC),
)


def versions(path: Path, *texts: str) -> None:
    """Write one version after the other, a second apart, each kept before the next."""
    for second, text in enumerate(texts):
        keep(path)
        with replacing(path) as fresh:
            fresh.write_text(text, encoding="utf-8")
        os.utime(path, (second, second))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    """While the new one is written the old one stands."""
    path = tmp_path / "model.bin"
    path.write_text("old", encoding="utf-8")

    with replacing(path) as fresh:
        fresh.write_text("new", encoding="utf-8")
        assert path.read_text(encoding="utf-8") == "old"
        assert fresh.suffix == ".bin"

    assert path.read_text(encoding="utf-8") == "new"
    assert names(tmp_path) == ["model.bin"]


def test_nothing_is_left_of_what_failed(tmp_path: Path) -> None:
    """An error while writing leaves the folder as it was."""
    path = tmp_path / "model.bin"
    path.write_text("old", encoding="utf-8")

    def fail() -> None:
        with replacing(path) as fresh:
            fresh.write_text("half", encoding="utf-8")
            raise ValueError

    with pytest.raises(ValueError):
        fail()

    assert names(tmp_path) == ["model.bin"]
    assert path.read_text(encoding="utf-8") == "old"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A path with a slip is a fault of the call, not a trace."""
    with pytest.raises(ConfigurationError, match=r"cannot write .*nothing was changed"):
        write_calibration(tmp_path / "nowhere" / "model.threshold.json", CALIBRATION)


def test_a_version_is_kept_under_its_hash(tmp_path: Path) -> None:
    """The old file stands beside the new one, by the first eight digits of its SHA-256; once, however often asked."""
    path = tmp_path / "model.bin"
    versions(path, "one")

    kept = [keep(path), keep(path)]

    assert kept == [tmp_path / "model.bin.7692c3ad"] * 2
    assert names(tmp_path) == ["model.bin", "model.bin.7692c3ad"]


def test_nothing_is_kept_of_nothing(tmp_path: Path) -> None:
    """The first model replaces none."""
    assert keep(tmp_path / "model.bin") is None


def test_a_rollback_goes_back_one_version_at_a_time(tmp_path: Path) -> None:
    """Twice back from the third version is the first."""
    path = tmp_path / "model[1].bin"
    versions(path, "one", "two", "three")

    restore(path)
    assert path.read_text(encoding="utf-8") == "two"
    restore(path)

    assert path.read_text(encoding="utf-8") == "one"
    assert len(kept_versions(path)) == 3


def test_a_rollback_can_go_forward_again_by_name(tmp_path: Path) -> None:
    """The version that was rolled back is kept too."""
    path = tmp_path / "model.bin"
    versions(path, "one", "two")
    latest = file_hash(path)
    restore(path)

    restore(path, latest)

    assert path.read_text(encoding="utf-8") == "two"


def test_a_lost_file_comes_back_as_the_newest_kept(tmp_path: Path) -> None:
    """Who deleted the model gets the last one that was kept."""
    path = tmp_path / "model.bin"
    versions(path, "one", "two", "three")
    path.unlink()

    restore(path)

    assert path.read_text(encoding="utf-8") == "two"


def test_a_rollback_beyond_the_first_version_says_what_is_kept(tmp_path: Path) -> None:
    """Nothing is guessed: the kept ones are listed."""
    path = tmp_path / "model.bin"
    versions(path, "one", "two")
    restore(path)

    with pytest.raises(
        ConfigurationError, match=r"no version .* from before the present one is kept; kept, to be named"
    ):
        restore(path)


@pytest.mark.parametrize("wanted", [None, "00000000"])
def test_a_rollback_without_versions_says_so(tmp_path: Path, wanted: str | None) -> None:
    """A model that was never replaced has no past."""
    path = tmp_path / "model.bin"
    versions(path, "one")

    with pytest.raises(ConfigurationError, match="--to: none"):
        restore(path, wanted)


def test_a_kept_version_that_was_changed_is_not_restored(tmp_path: Path) -> None:
    """The hash in the name is checked."""
    path = tmp_path / "model.bin"
    versions(path, "one", "two")
    (tmp_path / "model.bin.7692c3ad").write_text("tampered", encoding="utf-8")

    with pytest.raises(ConfigurationError, match="not what it was"):
        restore(path, "7692c3ad")

    assert path.read_text(encoding="utf-8") == "two"


def test_a_threshold_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """It stands beside its model, with all of its evidence."""
    path = default_path(tmp_path / "model.bin")

    write_calibration(path, CALIBRATION)

    assert path.name == "model.bin.threshold.json"
    assert read_calibration(path, model_sha256="a" * 64) == CALIBRATION


def test_a_threshold_of_another_model_is_refused(tmp_path: Path) -> None:
    """The same number means something else on another model's scale."""
    write_calibration(tmp_path / "t.json", CALIBRATION)

    with pytest.raises(ConfigurationError, match="made for another model; calibrate again"):
        read_calibration(tmp_path / "t.json", model_sha256="c" * 64)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "JSON"),
        ("[]", "JSON"),
        (CALIBRATION.model_dump_json().replace('"version":1', '"version":2'), "version 1: version"),
        (CALIBRATION.model_dump_json().replace('"threshold":0.4', '"threshold":7'), "threshold"),
        (CALIBRATION.model_dump_json().replace('"kept"', '"kpet"'), "kept, kpet"),
    ],
)
def test_a_threshold_that_is_none_is_refused(tmp_path: Path, text: str, fault: str) -> None:
    """Another version, a number out of range or a key too many is said, not worked around."""
    (tmp_path / "t.json").write_text(text, encoding="utf-8")

    with pytest.raises(ConfigurationError, match=fault):
        read_calibration(tmp_path / "t.json", model_sha256="a" * 64)


def test_a_threshold_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A model without a threshold says which file was looked for."""
    with pytest.raises(ConfigurationError, match=r"cannot read the threshold .*t\.json"):
        read_calibration(tmp_path / "t.json", model_sha256="a" * 64)
