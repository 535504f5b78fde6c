"""`kind: patterns`: what it finds, what it leaves alone, and that no text can stop it."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.detectors.patterns import TYPES, Options, PatternDetector, build
from gateway.types import Finding

DETECTOR = PatternDetector()


def found(text: str) -> list[tuple[str, str]]:
    """Return type and text of what is found with certainty."""
    return [(f.type, text[f.start : f.end]) for f in DETECTOR.detect(text) if f.strength == "strong"]


def suspected(text: str) -> list[tuple[str, str]]:
    """Return type and text of what is only suspected."""
    return [(f.type, text[f.start : f.end]) for f in DETECTOR.detect(text) if f.strength == "weak"]


@pytest.mark.parametrize(
    "address",
    [
        "jane.doe@example.com",
        "o'neil+billing@mail.example.co.uk",
        "josé@exámple.org",
        "jane@xn--exmple-cua.xn--p1ai",
        "susan.smith14%40example.com",
    ],
)
def test_an_email_address_is_found(address: str) -> None:
    """Also with accents, with a plus, in Punycode and in a URL's writing."""
    assert found(f"Write to {address}, please.") == [("EMAIL_ADDRESS", address)]


@pytest.mark.parametrize(
    "text", ["git@github.com:org/repo.git", "numpy@1.26", "A@B.T", "@property", "a @ b.com", "me@localhost"]
)
def test_what_only_has_an_at_sign_is_no_email_address(text: str) -> None:
    """Servers, versions, products of matrices and decorators are nobody's address."""
    assert found(text) == []


@pytest.mark.parametrize(
    "card",
    [
        "4111111111111111",
        "4111 1111 1111 1111",
        "4111-1111-1111-1111",
        "378282246310005",
        "3782 822463 10005",
        "30569309025904",
        "6011000990139424",
        "3530111333300000",
        "2223003122003222",
        "6304000000000000",
    ],
)
def test_a_payment_card_is_found(card: str) -> None:
    """The networks' published test numbers, in the ways in which people write them."""
    assert found(f"Charge {card} today") == [("CREDIT_CARD", card)]


@pytest.mark.parametrize("number", ["4111111111111112", "9999999999999995", "41111111111111111111", "4111 1111 1111"])
def test_a_number_without_prefix_length_and_check_digit_is_no_card(number: str) -> None:
    """A wrong check digit, a prefix that nobody issues, too many or too few digits."""
    assert found(f"Order {number}") == []


@pytest.mark.parametrize("iban", ["GB82 WEST 1234 5698 7654 32", "DE89370400440532013000", "no9386011117947"])
def test_an_iban_is_found(iban: str) -> None:
    """With and without spaces, whatever the words behind it."""
    assert found(f"pay into {iban} and send the receipt") == [("IBAN_CODE", iban)]


@pytest.mark.parametrize("text", ["GB83 WEST 1234 5698 7654 32", "ZZ89370400440532013000", "DE8937040044"])
def test_an_iban_with_a_wrong_check_country_or_length_is_none(text: str) -> None:
    """What no bank could have issued is left alone."""
    assert found(text) == []


@pytest.mark.parametrize("number", ["078-05-1120", "912-70-1234", "078051120", "078 05 1120", "O78-05-112O"])
def test_a_labelled_social_security_number_is_found(number: str) -> None:
    """Beside its name any writing counts, also one that was read from paper."""
    assert found(f"SSN: {number}.") == [("US_SSN", number)]


def test_a_social_security_number_is_found_without_its_name() -> None:
    """Three, two and four digits with dashes, from a range that was issued."""
    assert found("He is 078-05-1120.") == [("US_SSN", "078-05-1120")]


@pytest.mark.parametrize("number", ["666-12-3456", "000-12-3456", "123-00-4567", "912-00-1234", "078 05 1120"])
def test_an_unlikely_social_security_number_is_only_suspected(number: str) -> None:
    """The shape alone, from a range that is not issued or with spaces, is weak."""
    assert (found(number), suspected(number)) == ([], [("US_SSN", number)])


