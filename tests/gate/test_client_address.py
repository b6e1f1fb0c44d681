"""Who is calling: right to left through trusted proxies, and no address where there is doubt."""

from __future__ import annotations

import ipaddress
import os
import random
from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from gatepost.errors import ConfigInvalid
from gatepost.gate.client_address import HOPS_MAX, LINES_MAX, Client, Doubt, find_client
from gatepost.gate.trust import Header, Trust

PROXIES = ("10.0.0.0/24", "192.168.7.7", "2001:db8:aa::/48")
TRUST = Trust(PROXIES)
FORWARDED = Trust(PROXIES, header=Header.FORWARDED)
PEER = "10.0.0.1"
CHAINS = 100_000 if os.environ.get("HYPOTHESIS_PROFILE") == "proof" else 5_000
"""Random chains of one run; ``HYPOTHESIS_PROFILE=proof`` for the long one."""


def client(*lines: str, peer: str | None = PEER, port: int | None = 50_000, trust: Trust = TRUST) -> Client:
    """As a middleware asks."""
    return find_client(trust, peer, port, lines)


def test_a_header_counts_for_nothing_without_a_proxy():
    """G1: with no proxy configured only the socket's peer counts, whatever the header says."""
    assert client("101.126.59.7", peer="203.0.113.9", trust=Trust()).address == "203.0.113.9"
    assert client("101.126.59.7", peer="127.0.0.1", trust=Trust()).address == "127.0.0.1"


def test_a_header_of_a_stranger_counts_for_nothing():
    """G1: a peer that is no proxy of ours is the client itself."""
    assert client("101.126.59.7", peer="203.0.113.9").address == "203.0.113.9"
    assert client("garbage\0", peer="203.0.113.9").address == "203.0.113.9"


@pytest.mark.parametrize(
    ("lines", "address", "hops"),
    [
        (["203.0.113.9"], "203.0.113.9", 1),
        (["6.6.6.6, 203.0.113.9"], "203.0.113.9", 1),
        (["6.6.6.6, 203.0.113.9, 10.0.0.7"], "203.0.113.9", 2),
        (["6.6.6.6", "203.0.113.9"], "203.0.113.9", 1),
        (["6.6.6.6", "203.0.113.9", "192.168.7.7,10.0.0.7"], "203.0.113.9", 3),
        (["garbage,,;\\, 203.0.113.9"], "203.0.113.9", 1),
        (["10.0.0.9, 6.6.6.6 ,\t203.0.113.9\t, 10.0.0.7"], "203.0.113.9", 2),
        (["203.0.113.9:49152"], "203.0.113.9", 1),
        (["[2001:DB8:0::9]"], "2001:db8::9", 1),
        (["[2001:db8::9]:49152, [2001:db8:aa::1]:1"], "2001:db8::9", 2),
        (["2001:db8::9"], "2001:db8::9", 1),
        (["::ffff:203.0.113.9"], "203.0.113.9", 1),
        (["203.0.113.9, ::ffff:10.0.0.7"], "203.0.113.9", 2),
        (["10.0.1.7"], "10.0.1.7", 1),
    ],
)
def test_right_to_left_over_all_lines_up_to_the_first_stranger(lines, address, hops):
    """G2: the walk takes every line, from the right, and stops at the first that is no proxy of ours."""
    assert client(*lines) == Client(address, None, hops)


