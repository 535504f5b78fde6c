"""Passwords beside users' names: in addresses, in headers, on command lines."""

from base64 import b64encode

import pytest
from support.keys import random_text

from gateway.detectors.secrets import SecretDetector

DETECTOR = SecretDetector()
HORSE = "Tr0ub4" + "dor&3"
UUID = f"{random_text('hex', 8)}-5f3b-11ee-8c99-{random_text('hex', 12)}"


def found(text: str) -> list[tuple[str, str, str]]:
    """Return type, text and strength of what is found."""
    return [(f.type, text[f.start : f.end], f.strength) for f in DETECTOR.detect(text)]


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"curl -u elastic:{HORSE} https://h:9200", HORSE),
        (f"curl -s --user 'me:{HORSE}' https://h", f"{HORSE}'"),
        (f'curl -u ":{HORSE}" https://h', f'{HORSE}"'),
        (f'curl -X POST --user "me":"{HORSE}" https://h', f'"{HORSE}"'),
        (f"wget --user=me:{HORSE} https://h", HORSE),
        (f"curl https://h -u {random_text('letters', 24)}:", f"{random_text('letters', 24)}:"),
        (f"sshpass -p '{HORSE}' ssh me@h", f"'{HORSE}'"),
        (f"mysql -u root -p{HORSE} db", HORSE),
        (f"docker login -u me -p {HORSE} registry", HORSE),
        (f"mysql --user=root --password={HORSE}", HORSE),
        (f"machine h login me password {HORSE}", HORSE),
        (f'requests.get(url, auth=("bob", "{HORSE}"))', HORSE),
        (f"HTTPBasicAuth('bob', '{HORSE}')", HORSE),
    ],
)
def test_a_password_on_a_command_line_is_found(text: str, secret: str) -> None:
    """Behind the flags of the usual programs."""
    assert found(text) == [("PASSWORD", secret, "strong")]


@pytest.mark.parametrize(
    "text",
    [
        "curl -u name:password https://h",
        "curl -u 'test:test' https://h",
        'curl --user "$NAME:$PASSWORD" https://h',
        'curl -u "${{ steps.a.name }}:${{ steps.a.word }}" https://h',
        'curl -sL --user "$1:$2" "$3"',
        "curl --user me@example.org https://h",
        "curl -u me: https://h",
        "curl -u $TOKEN: https://h",
        "curl -u aaaaaaaaaaaaaaaaaaaaaaaa: https://h",
        "curl -u me:xxxxxxxx https://h",
        "docker run -u 1000:1000 curl",
        "ls -u a:b1234567",
        "mysql -p -u root",
        "mysql -h h -p 3306",
    ],
)
def test_a_command_line_without_a_password_is_left_alone(text: str) -> None:
    """Templates, examples, users and groups, other programs."""
    assert DETECTOR.detect(text) == ()


def test_what_follows_basic_is_a_secret_where_it_is_a_user_and_a_password() -> None:
    """Wherever it stands."""
    pair = b64encode(f"me:{HORSE}".encode()).decode()

    assert found(f"authorization: Basic {pair}\n") == [("HTTP_BASIC_AUTH", pair, "strong")]


@pytest.mark.parametrize("text", ["basic information", "Basic aGVsbG8gd29ybGQ="])
def test_other_words_behind_basic_are_none(text: str) -> None:
    """They name no user."""
    assert DETECTOR.detect(text) == ()


@pytest.mark.parametrize(("value", "strength"), [(UUID, "strong"), ("npm_" + "x" * 12, "weak")])
def test_the_token_of_a_registry_is_found_whatever_it_looks_like(value: str, strength: str) -> None:
    """A line of .npmrc that names the registry leaves no doubt."""
    assert found(f"//registry.example.org/:_authToken={value}") == [("NPM_TOKEN", value, strength)]


@pytest.mark.parametrize("text", [f"_authToken={UUID}", "//registry.example.org/:_authToken=${NPM_TOKEN}"])
def test_a_line_that_names_no_registry_or_no_token_is_left_alone(text: str) -> None:
    """A UUID made from the clock is no secret by itself."""
    assert DETECTOR.detect(text) == ()


@pytest.mark.parametrize(
    "text", ["Cookie: sessionid={}", "Set-Cookie: theme=dark; JSESSIONID={}; Path=/", "cookie: a=b; auth_token={}"]
)
def test_a_session_in_a_cookie_is_found(text: str) -> None:
    """Whoever has it is logged in."""
    session = random_text("hex", 32)

    assert found(text.format(session)) == [("TOKEN", session, "strong")]


@pytest.mark.parametrize(
    "text",
    [
        "Cookie: theme=" + random_text("hex", 32),
        "Cookie: csrf_token_sess=" + random_text("hex", 32),
        "Set-Cookie: session=<your session id here>",
        "Set the cookie: session=aaaaaaaaaaaaaaaaaaaaaaaa",
        'auth=("bob", "x")',
        'auth=("user", "${PASS}")',
    ],
)
def test_a_cookie_or_call_without_a_login_is_left_alone(text: str) -> None:
    """Settings, marks against forgery, placeholders."""
    assert found(text) == []
