"""`kind: secrets`: what it finds, what it leaves alone, and that no text can stop it.

Every key here is made up where the test runs, so that no scanner of this repository takes it for a real one.
"""

from base64 import b64encode
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from support.keys import random_text
from support.pace import quickest

from gateway.detectors.secrets import TYPES, Options, SecretDetector, build

DETECTOR = SecretDetector()
HORSE = "Tr0ub4" + "dor&3"
RANDOM = "9f8e7d6c" + "5b4a3928" + "1706"


def found(text: str) -> list[tuple[str, str]]:
    """Return type and text of what is found with certainty."""
    return [(f.type, text[f.start : f.end]) for f in DETECTOR.detect(text) if f.strength == "strong"]


@pytest.mark.parametrize("scheme", ["postgres", "mongodb+srv", "https"])
def test_a_password_in_an_address_is_found(scheme: str) -> None:
    """The password alone is the finding."""
    assert found(f"{scheme}://app:{HORSE}@db.internal:5432/x") == [("CONNECTION_STRING", HORSE)]


@pytest.mark.parametrize(
    "text", ["postgres://app:${PASSWORD}@db/x", "https://host:8000/a@b", "see https://example.org/a:b"]
)
def test_an_address_without_a_password_is_left_alone(text: str) -> None:
    """Templates, ports and paths."""
    assert DETECTOR.detect(text) == ()


def test_the_password_of_an_example_is_only_suspected() -> None:
    """Every tutorial has it."""
    (finding,) = DETECTOR.detect("postgres://user:password@localhost/db")

    assert finding.strength == "weak"


@pytest.mark.parametrize(
    "text",
    [
        "my password is {}",
        "password: {}!",
        '"password": "{}"',
        '{{\\"password\\": \\"{}\\"}}',
        "DB_PASS='{}'",
        "dbPass := `{}`",
        "**Password:** {}",
        "Passwort: {}",
        "CREATE USER x IDENTIFIED BY '{}'",
        "pwd={}",
    ],
)
def test_a_password_is_found_by_its_name(text: str) -> None:
    """In prose, in code, in configuration, in other tongues."""
    assert found(text.format(HORSE)) == [("PASSWORD", HORSE)]


@pytest.mark.parametrize(
    "text",
    [
        'token = "{}"',
        "api_key: {}",
        'config["api-key"] = "{}"',
        "client_secret={}",
        "Authorization: Bearer {}",
        "export MY_ACCESS_KEY_ID={}",
    ],
)
def test_a_token_is_found_by_its_name(text: str) -> None:
    """What machines exchange is longer and more random than what people make up."""
    assert found(text.format(RANDOM)) == [("TOKEN", RANDOM)]


@pytest.mark.parametrize(
    "text",
    [
        "max_tokens = 100000000000",
        "password = getpass.getpass()",
        "password = hashlib.sha256(x).hexdigest()",
        'SECRET_KEY = os.environ["SECRET_KEY"]',
        "def check(password: str, tokens: list[str]) -> bool:",
        'if token == "abc":',
        'access_token = response.json()["access_token"]',
        "The password is incorrect, please try again.",
        "my token is expired",
        "OPENAI_API_KEY=sk-...",
        "password: ${DB_PASSWORD}",
        "password: required, at least 8 characters",
        "token_url: https://example.org/oauth2/token1",
        "api_key=settings.openai_api_key2",
        "secret_size = Curve25519.secret_size",
        "token: 123456789012",
        'token: "two words 12"',
        "pass rate: 95.5%",
        "secret santa: buy a gift",
        "passwords must have a digit",
        "headers = {'Authorization': f'Bearer {token}'}",
        "credential: <your key>",
    ],
)
def test_talk_about_secrets_is_no_secret(text: str) -> None:
    """Code that handles passwords holds none."""
    assert DETECTOR.detect(text) == ()


@pytest.mark.parametrize("text", ['password: "letmein"', "password: aaaaaaa1", "api_key = your-key-1234567"])
def test_an_unlikely_secret_is_only_suspected(text: str) -> None:
    """A word in quotes, a repeated letter, a placeholder."""
    (finding,) = DETECTOR.detect(text)

    assert finding.strength == "weak"


def test_a_key_in_an_assignment_is_found_once() -> None:
    """As the key of its provider."""
    key = "ghp_" + random_text("letters", 36)

    assert found(f'token = "{key}"') == [("GITHUB_TOKEN", key)]


async def test_types_can_be_left_out() -> None:
    """Assigned passwords and the keys of one provider, for instance."""
    key = "npm_" + random_text("letters", 36)
    async with build(Options(without=("NPM_TOKEN", "PASSWORD"))) as detector:
        findings = detector.detect(f"{key} password={HORSE}")

    assert findings == ()


async def test_every_type_can_be_left_out() -> None:
    """Then nothing is looked for."""
    async with build(Options(without=TYPES)) as detector:
        assert detector.detect(f"npm_{random_text('letters', 36)} password={HORSE}") == ()


