"""Histories from elsewhere for tests: rows as the formats write them, every field overridable. All of it is made up."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway.history.files import opened
from gateway.history.importing import Reader, formats
from gateway.history.recorded import Asked, LeftOut, Recorded, Unit

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ASKED = Asked(NOW)


# Any: JSON of somebody else's, with whatever a test wants in it.
def line(**fields: Any) -> str:
    """Return a line of our own format."""
    given: dict[str, Any] = {
        "time": "2025-10-01T08:00:00Z",
        "model": "openai/gpt-5-mini",
        "tokens": {"input": 1200, "output": 300, "cache_read": 800},
    }
    return json.dumps({name: value for name, value in {**given, **fields}.items() if value is not ...})


def spent(**fields: Any) -> dict[str, Any]:
    """Return a row of LiteLLM's spend log."""
    given: dict[str, Any] = {
        "request_id": "chatcmpl-1",
        "call_type": "acompletion",
        "api_key": "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b",
        "spend": 0.000920,
        "total_tokens": 2300,
        "prompt_tokens": 2000,
        "completion_tokens": 300,
        "startTime": "2025-10-01T08:00:00Z",
        "endTime": "2025-10-01T08:00:01.500000Z",
        "completionStartTime": "2025-10-01T08:00:00.250000Z",
        "request_duration_ms": None,
        "model": "gpt-5-mini",
        "custom_llm_provider": "openai",
        "user": "u-17",
        "metadata": {"usage_object": {"prompt_tokens_details": {"cached_tokens": 800}, **_COUNTS}},
        "cache_hit": "False",
        "request_tags": ["refund", "User-Agent: OpenAI"],
        "team_id": "team-7",
        "end_user": "jane.doe@example.com",
        "messages": [{"role": "user", "content": "where is my parcel"}],
        "response": {},
        "status": "success",
    }
    return {name: value for name, value in {**given, **fields}.items() if value is not ...}


_COUNTS = {"prompt_tokens": 2000, "completion_tokens": 300, "total_tokens": 2300}


def result(**fields: Any) -> dict[str, Any]:
    """Return a sum of OpenAI's usage API over three requests."""
    given: dict[str, Any] = {
        "object": "organization.usage.completions.result",
        "input_tokens": 6001,
        "output_tokens": 900,
        "input_cached_tokens": 2401,
        "num_model_requests": 3,
        "project_id": "proj-1",
        "user_id": "user-jane",
        "model": "gpt-5-mini-2025-08-07",
        "batch": False,
    }
    return {name: value for name, value in {**given, **fields}.items() if value is not ...}


def page(*results: Any, start: int = 1_759_276_800, end: int = 1_759_280_400) -> dict[str, Any]:
    """Return a page of one bucket, an hour of 2025-10-01 unless said otherwise."""
    bucket = {"object": "bucket", "start_time": start, "end_time": end, "results": list(results)}
    return {"object": "page", "data": [bucket], "has_more": False, "next_page": None}


def read(format_: str, value: object, asked: Asked = ASKED) -> list[Unit]:
    """Return what a row of a format records."""
    with formats(format_).reading(asked) as reader:
        return list(reader.units(value))


def one(format_: str, value: object, asked: Asked = ASKED) -> Recorded:
    """Return the one request that a row of a format records."""
    (unit,) = read(format_, value, asked)
    assert not isinstance(unit, LeftOut)
    (row,) = unit
    return row


def written(path: Path, rows: Iterable[object]) -> Path:
    """Write rows as JSON lines; a text is a line as it stands."""
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return path


def values(path: Path, format_: str) -> list[tuple[int, Any]]:
    """Return the rows of a file, each with its line."""
    reader: Reader
    with opened(path) as source, formats(format_).reading(ASKED) as reader:
        return [tuple(value) for value in reader.values(source)]
