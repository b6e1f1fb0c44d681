"""Which of the ways past a rule are open to strangers: to all, to some, or nobody can tell to whom.

A way is open to all where it asks nothing that an ordinary new connection does
not have: a source port that a system chooses by itself, no mark, a device that
a default route goes by. Where it asks for a part of that, or for what a sender
or the machine chooses (a flag, a length, an hour), strangers may have it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from gatepost.model.address import Family, parse_v4, parse_v6
from gatepost.targets._nft_expressions import ADDRESS_LAST, LIKELY, UNKNOWN
from gatepost.targets._nft_values import Values
from gatepost.targets._nft_walk import BEFORE_TRANSLATION, Leaf, State

WIDE = Fraction(1, 16)
"""Of the addresses that strangers have: a list is in vain where so many are let in beside it, or more."""
BROAD = Fraction(1, 256)
"""Of these, from which on it is worth a note: what one registry was given, a /8 of IPv4."""
PORTS_USED = Values.of([(1, 0xFFFF)])
PORTS_MANY, PORTS_FEW = 1 << 15, 1 << 12
"""From so many on ports are not a service, but most of them; and how many of these a rule is told for."""
SERVICE = frozenset({"dport", "ct original proto-dst"})
"""Fields that tell one service from another: that others are open is no finding."""
PROTOCOL = "l4proto"
"""A way that is for TCP alone is no way for all; together with one for UDP it is."""
TCP, UDP = 6, 17
SYN, SYN_WITH_ECN = 0x02, 0xC2
"""Flags of a first packet of TCP; see RFC 9293 and, for the second, RFC 3168."""
EPHEMERAL = (32768, 60999)
"""Source ports that Linux chooses from; others choose from ranges that share most of it, see RFC 6056."""
HOPS_LEFT = (32, 255)
"""What is left of the hop limits that systems start with, 64 and more."""
SYN_LENGTH = (40, 100)
"""Bytes of a first packet of TCP: headers of 40 or 60, and options."""
NOT_FOR_ONE = {
    Family.V4: Values.of([(0x7F000000, 0x7FFFFFFF), (0xE0000000, 0xEFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF)]),
    Family.V6: Values.of([(1, 1), (0xFF << 120, ADDRESS_LAST[Family.V6])]),
}
"""Loopback, multicast and broadcast: no destination of a connection from another host."""


def _networks(family: Family, *texts: str) -> Values:
    spans = []
    for text in texts:
        address, _, length = text.partition("/")
        first = parse_v4(address) if family is Family.V4 else parse_v6(address)
        spans.append((first, first + (1 << family.bits - int(length)) - 1))
    return Values.of(spans)


PRIVATE = {
    Family.V4: _networks(Family.V4, "10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"),
    Family.V6: _networks(Family.V6, "fc00::/7"),
}
"""Addresses that strangers have only where a list is of such addresses alone."""
_NOBODYS = _networks(Family.V4, "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")
_REGISTRIES = (
    *("2001::/16", "2003::/18", "2400::/12", "2410::/12", "2600::/12", "2610::/23"),
    *("2620::/23", "2630::/12", "2800::/12", "2a00::/12", "2a10::/12", "2c00::/12"),
)
PUBLIC = {
    Family.V4: (Values.upto(ADDRESS_LAST[Family.V4]) - _NOBODYS - PRIVATE[Family.V4],),
    Family.V6: (_networks(Family.V6, *_REGISTRIES), _networks(Family.V6, "2000::/3")),
}
"""Addresses that strangers have, as wholes of which a share is taken: of IPv6 also those that are in use yet.

See IANA, "IPv6 Global Unicast Address Assignments".
"""
SURROUNDINGS = frozenset({"iifname", "oifname", "mark", "ct mark", "ct zone", "ipsec", "secpath"})
"""Fields that strangers have no say in: the machine, its routes and its owner's rules set them."""
PLACES = frozenset({"daddr", "oifname"})
"""Of packets that are sent on: to which of the machines behind."""
LOOPBACK = "lo"
REJECTED = 0x200
"""Flag of a route by which nothing goes, see linux/route.h."""


class Opening(Enum):
    """To whom a way past the rule is open."""

    ALL = "all"
    SOME = "some"
    """To those of certain devices or marks that strangers do not have, or of many addresses."""
    UNSURE = "unsure"
    """To strangers, as far as anybody can tell."""


