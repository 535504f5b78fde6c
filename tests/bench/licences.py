"""Are licences told apart, concluded, kept and written to the letter, and what does it cost a request?

Run: `make bench-licences`, or `python tests/bench/licences.py strings cost` for some of it.
"""

import json
import os
import platform
import random
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import UUID

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from sections import MissingSetError, chosen, measured
from support.licensed_cases import LICENCES, MORE, adds_to, cases, with_licences
from support.licensed_models import MODELS, read_spdx, uses
from support.licensing import TODAY, carrying, deployment, entity, records, users
from support.policies import assessment, mock, policy
from table import Measure, at_most

from gateway.licences.bom import cyclonedx
from gateway.licences.deployment import EXPOSURES, Deployment
from gateway.licences.gate import Gate
from gateway.licences.identify import identify
from gateway.licences.notice import notice
from gateway.licences.registry import get, packaged
from gateway.licences.resolve import resolve
from gateway.licences.rules import judge
from gateway.licences.spdx import spdx
from gateway.policy.duties import Origins
from gateway.types import Need

TEXTS = Path(os.environ.get("GATEWAY_BENCH_DATA", "../shared/data")) / "licences"
GOLDEN = Path(__file__).parent.parent / "licences" / "golden"
TRIALS = 100_000
SEED = 0


def strings() -> Iterator[Measure]:
    """Compare date, display text, prefix and notice of the Llama licences with their golden files, to the byte."""
    files = sorted(GOLDEN.glob("*.txt"))
    equal = sum(_strings(file.stem) == file.read_bytes() for file in files)
    yield Measure(
        name="Llama licences whose strings and dates are equal to the byte",
        reach="8 of 8",
        measured=f"{equal} of {len(files)}",
        passed=equal == len(files) == 8,
    )


def _strings(licence_id: str) -> bytes:
    one = get(licence_id)
    values = (
        one.version_date and one.version_date.isoformat(),
        one.display and one.display.text,
        one.name_prefix and one.name_prefix.text,
        one.notice and one.notice.text,
    )
    return "".join(f"{value or 'none'}\n" for value in values).encode()


def texts() -> Iterator[Measure]:
    """Tell the official texts apart, as they are and with other whitespace."""
    if not TEXTS.is_dir():
        raise MissingSetError(f"no official texts in {TEXTS} (GATEWAY_BENCH_DATA)")
    files = {"llama2": "2", "llama3": "3", "llama3_1": "3.1", "llama3_2": "3.2", "llama3_3": "3.3", "llama4": "4"}
    right = 0
    for name, version in files.items():
        raw = (TEXTS / f"{name}.LICENSE.txt").read_bytes()
        for text in (raw, raw.replace(b"\n", b"\r\n\r\n")):
            found = identify(text, packaged()).licence
            right += found is not None and found.id == f"llama-{version}"
    yield Measure(
        name="official Llama texts taken for their own licence, Llama 3's not for 3.1's",
        reach="12 of 12",
        measured=f"{right} of {2 * len(files)}",
        passed=right == 2 * len(files),
    )


def models() -> Iterator[Measure]:
    """Conclude the licences of real models, with every conflict."""
    right = 0
    for model, (declared, concluded, conflicts) in MODELS.items():
        found = resolve(model, packaged(), declared=declared)
        right += (found.licence_id, {conflict.code for conflict in found.conflicts}) == (concluded, conflicts)
    yield Measure(
        name="real model ids concluded right, conflicts reported",
        reach=">= 25, all",
        measured=f"{right} of {len(MODELS)}",
        passed=right == len(MODELS) >= 25,
    )


def decisions() -> Iterator[Measure]:
    """Decide every combination, and look for a duty that turns a no into a yes."""
    decided = [judge(case) for licence in LICENCES for case in cases(licence)]
    yield Measure(
        name="licence x exposure x host x seat x modality with a decision and a reason",
        reach="all",
        measured=f"{sum(bool(one.reason) for one in decided):,} of {len(decided):,}",
        passed=all(one.reason for one in decided),
    )
    chance, turned, refused = random.Random(SEED), 0, 0
    for _ in range(TRIALS):
        case, stricter = _pair(chance)
        denied = not judge(case).allowed
        refused += denied
        turned += denied and judge(stricter).allowed
    yield Measure(
        name=f"denials that a further duty, limit or licence permits, in {TRIALS:,} random pairs",
        reach="0",
        measured=f"{turned}; {refused:,} were denied; seed {SEED}",
        passed=turned == 0 and refused > 0,
    )


