"""From the name of a model to the licences that it carries: its own, and those of all that it was made from.

What a hub declares and what the base chain concludes are kept apart and compared. A name may be a hub's id, an alias,
a file or a quantisation: whatever family stands in it counts, and nothing that was added can take a base away.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from gateway.licences.modality import Modality
from gateway.licences.models import OUTPUTS, Family, Licence, Model
from gateway.licences.registry import Registry

_LONGEST = 200
_SUFFIXES = re.compile(r"\.(gguf|ggml|safetensors|llamafile|bin|pt|onnx|mlx)$")
# What somebody did to the numbers of a model, or how it is packed: the model stays what it was.
_PACKINGS = re.compile(
    r"(?<=-)(i?q\d(-(\d|k|s|m|l|xs|xxs|xl|nl))*|awq|gptq|fp\d+|bf16|f16|int\d|w\d+a\d+|\d+bits?|bnb|exl2|mlx|gguf|llamafile|"
    r"quantized|unsloth|dynamic|imat|turbo|latest|hf)(?=-|$)"
)
_LETTER_THEN_VERSION = re.compile(r"(?<=[a-z])(?=\d)")
_MAJOR_MINOR = re.compile(r"(?<![\w.])(\d)-(\d)(?![\w.])")
# `v3`, `r1`, `k2`, `70b`, `4bit`, `vl2`: a word of its own, not a name with its version.
_KEPT_WHOLE = re.compile(r"^([a-z]|vl|fp|int|bf)?\d")
_PACKED_AFTER_A_DOT = re.compile(r"\.(?=i?q\d|fp\d|bf16|f16)")
# Meta's own copies, and Bedrock's names of them, put the maker before the model.
# Before that, Bedrock puts where it answers: `eu.meta.llama3-2-3b`.
_PLACES = re.compile(r"^(us|eu|apac|us-gov|jp|au|ca|sa|global)\.(?=[a-z]+\.)")
# Fireworks writes `llama-v3p1` and `qwen2p5`.
_POINT = re.compile(r"(?<=\d)p(?=\d)")
_LLAMA_V = re.compile(r"(?<![a-z])llama-?v(?=\d)")
_HYPHENS = re.compile(r"[\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{FIGURE DASH}\N{EN DASH}\N{MINUS SIGN}]")
_MAKERS = frozenset({"meta", "amazon", "anthropic", "mistral-ai", "google"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """What does not fit together in what is said of a model: `code` for programs, `text` for people."""

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What is known of one model. `licences` are all that it carries, `concluded` the one that binds the most.

    `concluded` is None where none is known, or a part is of unknown terms; `attribution` are the texts to show beside
    answers. `declared` is what a hub or its maker says, as a licence's id where it is one. `families` are those in its
    name, `bases` the models that it was made from. `unsettled` says that a part of it is of unknown terms.
    """

    model: str
    declared: str | None
    licences: tuple[Licence, ...]
    families: tuple[str, ...]
    bases: tuple[str, ...]
    modalities: frozenset[Modality]
    taken: Mapping[str, frozenset[Modality]]
    unsettled: tuple[str, ...]
    conflicts: tuple[Conflict, ...]

    concluded: Licence | None = field(init=False, compare=False)
    attribution: tuple[str, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        # Asked at every request, and worked out once.
        texts = dict.fromkeys(text for licence in self.licences for text in licence.attribution)
        object.__setattr__(self, "concluded", max(self.licences, key=strictness) if self.known else None)
        object.__setattr__(self, "attribution", tuple(texts))

    @property
    def known(self) -> bool:
        """Whether every part of it has terms that are known."""
        return bool(self.licences) and not self.unsettled

    def takes(self, licence: Licence) -> frozenset[Modality]:
        """Return what the part under a licence takes; empty where nobody knows."""
        return self.taken.get(licence.id, frozenset())

    @property
    def licence_id(self) -> str | None:
        """The id of the licence that binds the most, None where it is not known."""
        return None if self.concluded is None else self.concluded.id

    @property
    def derived(self) -> bool:
        """Whether it was made from another model."""
        return bool(self.bases)

    @property
    def prefixes(self) -> tuple[str, ...]:
        """What the name of a model made from it begins with, one of them."""
        return tuple(dict.fromkeys(one.name_prefix.text for one in self.licences if one.name_prefix is not None))


def strictness(licence: Licence) -> tuple[object, ...]:
    """Return how much a licence binds, to compare: what may not be sold first, then limits, duties, and outputs."""
    duties = (licence.display, licence.name_prefix, licence.derived_display, licence.notice)
    return (
        not licence.commercial,
        bool(licence.regions),
        licence.mau is not None,
        sum(duty is not None for duty in duties),
        licence.use_policy is not None,
        OUTPUTS.index(licence.outputs.train),
        not licence.generic,
        licence.version_date is not None and licence.version_date.toordinal(),
    )


def resolve(  # noqa: PLR0913 - all that may be said of a model, each by its name
    model: str,
    registry: Registry,
    *,
    declared: str | None = None,
    bases: Sequence[str] = (),
    provider: str | None = None,
    modalities: Iterable[Modality] = (),
) -> Resolution:
    """Return what a model carries.

    `declared` is the tag that its hub shows or the licence that somebody names, `bases` what it was made from besides
    what its name says, `provider` whose service answers.
    """
    model, modalities = model[:_LONGEST], frozenset(modalities)
    found = _Found({}, {}, {}, set(), {}, [])
    own = _own(model, registry, found, named=True)
    for base in bases:
        _add_base(base, registry, found)
    tag = declared if declared is not None else found.declared
    said = None if tag is None else registry.declared(tag)
    service = provider_of(provider, registry)
    if service is not None:
        found.licences.setdefault(service.id, service)
    named = None if said is None else registry.licences[said]
    _settled(found, named, registry)
    # Whoever knows a model that we do not may say its licence; a base whose terms are unknown is not settled by it.
    if named is not None and not own and not (found.licences and named.generic):
        found.licences.setdefault(named.id, named)
        found.taken.setdefault(named.id, frozenset())
    found.taken = {licence: takes.union(modalities) for licence, takes in found.taken.items()}
    if provider is not None and not found.licences and not found.unsettled:
        generic = registry.licences["proprietary-api"]
        found.licences[generic.id] = generic
    return Resolution(
        model=model,
        declared=said if said is not None else tag,
        licences=tuple(found.licences.values()),
        families=tuple(found.families),
        bases=tuple(found.bases),
        modalities=frozenset(found.modalities).union(modalities),
        taken=found.taken,
        unsettled=tuple(dict.fromkeys(found.unsettled)),
        conflicts=tuple(_conflicts(model, tag, said, found, named)),
    )


def provider_of(name: str | None, registry: Registry) -> Licence | None:
    """Return the terms of a provider's service, None where they are not known."""
    known = (one for one in registry.licences.values() if one.service and name in one.service.providers)
    return next(known, None) if name else None


def has_prefix(name: str, prefix: str) -> bool:
    """Whether a model's name begins with a prefix, whatever stands between its words; an owner before it is none."""
    words, wanted = _plain(name.rpartition("/")[2]), _plain(prefix)
    return words[: len(wanted)] == wanted and not words[len(wanted) :].startswith(".")


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).casefold()