def new_connection(family: Family) -> dict[str, Values]:
    """What the first packet of a new connection has, where a rule does not name the field."""
    return {
        PROTOCOL: Values.of([(TCP, TCP), (UDP, UDP)]),
        "tcp flags": Values.of([(SYN, SYN), (SYN_WITH_ECN, SYN_WITH_ECN)]),
        "daddr": Values.upto(ADDRESS_LAST[family]) - NOT_FOR_ONE[family],
    }


def _ordinary(*, only_tcp: bool) -> dict[str, Values]:
    """What most new connections have; a sender may have it otherwise."""
    hops = Values.of([HOPS_LEFT])
    found = {
        "sport": Values.of([EPHEMERAL]),
        "tcp flags": Values.one(SYN),
        "ip ttl": hops,
        "ip6 hoplimit": hops,
        **dict.fromkeys(("ip dscp", "ip6 dscp"), Values.word("cs0")),
        **dict.fromkeys(("mark", "ct mark", "ct zone", "ipsec", "secpath"), Values.one(0)),
    }
    lengths = dict.fromkeys(("length", "ip length") if only_tcp else (), Values.of([SYN_LENGTH]))
    return found | lengths


@dataclass(frozen=True)
class Strangers:
    """Packets of a case, as the unlisted send them."""

    side: str
    """The field that the list is about."""
    start: State
    devices: Values | None = None
    """By which they come, or leave for them; None where that is not known."""
    content: Values = field(default_factory=Values)
    """Addresses that are listed."""

    def has(self, facts: Mapping[str, Values]) -> bool:
        """Whether there are such packets in ordinary connections."""
        asked = (name for name in facts if name != self.side and not name.startswith((UNKNOWN, LIKELY)))
        return all(self._usual(name) & facts[name] for name in asked)

    def openings(self, leaves: Sequence[Leaf]) -> list[tuple[Leaf, Opening]]:
        """The ways by which packets pass the rule, but for those to another service or of few addresses."""
        found = [(leaf, way) for leaf in leaves if leaf.accepted and (way := self._opening(leaf.state))]
        found = [*self._by_ports(found)]
        found = [each for opening in Opening for each in self._by_addresses(found, opening)]
        spans = Values.union(leaf.state.known(PROTOCOL) for leaf, way in found if way is Opening.ALL)
        if not self.start.known(PROTOCOL) - spans:
            return found
        return [(leaf, Opening.UNSURE if way is Opening.ALL else way) for leaf, way in found]

    def share(self, states: Iterable[State]) -> Fraction:
        """How much of the unlisted addresses that strangers have is in any of these; 1: all of them."""
        found = Values.union(each.known(self.side) for each in states)
        if found.size == self._unlisted:
            return Fraction(1)
        return max(
            (Fraction((space & found).size, size) for space, size in self._spaces), default=Fraction(0)
        )

    def asks(self, state: State) -> frozenset[str]:
        """Fields of which these packets have but a part of what is usual; addresses and protocols aside."""
        facts, chosen = state.arrived, state.chosen
        if state.via:
            chosen = frozenset(BEFORE_TRANSLATION.get(name, name) for name in chosen)
        aside = {self.side, PROTOCOL}
        named = (n for n in facts if n not in aside and not n.startswith((UNKNOWN, LIKELY)))
        return frozenset(name for name in named if self._is_told(name, facts[name], chosen))

    def _opening(self, state: State) -> Opening | None:
        """Without regard to how many addresses and ports it is for."""
        told = self.asks(state) - SERVICE
        if state.unsure or is_unlikely(state):
            return Opening.UNSURE
        if not told:
            return Opening.ALL
        return Opening.SOME if all(self._is_apart(name, state) for name in told) else Opening.UNSURE

    def _by_ports(self, found: Sequence[tuple[Leaf, Opening]]) -> Iterator[tuple[Leaf, Opening]]:
        """Without those to another service, unless together they are to most services there can be."""
        served = [each for each in found if self.asks(each[0].state) & SERVICE]
        yield from (each for each in found if each not in served)
        wide = [each for each in served if self.share([each[0].state]) >= WIDE]
        for name in SERVICE:
            ways = [each for each in wide if name in self.asks(each[0].state)]
            ports = Values.union(leaf.state.known(name) for leaf, _ in ways) & PORTS_USED
            if ports.size < PORTS_MANY:
                continue
            most = max(leaf.state.known(name).size for leaf, _ in ways)
            for leaf, way in ways:
                if leaf.state.known(name).size >= min(PORTS_FEW, most):
                    yield leaf, way if ports == PORTS_USED else Opening.UNSURE

    def _by_addresses(
        self, found: Sequence[tuple[Leaf, Opening]], opening: Opening
    ) -> list[tuple[Leaf, Opening]]:
        """Of one kind: judged by how many addresses all of them are for together."""
        ways = [each for each in found if each[1] is opening]
        share = self.share(leaf.state for leaf, _ in ways)
        if share < BROAD:
            return []
        if opening is Opening.ALL and share >= WIDE:
            return ways
        told = [leaf for leaf, _ in ways if self.share([leaf.state]) >= BROAD] or [leaf for leaf, _ in ways]
        return [(leaf, Opening.SOME if opening is Opening.ALL else opening) for leaf in told]

    @cached_property
    def _unlisted(self) -> int:
        return self.start.known(self.side).size

    @cached_property
    def _spaces(self) -> list[tuple[Values, int]]:
        """Unlisted addresses that strangers have, and how many; none that are empty."""
        family, gaps = self.start.family, self.start.known(self.side)
        spaces = [space & gaps for space in PUBLIC[family]]
        if self.content and not self.content - PRIVATE[family]:
            spaces.append(PRIVATE[family] & gaps)
        return [(space, space.size) for space in spaces if space]

    def _is_told(self, name: str, known: Values, chosen: frozenset[str]) -> bool:
        """Whether the way asks for a part of what is usual; that a rule before took some out is no asking."""
        usual = self._usual(name)
        return bool(usual - known) and (name in chosen or not usual & known)

    def _usual(self, name: str) -> Values:
        known = self.start.known(name)
        ordinary = self._ordinary.get(name)
        return known if ordinary is None else (known & ordinary or known)

    @cached_property
    def _ordinary(self) -> Mapping[str, Values]:
        found = _ordinary(only_tcp=self.start.known(PROTOCOL) == Values.one(TCP))
        return found if self.devices is None else {**found, "iifname": self.devices, "oifname": self.devices}

    def _is_apart(self, name: str, state: State) -> bool:
        """Whether it tells strangers from others."""
        if name in PLACES and not self.start.local:
            return True
        return name in SURROUNDINGS and not self._usual(name) & state.known(name)


