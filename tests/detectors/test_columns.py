"""Secrets in columns that are named after them."""

import pytest

from gateway.detectors.secrets import SecretDetector

DETECTOR = SecretDetector()
HORSE = "Tr0ub4" + "dor3x9"


def found(text: str) -> list[tuple[str, str]]:
    """Return type and text of what is found with certainty."""
    return [(f.type, text[f.start : f.end]) for f in DETECTOR.detect(text) if f.strength == "strong"]


@pytest.mark.parametrize(
    "text",
    [
        "INSERT INTO users (name, password) VALUES ('bob','{}')",
        "insert into `a`.`users` (name, passwd) values ('it''s (x), y', '{}');",
        "INSERT INTO users (id, password, t) VALUES (1, '{}', now()), (2, 'secret', lower('X9abcdefg'));",
        "name,password\nbob,{}",
        "name;password\r\nbob;{}\r\n",
        "| user | password |\n|---|---|\n| bob | {} |\n",
        "user\tdb_password\nann\tnone\nbob\t{}\n\nthe end, of it",
    ],
)
def test_a_value_in_a_column_of_passwords_is_found(text: str) -> None:
    """In SQL, CSV and Markdown, whatever row it is in."""
    assert found(text.format(HORSE)) == [("PASSWORD", HORSE)]


@pytest.mark.parametrize(
    "text",
    [
        "name,color\nbob,{}",
        "INSERT INTO users (name, color) VALUES ('bob','{}')",
        "INSERT INTO users (name, password) VALUES ('{}', ?)",
        "INSERT INTO users (password) VALUES ('short', '{}')",
        "password,name\nshort,{}",
        "name, the password (old)\nbob,{}",
        "name,password\nbob,none,{}",
        "name,password\n,\nbob,secret",
        "name," + "x" * 3000 + ",password\nbob,x,{}",
    ],
)
def test_other_columns_are_left_alone(text: str) -> None:
    """The value must stand in the column itself, in a row of as many cells."""
    assert found(text.format(HORSE)) == []
