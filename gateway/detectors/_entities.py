"""What the entities of other people's detectors are to us: their kind, and how sure they can be. Data and one function.

Ids are Presidio's; a model's own labels (`phone number`) are written the same way (`PHONE_NUMBER`).
"""

from typing import TYPE_CHECKING

from gateway.types import Finding

if TYPE_CHECKING:
    from gateway.detectors._page import Strength

# A matter of opinion, whatever the score says.
OPINIONS = frozenset(
    {"PERSON", "LOCATION", "NRP", "ORGANIZATION", "STREET_ADDRESS", "ADDRESS", "AGE", "DATE_TIME", "USERNAME", "TITLE"}
)
# They name nobody by themselves.
NOBODY = ("DATE_TIME", "URL", "UUID", "ORGANIZATION")
_KINDS = {
    "pci": ("CREDIT_CARD", "CREDIT_CARD_NUMBER", "CREDIT_CARD_EXPIRATION_DATE", "CVV", "CVC"),
    "phi": (
        *(
            "MEDICAL_RECORD_NUMBER",
            "MEDICAL_CONDITION",
            "MEDICATION",
            "HEALTH_INSURANCE_ID_NUMBER",
            "HEALTH_INSURANCE_NUMBER",
        ),
        *("UK_NHS", "US_MBI", "AU_MEDICARE", "DE_HEALTH_INSURANCE", "MEDICAL_DISEASE_DISORDER", "MEDICAL_MEDICATION"),
    ),
    "secret": ("PASSWORD", "API_KEY", "CRYPTO_PRIVATE_KEY", "ACCESS_TOKEN"),
}
_KIND_OF = {entity: kind for kind, entities in _KINDS.items() for entity in entities}
_OUR_IDS = {
    "NAME": "PERSON",
    "PERSON_NAME": "PERSON",
    "EMAIL": "EMAIL_ADDRESS",
    "ADDRESS": "STREET_ADDRESS",
    "CREDIT_CARD_NUMBER": "CREDIT_CARD",
}


def entity_id(label: str) -> str:
    """Return a label of a model the way Presidio writes its ids."""
    written = "_".join(label.upper().replace("-", " ").replace("/", " ").split())
    return _OUR_IDS.get(written, written)


def finding(entity: str, start: int, end: int, *, sure: bool, detector: str) -> Finding:
    """Return what was found as ours: structured identifiers strong where the detector is sure, opinions always weak."""
    strength: Strength = "strong" if sure and entity not in OPINIONS else "weak"
    return Finding(
        kind=_KIND_OF.get(entity, "pii"), type=entity, start=start, end=end, strength=strength, detector=detector
    )
