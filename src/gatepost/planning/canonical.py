"""Entries as what they let in: disjoint address sets and names, per protocol and ports.

Two lists that let in the same are the same here, however they are written:
a /12 and its two /13 differ in nothing.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter, itemgetter

from gatepost.model.address import HOST_MASKS, PACKED_SHIFT, Family, Prefix
from gatepost.model.content import Delta
from gatepost.model.entry import Domain, Entry, PortRange, Protocol
from gatepost.model.plain import plain
from gatepost.planning import span
from gatepost.planning.aggregate import LENGTH_MASK, aggregate_packed
from gatepost.planning.diff import diff_packed
from gatepost.planning.span import Span

Service = tuple[Protocol | None, tuple[PortRange, ...]]
"""Protocol and ports of an entry; addresses of different services never merge."""
Room = tuple[Service, Family]

_FEW = 16
"""One in so many entries may change to be carried over singly; for more, taking all apart is cheaper."""
_KEY, _FIRST, _LAST = attrgetter("key"), itemgetter(0), itemgetter(1)


@dataclass(frozen=True, slots=True)
class Admitted:
    """What some entries let in, taken apart. :func:`admitted` does not merge spans, :func:`merged` does."""

    spans: Mapping[Room, Sequence[Span]]
    names: frozenset[tuple[Service, Domain]] = field(default=frozenset())


def admitted(entries: Iterable[Entry]) -> Admitted:
    """Take entries apart; necessity and notes are left behind."""
    spans: dict[Room, list[Span]] = {}
    names = set()
    before: tuple[object, object, object] = (None, None, None)
    here: list[Span] = []
    masks = HOST_MASKS[Family.V4]
    for entry in entries:
        value, protocol, ports = entry.value, entry.protocol, entry.ports
        if isinstance(value, Domain):
            names.add(((protocol, ports), value))
            continue
        # entries of one room come in a row, so its list is looked up once for most of them
        room = value.family, protocol, ports
        if room != before:
            before, masks = room, HOST_MASKS[value.family]
            here = spans.setdefault(((protocol, ports), value.family), [])
        here.append((value.network, value.network | masks[value.length]))
    return Admitted(spans, frozenset(names))


def merged(entries: Iterable[Entry]) -> Admitted:
    """Take entries apart; spans of one service are merged."""
    parts = admitted(entries)
    return Admitted({room: span.merge(spans) for room, spans in parts.spans.items()}, parts.names)


def shifted(before: Admitted, delta: Delta, entries: Sequence[Entry]) -> Admitted:
    """As :func:`merged`, of entries that a change made of those ``before`` is of; they are sorted by key."""
    if _FEW * (len(delta.added) + len(delta.removed)) > len(entries):
        return merged(entries)
    came, went = admitted(delta.added), admitted(delta.removed)
    spans = dict(before.spans)
    for room in {*came.spans, *went.spans}:
        changed = [*came.spans.get(room, ()), *went.spans.get(room, ())]
        spans[room] = _spanned(spans.get(room, ()), changed, room, entries)
    return Admitted(
        {room: some for room, some in spans.items() if some}, before.names - went.names | came.names
    )


def _spanned(
    known: Sequence[Span], changed: Sequence[Span], room: Room, entries: Sequence[Entry]
) -> list[Span]:
    """Merged spans, those anew that a change lies in or touches."""
    spans = list(known)
    reached = [one for span in changed for one in known[slice(*_touching(known, span))]]
    for low, high in span.merge([*changed, *reached]):
        start, end = (bisect_left(entries, (int(room[1]), number), key=_KEY) for number in (low, high + 1))
        inside = admitted(entries[start:end]).spans.get(room, ())
        spans[slice(*_touching(spans, (low, high)))] = span.merge(inside)
    return spans


def _touching(spans: Sequence[Span], one: Span) -> tuple[int, int]:
    """From where to where merged spans share an integer with one, or lie next to it."""
    return bisect_left(spans, one[0] - 1, key=_LAST), bisect_right(spans, one[1] + 1, key=_FIRST)


def assembled(parts: Admitted) -> tuple[Entry, ...]:
    """The fewest entries that let in exactly this; sorted by key, without notes."""
    entries = [
        Entry(Prefix(family, network, length), *service)
        for (service, family), spans in parts.spans.items()
        for first, last in span.merge(spans)
        for network, length in span.blocks(first, last, family.bits)
    ]
    entries += [Entry(domain, *service) for service, domain in parts.names]
    return tuple(sorted(entries, key=attrgetter("key")))


def canonical(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The fewest entries that let in the same, as Content.effective and Current.entries hold them."""
    entries = tuple(entries)
    packed = _packed(entries)
    if packed is None:
        return assembled(admitted(entries))
    return _entries({family: aggregate_packed(keys, family.bits) for family, keys in packed.items()})


