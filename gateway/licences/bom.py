"""A bill of the models that served, as CycloneDX 1.6 or 1.7: each with its card, its licences and what it came from.

What the ledger or the registry does not know is left out, never made up.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal
from uuid import UUID

from gateway.licences.models import Licence
from gateway.licences.register import Use

Version = Literal["1.6", "1.7"]
_NAMESPACE = "hybrid-gateway"
# The ids of the registry that SPDX's list has.
_LISTED = frozenset({"Apache-2.0", "MIT", "CC-BY-NC-4.0"})


def cyclonedx(  # noqa: PLR0913 - what a bill is of, each by its name
    uses: Sequence[Use], *, version: Version, product: str, release: str, serial: UUID, at: datetime
) -> dict[str, Any]:
    """Return the bill as a JSON object."""
    models = {use.name: use for use in sorted(uses, key=lambda use: use.name)}
    bases = {base: None for use in models.values() for base in use.deployment.resolution.bases if base not in models}
    root = f"{_NAMESPACE}@{release}"
    components = [_model(use) for use in models.values()]
    components += [{"type": "machine-learning-model", "bom-ref": _ref(base), "name": base} for base in bases]
    depends = [{"ref": root, "dependsOn": [_ref(name) for name in models]}]
    depends += [
        {"ref": _ref(name), "dependsOn": [_ref(base) for base in use.deployment.resolution.bases]}
        for name, use in models.items()
        if use.deployment.resolution.bases
    ]
    return {
        "$schema": f"http://cyclonedx.org/schema/bom-{version}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": version,
        "serialNumber": serial.urn,
        "version": 1,
        "metadata": {
            "timestamp": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "tools": {"components": [{"type": "application", "name": _NAMESPACE, "version": release}]},
            "component": {"type": "application", "bom-ref": root, "name": product},
        },
        "components": components,
        "dependencies": depends,
    }


def _ref(name: str) -> str:
    return f"model:{name}"


def _model(use: Use) -> dict[str, Any]:
    resolution = use.deployment.resolution
    component: dict[str, Any] = {"type": "machine-learning-model", "bom-ref": _ref(use.name), "name": use.name}
    licences = [*(_licence(one, "concluded") for one in resolution.licences), *_declared(use)]
    if licences:
        component["licenses"] = licences
    attribution = "; ".join(resolution.attribution)
    if attribution:
        component["copyright"] = attribution
    if resolution.bases:
        component["pedigree"] = {
            "ancestors": [{"type": "machine-learning-model", "name": base} for base in resolution.bases]
        }
    return {**component, "modelCard": _card(use), "properties": _properties(use)}


def _licence(licence: Licence, how: str) -> dict[str, Any]:
    spdx, url = licence.refs.spdx, licence.text.url
    named = {"id": spdx} if spdx in _LISTED else {"name": f"{licence.name} ({spdx})"}
    linked = {"url": url} if url.startswith("https://") else {}
    return {"license": {**named, **linked, "acknowledgement": how}}


def _declared(use: Use) -> list[dict[str, Any]]:
    declared = use.deployment.resolution.declared
    carried = {one.id for one in use.deployment.licences}
    if declared is None or declared in carried:
        return []
    return [{"license": {"name": declared, "acknowledgement": "declared"}}]


def _card(use: Use) -> dict[str, Any]:
    resolution = use.deployment.resolution
    inputs = [{"format": modality} for modality in sorted(resolution.modalities)]
    limits = [
        f"The use policy {one.use_policy.url} forbids: {', '.join(one.use_policy.categories)}."
        for one in resolution.licences
        if one.use_policy is not None
    ]
    parameters: dict[str, Any] = {"task": "text-generation", "outputs": [{"format": "text"}]}
    if inputs:
        parameters["inputs"] = inputs
    card: dict[str, Any] = {"modelParameters": parameters}
    if limits:
        card["considerations"] = {"technicalLimitations": limits}
    return card


def _properties(use: Use) -> list[Mapping[str, str]]:
    values = {"backend": use.deployment.backend, "host": use.deployment.hosted_by or "self"}
    if use.served is not None:
        values |= {
            "answers": str(use.served.answers),
            "calls": str(use.served.calls),
            "first": use.served.first.astimezone(UTC).isoformat(timespec="seconds"),
            "last": use.served.last.astimezone(UTC).isoformat(timespec="seconds"),
        }
    values |= {f"conflict:{one.code}": one.text for one in use.deployment.resolution.conflicts}
    return [{"name": f"{_NAMESPACE}:{name}", "value": value} for name, value in values.items()]
