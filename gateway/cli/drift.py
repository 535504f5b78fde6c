"""`gateway drift`: whether the traffic is still what the model learned on, and how good local answers are.

It looks, and changes nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.books import ledger_of
from gateway.cli.console import NO, Side, say, say_facts, say_json, say_table
from gateway.cli.inputs import JsonOption, LedgerOption, PolicyOption, policy_of
from gateway.cli.periods import moment
from gateway.entries import LedgerEntry
from gateway.estimate.model import Model, load, packaged
from gateway.training.compared import Compared, Estimate, Reading, compare, reading
from gateway.training.drift import ALIKE, DIFFERENT, FEWEST, Drift
from gateway.training.drift import drift as compare_shares

_COLUMNS: dict[str, Side] = {"difficulty": "left", "learned": "right", "seen": "right"}
_VERSION_DIGITS = 12


def drift(
    *,
    since: Annotated[
        datetime | None, typer.Option(parser=moment, metavar="7d|DATE", help="Only what came later; unset: all.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The model; unset: the policy's, else the packaged one.")
    ] = None,
    ledger: LedgerOption = None,
    policy: PolicyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say whether the traffic is still what the model learned on.

    The difficulties in the ledger are compared with those that the model learned on, by the population stability index
    over ten bins: below 0.1 they count as alike, above 0.2 as different. Only requests that this very model judged are
    counted, 200 at the least. Below it stands how far local answers agree with the strong model's, where the policy has
    a holdout.

    Exit code 1: they are different; calibrate again, or learn anew.

    Example: gateway drift --since 7d
    """
    looked_at = load(model or _of_policy(policy))
    books = ledger_of(ledger, policy)
    seen = _Seen(version=f"logistic:{looked_at.sha256[:_VERSION_DIGITS]}")
    found = compare_shares(seen.difficulties(books.entries(since=since)), looked_at.manifest.scores)
    beside = compare(seen.drawn, books.holdouts(since=since))
    if as_json:
        say_json(_record(looked_at, found, beside, others=seen.others))
    else:
        _show(seen, found, beside)
    if found.verdict == "different":
        raise typer.Exit(NO)


def _of_policy(policy: Path | None) -> Path:
    part = policy_of(policy).classifier
    path = part.options.get("path") if part.kind == "logistic" else None
    return Path(path).expanduser() if isinstance(path, str) else packaged()


@dataclass(slots=True)
class _Seen:
    """What a walk over the ledger gathers besides difficulties; `others` counts requests that another model judged."""

    version: str
    others: int = 0
    drawn: dict[str, Reading] = field(default_factory=dict)

    def difficulties(self, entries: Iterable[LedgerEntry]) -> Iterator[float]:
        """Yield those that this version said."""
        for entry in entries:
            said = reading(entry)
            if said is not None:
                self.drawn[entry.id] = said
            if entry.classifier == self.version and entry.difficulty is not None:
                yield entry.difficulty
            else:
                self.others += 1


def _record(model: Model, found: Drift, beside: Compared, *, others: int) -> dict[str, Any]:
    return {
        "sha256": model.sha256,
        **asdict(found),
        "verdict": found.verdict,
        "other_requests": others,
        "holdout": asdict(beside),
    }


def _show(seen: _Seen, found: Drift, beside: Compared) -> None:
    rows = [
        (f"{tenth / 10:.1f} to {(tenth + 1) / 10:.1f}", f"{learned:.1%}", f"{share:.1%}")
        for tenth, (learned, share) in enumerate(zip(found.learned, found.seen, strict=True))
    ]
    say_table(_COLUMNS, rows)
    say()
    say_facts(
        {
            "model": [seen.version],
            "requests": [f"{found.requests:,} that it judged; {seen.others:,} others are not counted"],
            "index": [_index(found)],
            "verdict": [_verdict(found)],
            "holdout": _holdout(beside),
        }
    )


def _index(found: Drift) -> str:
    if found.psi is None:
        return "unknown"
    return f"population stability index {found.psi:.3f}; alike below {ALIKE:g}, different above {DIFFERENT:g}"


def _verdict(found: Drift) -> str:
    verdicts: Mapping[str, str] = {
        "too few": f"too few to say: {found.requests:,} of {FEWEST} requests",
        "alike": "the traffic is like what the model learned on",
        "moving": "warning: the traffic is moving away from what the model learned on; look again soon",
        "different": "recalibrate: the traffic is no longer what the model learned on; label some of it, then "
        "`gateway calibrate`, or `gateway train` anew",
    }
    return verdicts[found.verdict]


def _holdout(beside: Compared) -> list[str]:
    if not beside.drawn:
        return ["no local answer was drawn to be compared"]
    lines = [f"{beside.drawn:,} drawn at random, {beside.drawn - beside.failed:,} compared, {beside.failed:,} failed"]
    if beside.agreement is not None:
        lines.append(f"{_estimate(beside.agreement)}: all")
    lines += [f"{_estimate(part)}: {name}" for name, part in beside.by_reading.items()]
    return lines


def _estimate(one: Estimate) -> str:
    return f"{one.mean:.3f} agree with the strong model ({one.low:.3f} to {one.high:.3f}, 95%; {one.count:,} answers)"