def _pair(chance: random.Random) -> tuple[Deployment, Deployment]:
    own = chance.sample(LICENCES, chance.choice((1, 1, 2)))
    who = entity(exposure=chance.choice(EXPOSURES), seat=chance.choice((None, "DE", "US")))
    found = carrying(*own, modalities=chance.choice((("text",), ("text", "image"))))
    case = deployment(
        found, who, displayed=chance.random() < 0.7, records=records(*([users()] if chance.random() < 0.7 else []))
    )
    fitting = [more for more in MORE if more.keys() <= adds_to(own[0])]
    if chance.random() < 0.5 and fitting:
        return case, with_licences(case, own[0].model_copy(update=chance.choice(fitting)), *own[1:])
    return case, with_licences(case, *own, chance.choice([one for one in LICENCES if one not in own]))


def papers() -> Iterator[Measure]:
    """Validate the bills against the official schemas, and compare the notices to the byte."""
    given, at = uses(), datetime(2026, 11, 28, tzinfo=UTC)
    faults = [
        version
        for version, schema in (("1.6", SchemaVersion.V1_6), ("1.7", SchemaVersion.V1_7))
        if JsonStrictValidator(schema).validate_str(
            json.dumps(cyclonedx(given, version=version, product="x", release="0", serial=UUID(int=1), at=at))  # type: ignore[arg-type]  # one of the two
        )
    ]
    if read_spdx(spdx(given, product="x", release="0", serial=UUID(int=1), at=at)).missing_ids:
        faults.append("SPDX")
    yield Measure(
        name="bills valid by CycloneDX 1.6, 1.7 and SPDX 3.0.1",
        reach="3 of 3",
        measured=f"{3 - len(faults)} of 3",
        passed=not faults,
    )
    wanted = {one.notice.text.encode() for use in given for one in use.deployment.licences if one.notice is not None}
    written = set(notice("x", given).encode().split(b"\n"))
    yield Measure(
        name="notices in NOTICE equal to the registry's, to the byte",
        reach="all",
        measured=f"{len(wanted & written)} of {len(wanted)}",
        passed=wanted <= written,
    )


def cost() -> Iterator[Measure]:
    """Time what the rules add to a request: the gate, for a plain one and for one with an image and tags."""
    said, served = records(users()), ("llama-3.1-8b", "llama-4-scout", "phi-4")
    gate = Gate([deployment(model, backend=model, records=said) for model in served])
    at = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)
    for name, read in (
        ("a plain request", assessment(tags=frozenset({"pii"}))),
        ("a request with a use and training named", assessment(tags=frozenset({"aup:military", "purpose:training"}))),
        ("a request with an image", assessment(needs=frozenset({Need.IMAGES}))),
    ):
        yield at_most(f"microseconds that the rules add to {name}", _microseconds(partial(gate.barred, read, at)), 5)
    origins = Origins(policy({"llama": mock(model="llama-3.1-8b", licence="llama-3.1")}))
    told = _microseconds(lambda: (origins.of("llama", None).licence_id, origins.of("llama", None).attribution))
    yield at_most("microseconds to know an answer's licence and texts", told, 5)


def _microseconds(work: Callable[[], object], *, rounds: int = 9, each: int = 20_000) -> float:
    """Return the median of several rounds."""
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        for _ in range(each):
            work()
        taken.append((time.perf_counter() - started) / each * 1e6)
    return statistics.median(taken)


SECTIONS: dict[str, Callable[[], Iterator[Measure]]] = {
    "strings": strings,
    "texts": texts,
    "models": models,
    "decisions": decisions,
    "papers": papers,
    "cost": cost,
}


def main() -> None:
    """Measure what is asked for, and print the table."""
    asked = chosen(SECTIONS, __doc__)
    started = time.perf_counter()
    measured(SECTIONS, asked)
    print(f"\n{os.cpu_count()} cores, Python {platform.python_version()}; {time.perf_counter() - started:.0f} s in all")


if __name__ == "__main__":
    main()
