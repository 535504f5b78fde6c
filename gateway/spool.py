"""The spool: a file that holds what a ledger did not take, until it does. It survives `kill -9`, not a power cut.

A line is a request with its calls and the evidence of its audit record, or a comparison with its evidence: exactly what
`Ledger.record` and `Ledger.holdout` were given, and so the tenant and the subject in clear, and never a prompt or an
answer. Before it stand the first 16 hex digits of the SHA-256 of its JSON. Only the owner may read the file. Each
process has one of its own, locked as long as the process lives; the room for the first lines is taken when it is made,
so that a full disk does not fill it. What was written to the books is overwritten with zeros.
"""

import contextlib
import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Self

from gateway.audit.evidence import Evidence
from gateway.audit.records import facts_of, facts_text
from gateway.entries import HoldoutRecord, LedgerEntry
from gateway.interfaces import SpoolPlace
from gateway.ledgers._rows import (
    ATTEMPT_COLUMNS,
    ENTRY_COLUMNS,
    HOLDOUT_COLUMNS,
    attempt_rows,
    entries_of,
    entry_row,
    holdout_of,
    holdout_row,
)

RESERVED = 4 << 20
_MARK = b"hybrid-gateway spool 1 "
# The mark, and where the first line begins that is not on the books, in 16 hex digits.
_HEADER = len(_MARK) + 17
_SUM = 16
_INFIX = ".spool-"
_ASIDE = f"{_INFIX}unreadable"
_to_json = json.JSONEncoder(separators=(",", ":")).encode
_BLOCK = 1 << 16


class SpoolError(Exception):
    """The file cannot be written or read; says why."""


class Spooled(NamedTuple):
    """What a ledger did not take: an entry or a comparison, and its evidence."""

    what: LedgerEntry | HoldoutRecord
    evidence: Evidence | None


class Line(NamedTuple):
    """A line of a spool: what it holds, None where it cannot be read, and where the next one begins."""

    number: int
    raw: bytes
    spooled: Spooled | None
    at_us: int
    end: int


class Spool:
    """An open file, locked by this process. It is written and read in one event loop, and read in a thread."""

    def __init__(self, path: Path, file: int, *, durable: bool = False, most: int = 1 << 28) -> None:
        self.path = path
        self.durable = durable
        self._most = most
        self._file = file
        self._process = os.getpid()
        self._begin = self._end = _HEADER
        self._number = 0
        # How many lines wait, and since when the first of them does.
        self.waiting = 0
        self.since_us: int | None = None

    @classmethod
    def make(cls, place: SpoolPlace, *, most: int) -> Self:
        """Make the file of this process; raises `SpoolError`."""
        name = f"{os.getpid()}-{secrets.token_hex(4)}"
        path, fresh = _named(place.stem, f"{_INFIX}{name}"), _named(place.stem, f".new-spool-{name}")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            spool = cls(path, file, durable=place.durable, most=most)
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            spool._note(_HEADER)
            # It gets the name that others look for once it is locked.
            fresh.rename(path)
        except OSError as error:
            raise SpoolError(f"{str(path)!r}: {error.strerror}") from error
        # Where there is no room now, there may be some later.
        with contextlib.suppress(OSError):
            os.posix_fallocate(file, 0, min(RESERVED, most))
        return spool

    @classmethod
    def open(cls, path: Path, *, locked: bool = True) -> Self | None:
        """Open the file of another process; `locked` takes it over: None where its process lives, or it is gone.

        Raises `SpoolError` where it is no spool, or another version's.
        """
        try:
            file = os.open(path, os.O_CLOEXEC | (os.O_RDWR if locked else os.O_RDONLY))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SpoolError(f"{str(path)!r}: {error.strerror}") from error
        spool = cls(path, file)
        try:
            if locked:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            spool._find_lines()
        except BlockingIOError:
            os.close(file)
            return None
        except SpoolError:
            os.close(file)
            raise
        return spool

    @property
    def is_gone(self) -> bool:
        """Whether the file has lost its name: nobody would ever find what is written there."""
        try:
            return self.path.stat().st_ino != os.fstat(self._file).st_ino
        except OSError:
            return True

    def append(self, spooled: Spooled) -> None:
        """Write a line; it survives the death of this process. Raises `SpoolError`, and then nothing is written."""
        at_us = time.time_ns() // 1000
        line = _encode(spooled, at_us)
        if self._process != os.getpid():
            raise SpoolError("it was made before a fork")
        if self._end + len(line) > self._most:
            raise SpoolError(f"it is full: {self._most:,} bytes; see ledger.spool.most_mb in the policy")
        try:
            _write(self._file, line, self._end)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._end)
            raise SpoolError(error.strerror) from error
        self._end += len(line)
        self.waiting += 1
        self.since_us = self.since_us or at_us

    def sync(self) -> None:
        """Wait for the disk."""
        os.fsync(self._file)

    def lines(self, count: int) -> list[Line]:
        """Return the first lines that wait, at most so many; raises `SpoolError`."""
        try:
            found = list(islice(self._lines(), count))
        except OSError as error:
            raise SpoolError(f"{str(self.path)!r}: {error.strerror}") from error
        if found:
            self.since_us = found[0].at_us or self.since_us
        return found

    def booked(self, line: Line) -> None:
        """Note that the lines up to this one wait no more, and leave nothing of them in the file once none waits."""
        self.waiting -= line.number - self._number
        self._begin, self._number = line.end, line.number
        # Where that cannot be noted they are written again: the books keep them once.
        with contextlib.suppress(OSError):
            self._note(self._begin)
            if self.waiting == 0:
                self._wipe()

    def set_aside(self, line: Line) -> Path:
        """Keep a line that nobody can read or book in a file for people; raises `SpoolError`."""
        path = self.path.with_name(self.path.name.partition(_INFIX)[0] + _ASIDE)
        try:
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                os.write(file, line.raw + b"\n")
                os.fsync(file)
            finally:
                os.close(file)
        except OSError as error:
            raise SpoolError(f"{str(path)!r}: {error.strerror}") from error
        return path

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def remove(self) -> None:
        """Remove the file and close it."""
        self.path.unlink(missing_ok=True)
        self.close()

    def _find_lines(self) -> None:
        header = os.pread(self._file, _HEADER, 0)
        try:
            begin = int(header[len(_MARK) :], 16)
        except ValueError:
            begin = 0
        if not header.startswith(_MARK) or begin < _HEADER:
            raise SpoolError(f"{str(self.path)!r} is no spool, or one of another version; nothing of it was changed")
        self._begin = end = begin
        self._end = os.fstat(self._file).st_size
        for line in self._lines():
            self.waiting, end = line.number, line.end
            self.since_us = self.since_us or line.at_us or None
        self._end = end

    def _lines(self) -> Iterator[Line]:
        number, begin, last = self._number, self._begin, self._end
        rest = b""
        at = begin
        while at < last:
            block = os.pread(self._file, min(_BLOCK, last - at), at)
            at += len(block)
            *whole, rest = (rest + block).split(b"\n")
            for raw in whole:
                number, begin = number + 1, begin + len(raw) + 1
                yield _line(number, raw, begin)
            # What was not written yet is zeros.
            if rest.startswith(b"\0"):
                return
            if not block:
                break
        raw = rest.rstrip(b"\0")
        if raw:
            # Cut off in the middle: its process was killed before it was told that the line is there.
            yield _line(number + 1, raw, last)

    def _wipe(self) -> None:
        for at in range(_HEADER, self._end, _BLOCK):
            _write(self._file, bytes(min(_BLOCK, self._end - at)), at)
        self._note(_HEADER)
        self._begin = self._end = _HEADER
        self._number, self.since_us = 0, None

    def _note(self, begin: int) -> None:
        _write(self._file, b"%s%016x\n" % (_MARK, begin), 0)