@pytest.mark.parametrize(
    "address", ["198.18.0.1x", "1.2.3", "1.2.3.4.5", "256.1.1.1", "127.0.0.1", "255.255.255.0", "::"]
)
def test_an_address_that_names_no_machine_is_left_alone(address: str) -> None:
    """Masks, loopback, and what only looks like an address."""
    assert DETECTOR.detect(f"use {address} here") == ()


@pytest.mark.parametrize("address", ["8.8.8.8", "2001:4860:4860::8888", "48.90.248.226"])
def test_a_public_address_is_found(address: str) -> None:
    """IPv4 and IPv6, also at the end of a sentence."""
    assert found(f"It came from {address}.") == [("IP_ADDRESS", address)]


@pytest.mark.parametrize("address", ["10.0.0.7", "192.168.1.1", "fe80::abcd"])
def test_a_private_address_is_only_suspected(address: str) -> None:
    """It says little about anybody outside the house."""
    assert (found(address), suspected(address)) == ([], [("IP_ADDRESS", address)])


@pytest.mark.parametrize("code", ["a[1::2]", "std::vector<int> v", "at 12:30:59", "version 1.2.3.4", "12:34:56:78"])
def test_colons_and_dots_of_code_are_no_addresses(code: str) -> None:
    """Slices, names, times and versions."""
    assert DETECTOR.detect(code) == ()


@pytest.mark.parametrize("address", ["4c:35:90:dc:ae:51", "AA-BB-CC-DD-EE-FF", "0012.3456.789a"])
def test_a_mac_address_is_found(address: str) -> None:
    """In the writings of Unix, Windows and Cisco."""
    assert found(f"MAC {address} joined") == [("MAC_ADDRESS", address)]


@pytest.mark.parametrize("address", ["00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff", "4c:35:90:dc:ae"])
def test_a_mac_address_of_nobody_is_left_alone(address: str) -> None:
    """All zeros, all ones, and one that is cut off."""
    assert DETECTOR.detect(address) == ()


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Patient Jane Doe, MRN 448812, was seen", "448812"),
        ("mrn: MRN-8951477", "MRN-8951477"),
        ('{"patient_id": "P-90210"}', "P-90210"),
        ("medical record number is 00 12 34 56", "00 12 34 56"),
    ],
)
def test_a_medical_record_number_is_found_by_its_name(text: str, number: str) -> None:
    """Its digits alone would be any number."""
    assert [(f.kind, f.type, text[f.start : f.end]) for f in DETECTOR.detect(text)] == [
        ("phi", "MEDICAL_RECORD_NUMBER", number)
    ]


@pytest.mark.parametrize(
    "date", ["2/8/1985", "1985-08-02", "02.08.85", "8 February 1985", "Feb. 8, 1985", "8th of February, 1985"]
)
def test_a_date_of_birth_is_found_by_its_name(date: str) -> None:
    """In the order and writing of any country."""
    assert found(f"DOB: {date}") == [("DATE_OF_BIRTH", date)]


@pytest.mark.parametrize("text", ["Einstein was born on March 14, 1879", "due on 2/8/1985", "born to run 10/10"])
def test_a_date_that_is_nobodys_birth_is_left_alone(text: str) -> None:
    """History, and dates of anything else."""
    assert DETECTOR.detect(text) == ()


@pytest.mark.parametrize(
    "number",
    [
        "+1 (265) 782-6912",
        "+46 (0)8 928 571 38",
        "+447700900123",
        "(602)272-9781",
        "905-674-3793",
        "345-899-3560x4587",
        "03.93.92.16.85",
        "079 2718 1155",
        "0 532 123 45 67",
        "532-123-45-67",
        "0 (532) 1234567",
        "09-7625400",
        "001-518-640-0854",
    ],
)
def test_a_phone_number_is_found_by_its_shape(number: str) -> None:
    """International and common national writings need no word beside them."""
    assert found(f"It is {number} now") == [("PHONE_NUMBER", number)]


