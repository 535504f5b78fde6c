"""Files of rows, read piece by piece: whatever their size, one row at a time is in memory.

Every value comes with its place, `FILE:LINE`. What cannot be read ends the file: nothing after it can be trusted.
"""

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, TextIO

from gateway.errors import RowsError

MOST_LINE = 1_000_000
MOST_VALUE = 64_000_000
_CHUNK = 1 << 20


class Value(NamedTuple):
    """A row as it stands in the file, and the line that it begins in."""

    line: int
    # Any: JSON of somebody else's; each format says what it wants of it.
    what: Any


class Source:
    """An open file, which may be read from the beginning as often as one likes."""

    def __init__(self, file: TextIO, name: str) -> None:
        self._file = file
        self.name = name
        self._state = self._stated()

    def lines(self) -> Iterator[Value]:
        """Yield the lines that are not empty, as texts."""
        self._rewind()
        number = 0
        while line := self._read_line(number + 1):
            number += 1
            if line.strip():
                yield Value(number, line)

    def values(self) -> Iterator[Value]:
        """Yield the JSON values of the file, or of the list that the file is."""
        self._rewind()
        yield from _Values(self).read()

    def rows(self) -> Iterator[Value]:
        """Yield the rows of a CSV file with a header, as dicts."""
        self._rewind()
        before = csv.field_size_limit(MOST_VALUE)
        try:
            reader = csv.DictReader(self._file, strict=True)
            for row in self._guarded(reader):
                if None in row or None in row.values():
                    self.refuse(reader.line_num, "has another number of columns than the header; export it again")
                yield Value(reader.line_num, row)
        finally:
            csv.field_size_limit(before)

    def begins_with(self) -> str:
        """Return the first character that is no space, nothing for an empty file."""
        self._rewind()
        return self.read(_CHUNK, 1).lstrip()[:1]

    def read(self, most: int, line: int) -> str:
        """Return the next piece of text."""
        try:
            return self._file.read(most)
        except (OSError, UnicodeDecodeError) as error:
            self.refuse(line, f"{_why(error)}, in it or after it")

    def refuse(self, line: int, what: str) -> NoReturn:
        """Raise what is wrong with a line."""
        raise RowsError([f"{self.name}:{line}: {what}"])

    def check_unchanged(self) -> None:
        """Raise where the file was written to since it was opened."""
        if self._stated() != self._state:
            raise RowsError([f"{self.name}: it was changed while it was read; import a file that nobody writes to"])

    def _read_line(self, number: int) -> str:
        try:
            line = self._file.readline(MOST_LINE + 1)
        except (OSError, UnicodeDecodeError) as error:
            self.refuse(number, _why(error))
        if len(line) > MOST_LINE:
            self.refuse(number, f"the line is longer than {MOST_LINE:,} characters; it is no row of ours")
        return line

    # Any: what the csv module gives for a row whose length is not that of the header.
    def _guarded(self, reader: "csv.DictReader[str]") -> Iterator[dict[Any, Any]]:
        while True:
            try:
                row = next(reader, None)
            except (OSError, UnicodeDecodeError, csv.Error) as error:
                self.refuse(reader.line_num + 1, _why(error))
            if row is None:
                return
            yield row

    def _rewind(self) -> None:
        self._file.seek(0)

    def _stated(self) -> tuple[int, int]:
        status = Path(self._file.name).stat()
        return status.st_size, status.st_mtime_ns


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Open a file; raises `RowsError`."""
    try:
        file = path.open(encoding="utf-8-sig", newline="")
    except (OSError, ValueError) as error:
        raise RowsError([f"{path}: {_why(error)}; check the path"]) from error
    with file:
        if not path.is_file():
            raise RowsError([f"{path}: is no plain file, and it is read twice; write the rows to one first"])
        yield Source(file, str(path))


class _Values:
    """Takes JSON values off the front of a file."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._buffer = ""
        self._at = 0
        self._line = 1
        self._ended = False
        self._decode = json.JSONDecoder(parse_constant=self._no_number).raw_decode

    def read(self) -> Iterator[Value]:
        """Yield them; a list at the beginning is one of rows."""
        is_list = self._next() == "["
        if is_list:
            self._skip(1)
        while self._next() not in ("", "]"):
            yield Value(self._line, self._value())
            if is_list and self._next() == ",":
                self._skip(1)
        if is_list and self._next() != "]":
            self._source.refuse(self._line, "the list has no end; the file was cut off")
        if is_list:
            self._skip(1)
        if self._next():
            self._source.refuse(self._line, "is no JSON where the next row should be; export the file again")

    # Any: as in `Value`.
    def _value(self) -> Any:
        while True:
            try:
                value, end = self._decode(self._buffer, self._at)
            except json.JSONDecodeError as error:
                if self._ended or len(self._buffer) - self._at > MOST_VALUE:
                    line = self._line + self._buffer.count("\n", self._at, error.pos)
                    self._source.refuse(line, f"is no JSON: {error.msg}; export the file again")
                self._fill(len(self._buffer) - self._at + _CHUNK)
            except RecursionError:
                self._source.refuse(self._line, "is no JSON of a sensible depth")
            else:
                self._skip(end - self._at)
                return value

    def _next(self) -> str:
        """Go on to the next character that is no space and return it, nothing at the end."""
        while True:
            rest = len(self._buffer)
            while self._at < rest and self._buffer[self._at].isspace():
                self._skip(1)
            if self._at < rest:
                return self._buffer[self._at]
            if self._ended:
                return ""
            self._fill(_CHUNK)

    def _skip(self, count: int) -> None:
        self._line += self._buffer.count("\n", self._at, self._at + count)
        self._at += count

    def _fill(self, most: int) -> None:
        more = self._source.read(most, self._line)
        self._ended = not more
        self._buffer, self._at = self._buffer[self._at :] + more, 0

    def _no_number(self, constant: str) -> float:
        self._source.refuse(self._line, f"holds {constant}, which is no number")


def _why(error: Exception) -> str:
    if isinstance(error, csv.Error):
        return f"is no CSV: {error}"
    if isinstance(error, UnicodeDecodeError):
        return "is no UTF-8; convert the file first"
    return f"cannot be read: {(getattr(error, 'strerror', None) or 'unknown').lower()}"
