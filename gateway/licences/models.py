"""What the registry's files hold: licences and families of models. Strict: every field stands in every file.

A licence may be the terms of a provider's service. Nothing here is legal advice: `basis` says how well a text was
read, and `review` who read it.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from gateway.licences.modality import Modality

Text = Annotated[str, StringConstraints(min_length=1)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
# text: the licence's own, read whole; excerpt: of a database of licences; web: what others say; memory: to be checked.
Basis = Literal["text", "excerpt", "web", "memory"]
# From the freest to the strictest; of `contract` one has to ask, and until then it is a no.
Outputs = Literal["allowed", "allowed_with_duties", "contract", "forbidden"]
OUTPUTS: tuple[Outputs, ...] = ("allowed", "allowed_with_duties", "contract", "forbidden")


class Entry(BaseModel):
    """A mapping of the registry: no field too many and none too few."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Refs(Entry):
    """What others call the licence; `hf_tags` are the words that model hubs use."""

    spdx: Text
    licensedb: Text | None
    hf_tags: tuple[Text, ...]


class Source(Entry):
    """Where the text was read, when, and the hashes of its official copies (none: the words alone are known)."""

    url: Text
    sha256: tuple[Sha256, ...]
    read: date
    basis: Basis


class UsePolicy(Entry):
    """What the model may not be used for: categories of `categories.yaml`."""

    url: Text
    sha256: tuple[Sha256, ...]
    categories: tuple[Text, ...]


class Display(Entry):
    """A text to show where a product is offered; `trigger` is the licence's own verb."""

    text: Text
    trigger: Literal["uses", "contains"]
    places: tuple[Text, ...]


class Notice(Entry):
    """A text that goes into the Notice file of copies; `trigger` says of which."""

    text: Text
    trigger: Literal["copies"]


class NamePrefix(Entry):
    """What the name of a model made with it begins with; `outputs` says whether models of its outputs are meant too."""

    text: Text
    outputs: bool


class DerivedDisplay(Entry):
    """Texts of which one stands in the documentation of a model made with it; `outputs` as for the prefix."""

    one_of: tuple[Text, ...]
    outputs: bool


class Mau(Entry):
    """The clause on monthly active users of the licensee and its affiliates.

    `fixed_date` asks about the month before one day, `continuous` about every month: an attestation holds `days`.
    """

    limit: int = Field(gt=0)
    revenue_usd_a_month: int | None
    measured: Literal["fixed_date", "continuous"]
    as_of: date | None
    days: int | None
    consequence: Literal["separate_licence", "display"]
    display: Text | None


class OutputRule(Entry):
    """Whether outputs may train other models, and whether a classifier that stays in the house may learn from them."""

    train: Outputs
    internal_classifier: bool | None


class Region(Entry):
    """To whom nothing is granted: by the seat of who hosts the model, never by where a caller is."""

    deny_host_seat: Literal["EU"]
    modalities: tuple[Modality, ...]
    exempt: Text | None
    clause: Text


class Service(Entry):
    """What binds who calls a provider's service; `users_paid_only` are places whose users the free tier excludes."""

    providers: tuple[Text, ...]
    free_tier_trains: bool
    retention_days: int | None
    zero_retention: Literal["by_approval", "none", "unknown"]
    users_paid_only: tuple[Literal["EU", "EEA", "CH", "UK"], ...]


class Review(Entry):
    """Who looked at the file last, and whether as counsel."""

    by: Text | None
    date: date | None
    counsel: bool


class Licence(Entry):
    """A licence's duties as data. The strings are its own, to the byte."""

    id: Text
    name: Text
    steward: Text
    refs: Refs
    text: Source
    use_policy: UsePolicy | None
    version_date: date | None
    commercial: bool
    display: Display | None
    notice: Notice | None
    name_prefix: NamePrefix | None
    derived_display: DerivedDisplay | None
    copy_of_licence: Literal["never", "copies", "made_available"]
    mau: Mau | None
    outputs: OutputRule
    # Whether the terms of your users must forbid what the use policy forbids, also where nothing but answers is sold.
    flow_down: bool
    regions: tuple[Region, ...]
    service: Service | None
    # Stands for terms that nobody wrote down here: a more exact one is no contradiction to it.
    generic: bool
    # Words that a text of it has and no other: how a copy with other whitespace is told.
    marks: tuple[Text, ...]
    notes: tuple[Text, ...]
    review: Review

    @property
    def attribution(self) -> tuple[str, ...]:
        """What is shown beside an answer: the display string. The notice belongs to copies, not to answers."""
        return () if self.display is None else (self.display.text,)


class Model(Entry):
    """Some models of a family: the names that they are told by, and what they carry.

    A name is words in a row, `*` for any one. `licence` is what the makers add, None where they add nothing or where
    nobody can say (`unknown`); `base` are the models that it was made from, whose licences stay.
    """

    names: tuple[Text, ...]
    licence: Text | None
    base: tuple[Text, ...]
    modalities: tuple[Modality, ...]
    declared: Text | None


class Family(Entry):
    """Models of one kind. The first of `models` that fits a name is the one; families beside it count as well.

    `vague` families are names that do not say which licence: they count where no better word stands in the name.
    """

    id: Text
    name: Text
    publisher: Text
    vague: bool
    url: Text
    read: date
    basis: Basis
    models: tuple[Model, ...]
    review: Review


class Category(Entry):
    """A use that some licence forbids, or a sector that none does."""

    id: Text
    means: Text
    also: tuple[Text, ...]
