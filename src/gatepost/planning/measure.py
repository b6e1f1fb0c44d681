"""How far a new list is from an earlier one, in whole numbers: what the guards judge by.

Addresses are counted per protocol and ports, so an address that changes its
port has gone and come. Domains are counted by name, as a third family.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from functools import cached_property
from itertools import chain

from gatepost.model.address import Family, Prefix
from gatepost.model.content import Delta
from gatepost.model.entry import Entry
from gatepost.planning import span
from gatepost.planning.canonical import Admitted, Room, admitted
from gatepost.planning.diff import diff
from gatepost.planning.digest import digest_entries
from gatepost.planning.span import Span


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


class Figures:
    """What one list comes to; each figure is worked out when first asked for, and once.

    ``entries`` are sorted by key and unique, as those of an answer are.
    """

    def __init__(self, entries: Sequence[Entry], digest: str | None = None) -> None:
        """``digest`` where it is known already."""
        self.entries = entries
        self._digest = digest
        self._deltas: dict[int, tuple[Sequence[Entry], Delta]] = {}

    def since(self, old: Sequence[Entry]) -> Delta:
        """What came and went from an older list to this one."""
        known = self._deltas.get(id(old))
        if known is None:
            known = self._deltas[id(old)] = old, diff(old, self.entries)
        return known[1]

    @cached_property
    def digest(self) -> str:
        """Of the entries, by :func:`gatepost.planning.digest.digest_entries`."""
        return self._digest or digest_entries(self.entries)

    @cached_property
    def admitted(self) -> Admitted:
        """What they let in, service by service; spans are merged."""
        parts = admitted(self.entries)
        return Admitted({room: span.merge(spans) for room, spans in parts.spans.items()}, parts.names)

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
            family: max((last - first + 1 for first, last in spans), default=0)
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
    """Measure one list against another.

    What stands in both lets in nothing that is only in one, so only the difference is looked at.
    """
    delta = new.since(old.entries)
    removed, added = admitted(delta.removed), admitted(delta.added)
    gone, come = _beyond(removed, new.admitted), _beyond(added, old.admitted)
    return Comparison(
        baseline,
        tuple(
            Measure(
                kind,
                old=old.sizes[kind],
                new=new.sizes[kind],
                gone=_size(gone, kind),
                come=_size(come, kind),
                gone_entries=_touched(removed, gone, kind),
                come_entries=_touched(added, come, kind),
            )
            for kind in Kind
        ),
    )


def where_new(plain: Comparison, in_force: Comparison) -> Comparison:
    """A comparison in which kinds that seem new are measured against what was in force."""
    pairs = zip(plain.measures, in_force.measures, strict=True)
    return Comparison(
        plain.baseline, tuple(other if one.new and not one.old else one for one, other in pairs)
    )


def _sorted(entries: Iterable[Entry]) -> list[Entry]:
    by_key = {entry.key: entry for entry in entries}
    return [by_key[key] for key in sorted(by_key)]


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


def _extent(merged: Iterable[Span]) -> int:
    return sum(last - first + 1 for first, last in merged)


def _touched(parts: Admitted, some: Admitted, kind: Kind) -> int:
    """How many entries hold at least one address of ``some``, which is merged and part of ``parts``."""
    if kind is Kind.DOMAINS:
        return len(some.names)
    return sum(_meeting(spans, some.spans[room]) for room, spans in _rooms(parts, kind))


def _meeting(spans: Iterable[Span], others: Sequence[Span]) -> int:
    """How many spans share an integer with one of sorted, disjoint others."""
    firsts, lasts = [first for first, _ in others], [last for _, last in others]
    return sum(bisect_left(lasts, first) < bisect_right(firsts, last) for first, last in spans)
