"""Check digits of numbers that python-stdnum does not know. Each takes the number without separators, in capitals."""

from datetime import date

from gateway.detectors._numbers import is_social_security, passes_luhn

_HETU = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_HETU_CENTURIES = {**dict.fromkeys("YXWVU", 1900), **dict.fromkeys("ABCDEF", 2000)}
_NRIC = {
    **dict.fromkeys("ST", "JZIHGFEDCBA"),
    **dict.fromkeys("FG", "XWUTRQPNMLK"),
    "M": "XWUTRQPNJLK",
}
_NRIC_OFFSETS = {"T": 4, "G": 4, "M": 3}
_VIN_VALUES = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", map(int, "12345678123457923456789"), strict=True))
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def _sum(values: str, weights: tuple[int, ...]) -> int:
    return sum(int(value, 36) * weight for value, weight in zip(values, weights, strict=False))


def _is_date(year: int, month: str, day: str) -> bool:
    try:
        date(year, int(month), int(day))
    except ValueError:
        return False
    return True


def is_australian_medicare(number: str) -> bool:
    """The ninth digit follows from the eight before it."""
    return _sum(number[:8], (1, 3, 7, 9, 1, 3, 7, 9)) % 10 == int(number[8])


def is_travel_document(number: str) -> bool:
    """The last digit is the check digit of ICAO 9303 (weights 7, 3, 1)."""
    return _sum(number[:-1], (7, 3, 1) * 3) % 10 == int(number[-1])


def is_german_pension(number: str) -> bool:
    """A day of birth (or one moved by 50) and a check digit over all, letters counted as two digits."""
    day = int(number[2:4])
    digits = "".join(str(ord(sign) - 64).zfill(2) if sign.isalpha() else sign for sign in number[:-1])
    sums = (int(sign) * weight for sign, weight in zip(digits, (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), strict=True))
    born = 1 <= (day - 50 if day > 50 else day) <= 31 and 1 <= int(number[4:6]) <= 12  # noqa: PLR2004
    return born and sum(value // 10 + value % 10 for value in sums) % 10 == int(number[-1])


def is_german_health_insurance(number: str) -> bool:
    """The letter counts as two digits; weights 1 and 2 in turn."""
    digits = str(ord(number[0]) - 64).zfill(2) + number[1:-1]
    sums = (int(sign) * (1 + place % 2) for place, sign in enumerate(digits))
    return sum(value // 10 + value % 10 for value in sums) % 10 == int(number[-1])


def is_hetu(number: str) -> bool:
    """A day of birth, and a check character of the nine digits; also the numbers that are given for a time."""
    digits, century = number[:6] + number[-4:-1], _HETU_CENTURIES.get(number[6], 1900)
    if len(number) == len("131052308T"):
        century = 1900
    born = _is_date(century + int(number[4:6]), number[2:4], number[:2])
    return born and _HETU[int(digits) % 31] == number[-1]


def is_korean_resident(number: str) -> bool:
    """A day of birth in the century that the seventh digit names. Since 2020 there is no check digit."""
    century = 1900 if number[6] in "1256" else 2000
    return _is_date(century + int(number[:2]), number[2:4], number[4:6])


def is_korean_business(number: str) -> bool:
    """The last digit follows from the nine before it; the ninth counts five times, and its carry once more."""
    total = _sum(number[:9], (1, 3, 7, 1, 3, 7, 1, 3, 5)) + int(number[8]) * 5 // 10
    return -total % 10 == int(number[-1])


def is_dni(number: str) -> bool:
    """The letter of a Spanish identity card is the remainder of its number by 23; leading zeros may be missing."""
    return "TRWAGMYFPDXBNJZSQVHLCKE"[int(number[:-1]) % 23] == number[-1]


def is_nric(number: str) -> bool:
    """Singapore's identity card or foreign identification number: the last letter follows from the rest."""
    total = _sum(number[1:8], (2, 7, 6, 5, 4, 3, 2)) + _NRIC_OFFSETS.get(number[0], 0)
    return _NRIC[number[0]][total % 11] == number[-1]


def is_us_provider(number: str) -> bool:
    """Luhn's check over the number behind the prefix of health care in the US."""
    return passes_luhn("80840" + number)


def is_us_taxpayer(number: str) -> bool:
    """An individual taxpayer's number: one that the Social Security Administration does not issue."""
    return number >= "9" and is_social_security(number[:3], number[3:5], number[5:])


def is_us_prescriber(number: str) -> bool:
    """The last digit of a DEA registration follows from the six before it."""
    return (_sum(number[2:8], (1, 2, 1, 2, 1, 2))) % 10 == int(number[-1])


def is_vehicle(number: str) -> bool:
    """The ninth character of a vehicle's number is its check digit (North America, China)."""
    total = sum(
        (_VIN_VALUES.get(sign) or int(sign)) * weight for sign, weight in zip(number, _VIN_WEIGHTS, strict=True)
    )
    return "0123456789X"[total % 11] == number[8]