@pytest.mark.parametrize(
    "text",
    [
        "Phone:\n60-56-85-91",
        "call me on 9472 7916",
        "416 60 039 office",
        "mobile 5403926876",
        "Cep no: 05321234567",
        "\u7535\u8bdd 13812345678",
        "(37) 788-063-Office",
    ],
)
def test_a_shorter_phone_number_is_found_by_the_word_beside_it(text: str) -> None:
    """Local numbers have no shape of their own."""
    assert [type_ for type_, _ in found(text)] == ["PHONE_NUMBER"]


@pytest.mark.parametrize(
    "text",
    [
        "Tom has 16 eggs, 3 hens and $1,250.00 in 2024.",
        "1000000 + 2000000 = 3000000",
        "call f(1000000) 30 times",
        "0110 1010 1111 0000 is binary",
        "pi is 3.14159265358979323846",
        "ISBN 978-3-16-148410-0",
        "123e4567-e89b-12d3-a456-426614174000",
        "2025-04-01T16:59:00Z to 2025-04-02T16:59:00Z",
        "x = np.zeros((3, 4)); y = 0.25 0.75",
        "phone 0000000",
        "sales of 3,000 500 200 and 10,000 1001 901",
        "order 12345678",
    ],
)
def test_ordinary_numbers_are_left_alone(text: str) -> None:
    """Sums, code, times and identifiers of things are no personal data."""
    assert DETECTOR.detect(text) == ()


@pytest.mark.parametrize(
    ("text", "type_", "value"),
    [
        ("My driver's license number is F162823540116.", "US_DRIVER_LICENSE", "F162823540116"),
        ("driving licence 2270-66-1551", "US_DRIVER_LICENSE", "2270-66-1551"),
        ("DL: D4093217", "US_DRIVER_LICENSE", "D4093217"),
        ("Account: 2633839462, closed", "US_BANK_NUMBER", "2633839462"),
        ('{"account_number": "2633839462"}', "US_BANK_NUMBER", "2633839462"),
        ("my acct no. is 26338-39462", "US_BANK_NUMBER", "26338-39462"),
        ("Health plan ID: XYZ-1029384756", "HEALTH_PLAN_NUMBER", "XYZ-1029384756"),
        ("insurance number is W20394857", "HEALTH_PLAN_NUMBER", "W20394857"),
    ],
)
def test_a_number_is_what_its_label_says(text: str, type_: str, value: str) -> None:
    """Licences, accounts and members have numbers of any shape, so their name decides."""
    assert found(text) == [(type_, value)]


def test_a_bank_s_code_is_only_suspected() -> None:
    """It says where an account is, not whose."""
    assert suspected("BIC: DEUTDEFF500 please") == [("SWIFT_CODE", "DEUTDEFF500")]


@pytest.mark.parametrize(
    "text",
    [
        "I lost my driver's license in 2019, on day 12 of 31",
        "the account balance is 2633839462 dollars",
        "account 12345678",
        "written in Swift MAINVIEW and handled 4 times",
        "30 members with 2048576 points",
        "handle 4093 accounts of 2019",
    ],
)
def test_a_label_without_its_number_is_none(text: str) -> None:
    """Years, sums, and words that only sound like one."""
    assert DETECTOR.detect(text) == ()


def test_findings_come_in_the_order_of_the_text_and_never_overlap() -> None:
    """So that they can be replaced one after the other."""
    text = "call +1 202 555 0147, mail a@b.org, card 4111 1111 1111 1111, SSN 078-05-1120"

    spans = [(finding.start, finding.end) for finding in DETECTOR.detect(text)]

    assert len(spans) == 4
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


def test_a_finding_says_who_made_it_and_what_it_means() -> None:
    """Kind is the policy's tag, type the entity."""
    (finding,) = DETECTOR.detect("4111111111111111")

    assert finding == Finding(kind="pci", type="CREDIT_CARD", start=0, end=16, strength="strong", detector="patterns")


def test_invisible_characters_hide_nothing() -> None:
    """A zero-width space inside a number is read past, and the span covers it."""
    text = "caf\u00e9 4111\u200b 1111\u00a01111 1111"

    (finding,) = DETECTOR.detect(text)

    assert text[finding.start : finding.end] == text[5:]