def words_of(model: str) -> tuple[str, ...]:
    """Return the words of a model's name, without owner and packing: `llama3.1:8b` as `llama`, `3.1`, `8b`."""
    name = _HYPHENS.sub("-", model).strip().casefold().replace("\\", "/").rstrip("/").rpartition("/")[2]
    name = _PLACES.sub("", _LLAMA_V.sub("llama-", _POINT.sub(".", name)))
    name = _PACKED_AFTER_A_DOT.sub("-", _SUFFIXES.sub("", name))
    name = re.sub(r"[\s_:@+()\[\]]+", "-", name)
    maker, dot, rest = name.partition(".")
    name = rest if dot and maker in _MAKERS else name
    name = "-".join(_split(part) for part in name.split("-"))
    name = _MAJOR_MINOR.sub(r"\1.\2", _PACKINGS.sub("", name))
    return tuple(word for word in name.split("-") if word)


def _split(part: str) -> str:
    """Return `llama3.1` as `llama-3.1`, and leave `70b`, `v3`, `r1` and `4bit` as they are."""
    return part if _KEPT_WHOLE.match(part) else _LETTER_THEN_VERSION.sub("-", part, count=1)


@dataclass(frozen=True, slots=True)
class _Match:
    family: Family
    model: Model
    covered: frozenset[int]


@lru_cache(maxsize=4096)
def _pattern(name: str) -> tuple[str, ...]:
    return words_of(name)


def _matches(words: Sequence[str], registry: Registry) -> list[_Match]:
    found = [match for family in registry.families.values() if (match := _match(words, family)) is not None]
    sure = [match for match in found if not match.family.vague]
    covered = frozenset[int]().union(*(match.covered for match in sure))
    return [*sure, *(match for match in found if match.family.vague and not match.covered <= covered)]


def _match(words: Sequence[str], family: Family) -> _Match | None:
    for model in family.models:
        places = [places for name in model.names for places in _places(words, name, vague=family.vague)]
        if places:
            return _Match(family, model, frozenset().union(*places))
    return None


def _places(words: Sequence[str], name: str, *, vague: bool) -> Iterator[frozenset[int]]:
    if vague:
        # A maker's name grown into another word (`chatllama7b`) is as good a sign as the word alone.
        found = frozenset(number for number, word in enumerate(words) if name in word)
        yield from (frozenset({number}) for number in found)
        return
    pattern = _pattern(name)
    for start in range(len(words) - len(pattern) + 1):
        if all(want in ("*", word) for want, word in zip(pattern, words[start:], strict=False)):
            yield frozenset(range(start, start + len(pattern)))