@pytest.mark.parametrize(
    ("element", "doubt"),
    [
        ("", Doubt.MALFORMED),
        ("unknown", Doubt.OBFUSCATED),
        ("UNKNOWN", Doubt.OBFUSCATED),
        ("_hidden", Doubt.OBFUSCATED),
        ("_SEVKISEK", Doubt.OBFUSCATED),
        ("localhost", Doubt.MALFORMED),
        ("203.0.113.9:", Doubt.MALFORMED),
        ("203.0.113.9:0", Doubt.MALFORMED),
        ("203.0.113.9:65536", Doubt.MALFORMED),
        ("203.0.113.9:_x", Doubt.MALFORMED),
        ("203.0.113.9:80:80", Doubt.MALFORMED),
        ("203.0.113.09", Doubt.MALFORMED),
        ("203.0.113", Doubt.MALFORMED),
        ("3405803785", Doubt.MALFORMED),
        ("0xcb.0.113.9", Doubt.MALFORMED),
        ("203.0.113.9/32", Doubt.MALFORMED),
        ("203.0.113.9 203.0.113.9", Doubt.MALFORMED),
        ("203.0.113.9\0", Doubt.MALFORMED),
        ("203.0.113.9\r\n", Doubt.MALFORMED),
        ("\x0b203.0.113.9", Doubt.MALFORMED),
        ("\xa0203.0.113.9", Doubt.MALFORMED),
        ("２03.0.113.9", Doubt.MALFORMED),
        ('"203.0.113.9"', Doubt.MALFORMED),
        ("[203.0.113.9]", Doubt.MALFORMED),
        ("[2001:db8::9", Doubt.MALFORMED),
        ("2001:db8::9]", Doubt.MALFORMED),
        ("[2001:db8::9]80", Doubt.MALFORMED),
        ("[2001:db8::9]:0", Doubt.MALFORMED),
        ("2001:db8::9::", Doubt.MALFORMED),
        ("for=203.0.113.9", Doubt.MALFORMED),
        ("203.0.113.9;x", Doubt.MALFORMED),
    ],
)
def test_an_element_that_is_not_exactly_an_address_denies(element, doubt):
    """G3: where the walk meets a hop that cannot be read, there is no client, and the reason is named."""
    assert client(f"6.6.6.6, {element}") == Client(None, doubt)
    assert client(f"6.6.6.6, {element}, 10.0.0.7") == Client(None, doubt)


@pytest.mark.parametrize("element", ["fe80::1%eth0", "[fe80::1%25eth0]", "fe80::1%1\n", "203.0.113.9%1"])
def test_a_zone_denies(element):
    """G4: a scope id is no part of an address that a list can hold."""
    assert client(element) == Client(None, Doubt.MALFORMED)
    assert client(peer=element) == Client(None, Doubt.PEER)


def test_a_dual_stack_socket_is_the_same_client():
    """G4: an IPv4-mapped peer is its IPv4 address, as a client and as a proxy."""
    assert client(peer="::ffff:203.0.113.9").address == "203.0.113.9"
    assert client(peer="::FFFF:cb00:7109").address == "203.0.113.9"
    assert client("203.0.113.9", peer="::ffff:10.0.0.1").address == "203.0.113.9"
    assert client(peer="2001:DB8:0:0::9").address == "2001:db8::9"


def test_a_server_that_rewrote_the_peer_is_found_out():
    """G5: port 0, or an address that the header writes: the server already believed a header."""
    for trust in (TRUST, Trust(), FORWARDED):
        assert client(peer="203.0.113.9", port=0, trust=trust) == Client(None, Doubt.REWRITTEN)
    assert client("203.0.113.9:4711", peer="203.0.113.9", port=4711).doubt is Doubt.REWRITTEN
    assert client("[2001:db8::9]:4711, 10.0.0.7", peer="2001:db8::9", port=4711).doubt is Doubt.REWRITTEN
    line = 'for="203.0.113.9:4711"'
    assert client(line, peer="203.0.113.9", port=4711, trust=FORWARDED).doubt is Doubt.REWRITTEN
    assert client("203.0.113.9:4712", peer="203.0.113.9", port=4711).doubt is Doubt.REWRITTEN
    assert client("203.0.113.9", peer="203.0.113.9", port=None).doubt is Doubt.REWRITTEN
    assert client("203.0.113.90:4711", peer="203.0.113.9", port=4711).address == "203.0.113.9"
    assert client(",1.1.1.1" * (2 * HOPS_MAX + 1), peer="203.0.113.9").doubt is Doubt.REWRITTEN


WRITTEN = st.sampled_from(
    (
        "203.0.113.9",
        "2001:db8::9",
        "[2001:db8::9]",
        "2001:db8:0::9",
        "[2001:db8::8.8.4.4]",
        "::ffff:203.0.113.9",
    )
)
PORTS = st.sampled_from(
    ("", ":80", ":+80", ":080", ":8_0", ": 80", ":80\xa0", ":80\x1f", ":-1", ":0", ":x")
) | st.text(st.characters(min_codepoint=1, max_codepoint=255, exclude_characters=",\r\n"), max_size=6)
BESIDE = st.sampled_from(("", "198.51.100.9", "unknown", "10.0.0.7", " , "))


