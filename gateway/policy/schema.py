"""The JSON Schema (2020-12) of a policy's YAML, with the keys of every kind: editors complete and check by it."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from gateway.policy.kinds import KindsOf, OptionsOf, Socket
from gateway.policy.models import GIVEN, Policy

# A schema is open-ended JSON.
Schema = dict[str, Any]

IDENTIFIER = "urn:hybrid-gateway:policy:1"

_REFERENCE: Schema = {"type": "string", "pattern": r"\$\{", "description": "${NAME} or ${NAME:-default}"}
_INSIDE_ONE = ("items", "additionalProperties")
_INSIDE_MANY = ("anyOf", "allOf", "oneOf", "prefixItems")
_PARTS: Mapping[str, Socket] = {
    "classifier": "classifiers",
    "detectors": "detectors",
    "exporters": "exporters",
    "ledger": "ledgers",
}


def json_schema(options_of: OptionsOf, kinds_of: KindsOf) -> Schema:
    """Return the schema of a policy for the kinds that are installed. Imports every kind."""
    schema = _relaxed(Policy.model_json_schema())
    definitions: Schema = {name: _relaxed(inner) for name, inner in schema.pop("$defs").items()}
    del schema["properties"]["fingerprint"]
    builder = _Builder(definitions, options_of, kinds_of)
    definitions["BackendPolicy"] = builder.by_kind("backends", definitions["BackendPolicy"], "kind")
    definitions["AcceptPolicy"] = builder.by_kind("judges", definitions["AcceptPolicy"], "judge")
    part, ledger = definitions.pop("PartPolicy"), definitions.pop("LedgerPolicy")
    for key, socket in _PARTS.items():
        definitions[socket] = builder.by_kind(socket, ledger if socket == "ledgers" else part, "kind")
        place = schema["properties"][key]
        _point_at(place.get("items", place), socket, list(kinds_of(socket)))
    definitions["Reference"] = _REFERENCE
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": IDENTIFIER,
        **schema,
        "title": "A policy of hybrid-gateway",
        "$defs": dict(sorted(definitions.items())),
    }


class _Builder:
    def __init__(self, definitions: Schema, options_of: OptionsOf, kinds_of: KindsOf) -> None:
        self._definitions = definitions
        self._options_of = options_of
        self._kinds_of = kinds_of

    def by_kind(self, socket: Socket, model: Schema, word: str) -> Schema:
        """Return the schema of a mapping whose further keys depend on its kind."""
        kinds = list(self._kinds_of(socket))
        named = {**model["properties"][word], **_one_of(kinds)}
        named.pop("type", None)
        cases = [
            {"if": {"properties": {word: {"const": kind}}, "required": [word]}, "then": self._keys(socket, kind, model)}
            for kind in kinds
        ]
        return {
            **{key: value for key, value in model.items() if key != "additionalProperties"},
            "properties": {**model["properties"], word: named},
            **({"allOf": cases} if cases else {}),
        }

    def _keys(self, socket: Socket, kind: str, model: Schema) -> Schema:
        options = self._options_of(socket, kind)
        schema = self._adopted(options, f"{socket}.{kind}")
        given = frozenset(GIVEN) if socket == "backends" else frozenset()
        own = dict.fromkeys(model["properties"], True)
        foreign = {
            name: inner for name, inner in schema.get("properties", {}).items() if name not in given | own.keys()
        }
        required = [name for name in schema.get("required", ()) if name in foreign]
        if socket == "backends" and "url" not in options.model_fields:
            own["urls"] = False
        elif socket == "backends" and options.model_fields["url"].is_required():
            required.append("urls")
        return {"properties": {**own, **foreign}, "required": required, "additionalProperties": False}

    def _adopted(self, options: type[BaseModel], prefix: str) -> Schema:
        """Return the schema of a kind's options; its definitions become ours under names of their own."""
        schema = options.model_json_schema(ref_template=f"#/$defs/{prefix}.{{model}}")
        for name, inner in schema.pop("$defs", {}).items():
            self._definitions[f"{prefix}.{name}"] = _relaxed(inner)
        return _relaxed(schema)


def _relaxed(schema: Schema) -> Schema:
    """Return a schema that takes a reference to the environment wherever a scalar stands; titles say nothing new."""
    relaxed = {key: value for key, value in schema.items() if key != "title"}
    for key in _INSIDE_ONE:
        if isinstance(schema.get(key), dict):
            relaxed[key] = _relaxed(schema[key])
    for key in _INSIDE_MANY:
        if key in schema:
            relaxed[key] = [_relaxed(inner) for inner in schema[key]]
    if "properties" in schema:
        relaxed["properties"] = {name: _relaxed(inner) for name, inner in schema["properties"].items()}
    is_choice = "enum" in schema or "const" in schema
    if not is_choice and schema.get("type") not in ("integer", "number", "boolean"):
        return relaxed
    said: Schema = {key: relaxed.pop(key) for key in ("description", "default") if key in relaxed}
    return {**said, "anyOf": [relaxed, {"$ref": "#/$defs/Reference"}]}


def _one_of(kinds: list[str]) -> Schema:
    return {"anyOf": [{"enum": kinds}, {"$ref": "#/$defs/Reference"}]}


def _point_at(place: Schema, definition: str, kinds: list[str]) -> None:
    """Let a part be one of the kinds by name, or a mapping with the kind's own keys."""
    for index, inner in enumerate(place["anyOf"]):
        if inner == {"type": "string"}:
            place["anyOf"][index] = _one_of(kinds)
        elif inner in ({"$ref": "#/$defs/PartPolicy"}, {"$ref": "#/$defs/LedgerPolicy"}):
            place["anyOf"][index] = {"$ref": f"#/$defs/{definition}"}