@dataclass(slots=True)
class _Found:
    licences: dict[str, Licence]
    families: dict[str, None]
    bases: dict[str, None]
    modalities: set[Modality]
    taken: dict[str, frozenset[Modality]]
    unsettled: list[str]
    declared: str | None = None


@lru_cache(maxsize=1024)
def _cached_words(model: str) -> tuple[str, ...]:
    return words_of(model)


def _own(model: str, registry: Registry, found: _Found, *, named: bool) -> bool:
    """Add what a name says; True where it is of a family that is known. `named` is the model itself, and no base."""
    matches = _matches(_cached_words(model), registry)
    for match in matches:
        found.families.setdefault(match.family.id)
        found.modalities.update(match.model.modalities)
        if named and match.model.declared is not None:
            # Of two families in one name, that with a base is the maker's own word.
            found.declared = match.model.declared if match.model.base or not found.declared else found.declared
        if match.model.licence is not None:
            licence = registry.licences[match.model.licence]
            found.licences.setdefault(licence.id, licence)
            takes = found.taken.get(licence.id, frozenset())
            found.taken[licence.id] = takes.union(match.model.modalities)
        elif not match.model.base:
            found.unsettled.append(match.family.name)
        for base in match.model.base:
            _add_base(base, registry, found)
    return any(not match.family.vague for match in matches)


def _settled(found: _Found, named: Licence | None, registry: Registry) -> None:
    """Drop the doubt of a vague word (`llama`) where a base, or who runs it, says which of its maker's it is."""
    sure = {registry.families[name].publisher for name in found.families if not registry.families[name].vague}
    for family in [registry.families[name] for name in found.families if registry.families[name].vague]:
        of_maker = {
            model.licence
            for one in registry.families.values()
            if one.publisher == family.publisher
            for model in one.models
        }
        if family.publisher in sure or (named is not None and named.id in of_maker):
            found.unsettled = [what for what in found.unsettled if what != family.name]


def _add_base(base: str, registry: Registry, found: _Found) -> None:
    if base in found.bases:
        return
    found.bases[base] = None
    doubts = len(found.unsettled)
    if not _own(base, registry, found, named=False) and len(found.unsettled) == doubts:
        found.unsettled.append(f"the base {base}")


def _conflicts(
    model: str, tag: str | None, said: str | None, found: _Found, named: Licence | None
) -> Iterator[Conflict]:
    carried = {licence.id for licence in found.licences.values() if licence.service is None}
    if tag is not None and said is None and tag not in ("other", "unknown"):
        yield Conflict(code="declared_unknown", text=f"it is declared as {tag!r}, which no licence here is called")
    if named is not None and not named.generic and carried:
        # Code Llama has a file of its own and the words of Llama 2.
        same = {one.id for one in found.licences.values() if one.refs.spdx == named.refs.spdx}
        others = [one.name for one in found.licences.values() if one.id in carried - same]
        if not same:
            yield Conflict(
                code="declared_differs", text=f"it is declared as {named.id}, but carries {_listed(carried)}"
            )
        elif others:
            yield Conflict(
                code="base_left_out", text=f"it is declared as {named.id} alone, but {', '.join(others)} holds as well"
            )
    prefixes = tuple(dict.fromkeys(one.name_prefix.text for one in found.licences.values() if one.name_prefix))
    if found.bases and prefixes and not any(has_prefix(model, prefix) for prefix in prefixes):
        yield Conflict(
            code="prefix_missing",
            text=f"its name does not begin with {' or '.join(map(repr, prefixes))}, which its base asks for",
        )
    for what in dict.fromkeys(found.unsettled):
        yield Conflict(
            code="terms_unknown", text=f"the terms of one part are not known: {what}; name it in origin.base"
        )


def _listed(ids: Iterable[str]) -> str:
    return ", ".join(sorted(ids))


def as_dict(resolution: Resolution) -> Mapping[str, object]:
    """Return a resolution for programs."""
    concluded = resolution.concluded
    binding = [one for one in (concluded, *resolution.licences) if one is not None]
    mau = next((one.mau for one in binding if one.mau is not None), None)
    return {
        "model": resolution.model,
        "declared": resolution.declared,
        "concluded": None if concluded is None else concluded.id,
        "licences": [licence.id for licence in resolution.licences],
        "families": list(resolution.families),
        "bases": list(resolution.bases),
        "modalities": sorted(resolution.modalities),
        "display": next(iter(resolution.attribution), None),
        "notice": next((one.notice.text for one in binding if one.notice is not None), None),
        "notices": [one.notice.text for one in resolution.licences if one.notice is not None],
        "prefix": next(iter(resolution.prefixes), None),
        "mau": None if mau is None else mau.model_dump(mode="json"),
        "outputs": _outputs(resolution),
        "conflicts": [{"code": one.code, "text": one.text} for one in resolution.conflicts],
    }


def _outputs(resolution: Resolution) -> str | None:
    rules = [one.outputs.train for one in resolution.licences]
    return max(rules, key=OUTPUTS.index) if rules and not resolution.unsettled else None
