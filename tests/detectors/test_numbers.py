"""Checks of numbers: check digits, ranges, lengths."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.detectors import _numbers

_NETWORKS = "0.0.0.0/8 10.0.0.0/8 127.0.0.0/8 169.254.0.0/16 192.168.0.0/16 172.16.0.0/12 100.64.0.0/10"
PRIVATE = tuple(map(ipaddress.IPv4Network, _NETWORKS.split()))


@given(st.text("0123456789", min_size=1, max_size=18))
def test_exactly_one_check_digit_passes(digits: str) -> None:
    """Luhn's sum tells a typing error from a number."""
    assert sum(_numbers.passes_luhn(digits + check) for check in "0123456789") == 1


@given(st.text("0123456789", min_size=2, max_size=18), st.data())
def test_one_wrong_digit_fails(digits: str, data: st.DataObject) -> None:
    """Whichever digit of a number that passes is changed, it passes no more."""
    number = next(digits + check for check in "0123456789" if _numbers.passes_luhn(digits + check))
    place = data.draw(st.integers(0, len(number) - 1))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != number[place]]))

    assert not _numbers.passes_luhn(number[:place] + other + number[place + 1 :])


@pytest.mark.parametrize(("iban", "length"), [("GB82WEST12345698765432", 22), ("NO9386011117947", 15)])
def test_an_iban_ends_where_its_country_says(iban: str, length: int) -> None:
    """Letters of the next word do not belong to it."""
    assert _numbers.iban_length(iban + "THEN") == length


@pytest.mark.parametrize("text", ["", "XX12", "GB82WEST1234", "GB82WEST12345698765433"])
def test_what_is_no_iban_has_no_length(text: str) -> None:
    """An unknown country, too short, a wrong check."""
    assert _numbers.iban_length(text) is None


@pytest.mark.parametrize(
    ("digits", "counted"), [("0110", True), ("777", True), ("1234567", True), ("5550147", False), ("7654321", False)]
)
def test_digits_that_only_count_are_told_apart(digits: str, counted: bool) -> None:
    """Binary, repeated and consecutive digits name nobody."""
    assert _numbers.is_counted(digits) is counted


@given(st.ip_addresses(v=4))
def test_every_ipv4_address_is_read_as_one(address: ipaddress.IPv4Address) -> None:
    """The private ranges are those of the standard library, less what is set aside for documents and tests."""
    reach = _numbers.reach_of_ip4(str(address))

    assert reach == ("private" if any(address in network for network in PRIVATE) else "public")


@pytest.mark.parametrize("text", ["256.1.1.1", "1.2.3.04"])
def test_what_is_no_ipv4_address_reaches_nobody(text: str) -> None:
    """Too large, or with a leading zero."""
    assert _numbers.reach_of_ip4(text) is None


@given(st.sampled_from(PRIVATE), st.data())
def test_a_private_address_is_told_from_a_public_one(network: ipaddress.IPv4Network, data: st.DataObject) -> None:
    """From the first to the last of each range."""
    address = network[data.draw(st.integers(0, network.num_addresses - 1))]

    assert _numbers.reach_of_ip4(str(address)) == "private"


@given(st.ip_addresses(v=6))
def test_every_ipv6_address_is_read_as_one(address: ipaddress.IPv6Address) -> None:
    """As the standard library reads it."""
    assert _numbers.reach_of_ip6(str(address)) == ("private" if address.is_private else "public")


def test_what_is_no_ipv6_address_reaches_nobody() -> None:
    """Colons alone make none."""
    assert _numbers.reach_of_ip6("fe80::1::2") is None