@given(st.sampled_from(("", " ", "\t", "\xa0")), WRITTEN, PORTS, BESIDE)
def test_what_a_server_takes_from_the_header_is_never_the_client(space, address, port, beside):
    """G5: uvicorn's own middleware, told to believe everybody, puts in the peer's place what it reads."""
    text = f"{space}{address}{port},{beside}"
    scope = {"type": "http", "client": ("10.0.0.1", 40_000), "scheme": "http"}
    scope["headers"] = [(b"x-forwarded-for", text.encode("latin-1"))]
    seen = []

    async def application(scope, _receive, _send):
        seen.append(scope["client"])

    with suppress(StopIteration):
        ProxyHeadersMiddleware(application, trusted_hosts="*")(scope, None, None).send(None)
    for host, number in seen:
        if host != "10.0.0.1":
            assert client(text, peer=host, port=number).address is None


def test_a_unix_socket_is_nobody_unless_it_is_trusted():
    """G6: no peer, no client; where the socket's directory is the protection, the header speaks."""
    for nobody in (None, ""):
        assert client("203.0.113.9", peer=nobody, port=None) == Client(None, Doubt.NO_PEER)
        local = Trust(unix_socket=True)
        assert client("203.0.113.9", peer=nobody, port=None, trust=local).address == "203.0.113.9"
        assert client(peer=nobody, port=None, trust=local) == Client(None, Doubt.NO_HEADER)
    assert client(peer="unix:/run/app.sock") == Client(None, Doubt.PEER)


def test_a_proxy_without_the_header_is_no_client():
    """A proxy of ours that tells nothing makes nobody the client, least of all itself."""
    assert client() == Client(None, Doubt.NO_HEADER)
    assert client("10.0.0.9, 10.0.0.7") == Client(None, Doubt.ONLY_PROXIES)
    assert client(", 10.0.0.7") == Client(None, Doubt.MALFORMED)


def test_long_headers_are_refused_at_once():
    """A header longer than any honest chain, or a loop of our own proxies, is in doubt."""
    assert client("x" * LINES_MAX + ",203.0.113.9") == Client(None, Doubt.TOO_LONG)
    assert client(*[""] * (LINES_MAX + 2)) == Client(None, Doubt.TOO_LONG)
    assert client("203.0.113.9" + ",10.0.0.7" * HOPS_MAX) == Client(None, Doubt.TOO_LONG)
    assert client("203.0.113.9" + ",10.0.0.7" * (HOPS_MAX - 1)).address == "203.0.113.9"


@pytest.mark.parametrize(
    ("lines", "address"),
    [
        (["for=203.0.113.9"], "203.0.113.9"),
        (["For=203.0.113.9;Proto=https;by=10.0.0.1"], "203.0.113.9"),
        (["proto=https;for=203.0.113.9"], "203.0.113.9"),
        (['for="203.0.113.9:4711"'], "203.0.113.9"),
        (['for="[2001:db8::9]"'], "2001:db8::9"),
        (['for="[2001:db8::9]:4711";host="example.org:80"'], "2001:db8::9"),
        (["for=6.6.6.6, for=203.0.113.9", 'for=10.0.0.7, for="[2001:db8:aa::1]"'], "203.0.113.9"),
        (['for="6.6.6.6, for=203.0.113.9'], "203.0.113.9"),
    ],
)
def test_forwarded_is_read_where_it_is_chosen(lines, address):
    """RFC 7239: the same walk over its elements; X-Forwarded-For is then never looked at."""
    assert client(*lines, trust=FORWARDED).address == address


@pytest.mark.parametrize(
    "element",
    ["203.0.113.9", "for=", "for", "for =203.0.113.9", "for=203.0.113.9;", "for=203.0.113.9;for=6.6.6.6",
     "for=203.0.113.9;FOR=6.6.6.6", "by=203.0.113.9", "for=203.0.113.9:80", "for=[2001:db8::9]",
     "for=2001:db8::9", 'for="2001:db8::9"', 'for="203.0.113.9', 'for=203.0.113.9"', 'for="203.0.\\113.9"',
     "for=unknown", 'for="_hidden"', 'for=203.0.113.9;host="a,for=6.6.6.6"', 'for=203.0.113.9;x="a;b"',
     "for=203.0.113.9;proto=https;proto=http", "for=203.0.113.9 proto=https"],
)  # fmt: skip
def test_forwarded_in_doubt_denies(element):
    """What RFC 7239 does not allow, or what a client could smuggle through quotes, is no address."""
    assert client(f"for=6.6.6.6, {element}", trust=FORWARDED).address is None


