"""Entries that are kept in files elsewhere: their records stay, and are held against the files that are given."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from gateway.entries import LedgerEntry

Runs = tuple[tuple[int, int], ...]


class Shelved(NamedTuple):
    """An entry of an archive, whose tenant is a pseudonym there; whether a comparison is kept beside it."""

    entry: LedgerEntry
    compared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """What of the books is in archives. `runs` are the places of its records, each from the first to the last.

    `requests` is how many entries the archives say are theirs, without those that are still on the books. `entries`
    yields them in the order of booking, None where no files were given; `faults` says what is wrong with the files.
    """

    runs: Runs = ()
    requests: int = 0
    entries: Iterable[Shelved] | None = None
    faults: tuple[str, ...] = ()

    def __contains__(self, n: int) -> bool:
        return within(self.runs, n)


def within(runs: Runs, n: int) -> bool:
    """Return whether a place lies in one of the runs, which are in order."""
    at = bisect_right(runs, n, key=lambda run: run[0])
    return at > 0 and n <= runs[at - 1][1]


def runs_of(places: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield ascending places as runs, each from the first to the last."""
    first = last = None
    for place in places:
        if first is None or last is None:
            first = place
        elif place != last + 1:
            yield first, last
            first = place
        last = place
    if first is not None and last is not None:
        yield first, last
