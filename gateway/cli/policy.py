"""`gateway policy`: check the files, run their tests, write the schema. Nobody is called."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway import plugins
from gateway.cli.console import NO, remark, say, say_json, say_table
from gateway.cli.inputs import JsonOption, checked_policy
from gateway.errors import ConfigurationError, PolicyError
from gateway.policy.schema import json_schema
from gateway.policy_tests import TestResult, run_tests

policy = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)

Files = Annotated[list[Path], typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="Policy files.")]


@policy.callback()
def _group() -> None:
    """Check, test and describe policy files."""


@policy.command()
def check(*, files: Files, as_json: JsonOption = False) -> None:
    """Say what is wrong with policy files, each fault as FILE:LINE:COLUMN.

    Exit code 1: a file has an error. Warnings alone are fine.

    Example: gateway policy check policies/*.yaml
    """
    records = [_check(file) for file in files]
    if as_json:
        say_json(records)
    else:
        for record in records:
            _print_check(record)
    if any(record["errors"] for record in records):
        raise typer.Exit(NO)


def _check(file: Path) -> dict[str, Any]:
    try:
        warnings = checked_policy(file).warnings
    except PolicyError as error:
        return {"file": str(file), "errors": list(error.problems), "warnings": []}
    return {"file": str(file), "errors": [], "warnings": list(warnings)}


def _print_check(record: dict[str, Any]) -> None:
    for problem in record["errors"]:
        say(problem)
    for warning in record["warnings"]:
        say(f"{warning} (warning)")
    if not record["errors"]:
        count = len(record["warnings"])
        warned = f", {count} {'warning' if count == 1 else 'warnings'}" if count else ""
        say(f"{record['file']}: fine{warned}")


@policy.command("test")
def run_tests_of(*, files: Files, as_json: JsonOption = False) -> None:
    """Run the `tests:` of policy files by the router's own steps, calling nobody.

    A backend that a policy calls optional counts as present. Exit code 1: a test fails.

    Example: gateway policy test policies/*.yaml
    """
    policies = {file: checked_policy(file).policy for file in files}
    results = {file: asyncio.run(run_tests(given)) for file, given in policies.items()}
    if as_json:
        say_json([{"file": str(file), "tests": [_record(result) for result in of]} for file, of in results.items()])
    else:
        for file, of in results.items():
            _print_tests(file, of)
    if any(not result.passed for of in results.values() for result in of):
        raise typer.Exit(NO)


def _print_tests(file: Path, results: list[TestResult]) -> None:
    if not results:
        remark(f"{file}: it has no tests; add some under `tests:`")
        return
    rows = [
        (
            result.number,
            result.name,
            "pass" if result.passed else "FAIL",
            "\n".join(str(mismatch) for mismatch in result.mismatches) or _came(result),
        )
        for result in results
    ]
    styles = ["" if result.passed else "red" for result in results]
    say_table({"#": "right", "test": "fold", "result": "left", "what came": "fold"}, rows, styles=styles)
    say()
    failed = sum(not result.passed for result in results)
    say(f"{file}: {len(results) - failed} passed, {failed} failed")


def _came(result: TestResult) -> str:
    return f"{', '.join(result.uses) or 'nobody'} by rule {result.rule or '(none)'}, level {result.level}"


def _record(result: TestResult) -> dict[str, Any]:
    return {
        "number": result.number,
        "name": result.name,
        "passed": result.passed,
        "rule": result.rule,
        "uses": list(result.uses),
        "level": result.level,
        "mismatches": [
            {"what": mismatch.what, "expected": mismatch.expected, "got": mismatch.got}
            for mismatch in result.mismatches
        ],
    }


@policy.command()
def schema(
    *,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it to a file.")] = None,
) -> None:
    """Write the JSON Schema of a policy, for editors that complete and check as you type.

    Example: gateway policy schema --output policy.schema.json
    """
    text = json.dumps(json_schema(plugins.options, plugins.kinds), indent=2)
    if output is None:
        say(text)
        return
    try:
        output.write_text(f"{text}\n")
    except OSError as error:
        raise ConfigurationError(f"cannot write {str(output)!r}: {error.strerror}") from error
    remark(f"written to {output}")
