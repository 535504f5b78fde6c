"""What a policy says for the licence rules: who deploys, where each model comes from, where texts are displayed."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from gateway.licences.modality import Modality
from gateway.policy.words import Model, Names

Exposure = Literal["research", "internal", "customers", "public", "weights_distributed"]
_LETTERS = 2


def _country(value: str) -> str:
    if value and (len(value) != _LETTERS or not value.isalpha()):
        raise ValueError("expected two letters of ISO 3166, for instance DE")
    return value.upper()


def _countries(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(_country, values))


class EntityPolicy(Model):
    """Who deploys: read by the licence rules, which are strict where this block is there."""

    name: str = Field(description="The company's legal name.")
    seat: Annotated[str, AfterValidator(_country)] = Field(
        default="", description="Country of the principal place of business, ISO 3166 two letters. Unset: unknown."
    )
    exposure: Exposure = Field(default="customers", description="Who sees the answers, or gets the weights.")
    affiliates: Names = Field(default=(), description="Other companies of the group whose people use it.")
    sectors: Names = Field(default=(), description="What it is used for: banking, health, military ...")
    users_in: Annotated[Names, AfterValidator(_countries)] = Field(
        default=(), description="Countries of its users, ISO 3166. Unset: anywhere."
    )


class OriginPolicy(Model):
    """Where a backend's model comes from, as far as its name does not say it."""

    declared: str | None = Field(default=None, description="The licence tag that its hub shows: llama3, mit ...")
    base: Names = Field(default=(), description="The models that it was made from, as their hub calls them.")
    host: str | None = Field(
        default=None, description="Who runs it, if not you: bedrock, together ... Unset: as `kind` says."
    )
    modalities: tuple[Modality, ...] = Field(default=(), description="What it takes, beside what its family does.")
    served_as: str | None = Field(default=None, description="The name that your users know it by.")
    tier: Literal["free", "paid"] | None = Field(default=None, description="Of the key: whether it is a paid one.")
    text: str | None = Field(default=None, description="The licence file that came with the weights; it is compared.")


class AttributionPolicy(Model):
    """Where the texts to display stand: one page, as a file or at a URL of yours."""

    file: str | None = Field(default=None, description="A file, from the policy's folder.")
    url: str | None = Field(default=None, description="A page; it is read by `gateway licences check` alone.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.file is None) is (self.url is None):
            raise ValueError("name a file or a url, one of them")
        if self.url is not None and not self.url.startswith(("https://", "http://")):
            raise ValueError("a url begins with https:// or http://")
        return self


class LicencesPolicy(Model):
    """How licence duties are met."""

    attribution: AttributionPolicy | None = Field(default=None, description="Where texts are displayed.")
    records: str | None = Field(
        default=None, description="The file of attestations. Unset: NAME.attestations.jsonl beside NAME.yaml."
    )
    owner: str = Field(default="", description="Who sees to it: a role, shown in the register.")
    warn: dict[str, Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]] = Field(
        default_factory=dict, description="Rules that only warn, each with the reason: it stands in the report."
    )
