"""What rows of a report are grouped by: the dimensions of a cell, days and hours. Pure."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, get_args

from gateway.money.rollups import CallCell, Cell
from gateway.times import hour_start

By = Literal["backend", "model", "rule", "team", "tenant", "tag", "task", "licence", "source", "day", "hour"]
DIMENSIONS: tuple[By, ...] = get_args(By)
Group = tuple[str | None, ...]


def groups_of(cell: Cell | CallCell, start: int, by: Sequence[By]) -> list[Group]:
    """Return the groups of a cell's requests or calls in a step from `start`: one, but of several tags one each.

    Calls have no licence and no source of their own: they are grouped under None there.
    """
    groups: list[Group] = [()]
    for dimension in by:
        values = _values(cell, start, dimension)
        groups = [(*group, value) for group in groups for value in values]
    return groups


def _values(cell: Cell | CallCell, start: int, dimension: By) -> Sequence[str | None]:
    if dimension == "tag":
        return cell.tag_names or (None,)
    if dimension == "day":
        return (_day(start),)
    if dimension == "hour":
        return (_hour(start),)
    return (getattr(cell, dimension, None),)


# A day or an hour is that of many cells.
@lru_cache(maxsize=1024)
def _day(start: int) -> str:
    return f"{hour_start(start):%Y-%m-%d}"


@lru_cache(maxsize=1024)
def _hour(start: int) -> str:
    return f"{hour_start(start):%Y-%m-%dT%H:00Z}"
