"""Private keys and signed tokens: found to their end, and told from talk about them."""

import json
from base64 import b64encode, urlsafe_b64encode

import pytest
from support.keys import random_text

from gateway.detectors.secrets import SecretDetector

DETECTOR = SecretDetector()
BODY = "MIIE" + random_text("base64", 60)


def armour(word: str, body: str = BODY) -> str:
    """Return a key in armour that opens nothing."""
    return f"-----BEGIN {word}-----\n{body}\n-----END {word}-----"


def part(value: object) -> str:
    """Return one part of a token."""
    return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


TOKEN = f"{part({'alg': 'HS256'})}.{part({'sub': 'me'})}.{random_text('url', 43)}"


def found(text: str) -> list[tuple[str, str]]:
    """Return type and text of what is found with certainty."""
    return [(f.type, text[f.start : f.end]) for f in DETECTOR.detect(text) if f.strength == "strong"]


@pytest.mark.parametrize(
    "word", ["PRIVATE" + " KEY", "RSA PRIVATE" + " KEY", "OPENSSH PRIVATE" + " KEY", "PGP PRIVATE" + " KEY BLOCK"]
)
def test_a_private_key_is_found_to_its_end(word: str) -> None:
    """The block, and nothing behind it."""
    key = armour(word)

    assert found(f"{key}\nand {key} then") == [("PRIVATE_KEY", key), ("PRIVATE_KEY", key)]


def test_a_private_key_that_does_not_end_reaches_to_the_end_of_the_text() -> None:
    """What was cut off is a key all the same."""
    first = "-----BEGIN PRIVATE" + " KEY-----"
    text = f"{first}\n{BODY} and then {first}"

    assert found(text) == [("PRIVATE_KEY", text)]


@pytest.mark.parametrize("body", [f"Version: GnuPG v2\n\n{BODY}", f'"{BODY}', f"> {BODY}", f"\\n{BODY}"])
def test_a_private_key_may_have_headers_quote_marks_and_written_line_feeds(body: str) -> None:
    """As it comes out of programs, of mails and of JSON."""
    key = armour("RSA PRIVATE" + " KEY", body)

    assert found(key) == [("PRIVATE_KEY", key)]


@pytest.mark.parametrize("body", ["[REDACTED]", "...", "<your key here>", "anything"])
def test_talk_about_a_private_key_is_none(body: str) -> None:
    """Its first line alone gives nothing away."""
    assert DETECTOR.detect(armour("RSA PRIVATE" + " KEY", body)) == ()


def test_a_key_of_putty_is_found() -> None:
    """To the line that closes it."""
    mac = random_text("hex", 64)
    key = f"PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\nPublic-Lines: 2\n{BODY}\nPrivate-MAC: {mac}"

    assert found(f"{key}\nmore") == [("PRIVATE_KEY", key)]


def test_the_file_of_a_service_account_is_suspected() -> None:
    """Where its key is cut away, what remains still says whose it was."""
    (finding,) = DETECTOR.detect('{"type": "service_account", "project_id": "p"}')

    assert (finding.type, finding.strength) == ("SERVICE_ACCOUNT", "weak")


@pytest.mark.parametrize("token", [TOKEN, TOKEN.rsplit(".", 1)[0], f"{part({'enc': 'A128GCM'})}.ab-cd.ab_cd.abcd.ef"])
def test_a_signed_token_is_found(token: str) -> None:
    """Signed, bare, encrypted."""
    assert found(f"cookie {token};") == [("JSON_WEB_TOKEN", token)]


def test_a_signed_token_is_found_in_base64() -> None:
    """As Kubernetes writes secrets."""
    wrapped = b64encode(TOKEN.encode()).decode()

    assert found(f"data: {wrapped}") == [("JSON_WEB_TOKEN", wrapped)]


@pytest.mark.parametrize(
    "text",
    [
        "eyJ" + "hbGci.OiJub25lIn0",
        part({"alg": "HS256"})[:-3] + "." + part({"sub": "me"}) + ".abc",
        "eyJ" + "A" * 9_000 + "." + part({"sub": "me"}) + ".abc",
        "eyJ" + "A" * 20 + "." + part({"sub": "me"}) + ".abc",
        "ZXlK" + "A" * 60,
        "eyJ" + part("123 456 789 0") + "." + part({"sub": "me"}),
    ],
)
def test_what_only_begins_like_a_token_is_none(text: str) -> None:
    """Its first part is no JSON object."""
    assert DETECTOR.detect(text) == ()
