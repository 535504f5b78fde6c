"""A bill of the models that served, as SPDX 3.0.1 in JSON-LD: each an AI package, declared and concluded kept apart.

When a model was released and which version it is, nobody here knows: so the AI profile is used and not claimed.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from gateway.licences.models import Licence
from gateway.licences.register import Use
from gateway.licences.registry import packaged

_CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
_CREATION = "_:creation"
_UNSAID = "expandedlicensing_NoAssertionLicense"


def spdx(uses: Sequence[Use], *, product: str, release: str, serial: UUID, at: datetime) -> dict[str, Any]:
    """Return the bill as a JSON-LD object."""
    graph = _Graph(f"{serial.urn}#")
    agent = graph.element("agent", "SoftwareAgent", name=f"hybrid-gateway {release}")
    packages = [
        graph.package(use) for use in {use.name: use for use in sorted(uses, key=lambda use: use.name)}.values()
    ]
    graph.relate_bases()
    bom = graph.element("bom", "software_Sbom", name=f"The models that served {product}", rootElement=packages)
    ids = [element["spdxId"] for element in graph.elements]
    document = {
        "type": "SpdxDocument",
        "spdxId": graph.name("document"),
        "creationInfo": _CREATION,
        "name": f"{product}: models",
        "rootElement": [bom],
        "element": ids,
        "profileConformance": ["core", "software", "simpleLicensing"],
    }
    creation = {
        "type": "CreationInfo",
        "@id": _CREATION,
        "specVersion": "3.0.1",
        "created": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "createdBy": [agent],
    }
    # An empty list is no value in SPDX: a period in which nobody served has no elements to point at.
    if not packages:
        next(element for element in graph.elements if element["spdxId"] == bom).pop("rootElement")
    return {"@context": _CONTEXT, "@graph": [creation, document, *graph.elements]}


class _Graph:
    """Elements and their relationships, each by a name of its own."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._known: dict[str, str] = {}
        self.elements: list[dict[str, Any]] = []
        self._bases: dict[str, Sequence[str]] = {}

    def name(self, name: str) -> str:
        return f"{self._prefix}{quote(name, safe='')}"

    def element(self, key: str, kind: str, **values: Any) -> str:
        """Add an element once, and return its id."""
        if key not in self._known:
            self._known[key] = self.name(key)
            self.elements.append({"type": kind, "spdxId": self._known[key], "creationInfo": _CREATION, **values})
        return self._known[key]

    def relate(self, one: str, how: str, others: Sequence[str]) -> None:
        """Add a relationship."""
        ends = {"from": one, "relationshipType": how, "to": list(others)}
        self.element(f"relationship-{len(self.elements)}", "Relationship", **ends)

    def package(self, use: Use) -> str:
        """Add a model with its licences and what it was made from."""
        resolution = use.deployment.resolution
        values: dict[str, Any] = {"name": use.name, "software_primaryPurpose": "model"}
        if use.served is not None:
            values["comment"] = f"{use.served.answers} answers, {use.served.calls} calls through {use.served.backend}"
        if resolution.attribution:
            values["software_attributionText"] = list(resolution.attribution)
        model = self.element(f"model-{use.name}", "ai_AIPackage", **values)
        declared = packaged().licences.get(resolution.declared or "")
        self.relate(model, "hasDeclaredLicense", [self._expression([declared] if declared else [])])
        self.relate(model, "hasConcludedLicense", [self._expression(resolution.licences if resolution.known else [])])
        self._bases[model] = resolution.bases
        return model

    def relate_bases(self) -> None:
        """Add what models were made from, once all that served are there."""
        for model, bases in self._bases.items():
            there = [
                self.element(f"model-{base}", "ai_AIPackage", name=base, software_primaryPurpose="model")
                for base in bases
            ]
            if there:
                self.relate(model, "descendantOf", there)

    def _expression(self, licences: Sequence[Licence]) -> str:
        if not licences:
            return _UNSAID
        text = " AND ".join(dict.fromkeys(one.refs.spdx for one in licences))
        return self.element(
            f"licence-{text}", "simplelicensing_LicenseExpression", simplelicensing_licenseExpression=text
        )
