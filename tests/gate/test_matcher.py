"""Which entry lets an address or name in."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.gate import matcher as module
from gatepost.gate.matcher import Matcher
from gatepost.model.answer import Accepted
from gatepost.model.content import Allowlist, Override, State
from gatepost.model.entry import Direction, Entry, Protocol
from gatepost.model.limits import Limits
from gatepost.planning.accept import accept
from gatepost.planning.compose import compose
from gatepost.planning.normalise import parse_value
from rigs.answers import START, accepted, answer

NESTED = ("101.226.0.0/16", "101.226.103.0/24", "101.226.103.7/32", "2400:da00::/32", "2400:da00::7/128")


def table(*values: str) -> Matcher[str]:
    """A matcher whose values stand for themselves."""
    return Matcher((parse_value(value), value) for value in values)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("101.225.255.255", None),
        ("101.226.0.0", "101.226.0.0/16"),
        ("101.226.103.0", "101.226.103.0/24"),
        ("101.226.103.7", "101.226.103.7/32"),
        ("101.226.103.8", "101.226.103.0/24"),
        ("101.226.104.0", "101.226.0.0/16"),
        ("101.227.0.0", None),
        ("2400:da00::8", "2400:da00::/32"),
        ("2400:da00::7", "2400:da00::7/128"),
        ("2400:DA00:0::7", "2400:da00::7/128"),
        ("2400:da01::", None),
        ("::ffff:101.226.103.7", "101.226.103.7/32"),
        ("0.0.0.0", None),
        ("255.255.255.255", None),
        ("::", None),
    ],
)
def test_the_most_specific_entry_answers(text: str, found: str | None):
    """Of the entries that cover an address the narrowest is the reason."""
    assert table(*NESTED).find(text) == found


@pytest.mark.parametrize(
    "text",
    ["", " 101.226.103.7", "101.226.103.7 ", "101.226.103.7\n", "101.226.103.7/32", "101.226.103.07",
     "1709368071", "0x65e26707", "101.226.26375", "2400:da00::7%eth0", "[2400:da00::7]", "101.226.103.7:443",
     "unknown", "101.226.103.7\0", "１01.226.103.7", "a" * 10_000, "." * 300],
)  # fmt: skip
def test_doubt_is_denied(text: str):
    """Text that is not exactly one address finds nothing, and raises nothing."""
    assert table(*NESTED).find(text) is None


def test_names_and_trees():
    """A name is found exactly, or below a tree; never the tree's own top, never a look-alike."""
    names = table("qq.com", "*.weixin.qq.com", "a.weixin.qq.com")
    assert names.find("qq.com") == names.find("QQ.com") == "qq.com"
    assert names.find("a.weixin.qq.com") == "a.weixin.qq.com"
    assert names.find("x.y.weixin.qq.com") == "*.weixin.qq.com"
    assert [
        names.find(name) for name in ("weixin.qq.com", "xweixin.qq.com", "com", "qq.com.", ".weixin.qq.com.")
    ] == [None] * 5


def test_an_empty_table_lets_nothing_in():
    """No entries, no answer."""
    assert table().find("101.226.103.7") is None


def test_of_equal_values_the_first_answers():
    """Two sources may list the same prefix."""
    value = parse_value("101.226.103.7")
    assert Matcher([(value, "first"), (value, "second")]).find("101.226.103.7") == "first"


def test_a_flood_of_addresses_costs_no_memory():
    """The memo is emptied when it is full, and answers stay right."""
    one = table("101.0.0.0/8")
    memo = one.find.__self__  # type: ignore[attr-defined]  # a bound method of the memo
    for number in range(module.MEMO_MAX + 10):
        one.find(f"101.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(memo) <= module.MEMO_MAX
    assert one.find("101.0.0.1") == "101.0.0.0/8"


def test_what_is_excluded_is_not_found():
    """A list's matcher lets in what is in force: not what an exclusion cuts out, nor an excluded entry."""
    allowlist = Allowlist(
        "webhooks",
        Direction.INGRESS,
        ("events",),
        exclusions=tuple(
            Override(parse_value(value), "no") for value in ("101.226.103.128/25", "8.8.4.4", "b.qq.com")
        ),
    )
    content = compose(
        allowlist, {"events": accepted("101.226.103.0/24", "8.8.4.4", "a.qq.com", "b.qq.com")}, START
    )
    let_in = Matcher.of_content(content)
    found = let_in.find("101.226.103.127")
    assert found is not None
    assert (found.source, found.state) == ("events", State.LISTED)
    assert let_in.find("101.226.103.128") is None
    assert let_in.find("8.8.4.4") is None
    assert let_in.find("a.qq.com") is not None
    assert let_in.find("b.qq.com") is None


def test_ports_that_nest():
    """A network with a port around addresses without one: all of it is in force, whatever the order."""
    wide, narrow = parse_value("101.226.103.0/24"), parse_value("101.226.103.64/26")
    web = ((443, 443),)
    some = answer(entries=(Entry(narrow), Entry(wide, Protocol.TCP, web)))
    verdict = accept(some, None, (), Limits(), approved=True)
    assert isinstance(verdict, Accepted)
    allowlist = Allowlist("webhooks", Direction.INGRESS, ("events",))
    let_in = Matcher.of_content(compose(allowlist, {"events": verdict}, START))
    assert [let_in.find(f"101.226.103.{number}") is not None for number in range(256)] == [True] * 256


BLOCKS = [
    ipaddress.ip_network(each)
    for each in ("101.226.103.0/24", "0.0.0.0/24", "255.255.255.0/24", "::/120", "ffff:ffff::/120")
] + [ipaddress.ip_network((2**128 - 256, 120))]
"""Somewhere, and at both ends of all addresses."""
Networks = list[ipaddress.IPv4Network | ipaddress.IPv6Network]


def networks(block: ipaddress.IPv4Network | ipaddress.IPv6Network) -> st.SearchStrategy[Networks]:
    """Of a block, around it, or among its first or last eight addresses: the fewer, the more they nest."""

    def network(number: int, height: int) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
        first = int(block[0]) + number >> height << height
        return ipaddress.ip_network(
            (first.to_bytes(block.max_prefixlen // 8, "big"), block.max_prefixlen - height)
        )

    whole = st.builds(network, st.integers(0, 255), st.integers(0, 10))
    few = st.builds(network, st.integers(0, 7) | st.integers(248, 255), st.integers(0, 3))
    return st.lists(whole | few, max_size=12)


@given(
    st.sampled_from(BLOCKS).flatmap(
        lambda block: st.tuples(st.just(block), networks(block), st.none() | networks(block))
    )
)
def test_the_table_agrees_with_looking_at_each(drawn: tuple[Any, Networks, Networks | None]):
    """For every address of a small space: the narrowest network that holds it, where that is in force."""
    block, listed, within = drawn
    narrowest = sorted(listed, key=lambda network: -network.prefixlen)
    bounds = None if within is None else [parse_value(str(each)) for each in within]
    fast = Matcher(((parse_value(str(each)), str(each)) for each in listed), within=bounds)
    ends = (int(block[0]) - 1, int(block[-1]) + 1)
    beside = [type(block[0])(number) for number in ends if 0 <= number < 1 << block.max_prefixlen]
    for address in (*block, *beside):
        expected = next((str(network) for network in narrowest if address in network), None)
        if within is not None and not any(address in network for network in within):
            expected = None
        assert fast.find(str(address)) == fast.find_new(str(address)) == expected, address
