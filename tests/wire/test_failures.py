"""A refusal is read by status and machine code; its text is not even looked at."""

from datetime import UTC, datetime
from typing import Any

import pytest

from gateway import errors
from gateway.wire.failures import failure, retry_after_s

SECRET = "zebra 7741"
NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, errors.RequestRejectedError),
        (400, errors.RequestRejectedError),
        (401, errors.AuthenticationError),
        (402, errors.RequestRejectedError),
        (403, errors.AuthenticationError),
        (404, errors.RequestRejectedError),
        (408, errors.BackendTimeoutError),
        (422, errors.RequestRejectedError),
        (429, errors.RateLimitedError),
        (500, errors.BackendUnavailableError),
        (503, errors.BackendUnavailableError),
        (529, errors.BackendUnavailableError),
    ],
)
def test_a_status_has_its_error(status: int, kind: type[errors.BackendError]) -> None:
    """Who is at fault, and whether to try again, is told by the status."""
    fault = failure(status, None, backend="b")

    assert (type(fault), fault.status, fault.backend) == (kind, status, "b")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": "context_length_exceeded"}, errors.ContextWindowExceededError),
        ({"code": 400, "type": "exceed_context_size_error"}, errors.ContextWindowExceededError),
        ({"code": 400, "type": "BadRequestError", "param": "input_tokens"}, errors.ContextWindowExceededError),
        ({"code": "content_filter"}, errors.ContentFilteredError),
        ({"innererror": {"code": "ResponsibleAIPolicyViolation"}}, errors.ContentFilteredError),
        ({"code": "insufficient_quota"}, errors.RequestRejectedError),
        ({"message": "maximum context length exceeded"}, errors.RequestRejectedError),
    ],
)
def test_a_machine_code_says_more_than_the_status(error: dict[str, Any], kind: type[errors.BackendError]) -> None:
    """OpenAI's, llama.cpp's, vLLM's and Azure's codes are known; a message is not read."""
    fault = failure(400, {"error": error}, backend="b")

    assert type(fault) is kind


def test_an_account_without_quota_is_not_asked_again() -> None:
    """OpenAI says 429 where waiting helps nobody."""
    fault = failure(429, {"error": {"code": "insufficient_quota"}}, backend="b")

    assert not fault.transient


def test_an_error_shows_the_code_and_not_the_message() -> None:
    """Servers echo prompts in their messages."""
    fault = failure(400, {"error": {"message": SECRET, "code": "invalid_value", "param": SECRET}}, backend="b")

    assert str(fault) == "'b' answered 400 (invalid_value)"


@pytest.mark.parametrize("code", [SECRET, "jane_doe", "sk-zebra7741", "x" * 100_000, 7, None, ["a"]])
def test_a_code_that_nobody_knows_is_not_shown(code: object) -> None:
    """What a server writes where its code is due may be of the prompt, or the key."""
    fault = failure(400, {"error": {"code": code}}, backend="b")

    assert str(fault) == "'b' answered 400"


@pytest.mark.parametrize("code", ["overloaded_error", "BadRequestError", "model_not_found"])
def test_a_known_code_is_shown_in_lower_case(code: str) -> None:
    """Anthropic's, vLLM's and OpenAI's words help who reads the error."""
    fault = failure(400, {"error": {"type": code}}, backend="b")

    assert str(fault) == f"'b' answered 400 ({code.lower()})"


def test_tgis_error_is_read() -> None:
    """TGI writes its type beside the text."""
    fault = failure(422, {"error": SECRET, "error_type": "validation"}, backend="b")

    assert str(fault) == "'b' answered 422 (validation)"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": 503}, errors.BackendUnavailableError),
        ({"code": "429"}, errors.RateLimitedError),
        ({"code": True}, errors.MalformedResponseError),
        ({"code": "abc"}, errors.MalformedResponseError),
        ({"status": 401}, errors.AuthenticationError),
        ({"type": "exceed_context_size_error"}, errors.ContextWindowExceededError),
    ],
)
def test_an_error_object_without_a_status_is_read_by_its_own(
    error: dict[str, Any], kind: type[errors.BackendError]
) -> None:
    """Inside a stream the status is 200 and the truth is in the object."""
    fault = failure(None, {"error": error}, backend="b")

    assert type(fault) is kind


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "7", "retry-after-ms": "250"}, 0.25),
        ({"retry-after": "Thu, 01 Jan 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Thu, 01 Jan 2026 12:00:30 -0000"}, 30.0),
        ({"retry-after": "Thu, 01 Jan 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Thu, 01 Jan 99999999999999999999 00:00:00 GMT"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "inf"}, None),
    ],
)
def test_the_wait_that_a_server_asks_for_is_understood(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, milliseconds and dates all occur."""
    assert retry_after_s(headers, NOW) == seconds


def test_a_date_is_counted_from_now() -> None:
    """Without a clock of its own the wait is measured from the present."""
    assert retry_after_s({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}) == 0.0
