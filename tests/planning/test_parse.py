"""Address text, by example at the edges of its forms; hostile values are in the table of cases."""

from __future__ import annotations

import pytest

from gatepost.planning.normalise import parse_value
from gatepost.planning.odd import Odd
from gatepost.planning.parse import TEXT_MAX, parse_prefix, parse_range, parse_wildcard


def refusal(of: object, text: str, **options: bool) -> str:
    """The word of a refusal."""
    with pytest.raises(Odd) as caught:
        of(text, **options)  # type: ignore[operator]  # one of the parsers
    assert str(caught.value) == caught.value.oddity.value
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("255.255.255.255", "255.255.255.255/32"),
        ("101.226.103.7/32", "101.226.103.7/32"),
        ("101.226.103.0/24", "101.226.103.0/24"),
        ("::/0", "::/0"),
        ("2400:DA00::1", "2400:da00::1/128"),
        ("2400:da00::/100", "2400:da00::/100"),
        ("2400:da00::1.2.3.4", "2400:da00::102:304/128"),
        ("::ffff:101.226.103.7/128", "101.226.103.7/32"),
        ("::fffe:101.226.103.7", "::fffe:65e2:6707/128"),
        ("1::ffff:101.226.103.7", "1::ffff:65e2:6707/128"),
        ("::ffff:101.226.103.0/127", "::ffff:101.226.103.0/127"),
        ("  101.226.103.7  ", "101.226.103.7/32"),
    ],
)
def test_prefixes_are_read_as_written(text: str, shown: str):
    """Addresses and networks of both families; one IPv4-mapped address is that IPv4 address."""
    assert str(parse_prefix(text)) == shown


def test_host_bits_are_cleared_on_request_alone():
    """Masked, a network is the one the address is in."""
    assert refusal(parse_prefix, "101.226.103.129/25") == "host-bits"
    assert str(parse_prefix("101.226.103.129/25", mask=True)) == "101.226.103.128/25"
    assert str(parse_prefix("2400:da00::ffff/112", mask=True)) == "2400:da00::/112"
    assert str(parse_prefix("101.226.103.128/25", mask=True)) == "101.226.103.128/25"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("101.226.103.7/33", "bad-length"),
        ("101.226.103.7/032", "bad-length"),
        ("2400:da00::1/129", "bad-length"),
        ("2400:da00::1/1000", "bad-length"),
        ("101.226.103", "not-an-address"),
        ("X101.226.103.7", "not-an-address"),
        ("101.226.103.7X", "not-an-address"),
        ("101.226.103.7\n", "not-an-address"),
        ("101.226.103.256", "not-an-address"),
        ("2400:da00:::1", "not-an-address"),
        ("2400:da00::1%1", "not-an-address"),
        ("0.0.0.00", "leading-zero"),
        ("00.0.0.0", "leading-zero"),
        ("::ffff:1.2.3.04", "leading-zero"),
        ("1:2:3:4:5:6:7.8.9.010", "leading-zero"),
    ],
)
def test_what_is_not_exactly_one_is_refused(text: str, word: str):
    """Nothing is repaired; zeros in groups of IPv6 are no octal."""
    assert refusal(parse_prefix, text) == word
    assert str(parse_prefix("2400:0a00:00:0::01")) == "2400:a00::1/128"


def test_length_is_bounded_before_any_work():
    """The longest text that may be looked at, and one more."""
    assert refusal(parse_prefix, "1" * TEXT_MAX) == "not-an-address"
    for parser in (parse_prefix, parse_wildcard, parse_range):
        assert refusal(parser, "1" * (TEXT_MAX + 1)) == "too-long"


def test_a_wildcard_is_its_slash_24():
    """Only a whole last number may be a star."""
    assert str(parse_wildcard(" 101.226.103.* ")) == "101.226.103.0/24"
    assert [parse_wildcard(text) for text in ("101.226.103.7", "101.226.*.*", "101.226.103.*/24", "*")] == [
        None
    ] * 4
    assert refusal(parse_wildcard, "101.226.300.*") == "not-an-address"
    assert refusal(parse_wildcard, "101.026.103.*") == "leading-zero"


def test_a_range_is_exactly_its_addresses():
    """One address or many, in either family."""
    one = parse_range("101.226.103.7-101.226.103.7")
    assert one is not None
    assert list(map(str, one)) == ["101.226.103.7/32"]
    several = parse_range(" 2400:da00::1-2400:da00::2 ")
    assert several is not None
    assert list(map(str, several)) == ["2400:da00::1/128", "2400:da00::2/128"]


@pytest.mark.parametrize(
    "text", ["101.226.103.7", "101.226.103.7-", "-101.226.103.7", "a.qq.com-b.qq.com", "101.226.103.7-x",
             "x-1.2.3.4", "1.2.3.4-1.2.3.5-1.2.3.6", "-", "1.2.3.4 - 1.2.3.5"],
)  # fmt: skip
def test_what_has_not_the_shape_of_a_range_is_none(text: str):
    """It is left to the other parsers."""
    assert parse_range(text) is None


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("101.226.103.7-2400:da00::1", "range"),
        ("1.2.3.4-::ffff:0:1", "range"),
        ("101.226.103.7-101.226.103.6", "range"),
        ("101.226.103.7-101.226.103.300", "not-an-address"),
    ],
)
def test_a_range_is_of_one_family_and_upwards(text: str, word: str):
    """And both its ends are addresses."""
    assert refusal(parse_range, text) == word


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("101.226.103.0/24", "101.226.103.0/24"),
        (" 101.226.103.7 ", "101.226.103.7/32"),
        ("2400:da00::1", "2400:da00::1/128"),
        ("a1.qq.com", "a1.qq.com"),
        ("*.QQ.com", "*.qq.com"),
    ],
)
def test_owners_write_addresses_and_names(text: str, shown: str):
    """Told apart by what they are made of."""
    assert str(parse_value(text)) == shown
