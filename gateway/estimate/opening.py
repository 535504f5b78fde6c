"""Opening a model for operation: the one that the policy means, read once while its file stays the same."""

from functools import lru_cache
from pathlib import Path

from gateway.errors import ModelFileError
from gateway.estimate.model import Model, load, packaged

# A policy and the one before it, each with a classifier and a judge.
_MOST_KEPT = 4
_SHOWN = 12


def open_model(path: str | None, sha256: str | None) -> Model:
    """Return the model of a file, the packaged one for None; its hash begins with `sha256`, where that is given.

    A file that is the same as before is not read again, and its model is shared. Raises `ModelFileError`.
    """
    file = packaged() if path is None else Path(path).expanduser().absolute()
    model = _read(file, _stamp(file))
    if sha256 is not None and not model.sha256.startswith(sha256.lower()):
        raise ModelFileError(
            f"the model {str(file)!r} has SHA-256 {model.sha256[:_SHOWN]}, the policy asks for {sha256[:_SHOWN]}; "
            "name the file that was meant, or the hash of this one"
        )
    return model


@lru_cache(_MOST_KEPT)
def _read(file: Path, stamp: tuple[int, int, int] | None) -> Model:  # noqa: ARG001 - another stamp is another model
    return load(file)


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        status = file.stat()
    except OSError:
        # Who reads the file says what is wrong with it.
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
