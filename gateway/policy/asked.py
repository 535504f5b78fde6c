"""Whom the own keys of a judge name: the backends that it may want to ask. Reads values of any shape."""

from collections.abc import Iterator, Mapping

# The keys of every kind of judge, third parties' too: a name or several, the last as names by a name of the model's.
KEYS = ("backend", "backends", "voices")


def asked(options: Mapping[str, object]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield each backend that is named, with its place within the options."""
    for key in KEYS:
        value = options.get(key)
        if isinstance(value, str):
            yield (key,), value
        for place, name in _held(value):
            if isinstance(name, str):
                yield (key, place), name


def _held(value: object) -> Iterator[tuple[str | int, object]]:
    if isinstance(value, (list, tuple)):
        yield from enumerate(value)
    elif isinstance(value, Mapping):
        yield from ((str(key), name) for key, name in value.items())
