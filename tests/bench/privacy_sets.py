"""The published sets on which detection is measured, and how documents and spans are counted.

The sets are synthetic or published; they hold fake keys that scanners flag, so they are not in this repository. Place
them under `$GATEWAY_BENCH_DATA/pii` (`../shared/data` by default).
"""

import gzip
import json
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sections import MissingSetError

from gateway.types import Finding

FOLDER = Path(os.environ.get("GATEWAY_BENCH_DATA", "../shared/data")) / "pii"
SYNTHETIC, TECHNOLOGY, ADVERSARIAL = "presidio_synth_v2", "piianon13_technology_en", "piianon13_adversarial_en"
LABELLED = (SYNTHETIC, TECHNOLOGY, ADVERSARIAL)
GITLEAKS, DETECT_SECRETS = "gitleaks_rule_cases", "detect_secrets_cases"
RECOGNISERS = "presidio_recognizer_cases"
BENIGN = "benign_prompts"
# Classes that have a shape, or a name that stands beside them.
STRUCTURED = frozenset(
    (
        *("EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "IBAN_CODE", "US_SSN", "SOCIAL_SECURITY_NUMBER"),
        *("IP_ADDRESS", "MAC_ADDRESS", "MEDICAL_RECORD_NUMBER", "PASSWORD", "API_KEY", "BANK_ACCOUNT_NUMBER"),
        "US_DRIVER_LICENSE",
    )
)
# Classes that name somebody without a shape.
NAMES = frozenset({"PERSON", "PERSON_NAME", "STREET_ADDRESS"})

# A row of a set, as its README describes it.
Row = dict[str, Any]


@cache
def rows(name: str) -> tuple[Row, ...]:
    """Return the rows of a set; raises `MissingSetError`."""
    path = FOLDER / f"{name}.jsonl.gz"
    if not path.exists():
        raise MissingSetError(f"no {path}; see GATEWAY_BENCH_DATA")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return tuple(json.loads(line) for line in lines)


@dataclass(frozen=True, slots=True)
class Rates:
    """How documents were told apart; None where there were none to tell."""

    right: int
    missed: int
    vain: int
    quiet: int

    @property
    def precision(self) -> float:
        """Of what was flagged, the share that held something."""
        return self.right / (self.right + self.vain) if self.right + self.vain else 1.0

    @property
    def recall(self) -> float:
        """Of what held something, the share that was flagged."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of the two."""
        whole = self.precision + self.recall
        return 2 * self.precision * self.recall / whole if whole else 0.0

    @property
    def false_alarms(self) -> float | None:
        """Of what held nothing, the share that was flagged."""
        return self.vain / (self.vain + self.quiet) if self.vain + self.quiet else None

    def __str__(self) -> str:
        alarms = "-" if self.false_alarms is None else f"{self.false_alarms:.3f}"
        return f"precision {self.precision:.3f}, recall {self.recall:.3f}, false alarms {alarms}"


def rates(pairs: Iterable[tuple[bool, bool]]) -> Rates:
    """Count pairs of `holds` and `flagged`."""
    counts = Counter(pairs)
    return Rates(counts[True, True], counts[True, False], counts[False, True], counts[False, False])


def holds(row: Row, labels: frozenset[str]) -> bool:
    """Whether a row has a span of one of these classes."""
    return any(label in labels for _, _, label in row["spans"])


def is_covered(row: Row, labels: frozenset[str], findings: Sequence[Finding]) -> bool:
    """Whether every span of these classes lies within what was found."""
    wanted = [(start, end) for start, end, label in row["spans"] if label in labels]
    return all(any(found.start <= start and end <= found.end for found in findings) for start, end in wanted)