@pytest.mark.parametrize(
    "proxy",
    ["*", "0.0.0.0/0", "::/0", "10.0.0.0/7", "2000::/15", "10.0.0.1/8", "localhost", "", "10.0.0.0/",
     "10.0.0.0/+8", "10.0.0.0/33", "fe80::1%eth0", "10.0.0.0-10.0.0.9", "010.0.0.1"],
)  # fmt: skip
def test_everyone_is_no_proxy(proxy):
    """G2: ``*``, /0, networks wider than any list may hold, and what is no network are refused."""
    with pytest.raises(ConfigInvalid, match="trusted prox"):
        Trust([proxy])


def test_many_wide_networks_are_everyone_too():
    """G2: /8 by /8 the whole Internet is not trusted either; private space and a CDN are."""
    with pytest.raises(ConfigInvalid, match="together"):
        Trust([f"{first}.0.0.0/8" for first in range(1, 4)])
    with pytest.raises(ConfigInvalid, match="not one text"):
        Trust("10.0.0.1")
    with pytest.raises(ConfigInvalid, match="X-Real-IP"):
        Trust(["10.0.0.1"], header="X-Real-IP")
    private = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fd00:1::/32"]
    cdn = ["104.16.0.0/13", "172.64.0.0/13", "162.158.0.0/15", "2400:cb00::/32", "2a06:98c0::/29"]
    assert len(Trust(private + cdn, header="Forwarded").proxies) == 10


@dataclass(frozen=True)
class Chain:
    """A request as our proxies hand it on."""

    peer: str
    lines: list[str]
    honest: str
    """What our first proxy saw."""


def random_chain(chance: random.Random, header: Header) -> Chain:
    """A hostile client's header, then what one to four proxies of ours append, in lines as they like."""
    ours = [random_proxy(chance) for _ in range(chance.randint(1, 4))]
    honest = random_address(chance)
    lines = [hostile(chance, header) for _ in range(chance.randint(0, 3))]
    for seen in [honest, *ours[:-1]]:
        element = written(chance, header, seen)
        if lines and chance.random() < 0.7:
            lines[-1] += chance.choice([", ", ",", " , "]) + element
        else:
            lines.append(element)
    return Chain(ours[-1], lines, honest)


def random_proxy(chance: random.Random) -> str:
    return chance.choice(
        [f"10.0.0.{chance.randrange(256)}", "192.168.7.7", f"2001:db8:aa::{chance.randrange(99)}"]
    )


def random_address(chance: random.Random) -> str:
    """An address that is none of our proxies."""
    if chance.random() < 0.3:
        return str(ipaddress.IPv6Address(0x2400 << 112 | chance.getrandbits(64)))
    return (
        f"{chance.randint(11, 126)}.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(256)}"
    )


def written(chance: random.Random, header: Header, address: str) -> str:
    """As a proxy writes what it saw: with or without a port and brackets."""
    port = chance.choice(["", f":{chance.randint(1, 65535)}"])
    node = f"[{address}]{port}" if ":" in address and (port or header is Header.FORWARDED) else address + port
    if header is Header.X_FORWARDED_FOR:
        return node
    quoted = f'"{node}"' if ":" in node or chance.random() < 0.5 else node
    return chance.choice(["for={};proto=https", "for={}", "by=10.0.0.1;for={}"]).format(quoted)


def hostile(chance: random.Random, header: Header) -> str:
    """What a client may write to be taken for another: addresses, ours too, broken quotes, rubbish."""
    parts = []
    for _ in range(chance.randint(0, 6)):
        address = chance.choice([random_address, random_proxy])(chance)
        rubbish = "".join(
            chance.choice('",;\\=[]: \t%_for0123456789\0\xff') for _ in range(chance.randint(0, 8))
        )
        parts.append(
            chance.choice([address, written(chance, header, address), "unknown", rubbish, 'for="', '"'])
        )
    return chance.choice([",", ", ", ";", ""]).join(parts)


@pytest.mark.parametrize("trust", [TRUST, FORWARDED], ids=["x-forwarded-for", "forwarded"])
@pytest.mark.thorough
def test_the_decided_address_was_appended_by_a_trusted_hop(trust):
    """Random chains with a hostile left part: the client is always what our first proxy saw."""
    chance = random.Random(20_260_105)
    for number in range(CHAINS // 2):
        chain = random_chain(chance, trust.header)
        found = client(*chain.lines, peer=chain.peer, trust=trust)
        assert found.address == chain.honest, f"chain {number}: {chain} gave {found}"
