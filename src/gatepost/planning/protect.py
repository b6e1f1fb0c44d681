"""The protected set, simulated against a plan: what is let in now and protected must stay let in.

Judged by traffic, not by text: an address that moves from one entry to another,
or whose ports are written otherwise, is not cut off; one that loses a single
port is. What a target does not let in now cannot be cut there and is not judged.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter

from gatepost.errors import cut
from gatepost.model.address import Prefix
from gatepost.model.content import Allowlist
from gatepost.model.entry import Domain, Entry, Protocol
from gatepost.model.protect import Protected
from gatepost.model.reason import Reason
from gatepost.planning import span
from gatepost.planning.canonical import Room
from gatepost.planning.span import Span

PORT_MAX = 65_535
WHY_SHOWN = 80
"""Characters of a reason that a sentence repeats."""

Traffic = tuple[Protocol, int] | None
"""One protocol at the first port of a stretch that no entry tells apart; None for protocols without ports."""


def protected(
    subject: str,
    allowlist: Allowlist,
    remove: Sequence[Entry],
    desired: Sequence[Entry],
    values: Iterable[Protected],
) -> tuple[Reason, ...]:
    """One absolute reason for each protected value of the list's direction that a plan would cut off.

    ``remove`` is what the target lets in now and ``desired`` does not, service by service.
    """
    gone = Nearby(remove)
    concerned = (one for one in values if one.direction in (None, allowlist.direction))
    near = [one for one in concerned if gone.meets(one.value)]
    stays = Nearby(desired if near else ())
    return tuple(
        _reason(subject, allowlist.name, one, lost)
        for one in near
        if (lost := cut_off(one.value, gone, stays))
    )


class Nearby:
    """Canonical entries by service and address: those near a value are found without looking at all."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.names: list[Entry] = []
        self._rooms: dict[Room, list[tuple[int, int, Entry]]] = {}
        for entry in entries:
            match entry.value:
                case Domain():
                    self.names.append(entry)
                case Prefix(family, network) as prefix:
                    room = (entry.protocol, entry.ports), family
                    self._rooms.setdefault(room, []).append((network, prefix.last, entry))
        for spans in self._rooms.values():
            spans.sort(key=itemgetter(0))

    def meets(self, value: Prefix | Domain) -> bool:
        """Whether a value can share anything with an entry."""
        return bool(self.names) if isinstance(value, Domain) else any(self.touching(value))

    def touching(self, value: Prefix) -> Iterator[tuple[Entry, Span]]:
        """Entries that share addresses with a prefix, and which."""
        low, high = value.network, value.last
        for (_, family), spans in self._rooms.items():
            if family is value.family:
                # within one service entries are disjoint: only one can begin before and reach in
                start = max(0, bisect_right(spans, low, key=itemgetter(0)) - 1)
                stop = bisect_right(spans, high, key=itemgetter(0))
                for first, last, entry in spans[start:stop]:
                    if last >= low:
                        yield entry, (max(low, first), min(high, last))


def cut_off(value: Prefix | Domain, gone: Nearby, stays: Nearby) -> tuple[Prefix | Domain, ...]:
    """What of a value would be let in no more, by any protocol on any port; nothing where all stays.

    ``gone`` is let in now and by the same service no more; ``stays`` is all that there will be.
    """
    match value:
        case Prefix():
            return tuple(_lost_addresses(value, gone, stays))
        case Domain():
            return tuple(_lost_names(value, gone.names, stays.names))


def _reason(subject: str, name: str, one: Protected, lost: tuple[Prefix | Domain, ...]) -> Reason:
    rest = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
    part = "" if lost[0] == one.value else f" of {one.value}"
    message = (
        f"{subject}: {name} would cut off {lost[0]}{rest}{part}, which is protected "
        f"({cut(one.why, WHY_SHOWN)}); keep it with a pin, or change [protect]."
    )
    return Reason("protected", f"{lost[0]}{rest}", "none", message, subject, absolute=True)


def _lost_addresses(value: Prefix, gone: Nearby, stays: Nearby) -> Iterator[Prefix]:
    before, after = list(gone.touching(value)), list(stays.touching(value))
    lost: list[Span] = []
    for traffic in _stretches([*before, *after]):
        lost += span.cut(_spans(before, traffic), _spans(after, traffic))
    for first, last in span.merge(lost):
        for network, length in span.blocks(first, last, value.family.bits):
            yield Prefix(value.family, network, length)


def _spans(touching: Iterable[tuple[Entry, Span]], traffic: Traffic) -> list[Span]:
    return [shared for entry, shared in touching if _admits(entry, traffic)]


def _lost_names(value: Domain, before: Iterable[Entry], after: Sequence[Entry]) -> Iterator[Domain]:
    lost = set()
    for entry in before:
        shared = _shared(value, entry.value)
        if shared is None:
            continue
        stays = [one for one in after if isinstance(one.value, Domain) and _covers(one.value, shared)]
        stretches = _stretches((one, None) for one in [entry, *stays])
        if any(_admits(entry, t) and not any(_admits(one, t) for one in stays) for t in stretches):
            lost.add(shared)
    yield from sorted(lost)


def _shared(value: Domain, other: Prefix | Domain) -> Domain | None:
    """The names that are in both: of two domains that meet, one is within the other."""
    if not isinstance(other, Domain):
        return None
    if _covers(value, other):
        return other
    return value if _covers(other, value) else None


def _covers(outer: Domain, inner: Domain) -> bool:
    """Whether every name of the inner one is a name of the outer one; a tree does not hold its own top."""
    return outer == inner or (outer.tree and inner.name.endswith(f".{outer.name}"))


def _stretches(touching: Iterable[tuple[Entry, object]]) -> Iterator[Traffic]:
    """Traffic that stands for all: between two of these no entry begins or ends to let in anything."""
    starts = {1}
    for entry, _ in touching:
        starts |= {port for first, last in entry.ports for port in (first, last + 1) if port <= PORT_MAX}
    yield None
    for protocol in Protocol:
        yield from ((protocol, start) for start in starts)


def _admits(entry: Entry, traffic: Traffic) -> bool:
    """Whether an entry lets this in from its addresses. One with ports speaks of protocols that have them."""
    if traffic is None:
        return entry.protocol is None and not entry.ports
    protocol, port = traffic
    if entry.protocol not in (None, protocol):
        return False
    return not entry.ports or any(first <= port <= last for first, last in entry.ports)
