"""The names of values: the same for the same, and nothing kept that could be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.redaction.placeholders import MOST_REMEMBERED, Numbering, new_nonce


def test_the_same_value_has_the_same_name() -> None:
    """A model can tell that it is the same person."""
    numbering = Numbering("3fa9c1")

    names = [numbering.name("EMAIL_ADDRESS", value) for value in ("a@x.org", "b@x.org", "a@x.org")]

    assert names == ["EMAIL_ADDRESS_1_3fa9c1", "EMAIL_ADDRESS_2_3fa9c1", "EMAIL_ADDRESS_1_3fa9c1"]


@pytest.mark.parametrize(
    ("type_", "one", "other"),
    [
        ("EMAIL_ADDRESS", "Jane@Example.com", "jane%40example.com"),
        ("PHONE_NUMBER", "(602) 272-9781", "602-272-9781"),
        ("US_SSN", "536-90-4399", "536 90 4399"),
        ("IBAN_CODE", "DE89 3704 0044 0532 0130 00", "de89370400440532013000"),
        ("PERSON", "Jane  Doe", "jane doe"),
    ],
)
def test_another_way_of_writing_has_the_same_number_and_its_own_name(type_: str, one: str, other: str) -> None:
    """It is the same to the model, and comes back as it was written."""
    numbering = Numbering("3fa9c1")

    names = [numbering.name(type_, value) for value in (one, other, one)]

    assert names == [f"{type_}_1_3fa9c1", f"{type_}_1v2_3fa9c1", f"{type_}_1_3fa9c1"]


def test_addresses_of_machines_are_told_apart_by_their_dots() -> None:
    """1.23.4.5 is another machine than 12.3.4.5."""
    numbering = Numbering("3fa9c1")

    assert numbering.name("IP_ADDRESS", "1.23.4.5") != numbering.name("IP_ADDRESS", "12.3.4.5")


@given(
    st.lists(st.tuples(st.sampled_from(["PERSON", "US_SSN", "odd type!", "V\nW"]), st.text(max_size=6)), max_size=20)
)
def test_two_values_never_share_a_name(values: list[tuple[str, str]]) -> None:
    """Or one of them would come back as the other."""
    numbering = Numbering("3fa9c1")

    names = {value: numbering.name("PERSON", value) for _, value in values}

    assert len(set(names.values())) == len(names)


@given(st.lists(st.tuples(st.text(max_size=4), st.text(max_size=4)), max_size=20))
def test_a_name_is_made_of_plain_letters(values: list[tuple[str, str]]) -> None:
    """Whatever a detector calls what it found, which may be what it found."""
    numbering = Numbering("3fa9c1")

    assert all(
        name.isascii() and name.replace("_", "").isalnum() for name in (numbering.name(*value) for value in values)
    )


def test_a_long_conversation_forgets_its_oldest_values_and_never_reuses_a_number() -> None:
    """Its memory is bounded; what was forgotten is named anew."""
    numbering = Numbering("3fa9c1")
    first = numbering.name("PERSON", "first")

    last = [numbering.name("PERSON", f"person {number}") for number in range(MOST_REMEMBERED)][-1]

    assert len(numbering) == MOST_REMEMBERED
    assert numbering.name("PERSON", "first") not in (first, last)


def test_a_nonce_does_not_occur_in_the_text() -> None:
    """Or a caller's own words would be read as a placeholder."""
    drawn = iter(["3fa9c1", "abcabc", "7bd021"])

    assert new_nonce("say 3fa9c1", lambda: next(drawn)) == "7bd021"


def test_without_a_nonce_there_are_no_placeholders() -> None:
    """A text that knows every nonce is left as it is."""
    assert new_nonce("say 3fa9c1", lambda: "3fa9c1") is None


def test_a_drawn_nonce_is_six_letters() -> None:
    """Of the digits of hexadecimal numbers."""
    nonce = new_nonce("")

    assert nonce is not None
    assert len(nonce) == 6
    assert set(nonce) <= set("0123456789abcdef")