@pytest.mark.parametrize(
    "written",
    [
        "see {base64} for the login",
        "password%3D{value}%26user",
        '{{"note": "pass\\u0077ord: {value}"}}',
        "token=&quot;{value}&quot;",
    ],
)
def test_a_secret_in_disguise_is_found(written: str) -> None:
    """In base64, and in the escapes of addresses, JSON and HTML; the span is told in the text as it was given."""
    value = "h7Qz9pLm2w" + "Xk4R"
    text = written.format(value=value, base64=b64encode(f"password = {value}".encode()).decode())

    (finding,) = [one for one in DETECTOR.detect(text) if one.strength == "strong"]

    assert (finding.kind, finding.type) in {("secret", "PASSWORD"), ("secret", "TOKEN")}
    assert value in text[finding.start : finding.end] or text[finding.start : finding.end].rstrip("=").isalnum()


def test_a_password_may_hold_what_looks_like_an_escape() -> None:
    """It is found as it stands, once."""
    value = "h7Qz%41pLm2w"
    text = f"password: {value}"

    (finding,) = DETECTOR.detect(text)

    assert text[finding.start : finding.end] == value


def test_an_unknown_type_is_refused_with_the_nearest_right_one() -> None:
    """A typing error must not go unnoticed."""
    with pytest.raises(ValidationError, match="'PASSWORD'"):
        Options(without=("PASWORD",))


def test_every_type_is_named_once() -> None:
    """The list that an error shows."""
    assert len(set(TYPES)) == len(TYPES)


@given(st.text())
def test_no_text_makes_it_fail_and_every_span_lies_within_the_text(text: str) -> None:
    """Whatever people send."""
    for finding in DETECTOR.detect(text):
        assert 0 <= finding.start < finding.end <= len(text)


PIECES = (
    "password=",
    "token: ",
    "sk-",
    "://a:",
    "@",
    "eyJ",
    '"',
    "is ",
    "-----BEGIN PRIVATE" + " KEY-----",
    "\u0130",
    "\u200b",
)


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=12), max_size=12))
def test_spans_hold_in_texts_that_are_full_of_beginnings(pieces: list[str]) -> None:
    """Also with characters that vanish or change their length when they are read."""
    text = "".join(pieces)

    findings = DETECTOR.detect(text)

    assert all(0 <= finding.start < finding.end <= len(text) for finding in findings)
    assert all(before.end <= after.start for before, after in pairwise(findings))


HOSTILE = (
    *(
        "a",
        "_",
        "-",
        ".",
        " ",
        "sk-",
        "sk-a ",
        "AKIA",
        "eyJ",
        "eyJ.",
        "://",
        "://a:",
        "pass",
        "pass=",
        "pass-" + "a" * 16,
    ),
    *("-----BEGIN PRIVATE" + " KEY-----", "-----BEGIN " + "A" * 38, "token is aaaaaaaaaa1 ", 'pass="', "pass='aaa "),
    *(
        "key=",
        "key key ",
        'key="a" ',
        "curl -u ",
        "curl -u a:b ",
        "mysql login -",
        "://a:b@",
        "ZXlK",
        "glpat-",
        "a.pass: ",
    ),
    *(
        "A" * 39 + " ",
        "x0" * 20 + " token ",
        "//a/:_",
        "Basic YTpi ",
        "PuTTY-User-Key-File-3: a\n",
        "{a",
        "hf_" + "a" * 16 + " ",
    ),
    *("authorization: bearer ", "secret_a_a_a_a", "\u200b", "a.a", "password: " + "a_" * 40),
)


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_hostile_text_takes_no_more_than_its_length(piece: str) -> None:
    """100,000 characters that would drive a backtracking pattern mad take a tenth of a second, not hours."""
    text = piece * (100_000 // len(piece)) + "PRIVATE" + " KEY"

    assert quickest(partial(DETECTOR.detect, text), most=1.0) < 1.0


SLOW_VALUES = ("-" * 500 + "1", "Ab " * 160 + "1", "_" * 500 + "|", "A" * 500 + "!", "a." * 250 + "!", "Ab" * 250 + "1")


@pytest.mark.parametrize("label", ['password: "{}"', "Password: {}", 'token = "{}"', "postgres://app:{}@db/x"])
@pytest.mark.parametrize("value", SLOW_VALUES, ids=lambda value: value[:3])
def test_a_value_that_is_almost_words_is_read_once(label: str, value: str) -> None:
    """A value that ends in what no word has sends a careless pattern through every way to cut the rest into words."""
    assert quickest(partial(DETECTOR.detect, label.format(value)), most=0.1) < 0.1


@given(
    st.sampled_from(["password", "pwd", "passphrase", "token", "api_key", "identified by", "authorization"]),
    st.sampled_from(['"{}"', "'{}'", "`{}`", "{}", '\\"{}\\"']),
    st.lists(st.sampled_from([*"-_ .:/>Aa1!$%{}[]<", "Ab", "..."]), min_size=1, max_size=4),
    st.sampled_from(["", "1", "!", "|", "\u00e9"]),
)
def test_no_assigned_value_takes_long(label: str, quotes: str, unit: list[str], end: str) -> None:
    """500 characters behind any label, in any quotes, take a millisecond; each two more must not double that."""
    value = ("".join(unit) * 500)[:500] + end

    text = f"{label}: {quotes.format(value)}"
    assert quickest(partial(DETECTOR.detect, text), most=0.1) < 0.1
