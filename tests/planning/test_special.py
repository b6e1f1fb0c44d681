"""The special-purpose table against the standard library's own, and against its blind spots."""

from __future__ import annotations

import ipaddress
from importlib.util import module_from_spec, spec_from_file_location

import pytest

from gatepost.model.address import Prefix
from gatepost.planning import special
from gatepost.planning.normalise import parse_value
from gatepost.planning.special import SAMPLES, SPECIAL, inside_special, is_sample, name_of, touches_special


def prefix(text: str) -> Prefix:
    """A prefix as written."""
    value = parse_value(text)
    assert isinstance(value, Prefix)
    return value


@pytest.mark.parametrize("row", SPECIAL, ids=lambda row: str(row.prefix))
def test_each_row_is_found_to_its_edges(row):
    """The first and the last address of every row are special, and so is a network around it."""
    first, last = Prefix(row.prefix.family, row.prefix.network, row.prefix.family.bits), row.prefix.last
    assert inside_special(first)
    assert inside_special(Prefix(row.prefix.family, last, row.prefix.family.bits))
    assert touches_special(Prefix(row.prefix.family, 0, 0))
    assert name_of(row.prefix)


NETWORKS = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "192.0.2.0/24",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "240.0.0.0/4",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
    "2001:db8::/32",
]


@pytest.mark.parametrize("text", NETWORKS)
def test_what_the_standard_library_calls_private_is_special(text: str):
    """The table lacks nothing that ``ipaddress`` knows."""
    assert not ipaddress.ip_network(text).is_global
    assert inside_special(prefix(text))


@pytest.mark.parametrize("text", ["224.0.0.0/4", "ff00::/8", "2002::/16", "64:ff9b::/96"])
def test_what_the_standard_library_lets_pass_is_special(text: str):
    """Multicast, 6to4 and NAT64 are no place a platform serves from."""
    assert inside_special(prefix(text))


@pytest.mark.parametrize(
    "text",
    ["9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0",
     "198.17.255.255", "198.20.0.0", "223.255.255.255", "101.226.103.0/24",
     "2400:da00::/32", "2001:200::", "2003::",
     "2620:4f:8001::"],
)  # fmt: skip
def test_neighbours_are_not_special(text: str):
    """The tables end where they end."""
    assert not touches_special(prefix(text))
    assert name_of(prefix(text)) == ""


def test_samples_are_exact():
    """Only the very address of the platforms' pages, not its network."""
    assert all(is_sample(prefix(text)) for text in SAMPLES)
    assert not is_sample(prefix("1.1.1.0/24"))


def test_the_table_is_what_its_rows_say():
    """Read anew, the table is the same; a row shows its network, what it is for and where that is said."""
    spec = spec_from_file_location(special.__name__, special.__file__)
    assert spec is not None
    assert spec.loader is not None
    again = module_from_spec(spec)
    spec.loader.exec_module(again)
    assert [(str(row.prefix), row.name, row.rfc) for row in again.SPECIAL] == [
        (str(row.prefix), row.name, row.rfc) for row in SPECIAL
    ]
    assert name_of(prefix("10.1.2.3")) == "10.0.0.0/8, private use (RFC 1918)"
    assert name_of(prefix("fe80::1")) == "fe80::/10, link local (RFC 4291 §2.5.6)"


@pytest.mark.parametrize(
    ("text", "touches", "inside"),
    [
        ("10.0.0.0", True, True),
        ("10.255.255.255", True, True),
        ("10.0.0.0/7", True, False),
        ("8.0.0.0/6", True, False),
        ("9.0.0.0/8", False, False),
        ("240.0.0.0/4", True, True),
        ("224.0.0.0/3", True, True),
        ("192.0.0.0/23", True, False),
        ("0.0.0.0/0", True, False),
        ("::/95", True, False),
        ("::", True, True),
        ("::1:0:0:0/128", False, False),
        ("4000::/2", True, False),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", True, True),
    ],
)
def test_special_in_part_and_in_whole(text: str, *, touches: bool, inside: bool):
    """Told apart to the last address; rows that touch are one space."""
    assert (touches_special(prefix(text)), inside_special(prefix(text))) == (touches, inside)
    assert bool(name_of(prefix(text))) is touches


def test_samples_are_of_ipv4():
    """The same number in IPv6 is another address."""
    assert not is_sample(prefix("::101:101"))
    assert not is_sample(prefix("1.1.1.2"))
