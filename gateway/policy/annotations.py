"""Which keys a model takes at a path, read from its annotations: for suggestions, never for validation."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo


# Annotations have no common type, hence `Any` in this file.
def fields_at(model: Any, path: Sequence[str | int]) -> Mapping[str, FieldInfo]:
    """Return the fields of the mapping at a path of a model's values, none where any key will do."""
    candidates = [model]
    for part in path:
        candidates = [inner for candidate in candidates for inner in _inside(candidate, part)]
    return {
        field.alias or name: field
        for candidate in candidates
        if _is_model(candidate)
        for name, field in candidate.model_fields.items()
    }


def _inside(annotation: Any, part: str | int) -> list[Any]:
    if _is_model(annotation):
        field = annotation.model_fields.get(part)
        return _choices(field.annotation) if field else [annotation]
    arguments = [argument for argument in getattr(annotation, "__args__", ()) if argument is not ...]
    return _choices(arguments[-1]) if arguments else [annotation]


def _choices(annotation: Any) -> list[Any]:
    """Return the members of a union, bare of what `Annotated` adds."""
    if hasattr(annotation, "__metadata__"):
        return _choices(annotation.__origin__)
    arguments = getattr(annotation, "__args__", ())
    if not arguments or getattr(annotation, "__origin__", None) in (list, tuple, dict, set, frozenset):
        return [annotation]
    return [inner for argument in arguments for inner in _choices(argument)]


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
