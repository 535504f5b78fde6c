"""Write the reference pages (policy.md, cli.md, errors.md) from the code; with `--check`, only say which are stale."""  # noqa: INP001

import inspect
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from gateway import errors, plugins
from gateway.cli.main import COMMANDS, command
from gateway.policy.models import GIVEN, Policy
from gateway.policy.tags import BUILT_IN_TAGS

HERE = Path(__file__).parent

# JSON Schema and the commands of typer have no types that would say more.
Schema = dict[str, Any]

_POLICY = """\
<!-- Written by docs/generate.py. -->

# Policy

A policy says who may answer, who should, and proves it by its own tests.
It is strict, because people read it who did not write it, and a mistake in it is a leak or a bill.
An unknown key, a duplicate key, an unknown kind or a dangling name refuses the whole file.
Every fault is said at once, with its place and the nearest right spelling.
`${NAME}` and `${NAME:-default}` read the environment.
`gateway policy check FILE` reads it and `gateway policy test FILE` runs its tests.
`gateway policy schema` writes a JSON Schema, for editors that complete and check as you type."""
_COMMAND = """\
<!-- Written by docs/generate.py. -->

# Command

Every command is a thin layer over the library: what it prints, your program can ask for.
Exit codes: 0 fine, 1 the answer is no, 2 could not run, 130 interrupted, 141 nobody reads the output any more.
Answers and tables go to standard output, remarks to standard error.
`--json` prints for programs: what is not known is `null` there, `unknown` in tables, and never 0."""
_ERRORS = """\
<!-- Written by docs/generate.py. -->

# Errors

There is one tree, so that one `except GatewayError` catches all that this library raises on purpose.
A fault of a backend is translated once, where it arrives, by class, status or machine code.
Nothing is steered by the text of a message."""
_SOCKET_TITLES: dict[plugins.Socket, str] = {
    "backends": "Kinds of backend",
    "judges": "Kinds of judge",
    "detectors": "Kinds of detector",
    "classifiers": "Kinds of classifier",
    "ledgers": "Kinds of ledger",
    "exporters": "Kinds of exporter",
}
_SECTIONS = {
    "Policy": "The whole file",
    "EntityPolicy": "entity",
    "BackendPolicy": "backends",
    "OriginPolicy": "origin of a backend",
    "PricePolicy": "price of a backend",
    "PoolPolicy": "pools",
    "TagPolicy": "tags",
    "CallerPolicy": "tenants, keys",
    "Rule": "rules",
    "When": "when of a rule",
    "Range": "range",
    "LevelRange": "range of levels",
    "AcceptPolicy": "accept of a rule",
    "PartPolicy": "classifier, detectors, exporters",
    "LedgerPolicy": "ledger",
    "SpoolPolicy": "spool of the ledger",
    "StakesPolicy": "stakes",
    "EscalationPolicy": "escalation",
    "ConversationPolicy": "conversations",
    "RetryPolicy": "retries",
    "LimitPolicy": "limits",
    "FeedbackPolicy": "feedback",
    "LearningPolicy": "learning",
    "HoldoutPolicy": "holdout",
    "LicencesPolicy": "licences",
    "AttributionPolicy": "attribution of licences",
    "PolicyTest": "tests",
    "Expectation": "expect of a test",
}
# What the router fills in for every replica, and what stands in every backend.
_GIVEN = frozenset({*GIVEN, "model"})
_SCALARS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
_HOLDERS = {"object": ("mapping", "to"), "array": ("list", "of")}


def policy_page() -> str:
    """Return the reference of the policy file."""
    schema = Policy.model_json_schema()
    models = {"Policy": schema, **schema["$defs"]}
    lines = [_POLICY]
    for name, title in _SECTIONS.items():
        lines += [f"\n## {title}\n", *_section(models[name])]
        if name == "TagPolicy":
            lines += ["\n### Built-in tags\n", *_built_in_tags()]
    for socket, title in _SOCKET_TITLES.items():
        lines += [f"\n## {title}\n", *_kinds(socket)]
    return "\n".join(lines) + "\n"


def cli_page() -> str:
    """Return the reference of the command."""
    lines = [_COMMAND]
    for name in COMMANDS:
        found = command(name)
        inner = getattr(found, "commands", None)
        if inner is None:
            lines += _command(f"gateway {name}", found)
            continue
        lines += [f"\n## gateway {name}\n", inspect.cleandoc(found.help)]
        for inner_name, inner_found in inner.items():
            lines += _command(f"gateway {name} {inner_name}", inner_found, "###")
    return "\n".join(lines) + "\n"


def errors_page() -> str:
    """Return the reference of the error tree."""
    tree = inspect.cleandoc(errors.__doc__ or "").split("\n\n")
    lines = [_ERRORS, tree[2], f"\n```text\n{tree[1]}\n```"]
    for error in _tree(errors.GatewayError):
        lines += [f"\n## {error.__name__}\n", inspect.getdoc(error) or ""]
        lines += [f"Is a `{_parent(error).__name__}`."] if error is not errors.GatewayError else []
        if issubclass(error, errors.BackendError):
            lines += [f"{'Transient: the same call is made again.' if error.transient else 'Not made again.'}"]
        if "code" in vars(error):
            lines += [f"In the ledger and in JSON: `{vars(error)['code']}`."]
    return "\n".join(lines) + "\n"


PAGES: dict[str, Callable[[], str]] = {"policy.md": policy_page, "cli.md": cli_page, "errors.md": errors_page}


