"""Files that are written once: whole or not at all, on the disk, and never in the place of another."""

import errno
import filecmp
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gateway.errors import LedgerError


class Fresh:
    """A file that is being written beside its place; `put` moves it there, and `take_back` away again."""

    def __init__(self, path: Path, fresh: Path) -> None:
        self.path = path
        self.fresh = fresh
        self._is_put = False

    def put(self) -> None:
        """Move the file into its place, synced; one that says the same may be there already."""
        with self.fresh.open("rb") as written:
            os.fsync(written.fileno())
        if not self.path.exists():
            self._link()
        elif not filecmp.cmp(self.path, self.fresh, shallow=False):
            raise LedgerError(
                f"{str(self.path)!r} is there already and says something else; move it away, nothing was changed"
            )
        _sync(self.path.parent)

    def _link(self) -> None:
        try:
            # Unlike a move, a link never takes the place of a file that somebody makes just now.
            self.path.hardlink_to(self.fresh)
        except OSError as error:
            # Not every file system has links.
            if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP):
                raise
            self.fresh.rename(self.path)
        self._is_put = True

    def take_back(self) -> None:
        """Remove what was put."""
        if self._is_put:
            self.path.unlink(missing_ok=True)


@contextmanager
def fresh(path: Path) -> Iterator[Fresh]:
    """Yield a file to write for a place; where the block fails it is taken back. Raises `LedgerError`."""
    made = Fresh(path, path.with_name(f".{secrets.token_hex(4)}.{path.name}"))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield made
    except OSError as error:
        made.take_back()
        raise LedgerError(f"cannot write {str(path)!r}: {error.strerror}; nothing was changed") from error
    except BaseException:
        made.take_back()
        raise
    finally:
        with suppress(OSError):
            made.fresh.unlink()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
