"""What the boundary holds back and what the detectors see: one table of measures beside what we set out to reach.

Run: `make bench-privacy`, or `python tests/bench/privacy.py documents speed` for some of it.
"""

import argparse
import os
import platform
import time
from collections.abc import Callable, Iterator

from privacy_decisions import decisions
from privacy_detection import benign, by_class, by_country, covered, documents, names, near_misses, secrets, speed
from privacy_faults import faults
from privacy_mutations import mutations
from privacy_sets import MissingSetError
from table import Measure, markdown

SECTIONS: dict[str, Callable[[], Iterator[Measure]]] = {
    "documents": documents,
    "secrets": secrets,
    "near-misses": near_misses,
    "names": names,
    "benign": benign,
    "covered": covered,
    "speed": speed,
    "decisions": decisions,
    "faults": faults,
    "mutations": mutations,
}
_TABLES: dict[str, Callable[[], str]] = {"documents": by_class, "near-misses": by_country}


def main() -> None:
    """Measure what is asked for, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=f"some of: {', '.join(SECTIONS)}; unset: all")
    asked = parser.parse_args().sections or list(SECTIONS)
    unknown = [name for name in asked if name not in SECTIONS]
    if unknown:
        parser.error(f"no section {unknown[0]!r}; known: {', '.join(SECTIONS)}")
    started, load = time.perf_counter(), os.getloadavg()
    print(markdown(("Measure", "Reach", "Measured", "Result"), ()))
    done = [name for name in asked if _print(name)]
    for name in done:
        if name in _TABLES:
            print(f"\n{_TABLES[name]()}")
    cores, took = os.cpu_count(), time.perf_counter() - started
    loads = f"load before {load[0]:.1f}, after {os.getloadavg()[0]:.1f}"
    print(f"\n{cores} cores, {loads}, Python {platform.python_version()}; {took:.0f} s in all")


def _print(name: str) -> bool:
    """Print the rows of a section as they come; False where it could not be measured."""
    try:
        for row in SECTIONS[name]():
            print(markdown(row.cells, ()).splitlines()[0], flush=True)
    except MissingSetError as error:
        print(f"| {name} | - | skipped: {error} | - |", flush=True)
        return False
    return True


if __name__ == "__main__":
    main()
