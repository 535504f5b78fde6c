"""What the accounting promises: exact sums, prices like the oracle's, reports in a second, nothing lost.

Run: `make bench-money`, or `python tests/bench/money.py example prices` for some of it.
"""

import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module

from sections import chosen, measured
from table import Measure

Row = tuple[str, str, str, bool | None]


def _rows(module: str) -> Callable[[], Iterator[Measure]]:
    def measures() -> Iterator[Measure]:
        # What one part needs (a database, a browser) is loaded for that part alone.
        rows: Callable[[], Sequence[Row]] = import_module(module).rows
        for name, reach, shown, passed in rows():
            yield Measure(name=name, reach=reach, measured=shown, passed=passed)

    return measures


SECTIONS = {
    "example": _rows("money_example"),
    "prices": _rows("money_prices"),
    "ledger": _rows("money_ledger"),
    "report": _rows("money_report"),
    "metrics": _rows("money_metrics"),
    "postgres": _rows("money_postgres"),
}


def main() -> None:
    """Measure what is asked for, and print the table."""
    asked = chosen(SECTIONS, __doc__)
    started, load = time.perf_counter(), os.getloadavg()
    measured(SECTIONS, asked)
    cores, took = os.cpu_count(), time.perf_counter() - started
    loads = f"load before {load[0]:.1f}, after {os.getloadavg()[0]:.1f}"
    print(f"\n{cores} cores, {loads}, Python {platform.python_version()}; {took:.0f} s in all")


if __name__ == "__main__":
    main()