def is_unlikely(state: State) -> bool:
    """Whether it is about packets of which something is otherwise than of most."""
    return any(name.startswith(LIKELY) and values != Values.one(1) for name, values in state.facts.items())


def present(proc: Path) -> Values | None:
    """All devices that are there but loopback; None where nobody tells."""
    devices = _devices(proc)
    return Values.union(Values.word(name) for name in devices if name != LOOPBACK) if devices else None


def uplinks(proc: Path) -> Values | None:
    """The devices of default routes, or all but loopback where there is none; None where nobody tells.

    ``proc`` is the ``net`` of a network namespace, see proc(5).
    """
    devices = _devices(proc)
    routed = {*_default_v4(proc / "route"), *_default_v6(proc / "ipv6_route")} & {*devices}
    return _words((routed or {*devices}) - {LOOPBACK})


def _devices(proc: Path) -> list[str]:
    return [line.partition(":")[0].strip() for line in _lines(proc / "dev")[2:]]


def _words(names: Iterable[str]) -> Values | None:
    return Values.union(map(Values.word, names)) or None


def _lines(path: Path) -> list[str]:
    with suppress(OSError, UnicodeDecodeError):
        return path.read_text("ascii").splitlines()
    return []


def _default_v4(path: Path) -> Iterator[str]:
    """Device, destination, gateway, flags, …, the mask at 7."""
    for line in _lines(path)[1:]:
        match line.split():
            case [device, "00000000", _, flags, _, _, _, "00000000", *_] if not _is_rejected(flags):
                yield device


def _default_v6(path: Path) -> Iterator[str]:
    """Destination, its length, …, flags at 8, device."""
    for line in _lines(path):
        match line.split():
            case [destination, "00", _, _, _, _, _, _, flags, device] if destination == "0" * 32:
                if not _is_rejected(flags):
                    yield device


def _is_rejected(flags: str) -> bool:
    try:
        return bool(int(flags, 16) & REJECTED)
    except ValueError:
        return True
