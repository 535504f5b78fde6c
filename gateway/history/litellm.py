"""LiteLLM's spend log, `LiteLLM_SpendLogs`: JSON, JSON lines or CSV with a header. Prompts in it are never read.

What is 0 there because nobody knew it is unknown here: tokens of an answer, the spend of a model without a price.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from gateway.errors import InvalidRequestError
from gateway.history.files import Source, Value
from gateway.history.jsonl import money
from gateway.history.recorded import MOST_TAGS, Asked, LeftOut, Recorded, Unit, plain
from gateway.types import Money, Usage
from gateway.wire.usage import MOST_TOKENS, MOST_USD, parse_usage

TENANT_FIELDS = frozenset({"end_user", "user", "team_id", "organization_id"})

_REQUIRED = ("request_id", "startTime", "model", "spend")
# Calls that answer somebody; an older log does not say.
_ANSWERS = frozenset(
    {"", "completion", "acompletion", "text_completion", "atext_completion", "responses", "aresponses"}
    | {"anthropic_messages", "generate_content", "agenerate_content", "generate_content_stream"}
    | {"agenerate_content_stream"}
)
_USER_AGENT = "User-Agent:"
_CODES = {401: "authentication", 403: "authentication", 408: "timeout", 429: "rate_limited"}
_REFUSALS = range(400, 500)
_TIMED_OUT = 408

# A row of the log: JSON, or the texts of a CSV.
_Row = Mapping[str, Any]


@contextmanager
def reading(asked: Asked) -> Iterator["Reader"]:
    """Yield what reads the rows of one pass over a file."""
    yield Reader(asked)


class Reader:
    """Reads rows of the log."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    def values(self, source: Source) -> Iterator[Value]:
        """Yield the rows of a file."""
        return source.values() if source.begins_with() in ("{", "[", "") else source.rows()

    def units(self, row: object) -> Iterator[Unit]:
        """Yield the request of a row; raises `InvalidRequestError`."""
        if not isinstance(row, dict):
            raise InvalidRequestError("is no object; export the rows of LiteLLM_SpendLogs")
        missing = [name for name in _REQUIRED if name not in row]
        if missing:
            raise InvalidRequestError(f"lacks {', '.join(missing)}; export the rows of LiteLLM_SpendLogs")
        call = plain(row.get("call_type"), "call_type") or ""
        if call not in _ANSWERS:
            yield LeftOut(call, money(_spend(row)))
        else:
            yield (self._recorded(row),)

    def _recorded(self, row: _Row) -> Recorded:
        began, metadata = _time(row, "startTime"), _object(row.get("metadata"))
        provider = plain(row.get("custom_llm_provider"), "custom_llm_provider")
        model = _model(plain(row["model"], "model"), provider)
        failed = (plain(row.get("status"), "status") or metadata.get("status")) == "failure"
        cached = str(row.get("cache_hit")).lower() == "true"
        cost = _Cost.of(row, metadata, failed=failed, cached=cached)
        usage = _usage(row, metadata)
        key = plain(row["request_id"], "request_id")
        if key is None or (model is None and not failed):
            raise InvalidRequestError("`request_id` or `model` is empty")
        return Recorded(
            key=key,
            at=began,
            model=model,
            provider=provider or (model and model.partition("/")[0]),
            request_id=key,
            # Nobody was asked where not even the provider was chosen.
            status="answered" if not failed else "refused" if provider is None else "exhausted",
            error=cost.error,
            usage=usage,
            cost=cost.amount,
            cost_source="price" if cost.is_free else "provider",
            cached=cached,
            tenant=self._tenant(row),
            team=plain(metadata.get("user_api_key_team_alias"), "metadata.user_api_key_team_alias")
            or plain(row.get("team_id"), "team_id"),
            tags=_tags(row),
            duration_s=_duration_s(row, began),
            first_token_s=_first_token_s(row, began),
        )

    def _tenant(self, row: _Row) -> str | None:
        if self._asked.field is None:
            return self._asked.tenant
        return plain(row.get(self._asked.field), self._asked.field)


class _Cost:
    """What a row says of its cost, and why it failed."""

    def __init__(self, amount: Money | None, *, is_free: bool = False, error: str | None = None) -> None:
        self.amount = amount
        self.is_free = is_free
        self.error = error

    @classmethod
    def of(cls, row: _Row, metadata: _Row, *, failed: bool, cached: bool) -> "_Cost":
        spend = money(_spend(row))
        code = _whole(_object(metadata.get("error_information")).get("error_code")) if failed else None
        error = (_CODES.get(code or 0) or ("rejected" if code in _REFUSALS else "unavailable")) if failed else None
        if spend.nano_usd:
            return cls(spend, error=error)
        # What a provider refused it did not bill; what a cache answered was not asked of it. Any other 0 is unknown.
        is_free = cached or (failed and code in _REFUSALS and code != _TIMED_OUT)
        return cls(Money(0) if is_free else None, is_free=is_free, error=error)


def _usage(row: _Row, metadata: _Row) -> Usage:
    told = _object(metadata.get("usage_object")) or {
        **_object(metadata.get("additional_usage_values")),
        **{name: _whole(row.get(name)) for name in ("prompt_tokens", "completion_tokens", "total_tokens")},
    }
    usage = parse_usage({"usage": told}) or Usage()
    # Nobody asks and gets nothing: the 0 is what the log holds where the provider did not say.
    return usage if usage.prompt_tokens or usage.completion_tokens else Usage()


def _model(model: str | None, provider: str | None) -> str | None:
    if model is None or provider is None or model.startswith(f"{provider}/"):
        return model
    return f"{provider}/{model}"


def _tags(row: _Row) -> tuple[str, ...]:
    tags = row.get("request_tags")
    if isinstance(tags, str):
        tags = _parsed(tags)
    names = [plain(tag, "request_tags") for tag in tags] if isinstance(tags, list) else []
    # LiteLLM adds the caller's program and its version, which say nothing of the request.
    kept = sorted({name for name in names if name is not None and not name.startswith(_USER_AGENT)})
    if len(kept) > MOST_TAGS:
        raise InvalidRequestError(f"`request_tags` holds more than {MOST_TAGS} tags")
    return tuple(kept)


def _duration_s(row: _Row, began: datetime) -> float:
    took = _whole(row.get("request_duration_ms"))
    if took is not None:
        return took / 1000
    return max(0.0, (_time(row, "endTime") - began).total_seconds()) if row.get("endTime") else 0.0


def _first_token_s(row: _Row, began: datetime) -> float | None:
    # Without a stream it is the end.
    if not row.get("completionStartTime") or row.get("completionStartTime") == row.get("endTime"):
        return None
    return max(0.0, (_time(row, "completionStartTime") - began).total_seconds())


def _time(row: _Row, name: str) -> datetime:
    try:
        at = datetime.fromisoformat(str(row[name]))
    except (ValueError, OverflowError):
        raise InvalidRequestError(f"`{name}` is no time") from None
    # The log keeps UTC without saying so.
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def _spend(row: _Row) -> Decimal:
    try:
        spend = Decimal(str(row["spend"] or 0))
    except InvalidOperation:
        raise InvalidRequestError("`spend` is no number") from None
    # A NaN compares false too.
    if not spend.is_finite() or not 0 <= spend <= MOST_USD:
        raise InvalidRequestError(f"`spend` is outside 0 to {MOST_USD:,}")
    return spend


def _whole(value: object) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(MOST_TOKENS)) else None


def _object(value: object) -> _Row:
    if isinstance(value, str):
        value = _parsed(value)
    return value if isinstance(value, dict) else {}


# Any: JSON in a column of somebody else's.
def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
