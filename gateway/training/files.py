"""Files that are replaced whole: a reader sees the old one or the new one, and the old one is kept under its hash."""

import contextlib
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.errors import ConfigurationError

HASH_DIGITS = 8
_KEPT = re.compile(rf"[0-9a-f]{{{HASH_DIGITS}}}")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a file to write; it takes the place of `path` when the block ends well, else nothing has happened.

    Raises `ConfigurationError` where the folder cannot be written.
    """
    # The name ends as the real one does: writers go by the suffix.
    fresh = path.with_name(f".{secrets.token_hex(4)}.{path.name}")
    try:
        yield fresh
        with fresh.open("rb") as written:
            os.fsync(written.fileno())
        fresh.replace(path)
    except OSError as error:
        raise ConfigurationError(f"cannot write {str(path)!r}: {error.strerror}; nothing was changed") from error
    finally:
        with contextlib.suppress(OSError):
            fresh.unlink()


def exchange(path: Path, write: Callable[[Path], None]) -> Path | None:
    """Write a file anew, and return where the one before it is kept; None where there was none."""
    kept = keep(path)
    with replacing(path) as fresh:
        write(fresh)
    return kept


def keep(path: Path) -> Path | None:
    """Keep a file beside itself as FILE.<hash>, and return where; None where there is no file."""
    if not path.is_file():
        return None
    kept = path.with_name(f"{path.name}.{file_hash(path)}")
    if kept.exists():
        return kept
    with replacing(kept) as fresh:
        # The times stay: they tell which version came before which.
        shutil.copy2(path, fresh)
    return kept


def restore(path: Path, wanted: str | None = None) -> Path:
    """Put a kept version back in a file's place, and return which; unset: the one before the present one.

    The present one is kept too. Raises `ConfigurationError` where there is no such version, or where it was changed.
    """
    versions = kept_versions(path)
    if wanted is None:
        version = _before(path, versions)
    elif wanted in versions:
        version = versions[wanted]
    else:
        raise ConfigurationError(f"no version {wanted!r} of {str(path)!r} is kept; {_known(versions)}")
    if file_hash(version) != version.suffix[1:]:
        raise ConfigurationError(f"{str(version)!r} is not what it was when it was kept; nothing was changed")
    keep(path)
    with replacing(path) as fresh:
        shutil.copy2(version, fresh)
    return version


def kept_versions(path: Path) -> dict[str, Path]:
    """Return the kept versions of a file by hash, the newest first."""
    found = [other for other in path.parent.glob(f"{_literal(path.name)}.*") if _KEPT.fullmatch(other.suffix[1:])]
    found.sort(key=lambda other: other.stat().st_mtime_ns, reverse=True)
    return {other.suffix[1:]: other for other in found}


def file_hash(path: Path) -> str:
    """Return the first digits of a file's SHA-256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:HASH_DIGITS]


def _before(path: Path, versions: dict[str, Path]) -> Path:
    if path.is_file():
        present, time = file_hash(path), path.stat().st_mtime_ns
        versions = {
            name: other for name, other in versions.items() if name != present and other.stat().st_mtime_ns <= time
        }
    if not versions:
        known = _known(kept_versions(path))
        raise ConfigurationError(f"no version of {str(path)!r} from before the present one is kept; {known}")
    return next(iter(versions.values()))


def _known(versions: dict[str, Path]) -> str:
    return f"kept, to be named with --to: {', '.join(versions) or 'none'}"


def _literal(name: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", name)
