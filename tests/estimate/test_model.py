"""A model's file: what was written is what is read, and what was changed is refused."""

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.routers import labelled

from gateway.errors import ModelFileError
from gateway.estimate import model as model_module
from gateway.estimate.features import read
from gateway.estimate.model import Model, load, packaged
from gateway.training.scoring import difficulties
from gateway.wire.request import parse_request

Arrays = dict[str, npt.NDArray[Any]]


@pytest.fixture(scope="session")
def loaded(saved: Path) -> Model:
    """Read the model back."""
    return load(saved)


def arrays_of(path: Path) -> Arrays:
    """Return what stands in a file."""
    with np.load(path) as archive:
        return {name: archive[name] for name in archive.files}


def forged(path: Path, folder: Path, change: Callable[[Arrays], object], *, stamped: bool = True) -> Path:
    """Write a changed copy; `stamped` gives it the hash of what it holds."""
    arrays = arrays_of(path)
    del arrays["sha256"]
    change(arrays)
    digest = model_module._digest(arrays) if stamped else "0" * 64
    target = folder / "forged.model"
    with target.open("wb") as file:
        np.savez(file, allow_pickle=True, **arrays, sha256=np.frombuffer(digest.encode(), dtype=np.uint8))
    return target


def with_meta(**changed: Any) -> Callable[[Arrays], None]:
    """Return what changes the JSON text of a file."""

    def change(arrays: Arrays) -> None:
        meta: Mapping[str, Any] = json.loads(arrays["meta"].tobytes())
        arrays["meta"] = np.frombuffer(json.dumps({**meta, **changed}).encode(), dtype=np.uint8)

    return change


@given(st.text(min_size=1, max_size=200).filter(str.strip))
def test_a_model_that_was_saved_and_loaded_says_the_same(model: Model, loaded: Model, text: str) -> None:
    """What was measured after training is what runs."""
    request = parse_request(text)

    said = [each.heads["prompt"].difficulty(each.words.vector(read(request))) for each in (model, loaded)]

    assert said[0] == said[1]


def test_answers_are_judged_the_same_after_loading(model: Model, loaded: Model) -> None:
    """The heads that read answers survive the file too."""
    rows = labelled(40, seed=8, answers=True)

    assert difficulties(loaded, rows, use="all").tolist() == difficulties(model, rows, use="all").tolist()


def test_a_model_is_the_same_by_its_hash_and_manifest(model: Model, loaded: Model, tmp_path: Path) -> None:
    """A second save of what was loaded is the same model."""
    loaded.save(tmp_path / "again.model")

    assert load(tmp_path / "again.model").sha256 == loaded.sha256 == model.sha256
    assert loaded.manifest.voices == model.manifest.voices
    assert loaded.card == model.card
    assert loaded.words.names == model.words.names


def test_the_packaged_model_loads_and_scores(default: Model) -> None:
    """Nobody has to train before the first request."""
    difficulty = default.heads["prompt"].difficulty(default.words.vector(read(parse_request("What is 2 + 2?"))))

    assert 0 <= difficulty <= 1


