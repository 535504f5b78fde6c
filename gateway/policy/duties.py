"""The licence rules on a policy: its backends as deployments, what they break, and whom a request may not use.

Strict where the policy says who deploys (`entity`). Without it nothing can be said of most duties: then whoever has
some is reminded once, and nothing is refused.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

from gateway.errors import LicenceError
from gateway.licences.deployment import Deployment, Entity
from gateway.licences.gate import Gate
from gateway.licences.identify import identify
from gateway.licences.modality import Modality
from gateway.licences.papers import Papers
from gateway.licences.records import NONE, read
from gateway.licences.registry import Registry, packaged
from gateway.licences.resolve import Resolution, resolve
from gateway.licences.rules import RULES, Finding, judge
from gateway.policy.models import AUTO, BackendPolicy, Policy
from gateway.policy.place import has_own_server, is_local
from gateway.policy.report import Report
from gateway.spelling import remedy
from gateway.types import Completion, Level, Need

_MOST_BYTES = 1_000_000
# Names that servers give are theirs to choose.
_MOST_TOLD = 1_000
# Kinds whose answers are nobody's: for tests.
_SCRIPTED = "mock"
# What a backend says that it supports is what its model takes.
_SEES: Mapping[Need, Modality] = {Need.IMAGES: "image", Need.OTHER_MEDIA: "audio"}


def origin_of(backend: BackendPolicy, *, model: str | None = None) -> Resolution:
    """Return what a backend's model carries; `model` is the name that its server gave, where the policy names none."""
    named = model if backend.model == AUTO and model is not None else backend.model
    declared = backend.origin.declared or backend.licence
    found = resolve(
        "" if named == AUTO else named,
        packaged(),
        declared=declared,
        bases=backend.origin.base,
        provider=_provider(backend),
        modalities=(*backend.origin.modalities, *(_SEES[need] for need in backend.supports or () if need in _SEES)),
    )
    return replace(found, model=named)


def _provider(backend: BackendPolicy) -> str | None:
    """Return whose service answers, None where the entity runs the model itself."""
    if backend.origin.host is not None:
        return None if backend.origin.host == "self" else backend.origin.host.casefold()
    if backend.kind == "hosted" and not has_own_server(backend):
        return backend.model.partition("/")[0]
    return None if is_local(backend) or backend.kind == _SCRIPTED else "unknown"


def entity_of(policy: Policy) -> Entity | None:
    """Return who deploys, None where the policy does not say it."""
    said = policy.entity
    if said is None:
        return None
    registry = packaged()
    return Entity(
        name=said.name,
        seat=said.seat or None,
        exposure=said.exposure,
        affiliates=bool(said.affiliates),
        sectors=frozenset(registry.category(word) or word for word in said.sectors),
        users_in=frozenset(said.users_in),
    )


def deployments(policy: Policy, *, day: date | None = None) -> tuple[Deployment, ...]:
    """Return every backend as a deployment; where nobody said who deploys, as one before customers of unknown seat."""
    return tuple(deployment_of(name, policy, day=day) for name in policy.backends)


def deployment_of(name: str, policy: Policy, *, model: str | None = None, day: date | None = None) -> Deployment:
    """Return one backend as a deployment; `model` is what its server says it runs, where the policy leaves it open."""
    backend = policy.backends[name]
    return Deployment(
        backend=name,
        resolution=origin_of(backend, model=model),
        entity=entity_of(policy) or Entity(name="", seat=None, exposure="customers"),
        day=day or datetime.now(UTC).date(),
        hosted_by=_provider(backend),
        displayed=policy.licences.attribution is not None,
        served_as=backend.origin.served_as,
        tier=backend.origin.tier,
        sees_private=backend.clearance > Level.PUBLIC,
        records=policy.papers.records,
        text=policy.papers.texts.get(name),
    )


def gate_of(policy: Policy) -> Gate:
    """Return who keeps backends out of a request by the terms of their models."""
    excuses = set(policy.licences.warn)
    if policy.entity is None:
        excuses |= {"R-13", "R-14"}
    return Gate(
        [one for one in deployments(policy) if policy.backends[one.backend].kind != _SCRIPTED or one.licences],
        excuses=excuses,
    )


def findings(policy: Policy) -> Iterator[Finding]:
    """Yield what breaks the rules of loading, by backend."""
    for deployment in deployments(policy):
        backend = policy.backends[deployment.backend]
        if backend.kind == _SCRIPTED and not deployment.licences:
            continue
        yield from judge(deployment, excuses=policy.licences.warn).findings


