"""What the boundary holds back and what the detectors see: one table of measures beside what we set out to reach.

Run: `make bench-privacy`, or `python tests/bench/privacy.py documents speed` for some of it.
"""

import os
import platform
import time
from collections.abc import Callable, Iterator

from privacy_decisions import decisions
from privacy_detection import benign, by_class, by_country, covered, documents, names, near_misses, secrets, speed
from privacy_faults import faults
from privacy_mutations import mutations
from sections import chosen, measured
from table import Measure

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
    asked = chosen(SECTIONS, __doc__)
    started, load = time.perf_counter(), os.getloadavg()
    done = measured(SECTIONS, asked)
    for name in done:
        if name in _TABLES:
            print(f"\n{_TABLES[name]()}")
    cores, took = os.cpu_count(), time.perf_counter() - started
    loads = f"load before {load[0]:.1f}, after {os.getloadavg()[0]:.1f}"
    print(f"\n{cores} cores, {loads}, Python {platform.python_version()}; {took:.0f} s in all")


if __name__ == "__main__":
    main()
