"""Expressions of nft in JSON as tests of one field each: which packets a match is true for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any

from gatepost.model.address import Family, parse_v4, parse_v6
from gatepost.targets._nft_values import LAST, Values

PORT_LAST = 0xFFFF
ADDRESS_LAST = {Family.V4: (1 << 32) - 1, Family.V6: (1 << 128) - 1}
ADDRESSES = frozenset({"saddr", "daddr", "ct original saddr", "ct original daddr"})
PORTS = frozenset({"sport", "dport", "ct original proto-src", "ct original proto-dst"})
PROTOCOLS = dict(
    (("icmp", 1), ("igmp", 2), ("tcp", 6), ("udp", 17), ("dccp", 33), ("gre", 47), ("esp", 50), ("ah", 51)),
    **{"icmpv6": 58, "ipv6-icmp": 58, "sctp": 132, "udplite": 136, "comp": 108},
)
FLAGS = {"fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16, "urg": 32, "ecn": 64, "cwr": 128}
"""Bits of a TCP header."""
PORTED = frozenset({"tcp", "udp", "sctp", "dccp", "udplite"})
NFPROTO = {"ip": 4, "ipv4": 4, "ip6": 6, "ipv6": 6}
META = {"iif": "iifname", "iifname": "iifname", "oif": "oifname", "oifname": "oifname"}
"""An interface by number or by name is one."""
SAME = {"host": "unicast"}
"""Two words for one thing: ``meta pkttype``."""
OPPOSITE = frozenset({"!=", "!"})
TCP_FLAGS = {"protocol": "tcp", "field": "flags"}
ALL_FLAGS = 0xFF
FLAGS_ASKED: Mapping[str, Callable[[int, list[int]], bool]] = {
    "==": lambda flags, wanted: flags in wanted,
    "!=": lambda flags, wanted: flags not in wanted,
    "in": lambda flags, wanted: any(flags & bits for bits in wanted),
    "!": lambda flags, wanted: not any(flags & bits for bits in wanted),
}
"""What an operator asks of flags: equal, or any of them."""
UNKNOWN = "?"
"""First letter of a field about which nothing is known."""
LIKELY = "~"
"""The same, where packets of all services are alike: of ``addrtype`` iptables does not tell the type."""


@dataclass(frozen=True, slots=True)
class Test:
    """True for the packets of which a field has one of the values."""

    field: str
    values: Values
    set: str = ""
    """Name of the set that was asked, of the rule's own table."""
    opposite: bool = False
    """Whether it asked for all but that."""


