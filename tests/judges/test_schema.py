"""JSON Schemas of requests: what is checked is checked as jsonschema does, and no schema takes long."""

from collections.abc import Mapping
from typing import Any

import jsonschema
import pytest
import referencing
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st
from support.pace import Watch

from gateway.judges._schema import Comparison, mismatch

LARGE = "the schema is too large to be checked"
DEEP = "the schema or the answer is nested too deep"
INVALID = "the schema is no valid JSON Schema"
ELSEWHERE = "the schema refers to something outside itself"


def doubling(depth: int) -> dict[str, Any]:
    """Return a schema in which each definition refers to the next one twice."""
    definitions = {f"d{level}": {"allOf": [{"$ref": f"#/$defs/d{level + 1}"}] * 2} for level in range(depth)}
    return {"$defs": {**definitions, f"d{depth}": {}}, "$ref": "#/$defs/d0"}


def cyclic() -> dict[str, Any]:
    """Return a schema that holds itself, which JSON cannot write and a caller in Python can."""
    schema: dict[str, Any] = {}
    schema["properties"] = {"a": schema}
    return schema


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        ({}, {"properties": {f"p{number}": {"type": "string", "minLength": 1} for number in range(20_000)}}),
        (list(range(2_000)), {"items": {"allOf": [{"minimum": -1}] * 200}}),
        ([{"a": number} for number in range(30_000)], {"uniqueItems": True}),
        ([0.5] * 20_000, {"items": {"multipleOf": 0.1}}),
        ([10**4000] * 2_000, {"items": {"not": {"multipleOf": 7**4000}}}),
        ([10**4000] * 2_000, {"items": {"multipleOf": 1e-300}}),
        (["a" * 100_000] * 1_000, {"items": {"const": "a" * 100_000}}),
        ([[0] * 200] * 200, {"items": {"enum": [[0] * 200]}}),
        ([{}] * 3_000, {"items": {"not": {"required": [f"p{number}" for number in range(3_000)]}}}),
        ([{"a": 1}] * 3_000, {"items": {"not": {"dependentRequired": {"a": [f"p{n}" for n in range(3_000)]}}}}),
        ([{"a": 1}] * 3_000, {"items": {"dependentSchemas": {f"p{n}": {} for n in range(3_000)}}}),
        ([{f"p{n}": 0 for n in range(300)}] * 300, {"items": {"propertyNames": {"minLength": 1}}}),
        ([{f"p{n}": 0 for n in range(300)}] * 300, {"items": {"additionalProperties": True}}),
        ([0] * 30_000, {"allOf": [{"not": {"items": False}}] * 20_000}),
        ({}, {"$ref": "#/" + "%41" * 500_000}),
        ({}, doubling(40)),
        ({}, cyclic()),
    ],
    ids=lambda value: next(iter(value), "") if isinstance(value, dict) else "",
)
def test_what_takes_too_long_is_not_checked(value: object, schema: dict[str, Any]) -> None:
    """It takes some 30 ms to find that out, in which nobody else is served; the bound leaves room for slow machines."""
    watch = Watch()
    why = mismatch(value, schema)

    assert (why, watch.seconds() < 0.5) == (LARGE, True)


@pytest.mark.parametrize(
    "schema", [{"enum": [number * (2**61 - 1) for number in range(1, 30_000)]}, {"uniqueItems": True}]
)
def test_numbers_that_are_chosen_to_collide_take_no_longer(schema: dict[str, Any]) -> None:
    """Python's hash of a number can be foreseen, and a set of equal hashes compares each with every other."""
    value = [number * (2**61 - 1) for number in range(1, 25_000)]

    watch = Watch()
    mismatch(value, schema)

    assert watch.seconds() < 0.5


