"""Which digits are a payment card, an IBAN or a social security number. Pure checks, no searching."""

import ipaddress
import re
from itertools import pairwise
from typing import Literal

Reach = Literal["public", "private"]

_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)

_LONG = frozenset({16, 17, 18, 19})
_DINERS = frozenset({14, 16, 19})
_MAESTRO = frozenset(range(12, 20))

# First digits (lowest, highest) and the lengths that the network issues, by ISO/IEC 7812 and the networks' own lists.
_CARD_RANGES: tuple[tuple[str, str, frozenset[int]], ...] = (
    ("4", "4", frozenset({13, 16, 19})),  # Visa
    ("51", "55", frozenset({16})),  # Mastercard
    ("2221", "2720", frozenset({16})),
    ("34", "34", frozenset({15})),  # American Express
    ("37", "37", frozenset({15})),
    ("300", "305", _DINERS),
    ("3095", "3095", _DINERS),
    ("36", "36", _DINERS),
    ("38", "39", _DINERS),
    ("6011", "6011", _LONG),  # Discover
    ("644", "649", _LONG),
    ("65", "65", _LONG),
    ("62", "62", _LONG),  # UnionPay
    ("35", "35", _LONG),  # JCB
    ("1800", "1800", frozenset({15})),
    ("2131", "2131", frozenset({15})),
    ("2200", "2204", _LONG),  # Mir
    ("50", "50", _MAESTRO),
    ("56", "58", _MAESTRO),
    ("6304", "6304", _MAESTRO),
    ("6759", "6763", _MAESTRO),
    ("60", "60", frozenset({16})),  # RuPay
    ("81", "82", frozenset({16})),
)

# ISO 13616 registry: total length and the countries that have it.
_IBAN_COUNTRIES = {
    15: "NO",
    16: "BE",
    18: "DK FI FK FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "BI DJ FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
_IBAN_LENGTHS = {country: length for length, countries in _IBAN_COUNTRIES.items() for country in countries.split()}

# RFC 1918, 1122, 3927, 6598. `ipaddress` knows them too, at four times the price.
_PRIVATE_IP4 = re.compile(
    r"(?:0|10|127|169\.254|192\.168|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\."
)

# ITINs, which the tax office issues in the shape of a social security number: the two digits in the middle.
_ITIN_GROUPS = frozenset({*range(50, 66), *range(70, 89), 90, 91, 92, *range(94, 100)})


def is_card(digits: str) -> bool:
    """Whether the digits carry a network's prefix and length and end in the right check digit."""
    issued = any(low <= digits[: len(low)] <= high and len(digits) in lengths for low, high, lengths in _CARD_RANGES)
    return issued and passes_luhn(digits)


def passes_luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of the others (ISO/IEC 7812-1, annex B)."""
    plain = sum(map(int, digits[-1::-2]))
    return (plain + sum(_DOUBLED[int(digit)] for digit in digits[-2::-2])) % 10 == 0


def iban_length(text: str) -> int | None:
    """Return how long the IBAN is that `text` begins with, both without separators; None where it begins with none."""
    length = _IBAN_LENGTHS.get(text[:2].upper(), 0)
    iban = text[:length]
    if not length or len(iban) < length:
        return None
    # ISO 7064 MOD 97-10 over the digits, A = 10 ... Z = 35, with the first four characters at the end.
    value = "".join(str(int(character, 36)) for character in iban[4:] + iban[:4])
    return length if int(value) % 97 == 1 else None


def is_social_security(area: str, group: str, serial: str) -> bool:
    """Whether the US could have issued the number, as an SSN or an ITIN."""
    if group == "00" or serial == "0000" or area in {"000", "666"}:
        return False
    return area < "900" or int(group) in _ITIN_GROUPS


def reach_of_ip4(text: str) -> Reach | None:
    """Return whether an IPv4 address is public; None where it is no address."""
    octets = text.split(".")
    if any(int(octet) > 255 or (octet[0] == "0" and octet != "0") for octet in octets):  # noqa: PLR2004
        return None
    return "private" if _PRIVATE_IP4.match(text) else "public"


def reach_of_ip6(text: str) -> Reach | None:
    """Return whether an IPv6 address is public; None where it is no address."""
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return None
    return "private" if address.is_private else "public"


def is_counted(digits: str) -> bool:
    """Whether the digits only count (`12345678`), repeat (`0000000`) or are binary: then they name nobody."""
    return set(digits) <= {"0", "1"} or len(set(digits)) == 1 or all(int(b) - int(a) == 1 for a, b in pairwise(digits))