def universe(name: str, family: Family) -> Values:
    """All that a field can be, in packets of a family."""
    if name in ADDRESSES:
        return Values.upto(ADDRESS_LAST[family])
    if name in PORTS:
        return Values.upto(PORT_LAST)
    return Values.upto(LAST)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the expressions of one rule."""

    family: str
    table: str
    handle: int
    sets: Mapping[tuple[str, str, str], Sequence[Any]]
    known: dict[tuple[str, str, str], Values | None] = field(default_factory=dict)
    """Sets that were read before: they may be long, and many rules may ask them."""

    def unknown(self, number: int, kind: str = UNKNOWN) -> Test:
        """A test that nobody can foretell, of a statement by its number."""
        return Test(f"{kind}{self.family} {self.table} {self.handle}.{number}", Values.one(1))

    def tests(self, match: Mapping[str, Any]) -> list[Test]:
        """All must be true; of what cannot be read, one that is unknown."""
        left, right, operator = match.get("left"), match.get("right"), match.get("op", "==")
        if (flags := _flag_test(left, right, operator)) is not None:
            return [*implied({"payload": TCP_FLAGS}), Test("tcp flags", flags)]
        name = self.field(left)
        values = None if name is None else self.values(name, right, operator)
        if name is None or values is None:
            return [*implied(left), Test(f"{UNKNOWN}{left}{right}{operator}", Values.one(1))]
        asked = right[1:] if isinstance(right, str) and right.startswith("@") else ""
        return [*implied(left), Test(name, values, asked, opposite=operator in OPPOSITE)]

    def field(self, left: Any) -> str | None:
        """Name of the field that an expression reads; None where we know none."""
        match left:
            case {"payload": {"protocol": "tcp", "field": "flags"}}:
                return None  # what could not be read of them
            case {"payload": {"protocol": str() as protocol, "field": str() as name}}:
                return _payload(protocol, name)
            case {"meta": {"key": "nfproto" | "protocol"}}:
                return "nfproto"
            case {"meta": {"key": str() as key}}:
                return META.get(key, key)
            case {"ct": {"key": str() as key, "dir": str() as way}}:
                return f"ct {way} {key.removeprefix('ip6 ').removeprefix('ip ')}"
            case {"ct": {"key": str() as key}}:
                return f"ct {key}"
            case {"fib": {"result": str() as result, "flags": str() | list() as flags}}:
                return f"fib {' '.join(map(str, [flags] if isinstance(flags, str) else flags))} {result}"
            case _:
                return None

    def values(self, name: str, right: Any, operator: Any = "==") -> Values | None:
        """What the right side says of a field; None where it cannot be read."""
        if not (isinstance(right, str) and right.startswith("@")):
            return _compared(self._read(name, right), operator)
        key = (self.family, self.table, f"{name}{right}")
        if key not in self.known:
            self.known[key] = self._read(name, right)
        return _compared(self.known[key], operator)

    def _read(self, name: str, right: Any) -> Values | None:
        try:
            return Values.of(span for one in self.elements(right) for span in _spans(name, self.bare(one)))
        except (OSError, ValueError, OverflowError):
            return None

    def elements(self, right: Any) -> Sequence[Any]:
        """Elements of a set, named or not; anything else is its own only element."""
        match right:
            case {"set": list() as listed}:
                return listed
            case {"set": one}:
                return [one]
            case str() if right.startswith("@"):
                return self.sets.get((self.family, self.table, right[1:]), ())
            case list():
                return right
            case _:
                return [right]

    def bare(self, element: Any) -> Any:
        """An element without its comment, counter or timeout."""
        match element:
            case {"elem": {"val": value}}:
                return value
            case _:
                return element


def implied(left: Any) -> list[Test]:
    """What reading a field says of the packet already: ``tcp dport`` that it is TCP."""
    match left:
        case {"payload": {"protocol": "ip" | "ip6" as protocol}}:
            return [Test("nfproto", Values.one(NFPROTO[protocol]))]
        case {"payload": {"protocol": str() as protocol}} if protocol in PROTOCOLS:
            return [Test("l4proto", Values.one(PROTOCOLS[protocol]))]
        case _:
            return []


def _flag_test(left: Any, right: Any, operator: Any) -> Values | None:
    """All combinations of TCP flags for which a match is true; None where it is about something else."""
    match left:
        case {"payload": {"protocol": "tcp", "field": "flags"}}:
            mask: int | None = ALL_FLAGS
        case {"&": [{"payload": {"protocol": "tcp", "field": "flags"}}, masked]}:
            mask = _bits(masked)
        case _:
            return None
    named = right.get("set", right) if isinstance(right, dict) else right
    listed = named if isinstance(right, dict) and isinstance(named, list) else [named]
    wanted = [_bits(each) for each in listed]
    if mask is None or None in wanted or operator not in FLAGS_ASKED:
        return None
    asked = FLAGS_ASKED[operator]
    found = (each for each in range(ALL_FLAGS + 1) if asked(each & mask, [bits or 0 for bits in wanted]))
    return Values.of((each, each) for each in found)


def _bits(value: Any) -> int | None:
    """Flags by their names, one, several or joined by ``|``; None for anything else."""
    match value:
        case str():
            return FLAGS.get(value)
        case bool():
            return None
        case int() if 0 <= value <= ALL_FLAGS:
            return value
        case {"|": list() as parts} | list(parts):
            bits = [_bits(each) for each in parts]
            return None if None in bits else reduce(or_, (each or 0 for each in bits), 0)
        case _:
            return None


def _payload(protocol: str, name: str) -> str:
    if (protocol, name) == ("ether", "type"):
        return "nfproto"
    if protocol in {"ip", "ip6"} and name in {"protocol", "nexthdr"}:
        return "l4proto"
    if protocol in {"ip", "ip6"} and name in {"saddr", "daddr"}:
        return name
    if (protocol in PORTED or protocol == "th") and name in {"sport", "dport"}:
        return name
    return f"{protocol} {name}"


def _compared(values: Values | None, operator: Any) -> Values | None:
    if values is None:
        return None
    everything, single = Values.upto(LAST), values.spans[0][0] if values else 0
    match operator:
        case "==" | "in":
            return values
        case "!=" | "!":
            return everything - values
        case "<":
            return Values.of([(0, single - 1)])
        case "<=":
            return Values.of([(0, single)])
        case ">":
            return Values.of([(single + 1, LAST)])
        case ">=":
            return Values.of([(single, LAST)])
        case _:
            return None


def _spans(name: str, value: Any) -> tuple[tuple[int, int], ...]:
    """Raises OSError, ValueError or OverflowError for what is no value of the field."""
    match value:
        case "*":
            return Values.upto(LAST).spans
        case bool():
            return Values.one(int(value)).spans
        case int() if value >= 0:
            return Values.one(value).spans
        case str():
            return _word(name, value).spans
        case {"range": [first, last]}:
            return ((_spans(name, first)[0][0], _spans(name, last)[-1][1]),)
        case {"prefix": {"addr": str() as address, "len": int() as length}}:
            return (_network(address, length),)
        case _:
            msg = "no value"
            raise ValueError(msg)


def _word(name: str, text: str) -> Values:
    if name in ADDRESSES:
        return Values.one(_address(text)[1])
    if name == "l4proto":
        return Values.one(PROTOCOLS[text] if text in PROTOCOLS else int(text))
    if name == "nfproto":
        return Values.one(NFPROTO.get(text, 0))
    if name in PORTS:
        return Values.one(int(text))
    return Values.word(SAME.get(text, text))


def _address(text: str) -> tuple[Family, int]:
    return (Family.V6, parse_v6(text)) if ":" in text else (Family.V4, parse_v4(text))


def _network(address: str, length: int) -> tuple[int, int]:
    family, first = _address(address)
    hosts = (ADDRESS_LAST[family] + 1) >> length
    if not hosts:
        msg = "no prefix length"
        raise ValueError(msg)
    return first, first + hosts - 1
