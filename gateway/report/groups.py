"""The parts of a report by some of their names, and what each group bears of the hardware."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.money.rollups import Sums
from gateway.money.savings import Savings
from gateway.money.split import split
from gateway.report.columns import OTHER, Table
from gateway.report.parts import Made, Part

# More rows than that are summed up in one.
MOST_ROWS = 100
Names = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Groups:
    """Requests and calls by some names, the most requests first."""

    keys: tuple[Names, ...]
    requests: Mapping[Names, Sums]
    calls: Mapping[Names, Made]
    work: Mapping[Names, Mapping[int, int]]


def grouped(table: Table, by: Sequence[str]) -> Groups:
    """Return the parts by some of their names; those beyond `MOST_ROWS` together."""
    known = _grouped(table, by, {})
    ordered = sorted(known.keys, key=lambda names: (-known.requests[names].requests, by_name(names)))
    if len(ordered) <= MOST_ROWS:
        return Groups(tuple(ordered), known.requests, known.calls, known.work)
    rest: Names = (OTHER,) * len(by)
    kept = [names for names in ordered if names != rest][: MOST_ROWS - 1]
    moved = {names: rest for names in ordered if names not in set(kept)}
    fewer = _grouped(table, by, moved)
    return Groups((*kept, rest), fewer.requests, fewer.calls, fewer.work)


def _grouped(table: Table, by: Sequence[str], moved: Mapping[Names, Names]) -> Groups:
    requests: dict[Names, Sums] = {}
    calls: dict[Names, Made] = {}
    work: dict[Names, dict[int, int]] = {}
    for part, sums in table.requests.items():
        names = _names(part, by, moved)
        requests[names] = requests.get(names, Sums()).plus(sums)
    for (part, pool), made in table.calls.items():
        if not made.calls and not made.work:
            continue
        names = _names(part, by, moved)
        requests.setdefault(names, Sums())
        calls[names] = calls.get(names, Made()).plus(made)
        if made.work:
            worked = work.setdefault(names, {})
            worked[pool] = worked.get(pool, 0) + made.work
    return Groups(tuple(requests), requests, calls, work)


def hardware(account: Savings, groups: Groups) -> dict[Names, int | None]:
    """Return each group's share of what the pools cost by GPU time; None of all where a pool's rates are unknown."""
    if account.unrated:
        return dict.fromkeys(groups.keys)
    shares: dict[Names, int | None] = dict.fromkeys(groups.keys, 0)
    for place, pool in enumerate(account.pools):
        worked = [groups.work.get(names, {}).get(place, 0) for names in groups.keys]
        if sum(worked):
            for names, part in zip(groups.keys, split(pool.cost.nano_usd, worked), strict=True):
                shares[names] = (shares[names] or 0) + part
    return shares


def by_name(names: Names) -> tuple[tuple[bool, str], ...]:
    """Return what sorts names: those without one last."""
    return tuple((value is None, value or "") for value in names)


def _names(part: Part, by: Sequence[str], moved: Mapping[Names, Names]) -> Names:
    names: Names = tuple(getattr(part, name) for name in by)
    return moved.get(names, names)
