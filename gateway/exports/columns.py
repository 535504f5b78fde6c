"""The columns of a FOCUS file: which version has them, in which order, of which type, and which are never empty.

FOCUS is the FinOps Open Cost and Usage Specification (CC BY 4.0). Its columns stand first, by name; ours, which begin
with `x_`, after them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, get_args

Version = Literal["1.2", "1.3", "1.4"]
VERSIONS: tuple[Version, ...] = get_args(Version)
# `json` is text in every file.
Kind = Literal["text", "decimal", "integer", "time", "json"]
# A value of a row: None is an empty cell.
Value = str | Decimal | int | datetime | None
Row = Mapping[str, Value]

_SERVICES = (
    "AI and Machine Learning", "Analytics", "Business Applications", "Compute", "Databases", "Developer Tools",
    "Multicloud", "Identity", "Integration", "Internet of Things", "Management and Governance", "Media", "Migration",
    "Mobile", "Networking", "Security", "Storage", "Web", "Other",
)  # fmt: skip
# Digits behind the point: amounts and quantities are whole thousand-millionths, prices a token are pico-USD.
AMOUNT, PRICE = 9, 12
OURS = "x_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column; `needed` where the standard wants it in every file, `nulls` where a row may leave it empty."""

    name: str
    kind: Kind = "text"
    needed: bool = False
    nulls: bool = True
    scale: int = AMOUNT
    first: Version = "1.2"
    last: Version = "1.4"
    among: tuple[str, ...] = ()

    def is_in(self, version: Version) -> bool:
        """Whether a file of that version has it."""
        return self.first <= version <= self.last


def _must(name: str, kind: Kind = "text", *, among: tuple[str, ...] = (), scale: int = AMOUNT) -> Column:
    return Column(name=name, kind=kind, needed=True, nulls=False, among=among, scale=scale)


def _may_be_empty(name: str, kind: Kind = "text", *, among: tuple[str, ...] = ()) -> Column:
    return Column(name=name, kind=kind, needed=True, among=among)


def _more(name: str, kind: Kind = "text", *, among: tuple[str, ...] = (), scale: int = AMOUNT) -> Column:
    return Column(name=name, kind=kind, among=among, scale=scale)


def _named_by(name: str, *, first: Version = "1.2", last: Version = "1.4") -> Column:
    return Column(name=name, needed=True, nulls=False, first=first, last=last)


def _split(name: str, kind: Kind = "text") -> Column:
    return Column(name=name, kind=kind, first="1.3")


COLUMNS: tuple[Column, ...] = (
    _split("AllocatedMethodId"),
    _split("AllocatedResourceId"),
    _split("AllocatedResourceName"),
    _split("AllocatedTags", "json"),
    _must("BilledCost", "decimal"),
    _must("BillingAccountId"),
    _may_be_empty("BillingAccountName"),
    _must("BillingCurrency"),
    _must("BillingPeriodEnd", "time"),
    _must("BillingPeriodStart", "time"),
    _more("CapacityReservationId"),
    _more("CapacityReservationStatus", among=("Used", "Unused")),
    _must("ChargeCategory", among=("Usage", "Purchase", "Tax", "Credit", "Adjustment")),
    _may_be_empty("ChargeClass", among=("Correction",)),
    _may_be_empty("ChargeDescription"),
    Column(name="ChargeFrequency", nulls=False, among=("One-Time", "Recurring", "Usage-Based")),
    _must("ChargePeriodEnd", "time"),
    _must("ChargePeriodStart", "time"),
    _more("ConsumedQuantity", "decimal"),
    _more("ConsumedUnit"),
    _must("ContractedCost", "decimal"),
    _must("EffectiveCost", "decimal"),
    _named_by("HostProviderName", first="1.3"),
    _must("InvoiceIssuerName"),
    _must("ListCost", "decimal", scale=PRICE),
    _more("ListUnitPrice", "decimal", scale=PRICE),
    _more("PricingCategory", among=("Standard", "Dynamic", "Committed", "Other")),
    _may_be_empty("PricingQuantity", "decimal"),
    _may_be_empty("PricingUnit"),
    _named_by("ProviderName", last="1.3"),
    _named_by("PublisherName", last="1.3"),
    _more("ResourceId"),
    _more("ResourceName"),
    _more("ResourceType"),
    _must("ServiceCategory", among=_SERVICES),
    _must("ServiceName"),
    _named_by("ServiceProviderName", first="1.3"),
    Column(name="ServiceSubcategory", nulls=False),
    _more("SkuId"),
    _more("SkuMeter"),
    _more("SkuPriceDetails", "json"),
    _more("SkuPriceId"),
    _more("SubAccountId"),
    _more("SubAccountName"),
    _more("Tags", "json"),
    _more("x_AllocationMethod"),
    _more("x_Backend"),
    _more("x_BaselineCost", "decimal"),
    _more("x_BaselineModel"),
    _more("x_CostSource"),
    _more("x_Coverage", "decimal"),
    _more("x_Model"),
    _more("x_ModelLicense"),
    _more("x_NetSavings", "decimal"),
    _more("x_PriceVersion"),
    _more("x_TokenBasis"),
    Column(name="x_UnpricedCalls", kind="integer", nulls=False),
)


def columns_of(version: Version) -> Sequence[Column]:
    """Return the columns that a file of that version has, in their order."""
    return [column for column in COLUMNS if column.is_in(version)]
