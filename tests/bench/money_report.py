"""What 1,000,000 made-up requests ask of the reports; each command is a process of its own.

Times are the best of five, from the start of the process to its end; memory is the process's peak.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from support import made_up

import gateway

Row = tuple[str, str, str, bool | None]
REQUESTS, DAYS, TURNS = 1_000_000, 31, 5
_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One command, to its end."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def rows() -> list[Row]:
    """Build the ledger, and measure both commands on it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        started = time.perf_counter()
        made_up.make(folder / "made-up.sqlite3", made_up.Desk(requests=REQUESTS, days=DAYS, compared=2_000))
        (folder / "policy.yaml").write_text(made_up.POLICY)
        built = time.perf_counter() - started
        month = ("--policy", "policy.yaml", "--month", f"{made_up.FIRST:%Y-%m}")
        savings = _best(folder, "savings", "--by", "model,day", *month)
        report = _best(folder, "report", "--html", "report.html", *month)
        size = (folder / "report.html").stat().st_size
    of = f"{REQUESTS:,} requests"
    return [
        _at_most(f"`gateway savings --by model,day`, {of}", 1.0, savings.wall_s, f"CPU {savings.cpu_s:.2f} s"),
        _at_most(f"`gateway report --html`, {of}", 5.0, report.wall_s, f"CPU {report.cpu_s:.2f} s"),
        ("size of the report", "<= 1 MB", f"{size / _MEGABYTE:.3f} MB", size <= _MEGABYTE),
        ("peak memory of the report", "<= 300 MB", f"{report.peak_mb:.0f} MB", report.peak_mb <= 300),
        ("building that ledger", "", f"{built:.0f} s", None),
    ]


def _at_most(name: str, reach: float, value: float, note: str) -> Row:
    return name, f"<= {reach:g} s", f"{value:.2f} s; {note}", value <= reach


def _best(folder: Path, *arguments: str) -> Run:
    runs = [_run(folder, arguments) for _ in range(TURNS)]
    return min(runs, key=attrgetter("wall_s"))


# A process begins with the peak of the one that started it: a small one starts the command, and says what it used.
_STARTER = """
import json, resource, subprocess, sys, time
started = time.perf_counter()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([code, time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
"""


# An installed package is compiled already: the first turn compiles ours.
_ENVIRON = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
_ENVIRON["PYTHONPATH"] = str(Path(gateway.__file__).parents[1])


def _run(folder: Path, arguments: tuple[str, ...]) -> Run:
    ended = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-S", "-c", _STARTER, sys.executable, "-m", "gateway", *arguments],
        cwd=folder,
        check=True,
        capture_output=True,
        env=_ENVIRON,
    )
    code, wall, cpu, peak = json.loads(ended.stdout)
    assert code == 0, arguments
    return Run(wall_s=wall, cpu_s=cpu, peak_mb=peak)


if __name__ == "__main__":
    for row in rows():
        print(" | ".join(map(str, row)))
