"""The protected set, simulated against a plan: what is let in now and protected must stay let in.

Judged by traffic, not by text: an address that moves from one entry to another,
or whose ports are written otherwise, is not cut off; one that loses a single
port is. What a target does not let in now cannot be cut there and is not judged.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter

from gatepost.errors import cut
from gatepost.model.address import Family, Prefix
from gatepost.model.content import Allowlist
from gatepost.model.entry import Domain, Entry, Protocol
from gatepost.model.protect import Protected
from gatepost.model.reason import Reason
from gatepost.planning import span
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
    concerned = [one for one in values if one.direction in (None, allowlist.direction)]
    meets = _meeting(remove if concerned else ())
    return tuple(
        _reason(subject, allowlist.name, one, lost)
        for one in concerned
        if meets(one.value) and (lost := cut_off(one.value, remove, desired))
    )


def _meeting(entries: Sequence[Entry]) -> Callable[[Prefix | Domain], bool]:
    """Whether a value can share anything with entries: quick, since most are nowhere near."""
    spans: dict[Family, list[Span]] = {family: [] for family in Family}
    for entry in entries:
        if isinstance(entry.value, Prefix):
            spans[entry.value.family].append((entry.value.network, entry.value.last))
    merged = {family: span.merge(found) for family, found in spans.items()}

    def meets(value: Prefix | Domain) -> bool:
        if isinstance(value, Domain):
            return bool(entries)
        place = bisect_right(merged[value.family], value.last, key=itemgetter(0))
        return place > 0 and merged[value.family][place - 1][1] >= value.network

    return meets


def cut_off(
    value: Prefix | Domain, remove: Sequence[Entry], desired: Sequence[Entry]
) -> tuple[Prefix | Domain, ...]:
    """What of a value would be let in no more, by any protocol on any port; nothing where all stays."""
    match value:
        case Prefix():
            return tuple(_lost_addresses(value, remove, desired))
        case Domain():
            return tuple(_lost_names(value, remove, desired))


def _reason(subject: str, name: str, one: Protected, lost: tuple[Prefix | Domain, ...]) -> Reason:
    rest = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
    part = "" if lost[0] == one.value else f" of {one.value}"
    message = (
        f"{subject}: {name} would cut off {lost[0]}{rest}{part}, which is protected "
        f"({cut(one.why, WHY_SHOWN)}); keep it with a pin, or change [protect]."
    )
    return Reason("protected", f"{lost[0]}{rest}", "none", message, subject, absolute=True)


def _lost_addresses(value: Prefix, remove: Iterable[Entry], desired: Iterable[Entry]) -> Iterator[Prefix]:
    gone = list(_touching(value, remove))
    if not gone:
        return
    stays = list(_touching(value, desired))
    lost: list[Span] = []
    for traffic in _stretches([*gone, *stays]):
        lost += span.cut(_spans(gone, traffic), _spans(stays, traffic))
    for first, last in span.merge(lost):
        for network, length in span.blocks(first, last, value.family.bits):
            yield Prefix(value.family, network, length)


def _touching(value: Prefix, entries: Iterable[Entry]) -> Iterator[tuple[Entry, Span]]:
    """Entries that share addresses with a prefix, and which."""
    family, low, high = value.family, value.network, value.last
    for entry in entries:
        other = entry.value
        if isinstance(other, Prefix) and other.family is family and other.network <= high:
            first, last = max(low, other.network), min(high, other.last)
            if first <= last:
                yield entry, (first, last)


def _spans(touching: Iterable[tuple[Entry, Span]], traffic: Traffic) -> list[Span]:
    return [shared for entry, shared in touching if _admits(entry, traffic)]


def _lost_names(value: Domain, remove: Iterable[Entry], desired: Sequence[Entry]) -> Iterator[Domain]:
    lost = set()
    for entry in remove:
        shared = _shared(value, entry.value)
        if shared is None:
            continue
        stays = [one for one in desired if isinstance(one.value, Domain) and _covers(one.value, shared)]
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
