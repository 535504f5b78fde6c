"""The licences that are known, the families of models, and the words of their use policies: one YAML file each.

A file with a missing, an unknown or a wrong field is an error that names the file and the field. No legal advice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Protocol, TypeVar

import yaml
from pydantic import ValidationError

from gateway.errors import LicenceError
from gateway.licences.models import Category, Entry, Family, Licence
from gateway.spelling import nearest, remedy

_Entry = TypeVar("_Entry", bound=Entry)
_LICENCES, _FAMILIES, _CATEGORIES = "texts", "families", "categories.yaml"


class Folder(Protocol):
    """What is read of a folder, of the package or of a disk."""

    def joinpath(self, *parts: str) -> "Folder":
        """Return what is below."""
        ...

    def iterdir(self) -> Iterable["Folder"]:
        """Return what is inside."""
        ...

    def read_text(self, encoding: str) -> str:
        """Return the text of a file."""
        ...

    @property
    def name(self) -> str:
        """The last part of its path."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """All that is known: licences by id, families by id, and categories of use by id."""

    licences: Mapping[str, Licence]
    families: Mapping[str, Family]
    categories: Mapping[str, Category]

    def get(self, licence_id: str) -> Licence:
        """Return a licence; raises `LicenceError` with the nearest right spelling for an unknown id."""
        found = self.licences.get(licence_id)
        if found is None:
            raise LicenceError(f"unknown licence {licence_id!r}; {remedy(licence_id, self.licences)}")
        return found

    def declared(self, tag: str) -> str | None:
        """Return the licence that a hub's tag or an id means, None where it means none that is known."""
        word = tag.strip().casefold().removeprefix("license:")
        for licence in self.licences.values():
            refs = licence.refs
            if word in (licence.id, refs.spdx.casefold(), refs.licensedb, *refs.hf_tags):
                return licence.id
        return None

    def category(self, word: str) -> str | None:
        """Return the category that a word means: its id, or another word for it."""
        wanted = word.strip().casefold().replace("_", "-").replace(" ", "-")
        return next((one.id for one in self.categories.values() if wanted == one.id or wanted in one.also), None)


@cache
def packaged() -> Registry:
    """Return the registry that ships."""
    return load(resources.files("gateway.licences"))


def load(folder: Folder | Path) -> Registry:
    """Return the registry of a folder with `texts`, `families` and `categories.yaml`; raises `LicenceError`."""
    licences = _entries(folder.joinpath(_LICENCES), Licence)
    families = _entries(folder.joinpath(_FAMILIES), Family)
    listed = _values(folder.joinpath(_CATEGORIES))
    items = listed if isinstance(listed, list) else [listed]
    categories = [_entry(item, Category, f"{_CATEGORIES}[{number}]") for number, item in enumerate(items)]
    known = {category.id: category for category in categories}
    for licence in licences.values():
        for word in licence.use_policy.categories if licence.use_policy else ():
            _check(word, known, f"{_LICENCES}/{licence.id}.yaml", "use_policy.categories")
    for family in families.values():
        for number, model in enumerate(family.models):
            if model.licence is not None:
                _check(model.licence, licences, f"{_FAMILIES}/{family.id}.yaml", f"models[{number}].licence")
    return Registry(licences=licences, families=families, categories=known)


def ids() -> tuple[str, ...]:
    """Return the ids of the licences that ship."""
    return tuple(packaged().licences)


def get(licence_id: str) -> Licence:
    """Return a licence that ships; raises `LicenceError`."""
    return packaged().get(licence_id)


def _entries(folder: Folder | Path, kind: type[_Entry]) -> dict[str, _Entry]:
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    entries: dict[str, _Entry] = {}
    for file in files:
        told = f"{folder.name}/{file.name}"
        entry = _entry(_values(file), kind, told)
        stem = file.name.removesuffix(".yaml")
        own = getattr(entry, "id", stem)
        if own != stem:
            raise LicenceError(f"{told}: id: this is {own!r} in a file named {stem!r}; give both one name")
        entries[stem] = entry
    return entries


def _values(file: Folder | Path) -> object:
    try:
        return yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        told = " ".join(str(error).split())
        raise LicenceError(f"{file.name}: cannot be read as YAML: {told}; mend the file") from error


def _entry(values: object, kind: type[_Entry], told: str) -> _Entry:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise LicenceError("\n".join(problems(error, told))) from error


def problems(error: ValidationError, told: str) -> list[str]:
    """Return what is wrong with a file of the registry, or one like it, each with file and field."""
    details = error.errors(include_url=False)
    missing = [str(detail["loc"][-1]) for detail in details if detail["type"] == "missing"]
    lines = []
    for detail in details:
        place = ".".join(map(str, detail["loc"])) or "the file"
        if detail["type"] == "missing":
            lines.append(f"{told}: {place}: this field is missing; write it, with null where there is none")
        elif detail["type"] == "extra_forbidden":
            near = nearest(str(detail["loc"][-1]), missing)
            lines.append(f"{told}: {place}: unknown field; " + (f"did you mean {near!r}?" if near else "remove it"))
        else:
            lines.append(f"{told}: {place}: {detail['msg'][0].lower()}{detail['msg'][1:]}")
    return lines


def _check(word: str, known: Iterable[str], told: str, field: str) -> None:
    if word not in known:
        raise LicenceError(f"{told}: {field}: there is no {word!r}; {remedy(word, known)}")
