"""`gateway classify`: JSON lines in, what each one is out. Opens the classifier and the detectors, and no backend.

Memory is that of the longest line: lines are answered in their order, before more input is waited for.
"""

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from gateway import plugins
from gateway.cli.inputs import PolicyOption, policy_of
from gateway.errors import InvalidRequestError
from gateway.policy.load import check_value
from gateway.policy.models import PartPolicy, Policy
from gateway.reading import Reader, open_reader
from gateway.types import Assessment, Request
from gateway.wire.request import parse_request

_PIECE_BYTES = 1 << 16
_LABELS = ("tags", "task", "stakes", "tenant")
_KEYS = frozenset({"id", "text", "messages", *_LABELS})


ModelOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", exists=True, dir_okay=False, help="A trained model (kind: logistic) in the classifier's place."
    ),
]


def classify(*, policy: PolicyOption = None, model: ModelOption = None) -> None:
    """Read JSON lines, write what each one is, calling nobody.

    A line in: {"id": ..., "text": ...} or {"id": ..., "messages": [...]}, with tags, task, stakes and tenant if known.
    A line out: id, difficulty, level, kinds, and findings with their place in the text, never the text itself.

    Lines come out in the order of the input and as it comes; blank ones are left out. A line that cannot be read ends
    the command with exit code 2 and its number on stderr; the lines before it are out already.

    Example: gateway classify < requests.jsonl > assessments.jsonl
    """
    given = judged_by(model, policy_of(policy))
    # One run a piece of input: while it waits for input, Ctrl-C ends it at once.
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        reader = runner.run(stack.enter_async_context(open_reader(given)))
        try:
            for first, lines in _pieces(sys.stdin.buffer, most_bytes=_longest_line(given)):
                runner.run(_answer(reader, first, lines))
        finally:
            runner.run(stack.aclose())


def judged_by(model: Path | None, policy: Policy) -> Policy:
    """Return a policy whose classifier is a trained model; raises `PolicyError` for one that its kind refuses."""
    if model is None:
        return policy
    part = PartPolicy.model_validate({"kind": "logistic", "path": str(model.absolute())})
    given = policy.model_copy(update={"classifier": part})
    check_value(given, options_of=plugins.options, kinds_of=plugins.kinds)
    return given


def _longest_line(policy: Policy) -> int:
    # JSON may write a character as two escapes of six bytes each.
    return 12 * policy.limits.prompt_characters + _PIECE_BYTES


def _pieces(source: BinaryIO, *, most_bytes: int) -> Iterator[tuple[int, Sequence[bytes]]]:
    """Yield the complete lines of what has arrived, with the number of the first."""
    first, rest = 1, b""
    # `read1` gives what is there, and waits only where nothing is.
    while piece := source.read1(_PIECE_BYTES):  # type: ignore[attr-defined]
        *lines, rest = (rest + piece).split(b"\n")
        yield first, lines
        first += len(lines)
        if len(rest) > most_bytes:
            raise InvalidRequestError(f"line {first}: it is longer than {most_bytes:,} bytes; split the request")
    yield first, [rest]


async def _answer(reader: Reader, first: int, lines: Sequence[bytes]) -> None:
    answers: list[str] = []
    try:
        for number, line in enumerate(lines, start=first):
            if line.strip():
                answers.append(await _answer_line(reader, number, line))
    finally:
        sys.stdout.write("".join(answers))
        sys.stdout.flush()


async def _answer_line(reader: Reader, number: int, line: bytes) -> str:
    try:
        row = _row(line)
        request = _request(row)
    except InvalidRequestError as error:
        raise InvalidRequestError(f"line {number}: {error}") from error
    return json.dumps(_record(row["id"], await reader.assess(request))) + "\n"


def _row(line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise InvalidRequestError(f"no JSON at column {error.colno}: {error.msg}") from None
    except (ValueError, RecursionError):
        raise InvalidRequestError("no JSON in UTF-8 of a sensible depth") from None
    if not isinstance(row, dict):
        raise InvalidRequestError('no JSON object; write {"id": ..., "text": ...}')
    unknown = sorted(row.keys() - _KEYS)
    if unknown:
        raise InvalidRequestError(f"unknown key {unknown[0][:40]!r}; known: {', '.join(sorted(_KEYS))}")
    if isinstance(row.get("id"), bool) or not isinstance(row.get("id"), (str, int)):
        raise InvalidRequestError("`id` is missing or neither text nor integer")
    return row


def _request(row: dict[str, Any]) -> Request:
    if ("text" in row) == ("messages" in row):
        raise InvalidRequestError("`text` or `messages` is missing, or both are there; give one of them")
    content = row["text"] if "text" in row else row["messages"]
    if not isinstance(content, str if "text" in row else list):
        raise InvalidRequestError("`text` must be a text and `messages` a list")
    return parse_request(content, **{label: row[label] for label in _LABELS if label in row})


def _record(line_id: str | int, assessment: Assessment) -> dict[str, Any]:
    return {
        "id": line_id,
        "difficulty": assessment.difficulty,
        "level": str(assessment.level),
        "kinds": sorted(assessment.kinds),
        "findings": [
            {
                "kind": finding.kind,
                "type": finding.type,
                "start": finding.start,
                "end": finding.end,
                "strength": finding.strength,
                "detector": finding.detector,
            }
            for finding in assessment.findings
        ],
    }
