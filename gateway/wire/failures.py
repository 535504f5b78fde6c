"""What a refusal of a server means: HTTP status and machine codes to our errors, never by the message's text.

Servers echo prompts in their messages, so a message is not even read. A code is shown only where it is a known one: any
other could be the prompt, too.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from gateway import errors

_CONTEXT = frozenset({"context_length_exceeded", "exceed_context_size_error", "context_window_exceeded"})
_FILTERED = frozenset({"content_filter", "content_policy_violation", "responsibleaipolicyviolation"})
_NO_QUOTA = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
# Shown in an error: what OpenAI, Azure, Anthropic, llama.cpp, vLLM and TGI document or send, in lower case.
_KNOWN = (
    _CONTEXT
    | _FILTERED
    | _NO_QUOTA
    | {
        *("invalid_request_error", "invalid_value", "invalid_type", "invalid_prompt", "invalid_json"),
        *("missing_required_parameter", "unknown_parameter", "unsupported_parameter", "unsupported_value"),
        *("integer_above_max_value", "integer_below_min_value", "decimal_above_max_value", "decimal_below_min_value"),
        *("string_above_max_length", "array_above_max_length", "invalid_function_parameters", "invalid_image"),
        *("model_not_found", "deploymentnotfound", "unsupported_country_region_territory", "not_found_error"),
        *("invalid_api_key", "invalid_authentication", "authentication_error", "permission_error"),
        *("permission_denied_error", "invalid_organization", "account_deactivated", "billing_error"),
        *("rate_limit_exceeded", "rate_limit_error", "tokens", "requests", "too_many_requests", "slow_down"),
        *("server_error", "internal_server_error", "internal_error", "api_error", "overloaded_error", "timeout_error"),
        *("service_unavailable", "unavailable_error", "request_too_large", "not_supported_error"),
        *("badrequesterror", "notfounderror", "internalservererror", "authenticationerror"),
        *("validation", "generation", "incomplete_generation", "overloaded", "unhealthy", "template_error"),
    }
)
# vLLM has no code for a prompt that is too long; it names the parameter.
_CONTEXT_PARAMETERS = frozenset({"input_tokens", "input_text"})


def failure(
    status: int | None, payload: object, *, backend: str, retry_after: float | None = None
) -> errors.BackendError:
    """Return the error that a refusal stands for.

    `payload` is the decoded body, None where it is no JSON. `status` is None for an error object where an answer was
    due (inside a stream, or with status 200): then the object's own status counts, and without one it is malformed.
    """
    fields = _fields(payload)
    codes = tuple(_codes(fields))
    said = status if status is not None else _status(fields)
    text = f"{backend!r} answered {'with an error' if said is None else said}{_shown(codes)}"
    if fields.get("param") in _CONTEXT_PARAMETERS or _CONTEXT.intersection(codes):
        return errors.ContextWindowExceededError(f"{text}: the prompt is too long", backend=backend, status=said)
    if _FILTERED.intersection(codes):
        return errors.ContentFilteredError(f"{text}: refused for its content", backend=backend, status=said)
    if _NO_QUOTA.intersection(codes):
        return errors.RequestRejectedError(f"{text}: the account has no quota left", backend=backend, status=said)
    if said is None:
        return errors.MalformedResponseError(f"{text} in place of an answer", backend=backend)
    return _by_status(said, text, backend=backend, retry_after=retry_after)


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return the seconds that a server asks to wait, from `retry-after-ms` or `Retry-After` (seconds or a date)."""
    milliseconds = _seconds(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    asked = headers.get("retry-after")
    seconds = _seconds(asked)
    if seconds is not None or asked is None:
        return seconds
    try:
        until = parsedate_to_datetime(asked)
    except (ValueError, OverflowError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())


def _by_status(status: int, text: str, *, backend: str, retry_after: float | None) -> errors.BackendError:
    if status in (401, 403):
        return errors.AuthenticationError(f"{text}; check its api_key", backend=backend, status=status)
    if status == 408:  # noqa: PLR2004 - Request Timeout
        return errors.BackendTimeoutError(text, backend=backend, status=status)
    if status == 429:  # noqa: PLR2004 - Too Many Requests
        return errors.RateLimitedError(text, backend=backend, status=status, retry_after=retry_after)
    if status >= 500:  # noqa: PLR2004 - server-side faults
        return errors.BackendUnavailableError(text, backend=backend, status=status)
    if 300 <= status < 400:  # noqa: PLR2004 - redirects
        return errors.RequestRejectedError(
            f"{text}: redirects are not followed; write the final url into the policy", backend=backend, status=status
        )
    return errors.RequestRejectedError(text, backend=backend, status=status)


def _fields(payload: object) -> Mapping[str, Any]:
    if not isinstance(payload, dict):
        return {}
    error = payload.get("error")
    # TGI and older vLLM put the fields beside the text, everybody else into the error object.
    return error if isinstance(error, dict) else payload


def _codes(fields: Mapping[str, Any]) -> Iterator[str]:
    inner = fields.get("innererror")
    deeper = inner.get("code") if isinstance(inner, dict) else None
    for value in (fields.get("code"), fields.get("type"), fields.get("error_type"), deeper):
        if isinstance(value, str) and value.lower() in _KNOWN:
            yield value.lower()


def _status(fields: Mapping[str, Any]) -> int | None:
    for name in ("code", "status", "status_code"):
        value = fields.get(name)
        number = int(value) if isinstance(value, str) and value.isdecimal() and len(value) == 3 else value  # noqa: PLR2004
        if isinstance(number, int) and 400 <= number < 600:  # noqa: PLR2004 - HTTP's range of errors
            return number
    return None


def _shown(codes: tuple[str, ...]) -> str:
    return f" ({codes[0]})" if codes else ""


def _seconds(value: str | None) -> float | None:
    try:
        seconds = float(value or "")
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None
