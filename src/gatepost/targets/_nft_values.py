"""Sets of values of one field of a packet, as intervals of integers.

Addresses and ports are integers by themselves. Words (``established``,
``eth0``) are made into integers in the order of their letters, so that a
wildcard such as ``eth*`` is one interval.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from operator import itemgetter

WORD_BYTES = 32
LAST = (1 << 8 * WORD_BYTES) - 1
"""Of the values of a field that has no bounds of its own."""


@dataclass(frozen=True, slots=True)
class Values:
    """Sorted intervals, both ends included, with a gap between any two."""

    spans: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, spans: Iterable[tuple[int, int]]) -> Values:
        """In any order, overlapping or not; one whose end is before its start holds nothing."""
        merged: list[tuple[int, int]] = []
        for first, last in sorted(span for span in spans if span[0] <= span[1]):
            if merged and first <= merged[-1][1] + 1:
                merged[-1] = merged[-1][0], max(last, merged[-1][1])
            else:
                merged.append((first, last))
        return cls(tuple(merged))

    @classmethod
    def one(cls, value: int) -> Values:
        """A single value."""
        return cls(((value, value),))

    @classmethod
    def upto(cls, last: int) -> Values:
        """Everything from 0."""
        return cls(((0, last),))

    @classmethod
    def word(cls, text: str) -> Values:
        """A word, or all that start alike where it ends in ``*``; of long ones the start is compared."""
        stem = text.removesuffix("*").encode()[:WORD_BYTES]
        first = int.from_bytes(stem.ljust(WORD_BYTES, b"\0"), "big")
        last = int.from_bytes(stem.ljust(WORD_BYTES, b"\xff"), "big")
        return cls(((first, last if text.endswith("*") else first),))

    def __bool__(self) -> bool:
        return bool(self.spans)

    def __and__(self, other: Values) -> Values:
        if self.spans == other.spans:
            return self
        few, many = sorted((self.spans, other.spans), key=len)
        return Values(tuple(part for span in few for part in _overlap(span, many)))

    def __sub__(self, other: Values) -> Values:
        if self.spans == other.spans:
            return Values()
        spans = list(self.spans)
        for first, last in other.spans if len(other.spans) <= len(spans) else ():
            place = bisect_left(spans, first, key=_last)
            end = bisect_left(spans, last + 1, lo=place, key=_first)
            spans[place:end] = [part for span in spans[place:end] for part in _left(span, first, last)]
        if len(other.spans) > len(self.spans):
            return Values(
                tuple(part for span in spans for part in _between(span, _overlap(span, other.spans)))
            )
        return Values(tuple(spans))

    @property
    def size(self) -> int:
        """How many values."""
        return sum(last - first + 1 for first, last in self.spans)

    @classmethod
    def union(cls, several: Iterable[Values]) -> Values:
        """All that is in any."""
        return cls.of(span for each in several for span in each.spans)


def _overlap(span: tuple[int, int], others: tuple[tuple[int, int], ...]) -> list[tuple[int, int]]:
    """What of one interval is in others, which are sorted."""
    found = []
    for place in range(bisect_left(others, span[0], key=_last), len(others)):
        first, last = others[place]
        if first > span[1]:
            break
        found.append((max(first, span[0]), min(last, span[1])))
    return found


def _left(span: tuple[int, int], first: int, last: int) -> list[tuple[int, int]]:
    """What of one interval lies before and behind another."""
    return [part for part in ((span[0], first - 1), (last + 1, span[1])) if part[0] <= part[1]]


def _between(span: tuple[int, int], taken: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """What of one interval is between those that are taken out of it."""
    edges = [(span[0], span[0] - 1), *taken, (span[1] + 1, span[1])]
    parts = ((one[1] + 1, other[0] - 1) for one, other in pairwise(edges))
    return [part for part in parts if part[0] <= part[1]]


_first = itemgetter(0)
_last = itemgetter(1)
