"""The keys that belong to a kind, checked by the kind's `Options`. Imports only the kinds that a policy names."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from pydantic import BaseModel

from gateway.errors import UnknownKindError
from gateway.policy.explain import Part
from gateway.policy.models import GIVEN, AcceptPolicy, BackendPolicy, PartPolicy
from gateway.policy.parts import LedgerPolicy
from gateway.policy.shape import Shaper
from gateway.policy.source import Path
from gateway.policy.tree import Tree, get
from gateway.spelling import nearest, remedy

Socket = Literal["backends", "classifiers", "detectors", "exporters", "judges", "ledgers"]
OptionsOf = Callable[[Socket, str], type[BaseModel]]
KindsOf = Callable[[Socket], Sequence[str]]

# What the router fills in for every replica.
_FILLED_IN = frozenset({*GIVEN, "model"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Use:
    """One mapping of the policy that names a kind."""

    socket: Socket
    model: type[BaseModel]
    word: str
    path: Path


def check_kinds(shaper: Shaper, *, options_of: OptionsOf, kinds_of: KindsOf) -> None:
    """Report unknown kinds and wrong options of known ones."""
    for use in _uses(shaper.tree):
        _report_given(shaper, use)
        kind = _kind(shaper, use)
        if kind is None:
            continue
        path = (*use.path, use.word)
        known = kinds_of(use.socket)
        if kind not in known:
            what = f"there is no {use.word} {shaper.report.shown(path, kind)}; {remedy(kind, known)}"
            shaper.report.add(path, what)
            _report_misspelt(shaper, use)
            continue
        try:
            options = options_of(use.socket, kind)
        except (UnknownKindError, ImportError) as error:
            shaper.report.add(path, f"{use.word} {kind!r} cannot be loaded: {shaper.report.hide(str(error))}")
            continue
        _check_options(shaper, use, kind, options)


def _uses(tree: Tree) -> Iterator[_Use]:
    for name in _keys(tree, ("backends",)):
        yield _Use(socket="backends", model=BackendPolicy, word="kind", path=("backends", name))
    yield _Use(socket="classifiers", model=PartPolicy, word="kind", path=("classifier",))
    yield _Use(socket="ledgers", model=LedgerPolicy, word="kind", path=("ledger",))
    for index in _indices(tree, ("detectors",)):
        yield _Use(socket="detectors", model=PartPolicy, word="kind", path=("detectors", index))
    for index in _indices(tree, ("exporters",)):
        yield _Use(socket="exporters", model=PartPolicy, word="kind", path=("exporters", index))
    for index in _indices(tree, ("rules",)):
        accept: Path = ("rules", index, "accept")
        if isinstance(get(tree, accept), dict):
            yield _Use(socket="judges", model=AcceptPolicy, word="judge", path=accept)
        for number in _indices(tree, accept):
            yield _Use(socket="judges", model=AcceptPolicy, word="judge", path=(*accept, number))


def _keys(tree: Tree, path: Path) -> list[str]:
    value = get(tree, path)
    return list(value) if isinstance(value, dict) else []


def _indices(tree: Tree, path: Path) -> range:
    value = get(tree, path)
    return range(len(value) if isinstance(value, list) else 0)


def _kind(shaper: Shaper, use: _Use) -> str | None:
    value = get(shaper.tree, use.path)
    if isinstance(value, dict):
        if use.word not in value:
            _report_misspelt(shaper, use)
        value = value.get(use.word)
    elif not issubclass(use.model, PartPolicy):
        return None
    if value is None or isinstance(value, (dict, list)):
        return None
    return str(value)


def _report_given(shaper: Shaper, use: _Use) -> None:
    for key in _written(shaper.tree, use) if use.socket == "backends" else ():
        if key in GIVEN:
            shaper.report.add_key((*use.path, key), f"unknown key; {GIVEN[key]}")


def _report_misspelt(shaper: Shaper, use: _Use) -> None:
    """Without its kind, nobody knows which other keys are right: report those that look like one of every kind's."""
    written = _written(shaper.tree, use)
    absent = [key for key in use.model.model_fields if key not in written]
    for key in written:
        if key not in use.model.model_fields and nearest(key, absent) is not None:
            shaper.explainer.unknown_key((*use.path, key), absent)


def _check_options(shaper: Shaper, use: _Use, kind: str, options: type[BaseModel]) -> None:
    fields = options.model_fields
    demanded = {name for name, field in use.model.model_fields.items() if field.is_required()}
    given = (_FILLED_IN | demanded).intersection(fields) if use.socket == "backends" else frozenset()
    if use.socket == "backends" and _written(shaper.tree, use).get("addresses") and "networks" not in fields:
        what = f"{use.word} {kind!r} looks no names up, so that nothing would be checked; remove addresses"
        shaper.report.add_key((*use.path, "addresses"), what)
    for index, url in enumerate(_urls(shaper, use, kind, options)):
        part = Part(
            path=use.path,
            beside=tuple(use.model.model_fields),
            given=given,
            moved={"url": (*use.path, "urls", index)},
            of=f" for {use.word} {shaper.report.shown((*use.path, use.word), kind)}",
        )
        shaper.shape(options, partial(_values, shaper.tree, use, options, url), part)


def _values(tree: Tree, use: _Use, options: type[BaseModel], url: object) -> dict[str, object]:
    """Return what the kind's options are made of: the kind's own keys, and what the router fills in."""
    written = _written(tree, use)
    if use.socket != "backends":
        return {key: value for key, value in written.items() if key not in _own(use)}
    kept = {
        key: value
        for key, value in written.items()
        if (key not in _own(use) and key not in GIVEN) or (key in _shared(use, options) and value is not None)
    }
    filled = {"name": use.path[-1]} | ({} if url is None else {"url": url})
    return kept | {key: value for key, value in filled.items() if key in options.model_fields}


def _urls(shaper: Shaper, use: _Use, kind: str, options: type[BaseModel]) -> Sequence[object]:
    urls = _written(shaper.tree, use).get("urls", [])
    urls = [urls] if isinstance(urls, str) else urls if isinstance(urls, list) else []
    field = options.model_fields.get("url")
    if use.socket == "backends" and urls and field is None:
        shaper.report.add_key((*use.path, "urls"), f"{use.word} {kind!r} has no servers to choose from; remove urls")
        return [None]
    if use.socket == "backends" and not urls and field is not None and field.is_required():
        shaper.report.add_key(use.path, "'urls' is missing; add it (Base URLs of one or more replicas)")
    return urls or [None]


def _written(tree: Tree, use: _Use) -> Tree:
    value = get(tree, use.path)
    return value if isinstance(value, dict) else {}


def _own(use: _Use) -> frozenset[str]:
    return frozenset(use.model.model_fields)


def _shared(use: _Use, options: type[BaseModel]) -> frozenset[str]:
    return _own(use).intersection(options.model_fields)
