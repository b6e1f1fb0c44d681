"""How far a new list is from an earlier one, in whole numbers: what the guards judge by.

Addresses are counted per protocol and ports, so an address that changes its
port has gone and come. Domains are counted by name, as a third family.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from itertools import chain
from operator import itemgetter, sub

from gatepost.model.address import Family, Prefix
from gatepost.model.content import Delta
from gatepost.model.entry import Entry
from gatepost.planning import span
from gatepost.planning.canonical import Admitted, Room, admitted, merged, shifted
from gatepost.planning.diff import diff, follow
from gatepost.planning.digest import digest_entries
from gatepost.planning.span import Span

_FIRST, _LAST = itemgetter(0), itemgetter(1)
_NONE, _NOTHING = Delta((), ()), Admitted({})


class Kind(StrEnum):
    """What is counted together, by the words it is shown with."""

    V4 = "IPv4 addresses"
    V6 = "IPv6 addresses"
    DOMAINS = "domains"


@dataclass(frozen=True, slots=True)
class Measure:
    """One kind, before and after."""

    kind: Kind
    old: int
    new: int
    gone: int
    come: int
    gone_entries: int
    """Entries of the old list that lose at least one address."""
    come_entries: int
    """Entries of the new list that bring at least one address."""

    @property
    def removed_share(self) -> Fraction:
        """Part of the old that goes."""
        return Fraction(self.gone, self.old or 1)

    @property
    def added_share(self) -> Fraction:
        """What comes, by what was there."""
        return Fraction(self.come, self.old or 1)

    @property
    def churned_share(self) -> Fraction:
        """Part of old and new together that they do not share (Jaccard distance)."""
        return Fraction(self.gone + self.come, (self.old + self.come) or 1)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A new list measured against one baseline."""

    baseline: str
    measures: tuple[Measure, ...]

    @property
    def shares_nothing(self) -> bool:
        """Whether nothing at all of the old list is in the new one."""
        return all(measure.gone == measure.old for measure in self.measures)


@dataclass(frozen=True, slots=True)
class _Come:
    """What a list lets in and an older one does not."""

    sizes: Mapping[Kind, int]
    entries: Mapping[Kind, int]
    """How many bring at least one of them: which do is decided by the older list alone."""


@dataclass(slots=True)
class _Way:
    """From an older list, which is kept so that its identity stays its own."""

    old: Sequence[Entry]
    delta: Delta
    come: _Come | None = None


@dataclass(frozen=True, slots=True)
class _Step:
    """What made a list of the one before it."""

    ways: Mapping[int, _Way] = field(default_factory=dict)
    """To the one before, by the identity of the older list."""
    delta: Delta = _NONE
    gained: Admitted = _NOTHING
    lost: Admitted = _NOTHING


