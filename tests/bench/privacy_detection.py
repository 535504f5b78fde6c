"""What the detectors find, miss and flag in vain, by set and by class, and what that costs.

The rules were written with these sets at hand, so recall elsewhere will be lower; false alarms were not tuned.
"""

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from functools import cache

from privacy_sets import (
    ADVERSARIAL,
    BENIGN,
    DETECT_SECRETS,
    GITLEAKS,
    LABELLED,
    NAMES,
    RECOGNISERS,
    STRUCTURED,
    SYNTHETIC,
    TECHNOLOGY,
    Rates,
    Row,
    holds,
    is_covered,
    rates,
    rows,
)
from recognisers import scores
from table import Measure, at_least, at_most, markdown

from gateway.errors import DetectorError
from gateway.interfaces import Detector
from gateway.types import Finding


@cache
def _detectors() -> dict[str, Detector]:
    from gateway.detectors import names, patterns, secrets  # noqa: PLC0415 - other sections need none of them

    async def opened() -> dict[str, Detector]:
        async with AsyncExitStack() as stack:
            return {
                "patterns": await stack.enter_async_context(patterns.build(patterns.Options())),
                "secrets": await stack.enter_async_context(secrets.build(secrets.Options())),
                "names": await stack.enter_async_context(names.build(names.Options(other_languages="ignore"))),
                # It finds nothing, and fails where the language was not learned.
                "languages": await stack.enter_async_context(names.build(names.Options(without=names.TYPES))),
            }

    return asyncio.run(opened())


def _found(text: str, *kinds: str) -> list[Finding]:
    detectors = _detectors()
    return [finding for kind in kinds for finding in detectors[kind].detect(text)]


def _strong(text: str) -> list[Finding]:
    """Return what patterns and secrets are sure of: what raises a request above `internal`."""
    return [finding for finding in _found(text, "patterns", "secrets") if finding.strength == "strong"]


def _is_strange(text: str) -> bool:
    """Whether a text is in a language that the detector of names has not learned, so that it is restricted."""
    try:
        _found(text, "languages")
    except DetectorError:
        return True
    return False


def documents() -> Iterator[Measure]:
    """Tell documents that hold an identifier from those that hold none."""
    synthetic = _flagged(SYNTHETIC, STRUCTURED)
    yield at_least("structured identifiers and secrets, documents, synth_v2: F1", synthetic.f1, 0.93, str(synthetic))
    for name in (TECHNOLOGY, ADVERSARIAL):
        told = _flagged(name, STRUCTURED)
        yield at_least(f"the same, {name}: recall", told.recall, 0.995, str(told))
        yield at_least(f"the same, {name}: precision", told.precision, 0.98)


def _flagged(name: str, labels: frozenset[str]) -> Rates:
    return rates((holds(row, labels), bool(_strong(row["text"]))) for row in rows(name))


def secrets() -> Iterator[Measure]:
    """Tell the test cases of two scanners apart that hold a secret."""
    both: list[tuple[bool, bool]] = []
    for name in (GITLEAKS, DETECT_SECRETS):
        pairs = [(bool(row["label"]), bool(_found(row["text"], "secrets"))) for row in rows(name)]
        yield Measure(name=f"secrets, {name}", measured=str(rates(pairs)))
        both += pairs
    told = rates(both)
    yield at_least("secrets, both sets of cases: recall", told.recall, 0.92, str(told))
    yield at_most("secrets, both sets of cases: false alarms on the negatives", told.false_alarms or 0.0, 0.10)


def near_misses() -> Iterator[Measure]:
    """Tell numbers of many countries from near misses of theirs."""
    scored = list(scores(rows(RECOGNISERS), lambda text: _found(text, "patterns", "secrets")))
    right = sum(score.found + score.quiet for score in scored)
    cases = sum(score.positives + score.negatives for score in scored)
    countries = len({score.country for score in scored} - {"any"})
    note = f"{cases} cases of {len(scored)} recognisers, {countries} countries"
    yield at_least("numbers and near misses of claimed kinds, decided right", right / cases, 0.85, note)


def names() -> Iterator[Measure]:
    """Tell documents with any direct identifier, names and addresses included, from those without."""
    labels = STRUCTURED | NAMES
    pairs = [
        (holds(row, labels), bool(_strong(row["text"]) or _found(row["text"], "names")) or _is_strange(row["text"]))
        for row in rows(SYNTHETIC)
    ]
    told = rates(pairs)
    yield at_least(
        "any direct identifier, names and addresses included, synth_v2: recall", told.recall, 0.80, str(told)
    )
    yield at_most("the same: false alarms on rows without", told.false_alarms or 0.0, 0.05)
    flagged = sum(bool(_found(row["text"], "names")) for row in rows(BENIGN))
    yield Measure(
        name="ordinary prompts with a suspected name (maths problems are full of them; `internal` at most)",
        measured=f"{flagged / len(rows(BENIGN)):.3f}",
    )
    strange = sum(_is_strange(row["text"]) for row in rows(BENIGN))
    note = f"{strange} of {len(rows(BENIGN))}"
    yield at_most(
        "ordinary prompts taken for an unknown language", strange / len(rows(BENIGN)), 0.002, note, form=".4f"
    )


