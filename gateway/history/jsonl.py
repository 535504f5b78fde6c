"""Our own format: JSON lines, one request a line, strict. `docs/bookkeeping.md` shows every field.

A line that lacks an `id` is known by all that it says, and by how many lines before it said just the same.
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from gateway.entries import Status
from gateway.errors import InvalidRequestError
from gateway.history.files import Source, Value
from gateway.history.recorded import LONGEST_TEXT, MOST_TAGS, Asked, Rate, Recorded
from gateway.money.tokens import Tokens
from gateway.policy.words import LEVELS, LevelName
from gateway.spelling import remedy
from gateway.types import Money, Usage
from gateway.wire.usage import MOST_TOKENS, MOST_USD, parse_usage

TENANT_FIELDS: frozenset[str] = frozenset()

# What steers a terminal, or breaks a line of a report, is no name.
_PLAIN = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
_Name = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT, pattern=_PLAIN)]
_Names = Annotated[tuple[_Name, ...], Field(max_length=MOST_TAGS)]
_Count = Annotated[int, Field(ge=0, le=MOST_TOKENS, strict=True)]
_Seconds = Annotated[float, Field(ge=0, le=10_000_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class TokenKinds(_Strict):
    """The tokens of a request by kind, none of them twice."""

    input: _Count = Field(description="Of the prompt, that no cache knew.")
    output: _Count = Field(description="Of the answer, as it was read.")
    cache_read: _Count = 0
    cache_write_5m: _Count = 0
    cache_write_1h: _Count = 0
    audio_input: _Count = 0
    image_input: _Count = 0
    reasoning: _Count = 0
    audio_output: _Count = 0

    def usage(self) -> Usage:
        """Return them as totals with their parts."""
        written = self.cache_write_5m + self.cache_write_1h
        return Usage(
            prompt_tokens=self.input + self.cache_read + written + self.audio_input + self.image_input,
            completion_tokens=self.output + self.reasoning + self.audio_output,
            cached_tokens=self.cache_read,
            cache_write_tokens=written,
            cache_write_1h_tokens=self.cache_write_1h,
            reasoning_tokens=self.reasoning,
            audio_tokens=self.audio_input,
            image_tokens=self.image_input,
            audio_output_tokens=self.audio_output,
        )


class Line(_Strict):
    """One request that was recorded elsewhere."""

    id: _Name | None = Field(default=None, description="What tells it from every other; unset: all that it says.")
    time: AwareDatetime = Field(description="When it came: ISO 8601 with its zone, or seconds since 1970.")
    model: _Name | None = Field(default=None, description="Who answered, as price lists name it: provider/model.")
    tokens: TokenKinds | None = Field(default=None, description="Its tokens by kind, none twice.")
    usage: dict[str, Any] | None = Field(default=None, description="Instead: the `usage` object of the provider.")
    cost_usd: Annotated[Decimal, Field(ge=0, le=MOST_USD)] | None = Field(
        default=None, description="What it cost; unset: reckoned from the price list."
    )
    status: Status = Field(default="answered", description="answered, refused, exhausted (all failed) or cancelled.")
    error: _Name | None = Field(default=None, description="Why it failed, in a word.")
    cached: bool = Field(default=False, description="Whether a cache of yours answered, and nobody was asked.")
    rate: Rate = Field(default="standard", description="How it was billed.")
    tenant: _Name | None = Field(default=None, description="On whose behalf.")
    team: _Name | None = Field(default=None, description="Who pays for it.")
    tags: _Names = Field(default=(), description="What is known of the content, and what reports are grouped by.")
    task: _Name | None = Field(default=None, description="The task, for rules that ask for one.")
    kinds: _Names = Field(default=(), description="What was found in it: pii, pci ...")
    level: LevelName | None = Field(default=None, description=f"How private it was: {', '.join(LEVELS)}.")
    difficulty: Annotated[float, Field(ge=0, le=1)] | None = Field(default=None, description="How hard it was, 0 to 1.")
    local: bool | None = Field(default=None, description="Whether your own hardware answered.")
    duration_s: _Seconds = Field(default=0.0, description="How long it took; unset: unknown.")
    first_token_s: _Seconds | None = Field(default=None, description="When the first piece of a stream came.")

    @model_validator(mode="after")
    def _is_whole(self) -> "Line":
        if self.tokens is not None and self.usage is not None:
            raise ValueError("`tokens` and `usage` are two ways to say one thing; give one of them")
        if self.status != "refused" and self.model is None:
            raise ValueError("`model` is missing; name it as price lists do: provider/model")
        if self.status == "answered" and self.error is not None:
            raise ValueError("`error` and status answered do not go together; set `status` to exhausted")
        return self


_UNKNOWN = "extra_forbidden"
_MOST_TOLD = 3


@contextmanager
def reading(_asked: Asked) -> Iterator["Reader"]:
    """Yield what reads the lines of one pass over a file."""
    # A file of SQLite's own where the memory is not enough.
    with closing(sqlite3.connect("")) as met:
        met.execute("CREATE TABLE met (said BLOB PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID")
        yield Reader(met)


class Reader:
    """Reads lines; of those without an `id` it knows how often it met each."""

    def __init__(self, met: sqlite3.Connection) -> None:
        self._met = met

    def values(self, source: Source) -> Iterator[Value]:
        """Yield the lines of a file."""
        return source.lines()

    def units(self, text: str) -> Iterator[tuple[Recorded]]:
        """Yield the request of a line; raises `InvalidRequestError`."""
        try:
            line = Line.model_validate_json(text)
        except ValidationError as error:
            # A field that nobody knows is often why another one is missing.
            faults = sorted(error.errors(include_input=False), key=lambda fault: fault["type"] != _UNKNOWN)
            raise InvalidRequestError("; ".join(map(_told, faults[:_MOST_TOLD]))) from None
        yield (self._recorded(line),)

    def _recorded(self, line: Line) -> Recorded:
        return Recorded(
            key=f"id {line.id}" if line.id is not None else self._key(line),
            at=line.time,
            model=line.model,
            provider=line.model and line.model.partition("/")[0],
            request_id=line.id,
            status=line.status,
            error=line.error,
            usage=_usage(line),
            cost=None if line.cost_usd is None else money(line.cost_usd),
            rate=line.rate,
            cached=line.cached,
            tenant=line.tenant,
            team=line.team,
            tags=tuple(sorted(set(line.tags))),
            task=line.task,
            kinds=tuple(sorted(set(line.kinds))),
            level=line.level,
            difficulty=line.difficulty,
            local=line.local,
            duration_s=line.duration_s,
            first_token_s=line.first_token_s,
        )

    def _key(self, line: Line) -> str:
        said = hashlib.sha256(line.model_dump_json().encode()).digest()
        self._met.execute("INSERT INTO met VALUES (?, 1) ON CONFLICT DO UPDATE SET times = times + 1", (said,))
        times = self._met.execute("SELECT times FROM met WHERE said = ?", (said,)).fetchone()[0]
        return f"said {said.hex()} {times}"


def money(usd: Decimal) -> Money:
    """Return an amount in whole nano-USD."""
    return Money(int(usd.scaleb(9).to_integral_value(ROUND_HALF_EVEN)))


def _usage(line: Line) -> Usage:
    if line.tokens is not None:
        return line.tokens.usage()
    if line.usage is None:
        return Usage()
    usage = parse_usage({"usage": line.usage}) or Usage()
    if Tokens.of(usage) is None:
        raise InvalidRequestError("`usage` does not say how many tokens went and came, or a part exceeds its whole")
    return usage


def _told(fault: ErrorDetails) -> str:
    path = [str(part) for part in fault["loc"]]
    if fault["type"] == _UNKNOWN:
        known = TokenKinds.model_fields if path[0] == "tokens" else Line.model_fields
        # A key that is like none of ours may be part of a prompt: it is not shown.
        return f"has an unknown field{' in `tokens`' if path[1:] else ''}; {remedy(path[-1], known)}"
    if fault["type"] == "value_error":
        return str(fault["ctx"]["error"])
    return f"`{'.'.join(path)}`: {fault['msg'][:1].lower()}{fault['msg'][1:]}" if path else "is no JSON object"