def _packed(entries: Iterable[Entry]) -> Mapping[Family, list[int]] | None:
    """Packed networks by family; None where any is a domain, or let in by some protocols or ports only."""
    packed: dict[Family, list[int]] = {family: [] for family in Family}
    for entry in entries:
        value = entry.value
        if isinstance(value, Domain) or entry.protocol is not None or entry.ports:
            return None
        packed[value.family].append(value.network << PACKED_SHIFT | value.length)
    return packed


def differences(old: Sequence[Entry], new: Sequence[Entry]) -> tuple[tuple[Entry, ...], tuple[Entry, ...]]:
    """What only ``new`` lets in, and what only ``old`` does; both canonical.

    Where no network shares an address with another one of its list, what stands in both says nothing.
    """
    was, now = _disjoint(old), _disjoint(new)
    if was is not None and now is not None:
        pairs = {family: diff_packed(was[family], now[family]) for family in Family}
        new = _entries({family: added for family, (added, _) in pairs.items()})
        old = _entries({family: removed for family, (_, removed) in pairs.items()})
    return without(new, old), without(old, new)


def _disjoint(entries: Iterable[Entry]) -> Mapping[Family, list[int]] | None:
    """Packed networks, if that is all there is, in order and as few as can be."""
    packed = _packed(entries)
    if packed is None:
        return None
    fewest = all(aggregate_packed([*keys], family.bits) == keys for family, keys in packed.items())
    return packed if fewest else None


def _entries(packed: Mapping[Family, Iterable[int]]) -> tuple[Entry, ...]:
    return tuple(
        plain(family, key >> PACKED_SHIFT, key & LENGTH_MASK)
        for family, keys in packed.items()
        for key in keys
    )


def without(entries: Iterable[Entry], others: Iterable[Entry]) -> tuple[Entry, ...]:
    """What ``entries`` let in and ``others`` do not, service by service; canonical."""
    kept, gone = admitted(entries), admitted(others)
    spans = {room: span.cut(spans, gone.spans.get(room, ())) for room, spans in kept.spans.items()}
    return assembled(Admitted(spans, kept.names - gone.names))


def beyond(entries: Sequence[Entry], others: Iterable[Entry]) -> list[Entry]:
    """Those of ``entries`` that let in something which ``others`` do not."""
    if not entries:
        return []
    known = merged(others)
    return [entry for entry in entries if _is_beyond(admitted([entry]), known)]


def _is_beyond(parts: Admitted, known: Admitted) -> bool:
    return any(span.outside(spans, known.spans.get(room, ())) for room, spans in parts.spans.items()) or bool(
        parts.names - known.names
    )


def punched(entries: Iterable[Entry], holes: Iterable[Prefix]) -> tuple[Entry, ...]:
    """What ``entries`` let in outside ``holes``, whatever the service; canonical."""
    gone: dict[Family, list[Span]] = {family: [] for family in Family}
    for hole in holes:
        gone[hole.family].append((hole.network, hole.last))
    if not any(gone.values()):
        return canonical(entries)
    kept = admitted(entries)
    spans = {room: span.cut(spans, gone[room[1]]) for room, spans in kept.spans.items()}
    return assembled(Admitted(spans, kept.names))
