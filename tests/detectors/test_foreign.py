"""Passwords behind the word for one in other languages."""

import pytest

from gateway.detectors.secrets import SecretDetector

DETECTOR = SecretDetector()
HORSE = "Tr0ub4" + "dor3x9"


def found(text: str) -> list[tuple[str, str, str]]:
    """Return type, text and strength of what is found."""
    return [(f.type, text[f.start : f.end], f.strength) for f in DETECTOR.detect(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Das Passwort lautet {}.",
        "Kennwort ist {}",
        "le mot de passe est {}",
        "la contrase\u00f1a es {}",
        "la clave es {}",
        "a senha \u00e9 {}",
        "la password \u00e8 {}",
        "het wachtwoord is {}",
        "has\u0142o to {}",
        "Has\u0142o: {}",
        "\u041f\u0430\u0440\u043e\u043b\u044c: {}",
        "\u043f\u0430\u0440\u043e\u043b\u044c {}",
        "\u5bc6\u7801\u662f{}",
        "\u5bc6\u7801\uff1a{}",
        "\u30d1\u30b9\u30ef\u30fc\u30c9\u306f{}\u3067\u3059",
        "\u015fifre: {}",
        "l\u00f6senordet \u00e4r {}",
        "I changed my password to {}",
    ],
)
def test_a_password_is_found_in_many_languages(text: str) -> None:
    """With a colon, a verb or nothing between."""
    assert found(text.format(HORSE)) == [("PASSWORD", HORSE, "strong")]


@pytest.mark.parametrize(
    "text",
    [
        "la clave es sencilla",
        "el c\u00f3nclave es Tr0ub4dor3x9",
        "\u043f\u0430\u0440\u043e\u043b\u044c 12345678",
        "has\u0142o to ${PASS_W0RD}",
        "\u5bc6\u7801\u662f\u4ec0\u4e48",
    ],
)
def test_words_numbers_and_templates_are_no_passwords(text: str) -> None:
    """A password that is only told of is none."""
    assert found(text) == []
