"""How far a new list is from an earlier one, in whole numbers: what the guards judge by.

Addresses are counted per protocol and ports, so an address that changes its
port has gone and come. Domains are counted by name, as a third family.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from gatepost.model.address import Family
from gatepost.model.entry import Entry
from gatepost.planning import span
from gatepost.planning.canonical import Admitted, Room, admitted
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


def compare(baseline: str, old: Sequence[Entry], new: Sequence[Entry]) -> Comparison:
    """Measure ``new`` against a baseline of that name."""
    was, now = admitted(old), admitted(new)
    gone, come = _beyond(was, now), _beyond(now, was)
    return Comparison(
        baseline,
        tuple(
            Measure(
                kind,
                old=_size(was, kind),
                new=_size(now, kind),
                gone=_size(gone, kind),
                come=_size(come, kind),
                gone_entries=_touched(was, gone, kind),
                come_entries=_touched(now, come, kind),
            )
            for kind in Kind
        ),
    )


def _beyond(these: Admitted, those: Admitted) -> Admitted:
    spans = {room: span.cut(spans, those.spans.get(room, ())) for room, spans in these.spans.items()}
    return Admitted(spans, these.names - those.names)


def _rooms(parts: Admitted, kind: Kind) -> Iterable[tuple[Room, list[Span]]]:
    family = Family.V4 if kind is Kind.V4 else Family.V6
    return ((room, spans) for room, spans in parts.spans.items() if room[1] is family)


def _size(parts: Admitted, kind: Kind) -> int:
    if kind is Kind.DOMAINS:
        return len(parts.names)
    return sum(span.size(spans) for _, spans in _rooms(parts, kind))


def _touched(parts: Admitted, some: Admitted, kind: Kind) -> int:
    """How many entries hold at least one address of ``some``, which is merged and part of ``parts``."""
    if kind is Kind.DOMAINS:
        return len(some.names)
    return sum(
        sum(_meets(one, some.spans[room]) for one in set(spans)) for room, spans in _rooms(parts, kind)
    )


def _meets(one: Span, others: list[Span]) -> bool:
    """Whether a span shares an integer with sorted, disjoint others."""
    place = bisect_left(others, (one[0], -1))
    before = place > 0 and others[place - 1][1] >= one[0]
    return before or (place < len(others) and others[place][0] <= one[1])
