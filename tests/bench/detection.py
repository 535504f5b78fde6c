"""What the detectors find, miss and flag in vain on published sets, by class, and what that costs in CPU time.

The sets are synthetic or published; they hold fake keys that scanners flag, so they are not in this repository. Place
them under `$GATEWAY_BENCH_DATA/pii` (`../shared/data` by default); a set that is missing is named and left out.
The rules were written with these sets at hand, so recall elsewhere will be lower; false alarms were not tuned.
Run: `python tests/bench/detection.py`.
"""

import gzip
import json
import os
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from recognisers import print_table

from gateway.detectors.patterns import PatternDetector
from gateway.detectors.secrets import SecretDetector
from gateway.types import Finding

FOLDER = Path(os.environ.get("GATEWAY_BENCH_DATA", "../shared/data")) / "pii"
LABELLED = ("presidio_synth_v2", "piianon13_technology_en", "piianon13_adversarial_en")
UNIT_CASES = ("gitleaks_rule_cases", "detect_secrets_cases")
RECOGNISERS = "presidio_recognizer_cases"
BENIGN = "benign_prompts"
# Classes that have a shape, or a name that stands beside them.
STRUCTURED = (
    *("EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "IBAN_CODE", "US_SSN", "SOCIAL_SECURITY_NUMBER", "IP_ADDRESS"),
    *("MAC_ADDRESS", "MEDICAL_RECORD_NUMBER", "PASSWORD", "API_KEY", "BANK_ACCOUNT_NUMBER", "US_DRIVER_LICENSE"),
)
# Classes that no rule looks for.
SHAPELESS = frozenset({"PERSON", "PERSON_NAME", "STREET_ADDRESS"})
DETECTORS = (PatternDetector(), SecretDetector())

# A row of a set, as its README describes it.
Row = dict[str, Any]


def main() -> None:
    """Print one table a question."""
    for name in LABELLED:
        if rows := _rows(name):
            _print_recall(name, rows)
    for name in UNIT_CASES:
        if rows := _rows(name):
            _print_cases(name, rows)
    if rows := _rows(RECOGNISERS):
        print(f"{RECOGNISERS}: numbers and near misses, of the recognisers whose work we do")
        print_table(rows, _findings)
    if rows := _rows(BENIGN):
        strong = sum(any(finding.strength == "strong" for finding in _findings(row["text"])) for row in rows)
        either = sum(bool(_findings(row["text"])) for row in rows)
        print(f"{BENIGN}: of {len(rows)}, {strong} flagged above internal, {either} flagged at all")
        _print_cost(BENIGN, rows)


def _rows(name: str) -> Sequence[Row]:
    path = FOLDER / f"{name}.jsonl.gz"
    if not path.exists():
        print(f"{name}: left out, no {path}")
        return ()
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _findings(text: str) -> list[Finding]:
    return [finding for detector in DETECTORS for finding in detector.detect(text)]


def _print_recall(name: str, rows: Sequence[Row]) -> None:
    print(f"{name}: {len(rows)} documents")
    held, seen = Counter[str](), Counter[str]()
    for row in rows:
        findings = _findings(row["text"])
        for start, end, label in row["spans"]:
            held[label] += 1
            seen[label] += any(finding.start < end and start < finding.end for finding in findings)
    for label in STRUCTURED:
        if held[label]:
            print(f"  {label:24} {seen[label]:5} of {held[label]:5} spans seen ({seen[label] / held[label]:.3f})")
    structured = list(_documents(rows, frozenset(STRUCTURED)))
    direct = list(_documents(rows, frozenset(STRUCTURED) | SHAPELESS))
    print(f"  a structured identifier: {_rates(structured)}")
    print(f"  a direct identifier, names and addresses included: {_rates(direct)}")
    _print_cost(name, rows)


def _documents(rows: Sequence[Row], labels: frozenset[str]) -> Iterator[tuple[bool, bool]]:
    for row in rows:
        holds = any(label in labels for _, _, label in row["spans"])
        yield holds, any(finding.strength == "strong" for finding in _findings(row["text"]))


def _print_cases(name: str, rows: Sequence[Row]) -> None:
    pairs = [(bool(row["label"]), any(f.kind == "secret" for f in _findings(row["text"]))) for row in rows]
    print(f"{name}: {_rates(pairs)}")


def _rates(pairs: Sequence[tuple[bool, bool]]) -> str:
    counts = Counter(pairs)
    right, missed, vain, quiet = (counts[pair] for pair in ((True, True), (True, False), (False, True), (False, False)))
    rates = (_share(right, right + vain), _share(right, right + missed), _share(vain, vain + quiet))
    return "precision {} recall {} false positive rate {}".format(*rates)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.3f}" if whole else "-"


def _print_cost(name: str, rows: Sequence[Row]) -> None:
    costs = []
    for row in rows:
        started = time.process_time_ns()
        _findings(row["text"])
        costs.append((time.process_time_ns() - started) / 1000 / max(len(row["text"]), 1))
    cuts = statistics.quantiles(costs, n=20)
    print(f"  {name}: {cuts[9]:.3f} ms of CPU a kB in the median, {cuts[18]:.3f} in the 95th percentile")


if __name__ == "__main__":
    main()
