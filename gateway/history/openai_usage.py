"""The usage of an organisation as OpenAI's API gives it: pages of buckets, each with sums over many requests.

The books hold one row a request, so a sum over n requests becomes n of them: their tokens add up to the sum exactly,
and they are spread evenly over the bucket's time. What each of them really was nobody can say.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from gateway.errors import InvalidRequestError
from gateway.history.files import Source, Value
from gateway.history.recorded import Asked, LeftOut, Rate, Recorded, Unit, plain
from gateway.money.split import split
from gateway.types import Usage
from gateway.wire.usage import MOST_TOKENS

TENANT_FIELDS = frozenset({"project_id", "user_id", "api_key_id"})

MOST_REQUESTS = 100_000
_COMPLETIONS = "organization.usage.completions.result"
_PARTS = ("input_cached_tokens", "input_cache_write_tokens", "input_audio_tokens", "output_audio_tokens")
_TIERS: Mapping[str, Rate] = {"flex": "flex", "priority": "priority", "batch": "batch"}
_WHOSE = ("project_id", "user_id", "api_key_id", "model", "batch", "service_tier")

# JSON of a page.
_Object = Mapping[str, Any]


@contextmanager
def reading(asked: Asked) -> Iterator["Reader"]:
    """Yield what reads the pages of one pass over a file."""
    yield Reader(asked)


class Reader:
    """Reads pages."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked

    def values(self, source: Source) -> Iterator[Value]:
        """Yield the pages of a file."""
        return source.values()

    def units(self, page: object) -> Iterator[Unit]:
        """Yield the requests of each sum of a page; raises `InvalidRequestError`."""
        if not isinstance(page, dict) or not isinstance(page.get("data"), list):
            raise InvalidRequestError("is no page; keep the answers of /v1/organization/usage/completions as they came")
        for number, bucket in enumerate(page["data"]):
            if not isinstance(bucket, dict) or not isinstance(bucket.get("results"), list):
                raise InvalidRequestError(f"`data[{number}]` is no bucket with results")
            for place, result in enumerate(bucket["results"]):
                try:
                    yield self._unit(bucket, result)
                except InvalidRequestError as error:
                    raise InvalidRequestError(f"`data[{number}].results[{place}]`: {error}") from None

    def _unit(self, bucket: _Object, result: object) -> Unit:
        if not isinstance(result, dict) or not isinstance(result.get("object"), str):
            raise InvalidRequestError("is no result")
        if result["object"] != _COMPLETIONS:
            return LeftOut(result["object"].removeprefix("organization.usage.").removesuffix(".result"))
        sums = _Sums(bucket, result)
        if sums.end > self._asked.now:
            return LeftOut("bucket that is not over")
        tenant = self._asked.tenant
        if self._asked.field is not None:
            tenant = plain(result.get(self._asked.field), self._asked.field)
        return tuple(sums.requests(tenant))


class _Sums:
    """A sum over requests of one model, in one bucket."""

    def __init__(self, bucket: _Object, result: _Object) -> None:
        self._start, self.end = (_moment(bucket, f"{edge}_time") for edge in ("start", "end"))
        self._count = _count(result, "num_model_requests", MOST_TOKENS)
        model = plain(result.get("model"), "model")
        if model is None:
            raise InvalidRequestError("names no `model`; ask the API with group_by=model")
        if self.end <= self._start:
            raise InvalidRequestError("ends before it begins")
        if self._count > MOST_REQUESTS:
            raise InvalidRequestError(
                f"sums up {self._count:,} requests, more than {MOST_REQUESTS:,}; ask for a shorter bucket_width"
            )
        self._model = model if "/" in model else f"openai/{model}"
        self._team = plain(result.get("project_id"), "project_id")
        batch, tier = result.get("batch"), plain(result.get("service_tier"), "service_tier")
        self._rate: Rate = "batch" if batch is True else _TIERS.get(tier or "", "standard")
        named = [f"{name} {result.get(name)}" for name in _WHOSE if result.get(name) is not None]
        self._key = f"{self._start} to {self.end}, {', '.join(named)}"
        self._tokens = {name: _count(result, name, MOST_TOKENS * MOST_REQUESTS) for name in _PARTS}
        self._input, self._output = (_count(result, f"{way}_tokens", MOST_TOKENS * MOST_REQUESTS) for way in _WAYS)
        self._check()

    def requests(self, tenant: str | None) -> Iterator[Recorded]:
        """Yield as many requests as there were; of each kind of tokens the first ones have one more than the last."""
        step = (self.end - self._start) / max(self._count, 1)
        # Whose it was is in the key alone, of which a hash is kept.
        name = f"{self._start:%Y%m%dT%H%M%SZ}-{hashlib.sha256(self._key.encode()).hexdigest()[:8]}"
        for number, usage in enumerate(self._usages()):
            yield Recorded(
                key=f"{self._key}: {number + 1}",
                request_id=f"{name}-{number + 1}/{self._count}",
                at=self._start + step * number,
                model=self._model,
                provider="openai",
                usage=usage,
                rate=self._rate,
                tenant=tenant,
                team=self._team,
            )

    def _check(self) -> None:
        cached, written, heard, spoken = (self._tokens[name] for name in _PARTS)
        if not self._count and (self._input or self._output):
            raise InvalidRequestError("has tokens of 0 requests")
        if max(cached + written, heard) > self._input or spoken > self._output:
            raise InvalidRequestError("has parts that are larger than their sum")

    def _usages(self) -> Iterator[Usage]:
        """Split each disjoint part, so that no request has a part that is larger than its whole."""
        cached, written, heard, spoken = (self._tokens[name] for name in _PARTS)
        fresh = self._input - cached - written
        # Some of the audio was cached, and is counted there.
        heard = min(heard, fresh)
        parts = (fresh - heard, cached, written, heard, self._output - spoken, spoken)
        shares = [split(part, [1] * self._count) for part in parts]
        for text, read, put, audio, said, voice in zip(*shares, strict=True):
            yield Usage(
                prompt_tokens=text + read + put + audio,
                completion_tokens=said + voice,
                cached_tokens=read,
                cache_write_tokens=put,
                audio_tokens=audio,
                audio_output_tokens=voice,
            )


_WAYS = ("input", "output")
# The year 2286: ten digits.
_LATEST = 10**10 - 1


def _moment(bucket: _Object, name: str) -> datetime:
    return datetime.fromtimestamp(_count(bucket, name, _LATEST), UTC)


def _count(values: _Object, name: str, most: int) -> int:
    value = values.get(name)
    if value is None and name in _PARTS:
        return 0
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise InvalidRequestError(f"`{name}` is no whole number from 0 to {most:,}")
    return value