def check_duties(policy: Policy, *, errors: Report, warnings: Report) -> None:
    """Add what the licence rules say of a policy."""
    _check_words(policy, errors)
    for name, backend in policy.backends.items():
        _check_licence(name, backend, errors, packaged())
    if errors.faults:
        return
    if policy.entity is None:
        _remind(policy, warnings)
        return
    for finding in findings(policy):
        if finding.effect == "error":
            errors.add_key(("backends", finding.backend), str(finding))
        else:
            warnings.add_key(("backends", finding.backend), str(finding) + _why(finding))


def _why(finding: Finding) -> str:
    return f" (a warning by licences.warn: {finding.excused})" if finding.excused is not None else ""


def _check_words(policy: Policy, errors: Report) -> None:
    registry = packaged()
    for number, word in enumerate(policy.entity.sectors if policy.entity else ()):
        if registry.category(word) is None:
            shown = errors.shown(("entity", "sectors", number), word)
            errors.add(
                ("entity", "sectors", number), f"there is no sector {shown}; {remedy(word, registry.categories)}"
            )
    for rule in policy.licences.warn:
        if rule not in RULES:
            errors.add_key(("licences", "warn", rule), f"there is no rule {rule!r}; {remedy(rule, RULES)}")


def _check_licence(name: str, backend: BackendPolicy, errors: Report, registry: Registry) -> None:
    path = ("backends", name, "licence")
    if backend.licence is not None and backend.licence not in registry.licences:
        shown = errors.shown(path, backend.licence)
        errors.add(path, f"there is no licence {shown}; {remedy(backend.licence, registry.licences)}")


def _remind(policy: Policy, warnings: Report) -> None:
    bound = [
        f"{name} ({licence.id})"
        for name, backend in policy.backends.items()
        if backend.licence is not None and backend.kind != _SCRIPTED
        for licence in [packaged().licences[backend.licence]]
        if licence.display is not None or licence.mau is not None or not licence.commercial
    ]
    if bound:
        what = (
            f"licence duties of {', '.join(bound)} are not checked here: say who deploys in `entity: {{name, seat, "
            "exposure}}`; `gateway licences check` lists them"
        )
        warnings.add_key(("backends",), what)


def read_papers(policy: Policy, file: Path | None, *, now: datetime | None = None) -> Papers:
    """Return what stands beside a policy's file; raises `LicenceError` for what is there and cannot be relied on."""
    folder = file.parent if file is not None else Path()
    path = records_path(policy, file)
    texts = {
        name: identify(_read(folder / backend.origin.text), packaged())
        for name, backend in policy.backends.items()
        if backend.origin.text is not None
    }
    return Papers(folder=folder, records=NONE if path is None else read(path, now=now), texts=texts)


def records_path(policy: Policy, file: Path | None) -> Path | None:
    """Return where a policy's attestations are: as it says, else beside its file; None for one without a file."""
    if file is not None:
        return records_beside(policy, file)
    return None if policy.licences.records is None else Path(policy.licences.records).expanduser()


def records_beside(policy: Policy, file: Path) -> Path:
    """Return where the attestations of a policy's file are."""
    if policy.licences.records is not None:
        return file.parent / Path(policy.licences.records).expanduser()
    return file.with_name(f"{file.stem}.attestations.jsonl")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise LicenceError(
            f"origin.text: {str(path)!r} cannot be read: {getattr(error, 'strerror', None) or error}"
        ) from error
    if len(raw) > _MOST_BYTES:
        raise LicenceError(f"origin.text: {str(path)!r} is larger than {_MOST_BYTES:,} bytes; name the licence's text")
    return raw


class Origins:
    """What the models of one policy's backends carry, worked out once; what a server says it runs, when it says it.

    Raises `LicenceError` for a licence that is not known.
    """

    def __init__(self, policy: Policy) -> None:
        for backend in policy.backends.values():
            if backend.licence is not None:
                packaged().get(backend.licence)
        self._policy = policy
        self._known = {name: origin_of(backend) for name, backend in policy.backends.items()}
        self._told: dict[tuple[str, str], Resolution] = {}

    def of(self, backend: str, completion: Completion | None) -> Resolution:
        """Return what the model of an answer carries."""
        given = self._policy.backends[backend]
        model = completion.model if completion is not None else ""
        if given.model != AUTO or not model:
            return self._known[backend]
        found = self._told.get((backend, model))
        if found is None:
            found = origin_of(given, model=model)
            if len(self._told) < _MOST_TOLD:
                self._told[backend, model] = found
        return found
