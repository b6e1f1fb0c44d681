"""Address space that no platform serves from: the IANA special-purpose registries, as integers.

Sources: https://www.iana.org/assignments/iana-ipv4-special-registry and
https://www.iana.org/assignments/iana-ipv6-special-registry (2025), with
multicast, which IANA lists elsewhere. ``ipaddress.is_global`` is no substitute:
it says yes to 0.0.0.0/0, to multicast and to a scope id with a newline in it.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from gatepost.model.address import Family, Prefix, parse_v4, parse_v6
from gatepost.planning import span


@dataclass(frozen=True, slots=True)
class Special:
    """One row of the registries."""

    prefix: Prefix
    name: str
    rfc: str


def _v4(address: str, length: int, name: str, rfc: str) -> Special:
    return Special(Prefix(Family.V4, parse_v4(address), length), name, rfc)


def _v6(address: str, length: int, name: str, rfc: str) -> Special:
    return Special(Prefix(Family.V6, parse_v6(address), length), name, rfc)


SPECIAL = (
    _v4("0.0.0.0", 8, "this network", "RFC 791 §3.2"),  # noqa: S104 - a row of the table, nothing is bound
    _v4("10.0.0.0", 8, "private use", "RFC 1918"),
    _v4("100.64.0.0", 10, "shared address space (carrier NAT)", "RFC 6598"),
    _v4("127.0.0.0", 8, "loopback", "RFC 1122 §3.2.1.3"),
    _v4("169.254.0.0", 16, "link local", "RFC 3927"),
    _v4("172.16.0.0", 12, "private use", "RFC 1918"),
    _v4("192.0.0.0", 24, "IETF protocol assignments", "RFC 6890 §2.1"),
    _v4("192.0.2.0", 24, "documentation (TEST-NET-1)", "RFC 5737"),
    _v4("192.31.196.0", 24, "AS112", "RFC 7535"),
    _v4("192.52.193.0", 24, "AMT", "RFC 7450"),
    _v4("192.88.99.0", 24, "6to4 relay anycast, deprecated", "RFC 7526"),
    _v4("192.168.0.0", 16, "private use", "RFC 1918"),
    _v4("192.175.48.0", 24, "AS112 direct delegation", "RFC 7534"),
    _v4("198.18.0.0", 15, "benchmarking", "RFC 2544"),
    _v4("198.51.100.0", 24, "documentation (TEST-NET-2)", "RFC 5737"),
    _v4("203.0.113.0", 24, "documentation (TEST-NET-3)", "RFC 5737"),
    _v4("224.0.0.0", 4, "multicast", "RFC 5771"),
    _v4("240.0.0.0", 4, "reserved, limited broadcast", "RFC 1112 §4, RFC 8190"),
    _v6("::", 96, "unspecified, loopback, IPv4-compatible", "RFC 4291 §2.5"),
    _v6("::ffff:0:0", 96, "IPv4-mapped", "RFC 4291 §2.5.5.2"),
    _v6("64:ff9b::", 96, "NAT64", "RFC 6052"),
    _v6("64:ff9b:1::", 48, "NAT64, local use", "RFC 8215"),
    _v6("100::", 64, "discard only", "RFC 6666"),
    _v6("100:0:0:1::", 64, "dummy prefix", "RFC 9780"),
    _v6("2001::", 23, "IETF protocol assignments, Teredo, ORCHID", "RFC 2928, RFC 4380, RFC 7343"),
    _v6("2001:db8::", 32, "documentation", "RFC 3849"),
    _v6("2002::", 16, "6to4", "RFC 3056"),
    _v6("2620:4f:8000::", 48, "AS112 direct delegation", "RFC 7534"),
    _v6("3fff::", 20, "documentation", "RFC 9637"),
    _v6("5f00::", 16, "SRv6 segment identifiers", "RFC 9602"),
    _v6("fc00::", 7, "unique local", "RFC 4193"),
    _v6("fe80::", 10, "link local", "RFC 4291 §2.5.6"),
    _v6("fec0::", 10, "site local, deprecated", "RFC 3879"),
    _v6("ff00::", 8, "multicast", "RFC 4291 §2.7"),
)

SAMPLES = {
    "1.1.1.1": "Feishu, outbound_ip: the sample answer; in truth a public resolver",
    "127.0.0.1": "WeChat, getcallbackip: an older sample answer",
    "127.0.0.2": "Tencent Cloud Chat, GetIPList, and WeChat: the sample answer",
    "1.2.3.4": "WeCom, getcallbackip: the sample answer",
    "2.3.3.3": "WeCom, getcallbackip: the sample answer",
}
"""Documented sample values that are placeholders or public resolvers: seen alive, someone pasted a page."""

_SAMPLES = frozenset(map(parse_v4, SAMPLES))
_SPANS = {
    family: span.merge(
        (row.prefix.network, row.prefix.last) for row in SPECIAL if row.prefix.family is family
    )
    for family in Family
}
_FIRSTS = {family: [first for first, _ in spans] for family, spans in _SPANS.items()}


def touches_special(prefix: Prefix) -> bool:
    """Whether any address of the prefix is special-purpose."""
    place = bisect_right(_FIRSTS[prefix.family], prefix.last) - 1
    return place >= 0 and _SPANS[prefix.family][place][1] >= prefix.network


def inside_special(prefix: Prefix) -> bool:
    """Whether every address of the prefix is special-purpose."""
    place = bisect_right(_FIRSTS[prefix.family], prefix.network) - 1
    return place >= 0 and _SPANS[prefix.family][place][1] >= prefix.last


def is_sample(prefix: Prefix) -> bool:
    """Whether this is exactly one of the platforms' documented sample addresses."""
    return prefix.family is Family.V4 and prefix.size == 1 and prefix.network in _SAMPLES


def name_of(prefix: Prefix) -> str:
    """The first row that the prefix touches, for people; empty where there is none."""
    for row in SPECIAL:
        same = row.prefix.family is prefix.family
        if same and row.prefix.network <= prefix.last and prefix.network <= row.prefix.last:
            return f"{row.prefix}, {row.name} ({row.rfc})"
    return ""
