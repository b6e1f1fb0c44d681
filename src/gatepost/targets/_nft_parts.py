"""A change of address sets cut into steps, for a socket that cannot take it whole.

First everything that is added, in both families, then everything that goes.
Each step replaces some ranges by others that hold the same addresses and more,
later the same and fewer, so after every step the sets hold all that the old and
the new list have in common, and nothing that neither has.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from gatepost.model.address import Family
from gatepost.planning.span import Span, merge


@dataclass(frozen=True, slots=True)
class Step:
    """Changes of one set that belong in one transaction: what is added may overlap what is removed."""

    family: Family
    remove: tuple[Span, ...]
    add: tuple[Span, ...]

    def __len__(self) -> int:
        """How many ranges it moves."""
        return len(self.remove) + len(self.add)


def steps(
    held: Mapping[Family, Sequence[Span]], wanted: Mapping[Family, Sequence[Span]], most: int
) -> Iterator[Step]:
    """From sorted ranges to sorted and merged ones; each step moves about ``most`` ranges of a set."""
    both = {family: merge([*held[family], *wanted[family]]) for family in Family}
    for family in Family:
        yield from _sweep(family, held[family], both[family], most)
    for family in Family:
        yield from _sweep(family, both[family], wanted[family], most)


def _sweep(family: Family, old: Sequence[Span], new: Sequence[Span], most: int) -> Iterator[Step]:
    """A line moves through the addresses: the new ranges hold below it, the old ones from it on."""
    moved = sorted(first for first, _ in {*old} ^ {*new})
    start = 0
    for cut in [*moved[most::most], 1 << family.bits] if moved else ():
        old_near, new_near = _touching(old, start, cut), _touching(new, start, cut)
        before, after = {*_divided(old_near, new_near, start)}, {*_divided(old_near, new_near, cut)}
        yield Step(family, tuple(sorted(before - after)), tuple(sorted(after - before)))
        start = cut


def _touching(ranges: Sequence[Span], start: int, cut: int) -> Sequence[Span]:
    """Those that overlap or touch what lies between the line's two places; the others stay as they are."""
    low = bisect_left(ranges, start - 1, key=itemgetter(1))
    return ranges[low : bisect_right(ranges, cut, key=itemgetter(0))]


def _divided(old: Sequence[Span], new: Sequence[Span], line: int) -> list[Span]:
    """The new below the line and the old from it on, joined where they meet at it."""
    below = [(first, min(last, line - 1)) for first, last in new if first < line]
    above = [(max(first, line), last) for first, last in old if last >= line]
    if below and above and below[-1][1] + 1 == above[0][0] == line:
        joined = (below.pop()[0], above.pop(0)[1])
        return [*below, joined, *above]
    return [*below, *above]