class Figures:
    """What one list comes to; each figure is worked out when first asked for, and once.

    ``entries`` are sorted by key and unique, as those of an answer are.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries
        self._digest = ""
        self._admitted: Admitted | None = None
        self._ways = {id(entries): _Way(entries, _NONE)}
        self._step = _Step()

    def shifted(self, entries: Sequence[Entry], delta: Delta, digest: str) -> Figures:
        """Of what a change makes of this list: most is carried over, not worked out anew."""
        new = Figures(entries)
        new._digest = digest
        new._admitted = shifted(self.admitted, delta, entries)
        gained = _beyond(admitted(delta.added), self.admitted)
        lost = _beyond(admitted(delta.removed), new.admitted)
        new._step = _Step(self._ways, delta, gained, lost)
        return new

    def since(self, old: Sequence[Entry]) -> Delta:
        """What came and went from an older list to this one."""
        return self._way(old).delta

    def measures(self, old: Figures) -> tuple[Measure, ...]:
        """How far this list is from an older one.

        What stands in both lets in nothing that is only in one, so only the difference is looked at.
        """
        removed, come = admitted(self.since(old.entries).removed), self._come(old)
        gone = _beyond(removed, self.admitted)
        return tuple(
            Measure(
                kind,
                old=old.sizes[kind],
                new=self.sizes[kind],
                gone=_size(gone, kind),
                come=come.sizes[kind],
                gone_entries=_touched(removed, gone, kind),
                come_entries=come.entries[kind],
            )
            for kind in Kind
        )

    def _way(self, old: Sequence[Entry]) -> _Way:
        known = self._ways.get(id(old))
        if known is None:
            before = self._step.ways.get(id(old))
            delta = follow(before.delta, self._step.delta) if before else diff(old, self.entries)
            known = self._ways[id(old)] = _Way(old, delta)
        return known

    def _come(self, old: Figures) -> _Come:
        way, before = self._way(old.entries), self._step.ways.get(id(old.entries))
        if way.come is None:
            if before is not None and before.come is not None:
                way.come = _carried(before.come, self._step, old.admitted)
            else:
                way.come = _come(way.delta.added, old.admitted)
        return way.come

    @cached_property
    def digest(self) -> str:
        """Of the entries, by :func:`gatepost.planning.digest.digest_entries`."""
        return self._digest or digest_entries(self.entries)

    @cached_property
    def admitted(self) -> Admitted:
        """What they let in, service by service; spans are merged."""
        return self._admitted or merged(self.entries)

    @cached_property
    def runs(self) -> Mapping[Family, Sequence[Span]]:
        """Addresses let in by any service, merged."""
        found: dict[Family, list[Sequence[Span]]] = {family: [] for family in Family}
        for (_, family), spans in self.admitted.spans.items():
            found[family].append(spans)
        return {
            family: many[0] if len(many) == 1 else span.merge(chain.from_iterable(many))
            for family, many in found.items()
        }

    @cached_property
    def addresses(self) -> Mapping[Family, int]:
        """How many addresses of each family, each counted once."""
        return {family: _extent(spans) for family, spans in self.runs.items()}

    @cached_property
    def longest(self) -> Mapping[Family, int]:
        """Addresses of the longest run without a gap."""
        return {
            family: max(map(sub, map(_LAST, spans), map(_FIRST, spans)), default=-1) + 1
            for family, spans in self.runs.items()
        }

    @cached_property
    def shortest(self) -> Mapping[Family, int]:
        """Length of the widest prefix of each family; more than any has where there is none."""
        found = {family: family.bits + 1 for family in Family}
        for entry in self.entries:
            value = entry.value
            if isinstance(value, Prefix) and value.length < found[value.family]:
                found[value.family] = value.length
        return found

    @cached_property
    def sizes(self) -> Mapping[Kind, int]:
        """How many of each kind, counted per service."""
        return {kind: _size(self.admitted, kind) for kind in Kind}


def compare(baseline: str, old: Iterable[Entry], new: Iterable[Entry]) -> Comparison:
    """Measure ``new`` against a baseline of that name; neither need be sorted or unique."""
    return weigh(baseline, Figures(_sorted(old)), Figures(_sorted(new)))


def weigh(baseline: str, old: Figures, new: Figures) -> Comparison:
    """Measure one list against another."""
    return Comparison(baseline, new.measures(old))


def where_new(plain: Comparison, in_force: Comparison) -> Comparison:
    """A comparison in which kinds that seem new are measured against what was in force."""
    pairs = zip(plain.measures, in_force.measures, strict=True)
    return Comparison(
        plain.baseline, tuple(other if one.new and not one.old else one for one, other in pairs)
    )


def _sorted(entries: Iterable[Entry]) -> list[Entry]:
    by_key = {entry.key: entry for entry in entries}
    return [by_key[key] for key in sorted(by_key)]


def _come(added: Iterable[Entry], old: Admitted) -> _Come:
    """What some entries bring to an older list."""
    parts = admitted(added)
    come = _beyond(parts, old)
    return _Come(
        {kind: _size(come, kind) for kind in Kind}, {kind: _touched(parts, come, kind) for kind in Kind}
    )


def _carried(before: _Come, step: _Step, old: Admitted) -> _Come:
    """What came until one step later."""
    gained, lost = _beyond(step.gained, old), _beyond(step.lost, old)
    more, fewer = _come(step.delta.added, old), _come(step.delta.removed, old)
    return _Come(
        {kind: before.sizes[kind] + _size(gained, kind) - _size(lost, kind) for kind in Kind},
        {kind: before.entries[kind] + more.entries[kind] - fewer.entries[kind] for kind in Kind},
    )


def _beyond(these: Admitted, those: Admitted) -> Admitted:
    """What ``these`` let in and ``those``, merged, do not; merged."""
    spans = {room: span.outside(spans, those.spans.get(room, ())) for room, spans in these.spans.items()}
    return Admitted(spans, these.names - those.names)


def _rooms(parts: Admitted, kind: Kind) -> Iterable[tuple[Room, Sequence[Span]]]:
    family = Family.V4 if kind is Kind.V4 else Family.V6
    return ((room, spans) for room, spans in parts.spans.items() if room[1] is family)


def _size(parts: Admitted, kind: Kind) -> int:
    """Of merged parts."""
    if kind is Kind.DOMAINS:
        return len(parts.names)
    return sum(_extent(spans) for _, spans in _rooms(parts, kind))


def _extent(spans: Sequence[Span]) -> int:
    """Of merged spans."""
    firsts: Iterable[int] = map(_FIRST, spans)
    lasts: Iterable[int] = map(_LAST, spans)
    return len(spans) + sum(lasts) - sum(firsts)


def _touched(parts: Admitted, some: Admitted, kind: Kind) -> int:
    """How many entries hold at least one address of ``some``, which is merged and part of ``parts``."""
    if kind is Kind.DOMAINS:
        return len(some.names)
    return sum(_meeting(spans, some.spans[room]) for room, spans in _rooms(parts, kind))


def _meeting(spans: Iterable[Span], others: Sequence[Span]) -> int:
    """How many spans share an integer with one of sorted, disjoint others."""
    number = place = 0
    for first, last in sorted(spans):
        while place < len(others) and others[place][1] < first:
            place += 1
        number += place < len(others) and others[place][0] <= last
    return number
