"""How the numbers of each country are told from near misses: cases of Presidio's recognisers, right or wrong.

A case that holds a number is decided right if a finding covers part of it (`found`); one that holds none, if no
finding has a type of its recogniser. `named` counts the numbers that were found under their own type.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from gateway.types import Finding

# The recogniser's name in the set, the country, and the types that we give what it looks for.
CLAIMED: tuple[tuple[str, str, str], ...] = (
    ("au_abn", "AU", "AU_ABN"),
    ("au_acn", "AU", "AU_ACN"),
    ("au_medicare", "AU", "AU_MEDICARE"),
    ("au_tfn", "AU", "AU_TFN"),
    ("ca_sin", "CA", "CA_SIN"),
    ("de_health_insurance", "DE", "DE_HEALTH_INSURANCE"),
    ("de_id_card", "DE", "DE_ID_CARD DE_PASSPORT"),
    ("de_passport", "DE", "DE_PASSPORT DE_ID_CARD"),
    ("de_social_security", "DE", "DE_SOCIAL_SECURITY"),
    ("de_tax_id", "DE", "DE_TAX_ID"),
    ("es_nie", "ES", "ES_NIE"),
    ("es_nif", "ES", "ES_NIF"),
    ("es_passport", "ES", "ES_PASSPORT"),
    ("fi_personal_identity_code", "FI", "FI_PERSONAL_IDENTITY_CODE"),
    ("in_aadhaar", "IN", "IN_AADHAAR"),
    ("in_gstin", "IN", "IN_GSTIN"),
    ("in_pan", "IN", "IN_PAN"),
    ("in_passport", "IN", "IN_PASSPORT"),
    ("in_voter", "IN", "IN_VOTER"),
    ("it_driver_license", "IT", "IT_DRIVER_LICENSE"),
    ("it_fiscal_code", "IT", "IT_FISCAL_CODE"),
    ("it_identity_card", "IT", "IT_IDENTITY_CARD"),
    ("it_vat_code", "IT", "IT_VAT_CODE"),
    ("kr_brn", "KR", "KR_BRN"),
    ("kr_driver_license", "KR", "KR_DRIVER_LICENSE"),
    ("kr_frn", "KR", "KR_FRN"),
    ("kr_passport", "KR", "KR_PASSPORT"),
    ("kr_rrn", "KR", "KR_RRN"),
    ("pl_pesel", "PL", "PL_PESEL"),
    ("se_organisationsnummer", "SE", "SE_ORGANISATIONSNUMMER"),
    ("se_personnummer", "SE", "SE_PERSONNUMMER"),
    ("sg_fin", "SG", "SG_NRIC_FIN"),
    ("sg_uen", "SG", "SG_UEN"),
    ("th_tnin", "TH", "TH_TNIN"),
    ("tr_national_id", "TR", "TR_NATIONAL_ID"),
    ("uk_driving_licence", "UK", "UK_DRIVING_LICENCE"),
    ("uk_nhs", "UK", "UK_NHS"),
    ("uk_nino", "UK", "UK_NINO"),
    ("uk_passport", "UK", "UK_PASSPORT"),
    ("aba_routing", "US", "ABA_ROUTING_NUMBER"),
    ("certificate_number", "US", "MEDICAL_LICENSE"),
    ("us_bank", "US", "US_BANK_NUMBER"),
    ("us_driver_license", "US", "US_DRIVER_LICENSE"),
    ("us_itin", "US", "US_ITIN"),
    ("us_mbi", "US", "US_MBI"),
    ("us_npi", "US", "US_NPI"),
    ("us_passport", "US", "US_PASSPORT"),
    ("us_ssn", "US", "US_SSN"),
    ("za_id_number", "ZA", "ZA_ID_NUMBER"),
    ("credit_card", "any", "CREDIT_CARD"),
    ("email", "any", "EMAIL_ADDRESS"),
    ("ip", "any", "IP_ADDRESS"),
    ("mac", "any", "MAC_ADDRESS"),
    ("ph_mobile_number", "PH", "PHONE_NUMBER"),
    ("phone", "any", "PHONE_NUMBER"),
    ("tr_phone_number", "TR", "PHONE_NUMBER"),
)

# A row of the set, as its README describes it.
Case = Mapping[str, Any]


class Score(NamedTuple):
    """How many cases of one recogniser were decided right; `named` of the `positives` under their own type."""

    recogniser: str
    country: str
    positives: int
    found: int
    named: int
    negatives: int
    quiet: int

    @property
    def cases(self) -> int:
        """All cases."""
        return self.positives + self.negatives

    @property
    def right(self) -> int:
        """What was decided right."""
        return self.found + self.quiet


def scores(cases: Sequence[Case], detect: Callable[[str], Sequence[Finding]]) -> Iterator[Score]:
    """Yield the score of every recogniser that we claim to do the work of."""
    for recogniser, country, types in CLAIMED:
        rows = [case for case in cases if case["recognizer"] == recogniser]
        results = [(case["label"], {finding.type for finding in detect(case["text"])}) for case in rows]
        own = set(types.split())
        positives = [types_found for label, types_found in results if label]
        negatives = [types_found for label, types_found in results if not label]
        yield Score(
            recogniser=recogniser,
            country=country,
            positives=len(positives),
            found=sum(bool(types_found) for types_found in positives),
            named=sum(bool(types_found & own) for types_found in positives),
            negatives=len(negatives),
            quiet=sum(not types_found & own for types_found in negatives),
        )