@given(st.data())
def test_a_changed_byte_is_refused_or_is_none_of_the_model(
    saved: Path, loaded: Model, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """A file that was damaged on its way never routes a request by other numbers."""
    raw = bytearray(saved.read_bytes())
    place = data.draw(st.one_of(st.integers(0, len(raw) - 1), st.integers(len(raw) - 2_000, len(raw) - 1)))
    raw[place] ^= data.draw(st.integers(1, 255))
    damaged = tmp_path_factory.getbasetemp() / "damaged.model"
    damaged.write_bytes(raw)

    try:
        found = load(damaged)
    except ModelFileError:
        return
    # Such as the time of a member, which is no part of what was learned.
    assert found.sha256 == loaded.sha256


@given(st.integers(0, 10_000))
def test_a_file_that_ends_too_soon_is_refused(saved: Path, tmp_path_factory: pytest.TempPathFactory, kept: int) -> None:
    """A download that broke off is no model."""
    raw = saved.read_bytes()
    cut = tmp_path_factory.getbasetemp() / "cut.model"
    cut.write_bytes(raw[: kept * (len(raw) - 1) // 10_000])

    with pytest.raises(ModelFileError):
        load(cut)


@pytest.mark.parametrize("part", ["weights", "prompt.value", "prompt.threshold", "meta"])
def test_a_changed_number_does_not_fit_the_hash(saved: Path, tmp_path: Path, part: str) -> None:
    """Not one number can be exchanged unnoticed."""

    def change(arrays: Arrays) -> None:
        changed = arrays[part].copy()
        changed.view(np.uint8).reshape(-1)[0] ^= 1
        arrays[part] = changed

    with pytest.raises(ModelFileError, match="hash does not fit"):
        load(forged(saved, tmp_path, change, stamped=False))


@pytest.mark.parametrize("changed", [{"format": 99}, {"features": 99}])
def test_a_model_of_another_version_names_both(saved: Path, tmp_path: Path, changed: dict[str, int]) -> None:
    """Whoever upgrades learns that the model is to be trained anew."""
    with pytest.raises(ModelFileError, match=r"99.*train it anew"):
        load(forged(saved, tmp_path, with_meta(**changed)))


@pytest.mark.parametrize(
    "change",
    [
        lambda arrays: arrays.pop("meta"),
        lambda arrays: arrays.pop("meaning"),
        lambda arrays: arrays.pop("prompt.value"),
        with_meta(heads={"other": {}}),
        with_meta(heads=["other"]),
        lambda arrays: arrays.update(meaning=np.zeros(3, np.float16)),
        with_meta(heads=None),
        with_meta(scores=None),
        lambda arrays: arrays.update(meta=np.frombuffer(b"{", dtype=np.uint8)),
        lambda arrays: arrays.update(meta=np.frombuffer(b"[]", dtype=np.uint8)),
    ],
)
def test_a_file_that_lacks_a_part_is_refused(saved: Path, tmp_path: Path, change: Callable[[Arrays], object]) -> None:
    """A fitting hash alone makes no model."""
    with pytest.raises(ModelFileError, match="train it anew"):
        load(forged(saved, tmp_path, change))


class _Trap:
    """What runs code where it is unpickled."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return pytest.fail, ("code of a model file ran",)


def test_nothing_in_a_file_is_run(saved: Path, tmp_path: Path) -> None:
    """A model from a stranger is numbers, never a program."""
    trap = np.array([_Trap()], dtype=object)

    with pytest.raises(ModelFileError):
        load(forged(saved, tmp_path, lambda arrays: arrays.update(weights=trap), stamped=False))


def test_a_file_that_unpacks_to_far_more_is_refused(tmp_path: Path) -> None:
    """A small file must not fill the memory."""
    bomb = tmp_path / "bomb.model"
    with (
        zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("weights.npy", "w", force_zip64=True) as member,
    ):
        for _ in range(300):
            member.write(bytes(1_000_000))

    with pytest.raises(ModelFileError, match="no model file"):
        load(bomb)


def test_an_array_that_claims_to_be_huge_is_refused(tmp_path: Path) -> None:
    """What a file says of its size is not believed."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f4", "fortran_order": False, "shape": (10**14,)})
    liar = tmp_path / "liar.model"
    with zipfile.ZipFile(liar, "w") as archive:
        archive.writestr("weights.npy", head.getvalue() + bytes(64))

    with pytest.raises(ModelFileError):
        load(liar)


@pytest.mark.parametrize("content", [b"", b"no zip at all", b"PK\x03\x04", b"\x93NUMPY\x01\x00", b"\x80\x04."])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    """A wrong path names the file and what to do."""
    path = tmp_path / "other.model"
    path.write_bytes(content)

    with pytest.raises(ModelFileError, match="no model file, or a damaged one; name a file of `gateway train`"):
        load(path)


def test_a_file_that_is_too_large_is_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk image by mistake does not fill the memory."""
    monkeypatch.setattr(model_module, "MOST_BYTES", 1_000)
    path = tmp_path / "large.model"
    path.write_bytes(packaged().read_bytes()[:2_000])

    with pytest.raises(ModelFileError, match="no model file"):
        load(path)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    """The reason is the system's own."""
    with pytest.raises(ModelFileError, match="no such file"):
        load(tmp_path / "absent.model")


def test_a_folder_is_no_model(tmp_path: Path) -> None:
    """The reason is the system's own here too."""
    with pytest.raises(ModelFileError, match="is a directory"):
        load(tmp_path)
