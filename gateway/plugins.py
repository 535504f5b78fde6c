"""From a `kind` in the policy to the module that builds the part: a file of ours, or an entry point of a third party.

Third parties register `[project.entry-points."hybrid_gateway.backends"]` with `kind = "their.module"`.
"""

import importlib
import pkgutil
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, Protocol, cast

from pydantic import BaseModel

from gateway.errors import UnknownKindError
from gateway.policy.models import PartPolicy
from gateway.spelling import remedy

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

Socket = Literal["backends", "classifiers", "detectors", "exporters", "judges", "ledgers"]
SOCKETS: tuple[Socket, ...] = ("backends", "classifiers", "detectors", "exporters", "judges", "ledgers")


class KindModule(Protocol):
    """What a kind's module offers."""

    Options: type[BaseModel]

    # The part's type depends on the socket; the router gives it back its name.
    def build(self, options: Any, /) -> AbstractAsyncContextManager[Any]:
        """Open the part and close it when the context ends."""


@cache
def kinds(socket: Socket) -> tuple[str, ...]:
    """Return the kinds that are installed for a socket, ours first, without importing them."""
    package = importlib.import_module(f"gateway.{socket}")
    ours = sorted(module.name for module in pkgutil.iter_modules(package.__path__) if not module.name.startswith("_"))
    theirs = sorted(_theirs(socket))
    return (*ours, *(name for name in theirs if name not in ours))


@cache
def load(socket: Socket, kind: str) -> KindModule:
    """Import the module of a kind; raises `UnknownKindError` with the nearest right spelling."""
    if kind not in kinds(socket):
        raise UnknownKindError(f"unknown kind {kind!r} for {socket}; {remedy(kind, kinds(socket))}")
    package = importlib.import_module(f"gateway.{socket}")
    if any(module.name == kind for module in pkgutil.iter_modules(package.__path__)):
        module = importlib.import_module(f"gateway.{socket}.{kind}")
    else:
        module = _theirs(socket)[kind].load()
    return cast("KindModule", module)


def look_again() -> None:
    """Forget what is installed: a package that came since is found."""
    for known in (_installed, kinds, load):
        known.cache_clear()


@cache
def _installed() -> "tuple[EntryPoint, ...]":
    # Only who opens a policy looks for parts, and once: it reads what every installed package says of itself.
    from importlib.metadata import entry_points  # noqa: PLC0415

    points = entry_points()
    return tuple(point for socket in SOCKETS for point in points.select(group=_group(socket)))


def _theirs(socket: Socket) -> "dict[str, EntryPoint]":
    # Of two of a name the first counts.
    return {point.name: point for point in reversed(_installed()) if point.group == _group(socket)}


def _group(socket: Socket) -> str:
    return f"hybrid_gateway.{socket}"


def options(socket: Socket, kind: str) -> type[BaseModel]:
    """Return the options of a kind, for checking a policy; raises `UnknownKindError`."""
    return load(socket, kind).Options


# The part's type depends on the socket.
async def open_part(stack: AsyncExitStack, socket: Socket, part: PartPolicy) -> Any:
    """Open a part of a policy; the stack closes it."""
    module = load(socket, part.kind)
    return await stack.enter_async_context(module.build(module.Options.model_validate(part.options)))


def named(parts: Sequence[PartPolicy]) -> dict[str, PartPolicy]:
    """Name each part by its kind, a second one of the same kind by its number as well."""
    by_name: dict[str, PartPolicy] = {}
    for number, part in enumerate(parts, start=1):
        by_name[part.kind if part.kind not in by_name else f"{part.kind} {number}"] = part
    return by_name