@pytest.mark.parametrize(
    "schema",
    [
        {"items": False},
        {"prefixItems": [False]},
        {"contains": False},
        {"properties": {"a": False}},
        {"additionalProperties": False},
        {"propertyNames": False},
        {"dependentSchemas": {"a": False}},
        {"required": ["a"]},
        {"minItems": 1},
        {"minProperties": 1},
        {"maxLength": 0},
        {"pattern": "a", "format": "date", "unevaluatedItems": False, "unevaluatedProperties": False},
    ],
)
def test_a_rule_says_nothing_of_other_kinds_of_values(schema: dict[str, Any]) -> None:
    """A number has no items, no properties and no length."""
    assert mismatch(1, schema) is None


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        ([1, 2], {"contains": {"const": 2}}),
        ([1, 2], {"prefixItems": [{"const": 1}], "items": {"const": 2}}),
        (3, {"if": {"const": 1}, "then": False, "else": {"const": 3}}),
        (3, {"oneOf": [{"minimum": 4}, {"maximum": 3}], "anyOf": [False, True], "not": {"const": 2}}),
        ({"a": 1}, {"dependentRequired": {"a": ["a"], "b": ["c"]}, "dependentSchemas": {"a": {"required": ["a"]}}}),
        ({"a": 1, "b": 2}, {"properties": {"a": {"const": 1}}, "additionalProperties": {"const": 2}}),
        ({"a": [1.0, None]}, {"const": {"a": [1, None]}}),
        (1, {"title": "no word that is checked", "x-own": 5}),
    ],
)
def test_a_value_that_keeps_every_rule_fits(value: object, schema: dict[str, Any]) -> None:
    """Each word is read with what stands beside it."""
    assert mismatch(value, schema) is None


def test_all_comparisons_of_a_judgement_share_one_bound() -> None:
    """A thousand calls of a tool take no longer than one."""
    comparison = Comparison(steps=2_000)
    schema = {"items": {"minimum": 0}}

    said = [comparison.mismatch([1] * 100, schema) for _ in range(10)]

    assert (said[0], said[-1]) == (None, LARGE)


def test_a_large_schema_is_checked() -> None:
    """A thousand properties are unusual, and none too many."""
    schema = {"properties": {f"p{number}": {"type": "string", "minLength": 1} for number in range(1_000)}}

    assert mismatch({f"p{number}": "" for number in range(1_000)}, schema) == "it breaks the schema's rule 'minLength'"


@pytest.mark.parametrize(("schema", "value"), [({"$ref": "#"}, 1), ({"items": {"$ref": "#"}}, None)])
def test_what_is_nested_too_deep_is_not_checked(schema: dict[str, Any], value: object) -> None:
    """A schema that refers to itself without end, or an answer that one follows down for ever."""
    if value is None:
        value = []
        for _ in range(2_000):
            value = [value]

    assert mismatch(value, schema) == DEEP


@pytest.mark.parametrize(
    ("number", "step", "fits"),
    [
        (6, 3, True),
        (7, 3, False),
        (0.3, 0.1, True),
        (0.35, 0.1, False),
        (4.5, 1.5, True),
        (10**400, 0.1, True),
        (10**400 + 1, 0.3, False),
        (float("inf"), 0.1, False),
        (float("-inf"), 2, False),
        (1e308, 1e-300, True),
        (True, 2, True),
    ],
)
def test_a_multiple_is_reckoned_as_it_is_written(number: float, step: float, fits: bool) -> None:
    """Exactly and without limit: 0.3 is three times 0.1, and 1e999 is a multiple of nothing."""
    assert (mismatch(number, {"multipleOf": step}) is None) is fits


@pytest.mark.parametrize(
    "reference",
    ["#/allOf/x", "#/allOf/1", "#/allOf/9999999999", "#/type/0", "#foo", "%", "http://[", "other", "#/\ud800"],
)
def test_a_reference_that_leads_nowhere_rejects_the_answer(reference: str) -> None:
    """However it is written."""
    assert mismatch({}, {"$ref": reference, "allOf": [{}], "type": "object"}) == ELSEWHERE