async def test_types_can_be_left_out() -> None:
    """A policy that does not care about machines says so."""
    async with build(Options(without=("IP_ADDRESS",))) as detector:
        types = [finding.type for finding in detector.detect("8.8.8.8 wrote to a@b.org")]

    assert types == ["EMAIL_ADDRESS"]


@pytest.mark.parametrize(("name", "hint"), [("EMAIL_ADRESS", "EMAIL_ADDRESS"), ("zzz", "known: ")])
def test_an_unknown_type_is_refused_with_the_nearest_right_one(name: str, hint: str) -> None:
    """A typing error must not switch off nothing in silence."""
    with pytest.raises(ValidationError, match=hint):
        Options(without=(name,))


def test_every_type_is_named_once() -> None:
    """The list that the options show is the list of the rules."""
    assert len(set(TYPES)) == len(TYPES) > 60


@given(st.text())
def test_no_text_makes_it_fail_and_every_span_lies_within_the_text(text: str) -> None:
    """Whatever people send."""
    for finding in DETECTOR.detect(text):
        assert 0 <= finding.start < finding.end <= len(text)


PIECES = (
    "4111 1111 1111 1111",
    "a@b.org",
    "078-05-1120",
    "+1 202 555 0147",
    "MRN 448812",
    "8.8.8.8",
    "\u200b",
    "\u0130",
)


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=12))
def test_spans_hold_in_texts_that_are_full_of_findings(pieces: list[str]) -> None:
    """Also with characters that vanish or change their length when they are read."""
    text = " ".join(pieces)

    findings = DETECTOR.detect(text)

    assert all(0 <= finding.start < finding.end <= len(text) for finding in findings)
    assert all(before.end <= after.start for before, after in pairwise(findings))


HOSTILE = (
    *(
        "a",
        "1",
        "@",
        "1-",
        "1 ",
        "a.",
        " ",
        "[",
        '{"a":',
        "(1",
        "+1",
        ":",
        "a:",
        "0:",
        "a@",
        "a@a.",
        "a%40",
        "12,",
        ".",
    ),
    *("\u200b", "\u00a0", "\uff11", "1.", "1.1.1.1 ", "AA11", "GB11 ", "01 23 45 67 89 ", "4111 1111 1111 1112 "),
    *(
        "%41",
        "%4",
        "\\\\u0041",
        "&#64;",
        "&#",
        "QUJD",
        "QUJDREVGR0hJSktM ",
        "a\u0430",
        "AB123456C ",
        "12 34 56 78 9 A ",
    ),
    *("-ab", "born 1/1/1 ", "mrn ", "patient id ", "ssn ", "call ", "phone 1-1-1-1-1-1-1-", "0123456789abcdef"),
)


@pytest.mark.parametrize("piece", HOSTILE)
@pytest.mark.parametrize("end", ["", " office phone born mrn ssn 1234567 @"])
def test_a_hostile_text_takes_no_more_than_its_length(piece: str, end: str) -> None:
    """Four times as long takes four times as long; a pattern that tries all ways would take sixteen times."""
    short, long = (piece * (length // len(piece)) + end for length in (5_000, 20_000))

    assert seconds(long) < 9 * max(seconds(short), 0.002)


def seconds(text: str) -> float:
    """Return the CPU time that reading the text takes, the better of two."""

    def once() -> float:
        started = time.process_time()
        DETECTOR.detect(text)
        return time.process_time() - started

    return min(once(), once())


@pytest.mark.parametrize("between", ["\n", " ", ", ", "; ", " / "])
def test_a_list_of_cards_is_as_certain_as_one(between: str) -> None:
    """Numbers beside a card make it a part of a row only where they are none themselves."""
    cards = ["4111 1111 1111 1111", "5500 0000 0000 0004", "4012 8888 8888 1881"]

    findings = DETECTOR.detect(between.join(cards))

    assert [(finding.kind, finding.strength) for finding in findings] == [("pci", "strong")] * 3


def test_what_follows_a_card_takes_nothing_from_it() -> None:
    """Its year and its code are groups too."""
    assert [finding.strength for finding in DETECTOR.detect("4111 1111 1111 1111 2028 1234")] == ["strong"]
