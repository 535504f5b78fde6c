"""What the policy says of money: prices, hardware, people, baselines, budgets."""

from datetime import date
from typing import Annotated, Self

from pydantic import Field, model_validator

from gateway.policy.words import Model

_Usd = Annotated[float, Field(ge=0, le=1_000_000_000)]
_Share = Annotated[float, Field(ge=0, le=1)]


class PricePolicy(Model):
    """Prices of your contract, USD per million tokens; they win over the packaged list."""

    input: float = Field(ge=0, le=1_000_000, description="For the prompt.")
    output: float = Field(ge=0, le=1_000_000, description="For the answer, reasoning included.")
    cached_input: float | None = Field(
        default=None, ge=0, le=1_000_000, description="For the part of the prompt that was cached. Unset: as `input`."
    )


class OwnedPolicy(Model):
    """Hardware that was bought: written off by the month, and fed with electricity."""

    usd: _Usd = Field(description="What all cards of the pool with their machines cost.")
    residual: _Share = Field(default=0.0, description="The share of that price which they are worth at the end.")
    months: float = Field(gt=0, le=600, description="Months until then.")
    idle_w: float = Field(default=0.0, ge=0, le=10_000_000, description="Watts of the whole pool without work.")
    load_w: float = Field(default=0.0, ge=0, le=10_000_000, description="Watts of the whole pool under full load.")
    usd_per_kwh: float = Field(default=0.0, ge=0, le=1000, description="What a kilowatt-hour costs.")
    pue: float = Field(default=1.0, ge=1, le=10, description="Power of the building for each watt of the machines.")
    colocation_usd_per_month: _Usd = Field(default=0.0, description="Rack, network, hands.")

    @model_validator(mode="after")
    def _is_fed(self) -> Self:
        if self.load_w < self.idle_w:
            raise ValueError("load_w is below idle_w; give the watts under full load")
        if self.load_w and not self.usd_per_kwh:
            raise ValueError("watts without usd_per_kwh; say what a kilowatt-hour costs")
        return self


class PoolPolicy(Model):
    """Hardware that costs by the hour, busy or not: rented (`usd_per_gpu_hour`) or bought (`owned`)."""

    gpus: int = Field(gt=0, le=1_000_000, description="How many cards, those on standby included.")
    standby: int = Field(default=0, ge=0, description="How many of them wait in reserve and take no requests.")
    usd_per_gpu_hour: _Usd | None = Field(default=None, description="What one card costs an hour.")
    owned: OwnedPolicy | None = Field(default=None, description="Instead: what bought hardware cost.")
    operations_usd_per_month: _Usd = Field(
        default=0.0, description="Storage, traffic, and people who run it, where `engineers` does not count them."
    )
    gpu: str | None = Field(default=None, description="The card: A100-80, H100, H200 ... for the table of speeds.")
    input_us: float | None = Field(default=None, ge=0, le=1e9, description="GPU-microseconds a token of the prompt.")
    output_us: float | None = Field(default=None, ge=0, le=1e9, description="GPU-microseconds a token of the answer.")
    cached_us: float = Field(default=0.0, ge=0, le=1e9, description="GPU-microseconds a token of a cached prefix.")
    usable: float = Field(default=0.5, gt=0, le=1, description="The share of full load within your latency target.")
    since: date | None = Field(default=None, description="The day from which it costs, UTC. Unset: always.")
    until: date | None = Field(default=None, description="The day from which it costs no more. Unset: never.")

    @model_validator(mode="after")
    def _costs_one_way(self) -> Self:
        if (self.usd_per_gpu_hour is None) == (self.owned is None):
            raise ValueError("give either usd_per_gpu_hour (rented) or owned (bought)")
        if self.standby >= self.gpus:
            raise ValueError("standby is as many as gpus; at least one card must take requests")
        if (self.input_us is None) != (self.output_us is None):
            raise ValueError("input_us and output_us go together")
        if self.since and self.until and self.until <= self.since:
            raise ValueError("until is not after since")
        return self


class EngineersPolicy(Model):
    """People who keep it running."""

    usd_per_month: _Usd | None = Field(default=None, description="What they cost a month, as far as they work on this.")
    fte: float | None = Field(default=None, ge=0, le=10_000, description="Instead: how many of them.")
    usd_per_fte_month: _Usd | None = Field(default=None, description="With `fte`: what one costs a month.")

    @model_validator(mode="after")
    def _is_one_sum(self) -> Self:
        halves = (self.fte is None, self.usd_per_fte_month is None)
        if halves[0] != halves[1] or (self.usd_per_month is None) != (not halves[0]):
            raise ValueError("give either usd_per_month, or fte with usd_per_fte_month")
        return self


class BaselinePolicy(Model):
    """How many tokens a baseline would have taken for what another model answered."""

    tokens: float = Field(
        default=1.0, gt=0, le=100, description="Tokens of its tokenizer for each of the answering model's."
    )
    verbosity: float = Field(
        default=1.0, gt=0, le=100, description="Length of its answers, reasoning included, for one of the given ones."
    )

    @property
    def is_assumed(self) -> bool:
        """Whether nothing was measured: tokens are taken as equal."""
        return self.tokens == 1 and self.verbosity == 1


class BudgetPolicy(Model):
    """What may be spent in a calendar month (UTC): closed APIs, hardware and people."""

    usd_per_month: float = Field(gt=0, le=1_000_000_000, description="The budget of a month.")
    warn_at: tuple[Annotated[float, Field(gt=0, le=10)], ...] = Field(
        default=(0.8, 0.95, 1.0), min_length=1, description="Shares of it that are told when they are reached."
    )
