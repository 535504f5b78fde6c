"""Values with a secret's name: the ways to write them down, and the names that only sound alike."""

import pytest
from support.keys import random_text

from gateway.detectors.secrets import SecretDetector

DETECTOR = SecretDetector()
HORSE = "Tr0ub4" + "dor&3"
TOKEN = random_text("letters", 32)
UUID = f"{random_text('hex', 8)}-1f2e-4a3b-9c8d-{random_text('hex', 12)}"


def found(text: str) -> list[tuple[str, str, str]]:
    """Return type, text and strength of what is found."""
    return [(f.type, text[f.start : f.end], f.strength) for f in DETECTOR.detect(text)]


@pytest.mark.parametrize(
    "text",
    [
        '<add key="Password" value="{}" />',
        '<property name="password" value="{}"/>',
        "<password>{}</password>",
        '<string name="db_password">{}</string>',
        "define('DB_PASSWORD', '{}');",
        'client.setPassword("{}")',
        'os.environ["PGPASSWORD"] = "{}"',
        'const password: string = "{}";',
        'password := "{}"',
        "spring.datasource.password={}",
        "psql PASSWORD '{}'",
        "mysql --password={}",
        "tool --password {} --verbose",
        "tool -Password '{}'",
        'password = f"{}"',
        "let pass = process.env.PASS || '{}'",
        "| password | {} |",
        "Server=db;Password={};",
        "user_pass: {}",
        "your password was {}",
        "mot de passe : {}",
        "contraseña: {}",
        "- name: DB_PASSWORD\n  value: {}",
        '{{"name":"DB_PASSWORD","value":"{}"}}',
        "password: |\n  {}\nuser: bob",
        "Password:\n{}",
        "pw: {}",
        "the password was changed to {}",
        "the password is now {}",
        "Das Passwort lautet {}",
    ],
)
def test_a_password_is_found_however_it_is_written_down(text: str) -> None:
    """In markup, calls, typed code, flags, tables, prose."""
    assert found(text.format(HORSE)) == [("PASSWORD", HORSE, "strong")]


@pytest.mark.parametrize(
    "text",
    [
        'curl -H "X-Api-Key: {}" https://h',
        'curl -H "Authorization: Api-Token {}" https://h',
        "https://h/x?page=2&access_token={}&y=1",
        "_auth={}",
        "aws_secret_access_key = {}",
        "clientSecret: '{}',",
        "-ClientSecret '{}'",
        "storageKey={}",
        'Authorization: token "{}"',
        '{{"consumerKey": "{}"}}',
    ],
)
def test_a_token_is_found_however_it_is_written_down(text: str) -> None:
    """In headers, addresses, configuration."""
    assert found(text.format(TOKEN)) == [("TOKEN", TOKEN, "strong")]


def test_every_secret_of_an_address_is_found() -> None:
    """The first does not hide the second."""
    text = f"https://h/?token=short&password={HORSE[:9]}&api_key={TOKEN}"

    assert [secret for _, secret, _ in found(text)] == [HORSE[:9], TOKEN]


def test_a_name_within_the_quotes_of_another_is_found() -> None:
    """A header in the quotes of a token, for instance."""
    assert found(f'token: "see password={HORSE} there"') == [("PASSWORD", HORSE, "strong")]


@pytest.mark.parametrize(("text", "secret"), [("key: {}", TOKEN), ("mapKey = '{}'", TOKEN), ("token = {}", UUID)])
def test_what_may_be_something_else_is_only_suspected(text: str, secret: str) -> None:
    """A random string that is merely called a key, a UUID that is called a token."""
    assert found(text.format(secret)) == [("TOKEN", secret, "weak")]


@pytest.mark.parametrize(
    "text",
    [
        "public_key = '{}'",
        "csrf_token = '{}'",
        "nextPageToken: {}",
        "credentialsId: '{}'",
        "secret_name = '{}'",
        "passwordFile: {}",
        "tokenizer: {}",
        "author: {}",
        "authority = {}",
        "passenger: {}",
        "compass: {}",
        "monkey: {}",
        "keyboard = {}",
        "primaryKey = {}",
        "cache_key: {}",
        "PASS_THROUGH = '{}'",
        "pass `{}`",
        "TopPass|{}",
    ],
)
def test_names_that_only_sound_alike_are_left_alone(text: str) -> None:
    """Also where a random string follows."""
    assert DETECTOR.detect(text.format(TOKEN)) == ()


@pytest.mark.parametrize(
    "text",
    [
        "key = 'primary'",
        "key: 123456789012345678901234567890",
        "key: 2c1d8e90-5f3b-11ee-8c99-0a1b2c3d4e5f",
        "key: aaaaaaaaaaaaaaaaaaaaaaaaaaaa1",
        "token: 2c1d8e90-5f3b-11ee-8c99-0a1b2c3d4e5f",
        "token: aaaaaaaaaaaaaaaa",
        "api_key = /usr/share/keys/key1.txt",
        "api_key: gpt-4o-mini-2024-07-18",
        "token = f'Bearer/{name}'",
        'api_key: `"max_tokens"`',
        "secret: @SECRET_VALUE@",
        "secret: %APP_SECRET%",
        "password: {{ vault.password }}",
        "password = '%(password)s'",
        "org.example.token:sample-codec-2.10.4",
    ],
)
def test_values_that_are_none_are_left_alone(text: str) -> None:
    """Numbers, names, paths, versions, templates, UUIDs made from the clock."""
    assert DETECTOR.detect(text) == ()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("password=Tr0ub;4dor3x", "Tr0ub;4dor3x"),
        ("password=Tr0ub,4dor3x", "Tr0ub,4dor3x"),
        ("password=Tr0ub\\4dor3x", "Tr0ub\\4dor3x"),
        ('{"password":"Tr0u\\"b4dor3x"}', 'Tr0u\\"b4dor3x'),
        ("Server=db;Password=Tr0ub4dor3x;Database=x", "Tr0ub4dor3x"),
    ],
)
def test_a_sign_that_ends_most_values_may_stand_within_one(text: str, value: str) -> None:
    """What follows it belongs to the value, unless it is the name of the next one."""
    assert found(text) == [("PASSWORD", value, "strong")]


@pytest.mark.parametrize(
    "text", ["password:\n  type: string2", "password: foo,bar2x9", "add a password to user123", "cpw: Tr0ub4dor3", "pw"]
)
def test_what_stands_under_a_name_or_behind_words_is_no_value(text: str) -> None:
    """Keys of a schema, lists, purposes."""
    assert found(text) == []
