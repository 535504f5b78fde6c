"""What only people can say, and what was seen: one JSON object a line, each with its hash and that of the line before.

A line that was changed, left out or put in is found; so is one that is dated in the future. That lines were cut off at
the end is not seen here: whoever wants to know keeps the last hash, which `attest` prints. Nothing is inferred here.
"""

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from gateway.errors import LicenceError
from gateway.spelling import nearest, remedy

What = Literal[
    "mau",
    "revenue",
    "seat",
    "exposure",
    "counsel",
    "zero-retention",
    "separate-licence",
    "use-policy",
    "flow-down",
    "disclosure",
    "copies",
    "approval",
    "display",
]
WHATS: tuple[What, ...] = get_args(What)
MEANINGS: dict[What, str] = {
    "mau": "how many monthly active users the entity and its affiliates have (--value, --as-of)",
    "revenue": "what the product earns a month, in USD (--value, --subject)",
    "seat": "in which country the entity has its seat (--value DE)",
    "exposure": "who sees the answers (--value customers)",
    "counsel": "what counsel reads of a licence (--subject, --note)",
    "zero-retention": "that a provider agreed to keep nothing (--subject)",
    "separate-licence": "that the licensor granted a licence of its own (--subject)",
    "use-policy": "that the use is within a licence's use policy (--subject)",
    "flow-down": "that your users' terms have a licence's restrictions (--subject)",
    "disclosure": "that people are told that a machine answers, and of its known limits",
    "copies": "that copies carry the licence, the Notice and marks of changes (--subject)",
    "approval": "that a provider allows a use that its terms ask about (--subject)",
    "display": "seen by `gateway licences check`: the texts on the page",
}
_NUMBERS: dict[What, str] = {"mau": "users", "revenue": "US dollars"}
_START = "0" * 64
_MOST_BYTES = 8_000_000
_MOST_DIGITS = 18
_SEAL = "seal"
# Clocks of two machines differ by a little.
_AHEAD_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One statement: what, about which licence, model or provider (`subject`), by whom, when, and until when it holds.

    `as_of` is the day that it speaks of. `sha256` is of the page or paper that was seen, `place` where.
    """

    what: What
    by: str
    at: datetime
    until: date | None = None
    subject: str | None = None
    value: str | None = None
    as_of: date | None = None
    note: str | None = None
    place: str | None = None
    sha256: str | None = None

    def holds(self, day: date) -> bool:
        """Whether it is in force on a day."""
        return self.until is None or day <= self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """All records of a file, oldest first, with the hash of its last line; a file that is not there has none."""

    path: Path | None = None
    records: tuple[Record, ...] = ()
    head: str = _START

    def latest(self, what: What, *, subject: str | None = None, as_of: date | None = None) -> Record | None:
        """Return what was said last; with `subject` or `as_of`, of that alone."""
        fitting = (
            one
            for one in reversed(self.records)
            if one.what == what
            and (subject is None or one.subject in (None, subject))
            and (as_of is None or one.as_of == as_of)
        )
        return next(fitting, None)

    def newest(self, what: What, *, subject: str) -> Record | None:
        """Return what was said of the last day; of those that speak of one day, what was said last."""
        fitting = [one for one in self.records if one.what == what and one.subject in (None, subject)]
        return max(reversed(fitting), key=lambda one: one.as_of or one.at.date(), default=None)


NONE = Records()


def read(path: Path, *, now: datetime | None = None) -> Records:
    """Return the records of a file; raises `LicenceError` with file and line for any that cannot be relied on."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return Records(path=path)
    except (OSError, ValueError) as error:
        raise LicenceError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(raw) > _MOST_BYTES:
        raise LicenceError(f"{path}: larger than {_MOST_BYTES:,} bytes; this is no file of attestations")
    records, head = [], _START
    for number, line in enumerate(raw.splitlines(), start=1):
        record, previous = _parse(line, f"{path}:{number}")
        if previous != head:
            raise LicenceError(
                f"{path}:{number}: the line before is not the one that this one was written after: lines were changed "
                "or removed; restore the file"
            )
        check(record, now=now, told=f"{path}:{number}")
        head = hashlib.sha256(line).hexdigest()
        records.append(record)
    return Records(path=path, records=tuple(records), head=head)


