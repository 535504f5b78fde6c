"""What stands around an identifier, or within it: names of other languages, emphasis, versions, rows of numbers."""

import pytest

from gateway.detectors.patterns import PatternDetector
from gateway.detectors.secrets import SecretDetector

DETECTORS = (PatternDetector(), SecretDetector())


def found(text: str, strength: str = "strong") -> list[tuple[str, str]]:
    """Return type and text of what is found of such a strength."""
    findings = [finding for detector in DETECTORS for finding in detector.detect(text)]
    return [(f.type, text[f.start : f.end]) for f in findings if f.strength == strength]


@pytest.mark.parametrize(
    ("text", "type_", "value"),
    [
        ('{"socialSecurityNumber": "219099999"}', "US_SSN", "219099999"),
        ("my social is 219099999", "US_SSN", "219099999"),
        ('{"dateOfBirth":"1980-02-01"}', "DATE_OF_BIRTH", "1980-02-01"),
        ("Geburtsdatum: 01.02.1980", "DATE_OF_BIRTH", "01.02.1980"),
        ("geboren am 1. Februar 1980", "DATE_OF_BIRTH", "1. Februar 1980"),
        ("n\u00e9 le 12 mars 1981", "DATE_OF_BIRTH", "12 mars 1981"),
        ("n\u00e9e le 1er ao\u00fbt 1981", "DATE_OF_BIRTH", "1er ao\u00fbt 1981"),
        ("fecha de nacimiento: 12 de marzo de 1981", "DATE_OF_BIRTH", "12 de marzo de 1981"),
        ("_jane@example.com_", "EMAIL_ADDRESS", "_jane@example.com"),
        ("4111  1111  1111  1111", "CREDIT_CARD", "4111  1111  1111  1111"),
        ("4111\n1111\n1111\n1111", "CREDIT_CARD", "4111\n1111\n1111\n1111"),
        ("a 4111_1111_1111_1111 b", "CREDIT_CARD", "4111_1111_1111_1111"),
        ("a 4111/1111/1111/1111 b", "CREDIT_CARD", "4111/1111/1111/1111"),
        ("4111 1111 1111 1111 2028", "CREDIT_CARD", "4111 1111 1111 1111"),
        ("the login came from 5.6.7.8", "IP_ADDRESS", "5.6.7.8"),
        ("1.1.1.1", "IP_ADDRESS", "1.1.1.1"),
    ],
)
def test_it_is_found_as_people_write_it(text: str, type_: str, value: str) -> None:
    """In keys of code, in other languages, in Markdown, in groups of any kind."""
    assert found(text) == [(type_, value)]


@pytest.mark.parametrize(
    "text",
    [
        "upgrade from 1.2.3.4 to 1.2.4.0",
        "see section 4.2.8.4",
        "Figure 2.1.3.4 shows it",
        "the attribute 2.5.4.3 means it",
        "x = 0.4767782247530346",
        "1234 4111 1111 1111 1111 5678",
        "0000 0000 0000 0000",
        "room 489-31-5477",
        "00-11-22-33-44-55-66-77",
        "password: required|min:8",
        "password_attempts=12345678",
        "password_expires_at: 1735689600",
        'secret "db-secret-50e9" not found',
    ],
)
def test_what_only_looks_alike_is_not_certain(text: str) -> None:
    """Versions, fractions, long rows, rules of forms, names of things."""
    assert found(text) == []


@pytest.mark.parametrize("text", ["upgrade to 1.2.4.0", "the attribute 2.5.4.3 means it"])
def test_what_may_be_a_version_is_still_suspected(text: str) -> None:
    """An address of small numbers is not lost."""
    assert [type_ for type_, _ in found(text, "weak")] == ["IP_ADDRESS"]
