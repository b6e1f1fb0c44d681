"""Intervals of integers, both ends included: what every address set comes down to."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

Span = tuple[int, int]
"""First and last, both included."""


def merge(spans: Iterable[Span]) -> list[Span]:
    """The same integers as sorted, disjoint spans that do not even touch."""
    merged: list[Span] = []
    first = last = -2
    for low, high in sorted(spans):
        if low > last + 1:
            merged.append((first, last))
            first, last = low, high
        elif high > last:
            last = high
    merged.append((first, last))
    return merged[1:]


def cut(spans: Iterable[Span], holes: Iterable[Span]) -> list[Span]:
    """What remains of ``spans`` without the integers of ``holes``; merged."""
    remains: list[Span] = []
    ahead = iter(merge(holes))
    hole = next(ahead, None)
    for first, last in merge(spans):
        low = first
        while hole is not None and hole[0] <= last:
            if hole[0] > low:
                remains.append((low, hole[0] - 1))
            low = max(low, hole[1] + 1)
            if hole[1] > last:
                break
            hole = next(ahead, None)
        if low <= last:
            remains.append((low, last))
    return remains


def outside(spans: Iterable[Span], merged: Sequence[Span]) -> list[Span]:
    """As :func:`cut`, with holes that are merged already: where they are many, most are not looked at."""
    pieces = merge(spans)
    if len(pieces) > len(merged):
        return cut(pieces, merged)
    remains: list[Span] = []
    for first, last in pieces:
        low, place = first, bisect_left(merged, (first,))
        if place and merged[place - 1][1] >= low:
            low = merged[place - 1][1] + 1
        while place < len(merged) and merged[place][0] <= last:
            if merged[place][0] > low:
                remains.append((low, merged[place][0] - 1))
            low = merged[place][1] + 1
            place += 1
        if low <= last:
            remains.append((low, last))
    return remains


def size(spans: Iterable[Span]) -> int:
    """Number of integers, each counted once."""
    return sum(last - first + 1 for first, last in merge(spans))


def blocks(first: int, last: int, bits: int) -> Iterator[tuple[int, int]]:
    """The fewest aligned blocks that make up exactly one span: pairs of network and prefix length."""
    while first <= last:
        aligned = (first & -first).bit_length() - 1 if first else bits
        room = (last - first + 1).bit_length() - 1
        height = min(aligned, room)
        yield first, bits - height
        first += 1 << height