@pytest.mark.parametrize(
    "reference",
    ["#/$defs/n", "#/$defs/a~1b~0c/items", "#/%24defs/n", "#number", "https://example.org/s#number", "#/x/1"],
)
def test_a_reference_within_the_schema_is_followed(reference: str) -> None:
    """By pointer, by anchor, with or without the schema's own address; also to what no word of a schema holds."""
    number = {"$anchor": "number", "type": "number"}
    schema = {
        "$id": "https://example.org/s#",
        "$defs": {"n": number, "a/b~c": {"items": number}},
        "x": [True, number],
        "$ref": reference,
    }

    assert (mismatch(1, schema), mismatch("1", schema)) == (None, "it breaks the schema's rule 'type'")


def test_a_part_with_an_address_of_its_own_is_not_followed() -> None:
    """Its references would mean something else."""
    schema = {"$defs": {"a": {"$id": "https://example.org/a"}}}

    assert mismatch({}, schema) == "the schema has a part with an $id of its own, which is not followed"


@pytest.mark.parametrize(
    "schema",
    [
        [],
        {"type": 5},
        {"type": "any"},
        {"type": []},
        {"type": ["string", "string"]},
        {"properties": []},
        {"properties": {"a": 1}},
        {"items": [{}]},
        {"allOf": []},
        {"allOf": {}},
        {"anyOf": [1]},
        {"required": "a"},
        {"required": [1]},
        {"required": ["a", "a"]},
        {"dependentRequired": {"a": "b"}},
        {"dependentRequired": []},
        {"minLength": -1},
        {"minLength": 0.5},
        {"minimum": "1"},
        {"minimum": 10**5000},
        {"exclusiveMinimum": True},
        {"multipleOf": 0},
        {"multipleOf": float("nan")},
        {"multipleOf": float("inf")},
        {"enum": "a"},
        {"const": {1, 2}},
        {"uniqueItems": 1},
        {"pattern": 1},
        {"$ref": 1},
        {"$anchor": {}},
        {"$ref": "#/x", "x": 1},
        {"$ref": "#/x", "x": {"type": 1}},
    ],
)
def test_a_schema_that_is_none_rejects_the_answer(schema: Any) -> None:
    """Also where the fault stands in a part that the answer does not touch."""
    assert mismatch({}, schema) == INVALID


@pytest.mark.parametrize(
    ("schema", "value", "rule"),
    [
        (False, 1, "false"),
        ({"properties": {"a": False}}, {"a": 1}, "properties"),
        ({"additionalProperties": False}, {"a": 1}, "additionalProperties"),
        ({"items": {"type": "string"}}, [1], "type"),
        ({"contains": {"const": 1}, "maxContains": 1}, [1, True, 1.0], "maxContains"),
        ({"contains": {"const": 1}, "minContains": 2}, [1], "minContains"),
        ({"contains": {"const": 1}}, [2], "contains"),
        ({"if": {"const": 1}, "then": {"enum": [2]}}, 1, "enum"),
        ({"$dynamicRef": "#a", "$defs": {"a": {"$dynamicAnchor": "a", "maximum": 0}}}, 1, "maximum"),
    ],
)
def test_the_innermost_rule_that_is_broken_is_named(schema: Any, value: object, rule: str) -> None:
    """The names of rules come from a closed list and quote nobody."""
    assert mismatch(value, schema) == f"it breaks the schema's rule {rule!r}"


@pytest.mark.parametrize("where", [{"$schema": "http://json-schema.org/draft-07/schema#"}, {}])
def test_no_dialect_makes_a_regular_expression_run(where: dict[str, Any]) -> None:
    """A part that names another draft is read like the rest."""
    watch = Watch()
    why = mismatch({"a": "a" * 40 + "b"}, {"properties": {"a": {**where, "pattern": "(a+)+$"}}})

    assert (why, watch.seconds() < 0.5) == (None, True)


NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from([0.5, 1.0, 2.0])
    | st.sampled_from(["", "a", "bb"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
COUNT, NUMBER = st.integers(0, 3), st.integers(-2, 2) | st.just(0.5)
TYPES = st.sampled_from(["array", "boolean", "integer", "null", "number", "object", "string"])


def words(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return schemas of the words that are checked, with `inner` in the places of schemas."""
    several, by_name = st.lists(inner, min_size=1, max_size=3), st.dictionaries(NAMES, inner, max_size=3)
    names = st.lists(NAMES, max_size=3, unique=True)
    optional: dict[str, st.SearchStrategy[Any]] = {
        "type": TYPES | st.lists(TYPES, min_size=1, max_size=2, unique=True),
        "enum": st.lists(VALUES, min_size=1, max_size=3),
        "const": VALUES,
        "multipleOf": st.sampled_from([1, 2, 0.5, 1.0]),
        **dict.fromkeys(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"], NUMBER),
        **dict.fromkeys(["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"], COUNT),
        **dict.fromkeys(["minContains", "maxContains"], COUNT),
        **dict.fromkeys(
            ["items", "contains", "additionalProperties", "propertyNames", "not", "if", "then", "else"], inner
        ),
        **dict.fromkeys(["allOf", "anyOf", "oneOf", "prefixItems"], several),
        **dict.fromkeys(["properties", "dependentSchemas", "$defs"], by_name),
        "required": names,
        "dependentRequired": st.dictionaries(NAMES, names, max_size=2),
        "uniqueItems": st.booleans(),
        "$ref": st.sampled_from(["#/$defs/a", "#/$defs/b", "#/properties/a"]),
    }
    return st.lists(st.sampled_from(sorted(optional)), max_size=4, unique=True).flatmap(
        lambda chosen: st.fixed_dictionaries({name: optional[name] for name in chosen})
    )


SCHEMAS = words(st.booleans() | words(st.booleans() | words(st.booleans())))


def rules_broken(value: object, schema: Mapping[str, Any]) -> set[str]:
    """Return the names of all rules that jsonschema finds broken; a schema that is `false` has no name."""
    validator = jsonschema.Draft202012Validator(schema, registry=referencing.Registry())
    try:
        return {str(error.validator) for error in validator.iter_errors(value)}
    except (referencing.exceptions.Unresolvable, RecursionError):
        # It goes on after the first rule that is broken, and meets what we did not.
        reject()


@settings(max_examples=400)
@given(VALUES, SCHEMAS)
def test_a_value_fits_where_jsonschema_says_so(value: object, schema: dict[str, Any]) -> None:
    """Same verdict on every word that is checked, and a rule is named that is broken."""
    said = mismatch(value, schema)
    assume(said not in (ELSEWHERE, DEEP, INVALID))

    broken = rules_broken(value, schema)

    assert (said is None) == (not broken)
    assert said is None or "None" in broken or said.removeprefix("it breaks the schema's rule ").strip("'") in broken


WORDS = st.sampled_from(
    [
        *(
            "$ref",
            "$dynamicRef",
            "$id",
            "$schema",
            "$anchor",
            "$defs",
            "type",
            "enum",
            "const",
            "multipleOf",
            "minimum",
        ),
        *("required", "properties", "items", "allOf", "if", "then", "uniqueItems", "dependentRequired", "contains"),
    ]
)
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.sampled_from(["#", "#/", "#/allOf/x", "#/x/0", "#a", "http://[", "%zz", "object", "string", ""])
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.text(max_size=2), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300)
@given(ANYTHING, st.dictionaries(WORDS | st.text(max_size=2), ANYTHING, max_size=5))
def test_nothing_is_raised_whatever_a_request_calls_its_schema(value: object, schema: dict[str, Any]) -> None:
    """There is always a verdict, and it quotes nothing but the names of rules."""
    said = mismatch(value, schema)

    assert said is None or said.startswith(("the schema ", "it breaks the schema's rule "))