def benign() -> Iterator[Measure]:
    """Leave ordinary prompts alone."""
    strong = sum(bool(_strong(row["text"])) for row in rows(BENIGN))
    note = f"{strong} of {len(rows(BENIGN))}"
    yield at_most("ordinary prompts raised above `internal`", strong / len(rows(BENIGN)), 0.005, note, form=".4f")


def covered() -> Iterator[Measure]:
    """Say of how many documents everything direct was found: what redaction could make safe, were it certain."""
    labels = STRUCTURED | NAMES
    for name in LABELLED:
        holding = [row for row in rows(name) if holds(row, labels)]
        strong = sum(is_covered(row, labels, _strong(row["text"])) for row in holding)
        every = sum(is_covered(row, labels, _found(row["text"], "patterns", "secrets", "names")) for row in holding)
        yield Measure(
            name=f"documents whose every direct identifier is covered, {name}",
            measured=f"{strong / len(holding):.3f} by patterns and secrets, {every / len(holding):.3f} with names",
        )


def speed() -> Iterator[Measure]:
    """Count the CPU time of patterns and secrets together, on one core."""
    for name in (BENIGN, *LABELLED):
        middle, late = _cost(rows(name), "patterns", "secrets")
        note = f"95th percentile {late:.3f}"
        label = f"patterns and secrets, ms of CPU a kB in the median, {name}"
        yield (
            at_most(label, middle, 0.5, note)
            if name == BENIGN
            else Measure(name=label, measured=f"{middle:.3f}; {note}")
        )
    middle, late = _cost(rows(BENIGN), "names")
    yield Measure(name=f"names, the same, {BENIGN}", measured=f"{middle:.3f}; 95th percentile {late:.3f}")
    growth, piece = max((_growth(piece), piece) for piece in _HOSTILE)
    note = f"the worst of {len(_HOSTILE)}: {piece.strip()!a} again and again"
    yield at_most("patterns, secrets, names: CPU of 1 MB to ten times that of 100 kB, hostile texts", growth, 2, note)


# What a hostile text repeats: beginnings of everything that is looked for.
_HOSTILE = (
    *("1234567890 ", "a@b.", "::1:", "AKIA", "password=", "-----BEGIN ", "%40", "eyJ", "192.168.", "+44 ", "://x:"),
    *("Mr. John ", "12 Main ", "\\u0040", "&#64;", "QUJD", "\u0430\u0440", "MRN ", "0000-"),
)


def _cost(of: Sequence[Row], *kinds: str) -> tuple[float, float]:
    costs = []
    for row in of:
        text = row["text"]
        costs.append(min(_seconds(text, kinds) for _ in range(3)) * 1e6 / max(len(text), 1))
    cuts = statistics.quantiles(costs, n=20)
    return cuts[9], cuts[18]


def _seconds(text: str, kinds: Sequence[str]) -> float:
    started = time.process_time_ns()
    _found(text, *kinds)
    return (time.process_time_ns() - started) / 1e9


def _growth(piece: str) -> float:
    """Return how many times longer a text of 1 MB takes than ten of 100 kB: 1 where the cost is linear."""
    kinds = ("patterns", "secrets", "names")
    small, large = (piece * (size // len(piece)) for size in (100_000, 1_000_000))
    # A machine that others share halves its speed and back: the best of three counts, on both sides.
    best, little = (min(_seconds(text, kinds) for _ in range(3)) for text in (large, small))
    return best / (10 * little)


def by_class() -> str:
    """Return the table of spans that were seen, by set and class."""
    cells = []
    for name in LABELLED:
        held, seen, sure = Counter[str](), Counter[str](), Counter[str]()
        for row in rows(name):
            every, strong = _found(row["text"], "patterns", "secrets", "names"), _strong(row["text"])
            for start, end, label in row["spans"]:
                held[label] += 1
                seen[label] += any(found.start < end and start < found.end for found in every)
                sure[label] += any(found.start < end and start < found.end for found in strong)
        for label in sorted(held.keys() & (STRUCTURED | NAMES)):
            shares = (f"{counter[label] / held[label]:.3f}" for counter in (sure, seen))
            cells.append((name, label, str(held[label]), *shares))
    return markdown(("Set", "Class", "Spans", "Seen for sure", "Seen at all, names included"), cells)


def by_country() -> str:
    """Return the table of numbers and near misses, by recogniser."""
    scored = scores(rows(RECOGNISERS), lambda text: _found(text, "patterns", "secrets"))
    cells = [
        (one.country, one.recogniser, f"{one.found} of {one.positives}", f"{one.quiet} of {one.negatives}")
        for one in scored
    ]
    return markdown(("Country", "Recogniser", "Numbers found", "Near misses left alone"), cells)
