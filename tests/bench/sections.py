"""Parts of a benchmark that can be run alone: which ones are asked for, and their rows as they come."""

import argparse
import time
from collections.abc import Callable, Iterator, Mapping

from table import Measure, markdown

Sections = Mapping[str, Callable[[], Iterator[Measure]]]


class MissingSetError(Exception):
    """A set is not there; what needs it is left out."""


def chosen(sections: Sections, told: str | None) -> list[str]:
    """Return the sections that the command line names, all where it names none; `told` is what the benchmark is."""
    parser = argparse.ArgumentParser(description=told)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"some of: {', '.join(sections)}; unset: all")
    asked: list[str] = parser.parse_args().sections or list(sections)
    unknown = [name for name in asked if name not in sections]
    if unknown:
        parser.error(f"no section {unknown[0]!r}; known: {', '.join(sections)}")
    return asked


def measured(sections: Sections, asked: list[str]) -> dict[str, float]:
    """Print the table of the sections, row by row; return those that could be measured, with the seconds each took."""
    print(markdown(("Measure", "Reach", "Measured", "Result"), ()))
    taken: dict[str, float] = {}
    for name in asked:
        started = time.perf_counter()
        try:
            for row in sections[name]():
                print(markdown(row.cells, ()).splitlines()[0], flush=True)
        except MissingSetError as error:
            print(f"| {name} | - | skipped: {error} | - |", flush=True)
        else:
            taken[name] = time.perf_counter() - started
    return taken
