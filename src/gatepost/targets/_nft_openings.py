"""Which of the ways past a rule are open to strangers: to all, to some, or nobody can tell to whom.

A way is open to all where it asks nothing that an ordinary new connection does
not have: a source port that a system chooses by itself, no mark, a device that
a default route goes by. Where it asks for a part of that, or for what a sender
or the machine chooses (a flag, a length, an hour), strangers may have it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from pathlib import Path

from gatepost.model.address import Family
from gatepost.targets._nft_expressions import ADDRESS_LAST, LIKELY, UNKNOWN, universe
from gatepost.targets._nft_values import Values
from gatepost.targets._nft_walk import Leaf, State

BROAD = 16
"""A rule that lets in a sixteenth of all addresses, or more, is worth a note."""
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

    def has(self, state: State) -> bool:
        """Whether there are such packets in ordinary connections."""
        return all(self._usual(name) & state.known(name) for name in self._named(state))

    def openings(self, leaves: Sequence[Leaf]) -> list[tuple[Leaf, Opening]]:
        """The ways by which packets pass the rule, but for those to another service."""
        found = [(leaf, way) for leaf in leaves if leaf.accepted and (way := self._opening(leaf.state))]
        spans = (leaf.state.known(PROTOCOL).spans for leaf, way in found if way is Opening.ALL)
        if not self.start.known(PROTOCOL) - Values.of(span for each in spans for span in each):
            return found
        return [(leaf, Opening.UNSURE if way is Opening.ALL else way) for leaf, way in found]

    def _opening(self, state: State) -> Opening | None:
        told = {name for name in self._named(state) if self._is_told(name, state)}
        if told & SERVICE or self._is_narrow(state, told):
            return None
        if state.unsure or _is_unlikely(state):
            return Opening.UNSURE
        if not told:
            return Opening.ALL
        return Opening.SOME if all(self._is_apart(name, state) for name in told) else Opening.UNSURE

    def _named(self, state: State) -> Iterator[str]:
        return (n for n in state.facts if n not in state.marked and not n.startswith((UNKNOWN, LIKELY)))

    def _is_told(self, name: str, state: State) -> bool:
        """Whether the way asks for a part of what is usual; that a rule before took some out is no asking."""
        usual, known = self._usual(name), state.known(name)
        part = name != PROTOCOL and bool(usual - known)
        return part and (name in state.chosen or not usual & known)

    def _usual(self, name: str) -> Values:
        known = self.start.known(name)
        ordinary = self._ordinary.get(name)
        return known if ordinary is None else (known & ordinary or known)

    @cached_property
    def _ordinary(self) -> Mapping[str, Values]:
        found = _ordinary(only_tcp=self.start.known(PROTOCOL) == Values.one(TCP))
        return found if self.devices is None else {**found, "iifname": self.devices, "oifname": self.devices}

    def _is_narrow(self, state: State, told: set[str]) -> bool:
        every = universe(self.side, state.family).size
        return self.side in told and state.known(self.side).size * BROAD < every

    def _is_apart(self, name: str, state: State) -> bool:
        """Whether it tells strangers from others."""
        if name == self.side or (name in PLACES and not self.start.local):
            return True
        return name in SURROUNDINGS and not self._usual(name) & state.known(name)


def _is_unlikely(state: State) -> bool:
    """Whether it is about packets of which something is otherwise than of most."""
    return any(name.startswith(LIKELY) and values != Values.one(1) for name, values in state.facts.items())


def uplinks(proc: Path) -> Values | None:
    """The devices of default routes, or all but loopback where there is none; None where nobody tells.

    ``proc`` is the ``net`` of a network namespace, see proc(5).
    """
    devices = [line.partition(":")[0].strip() for line in _lines(proc / "dev")[2:]]
    if not devices:
        return None
    routed = {*_default_v4(proc / "route"), *_default_v6(proc / "ipv6_route")} & {*devices}
    names = (routed or {*devices}) - {LOOPBACK}
    return Values.of(span for name in names for span in Values.word(name).spans) or None


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