def _section(model: Schema) -> list[str]:
    text = " ".join(model.get("description", "").split())
    return [text, "", *_table(model)]


def _table(model: Schema, *, without: frozenset[str] = frozenset()) -> list[str]:
    required = model.get("required", ())
    rows = [
        f"| `{key}` | {_type(field)} | {_default(key, field, required)} | {_cell(field.get('description', ''))} |"
        for key, field in model.get("properties", {}).items()
        if key not in without and key != "fingerprint"
    ]
    return ["| key | value | default | meaning |", "|---|---|---|---|", *rows] if rows else ["No keys."]


def _type(field: Schema) -> str:
    if "$ref" in field:
        return _reference(field["$ref"].rsplit("/", 1)[-1])
    if fixed := field.get("enum") or ([field["const"]] if "const" in field else []):
        return ", ".join(f"`{value}`" for value in fixed)
    if "anyOf" in field:
        choices = dict.fromkeys(_type(choice) for choice in field["anyOf"] if choice.get("type") != "null")
        return " or ".join(choices)
    inner = field.get("items") or field.get("additionalProperties")
    if field.get("type") in _HOLDERS:
        holder, of = _HOLDERS[field["type"]]
        return f"{holder} {of} {_type(inner)}" if isinstance(inner, dict) else holder
    return _SCALARS.get(field.get("type", ""), "anything") + _bounds(field)


def _reference(name: str) -> str:
    if name == "Need":
        return "`tools`, `images`, `response_format`, `other_media`"
    title = _SECTIONS.get(name)
    return f"[{title}](#{_anchor(title)})" if title else f"mapping ({name})"


def _anchor(title: str) -> str:
    return title.lower().replace(",", "").replace(" ", "-")


def _bounds(field: Schema) -> str:
    words = {"exclusiveMinimum": "above", "minimum": "at least", "maximum": "at most"}
    bounds = [f"{word} {field[key]:,}" for key, word in words.items() if key in field]
    return f", {', '.join(bounds)}" if bounds else ""


def _default(key: str, field: Schema, required: Sequence[str]) -> str:
    if key in required:
        return "**required**"
    default = field.get("default")
    if default is None or default in ("", [], {}):
        return "-"
    if field.get("enum") and isinstance(default, int):
        return f"`{field['enum'][default]}`"
    if isinstance(default, dict) and any(isinstance(value, (list, dict)) for value in default.values()):
        return "-"
    return f"`{_cell(json.dumps(default, default=str))}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _built_in_tags() -> Iterator[str]:
    yield (
        "A tag of your own with the same name replaces what it says of one: without a `level` it keeps this one. "
        "A tag that nobody declared counts as restricted."
    )
    yield "\n| tag | level |\n|---|---|"
    yield from (f"| `{name}` | {tag.level} |" for name, tag in BUILT_IN_TAGS.items())


def _kinds(socket: plugins.Socket) -> Iterator[str]:
    for kind in plugins.kinds(socket):
        module: Any = plugins.load(socket, kind)
        if not module.__name__.startswith("gateway."):
            continue
        schema: Schema = module.Options.model_json_schema()
        yield f"### {kind}"
        yield f"\n{_prose(module)}\n"
        yield from _table(schema, without=_GIVEN if socket == "backends" else frozenset())
        for name, inner in schema.get("$defs", {}).items():
            yield f"\n`{name}`: {inspect.cleandoc(inner.get('description', ''))}\n".replace("\n\n", " ")
            yield ""
            yield from _table(inner)
        yield ""


def _prose(module: object) -> str:
    return inspect.cleandoc(module.__doc__ or "")


# The commands' types moved with typer's versions; what is read of them did not.
def _command(name: str, found: Any, heading: str = "##") -> Iterator[str]:
    arguments = [each for each in found.params if each.param_type_name == "argument"]
    options = [each for each in found.params if each.param_type_name == "option"]
    usage = " ".join([name, *(["[OPTIONS]"] if options else []), *(each.metavar or each.name for each in arguments)])
    yield f"\n{heading} {name}\n"
    yield inspect.cleandoc(found.help or "").split("\n\nExample: ", 1)[0]
    yield f"\n```text\n{usage}\n```\n"
    yield "| argument or option | meaning |\n|---|---|"
    for each in (*arguments, *options):
        written = ", ".join(f"`{word}`" for word in each.opts) if each in options else f"`{each.metavar or each.name}`"
        value = f" `{each.metavar}`" if each in options and each.metavar else ""
        yield f"| {written}{value} | {_cell(each.help or '')} |"
    example = (found.help or "").split("Example: ", 1)[1:]
    if example:
        yield f"\nExample:\n\n<!-- no-run -->\n```console\n{inspect.cleandoc(example[0])}\n```"


def _tree(error: type[errors.GatewayError]) -> Iterator[type[errors.GatewayError]]:
    yield error
    listed = (other for other in vars(errors).values() if isinstance(other, type) and issubclass(other, error))
    for other in listed:
        if not other.__name__.startswith("_") and _parent(other) is error:
            yield from _tree(other)


def _parent(error: type[errors.GatewayError]) -> type:
    """Return what an error is to a reader: bases that only carry code are passed over."""
    return next(base for base in error.__mro__[1:] if not base.__name__.startswith("_"))


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or with `--check` say which differ; returns the exit code."""
    stale = 0
    for name, page in PAGES.items():
        path, text = HERE / name, page()
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        stale += 1
        if "--check" in arguments:
            sys.stderr.write(f"docs/{name} is stale; run `python docs/generate.py`\n")
        else:
            path.write_text(text, encoding="utf-8")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