def spools(place: SpoolPlace) -> list[Path]:
    """Return the spools of a ledger, of whatever process."""
    begin, aside = place.stem.name + _INFIX, place.stem.name + _ASIDE
    try:
        return sorted(p for p in place.stem.parent.iterdir() if p.name.startswith(begin) and p.name != aside)
    except OSError:
        return []


def set_aside(place: SpoolPlace) -> tuple[Path, int]:
    """Return where the lines of a ledger are kept that nobody could read or book, and how many there are."""
    path = _named(place.stem, _ASIDE)
    try:
        with path.open("rb") as file:
            return path, sum(1 for _ in file)
    except OSError:
        return path, 0


def _named(stem: Path, suffix: str) -> Path:
    return stem.with_name(stem.name + suffix)


def _write(file: int, content: bytes, at: int) -> None:
    while content:
        written = os.pwrite(file, content, at)
        content, at = content[written:], at + written


def _encode(spooled: Spooled, at_us: int) -> bytes:
    what, evidence = spooled
    told: dict[str, Any] = {"at_us": at_us}
    if isinstance(what, LedgerEntry):
        entry = dict(zip(ENTRY_COLUMNS, entry_row(what), strict=True))
        features = entry["features"]
        told["entry"] = {**entry, "features": None if features is None else features.hex()}
        told["calls"] = [dict(zip(ATTEMPT_COLUMNS, row, strict=True)) for row in attempt_rows(what)]
    else:
        told["of"] = what.entry_id
        told["holdout"] = dict(zip(HOLDOUT_COLUMNS, holdout_row(what), strict=True))
    if evidence is not None:
        told["evidence"] = {"tenant": evidence.tenant, "subject": evidence.subject}
        told["facts"] = json.loads(facts_text(evidence.facts))
    text = _to_json(told).encode()
    return b"%s %s\n" % (_sum_of(text), text)


def _line(number: int, raw: bytes, end: int) -> Line:
    try:
        if raw[_SUM : _SUM + 1] != b" " or raw[:_SUM] != _sum_of(raw[_SUM + 1 :]):
            return Line(number, raw, None, 0, end)
        told = json.loads(raw[_SUM + 1 :])
        return Line(number, raw, _decode(told), told["at_us"], end)
    # Its sum is right: another version wrote it, or somebody's hand.
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Line(number, raw, None, 0, end)


def _decode(told: dict[str, Any]) -> Spooled:
    evidence = None
    if "evidence" in told:
        evidence = Evidence(facts=facts_of(told["facts"]), **told["evidence"])
    if "holdout" in told:
        return Spooled(holdout_of((told["of"], *_values(told["holdout"], HOLDOUT_COLUMNS))), evidence)
    entry = told["entry"]
    features = entry["features"]
    entry["features"] = None if features is None else bytes.fromhex(features)
    row = (0, *_values(entry, ENTRY_COLUMNS))
    calls = [(*row, *_values(call, ATTEMPT_COLUMNS)) for call in told["calls"]]
    (made,) = entries_of(calls or [(*row, *[None] * len(ATTEMPT_COLUMNS))])
    return Spooled(made, evidence)


def _values(columns: dict[str, Any], names: tuple[str, ...]) -> list[Any]:
    if len(columns) != len(names):
        raise ValueError("other columns")
    return [columns[name] for name in names]


def _sum_of(text: bytes) -> bytes:
    return sha256(text).hexdigest()[:_SUM].encode()