def check(record: Record, *, now: datetime | None = None, told: str = "the attestation") -> None:
    """Raise `LicenceError` for what nobody can say today: it is dated in the future, or ends before it begins."""
    moment = now or datetime.now(UTC)
    if not record.by.strip():
        raise LicenceError(f"{told}: by: this field is empty; say who says it")
    for key, text in _plain(record).items():
        if not _is_writable(text):
            raise LicenceError(f"{told}: {key}: this is no text that can be written; write it in Unicode")
    if (record.at - moment).total_seconds() > _AHEAD_S:
        raise LicenceError(
            f"{told}: at: {record.at:%Y-%m-%d %H:%M} is in the future; an attestation speaks of the past"
        )
    if record.as_of is not None and record.as_of > moment.date():
        raise LicenceError(f"{told}: as_of: {record.as_of} is in the future; wait for the day, then attest")
    if record.until is not None and record.until < record.at.date():
        raise LicenceError(
            f"{told}: until: {record.until} is before {record.at:%Y-%m-%d}, when it was said; give a later day"
        )
    value = record.value or ""
    if record.what in _NUMBERS and not (value.isdecimal() and len(value) <= _MOST_DIGITS):
        raise LicenceError(
            f"{told}: value: {record.value!r} is no number of {_NUMBERS[record.what]}; write for instance 120000"
        )


def append(path: Path, record: Record, *, now: datetime | None = None) -> Records:
    """Write a record behind the others and return them all; raises `LicenceError` and then changes nothing."""
    check(record, now=now)
    with _locked(path):
        known = read(path, now=now)
        before = path.read_bytes() if path.exists() else b""
        values = {"previous": known.head, **_plain(record)}
        line = json.dumps({**values, _SEAL: _sealed(values)}, ensure_ascii=False).encode()
        end = b"" if not before or before.endswith(b"\n") else b"\n"
        replace(path, before + end + line + b"\n")
    return read(path, now=now)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process write at a time: the folder is locked, as the file itself is replaced."""
    try:
        folder = os.open(path.parent, os.O_RDONLY)
    except OSError as error:
        raise LicenceError(f"the folder of {str(path)!r} cannot be opened: {error.strerror}; make it first") from error
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def replace(path: Path, content: bytes) -> None:
    """Put a file in its place whole, or leave what was there; raises `LicenceError`."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise LicenceError(f"cannot write {str(path)!r}: {error.strerror}") from error
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise LicenceError(f"cannot write {str(path)!r}: {error.strerror}") from error


def _plain(record: Record) -> dict[str, Any]:
    values = {**asdict(record), "at": record.at.astimezone(UTC).isoformat(timespec="seconds")}
    return {
        key: value.isoformat() if isinstance(value, date) else value
        for key, value in values.items()
        if value is not None
    }


def _sealed(values: dict[str, Any]) -> str:
    """Return the hash of a line's own words, however they are spaced."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _is_writable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


# JSON of a file: what stands there may be anything.
def _parse(line: bytes, told: str) -> tuple[Record, str]:
    try:
        values: Any = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise LicenceError(f"{told}: this is no JSON object on one line; restore the line") from error
    if not isinstance(values, dict):
        raise LicenceError(f"{told}: expected an object, as `gateway licences attest` writes it")
    seal = values.pop(_SEAL, None)
    sealed = _sealed(values)
    previous = values.pop("previous", None)
    known = [field.name for field in fields(Record)]
    for key in values:
        if key not in known:
            near = nearest(key, known)
            raise LicenceError(
                f"{told}: {key}: unknown field" + (f"; did you mean {near!r}?" if near else "; remove it")
            )
    if values.get("what") not in WHATS:
        raise LicenceError(
            f"{told}: what: there is no {values.get('what')!r}; {remedy(str(values.get('what')), WHATS)}"
        )
    for key in ("by", "at"):
        if not isinstance(values.get(key), str) or not values[key]:
            raise LicenceError(f"{told}: {key}: this field is missing; say who and when")
    wrong = next((key for key, value in values.items() if not isinstance(value, str)), None)
    if wrong is not None:
        raise LicenceError(f"{told}: {wrong}: expected text")
    record = Record(**{**values, **_times(values, told)})
    if seal != sealed:
        raise LicenceError(f"{told}: this line was changed after it was written; restore the file")
    return record, str(previous)


def _times(values: dict[str, str], told: str) -> dict[str, Any]:
    times: dict[str, Any] = {}
    for key, read_time in (
        ("at", datetime.fromisoformat),
        ("until", date.fromisoformat),
        ("as_of", date.fromisoformat),
    ):
        if key in values:
            try:
                times[key] = read_time(values[key])
            except ValueError as error:
                raise LicenceError(
                    f"{told}: {key}: {values[key]!r} is no day; write for instance 2026-11-28"
                ) from error
    if times["at"].tzinfo is None:
        raise LicenceError(
            f"{told}: at: {values['at']!r} has no time zone; write for instance 2026-11-28T09:00:00+00:00"
        )
    return times
