"""Intervals of integers, by example at their edges."""

from __future__ import annotations

import pytest

from gatepost.planning import span


@pytest.mark.parametrize(
    ("spans", "merged"),
    [
        ([], []),
        ([(0, 0)], [(0, 0)]),
        ([(5, 9), (0, 3)], [(0, 3), (5, 9)]),
        ([(0, 3), (4, 9)], [(0, 9)]),
        ([(0, 3), (3, 4)], [(0, 4)]),
        ([(0, 9), (2, 3), (5, 9)], [(0, 9)]),
        ([(0, 9), (2, 30), (20, 25)], [(0, 30)]),
        ([(1, 1), (1, 1), (3, 3)], [(1, 1), (3, 3)]),
    ],
)
def test_spans_merge_where_they_meet(spans: list[span.Span], merged: list[span.Span]):
    """Spans that overlap or touch become one; a gap of one integer stays a gap."""
    assert span.merge(spans) == merged


@pytest.mark.parametrize(
    ("holes", "remains"),
    [
        ([], [(10, 19), (30, 39)]),
        ([(0, 9), (20, 29), (40, 99)], [(10, 19), (30, 39)]),
        ([(10, 10), (39, 39)], [(11, 19), (30, 38)]),
        ([(19, 30)], [(10, 18), (31, 39)]),
        ([(12, 12), (14, 15)], [(10, 11), (13, 13), (16, 19), (30, 39)]),
        ([(10, 19)], [(30, 39)]),
        ([(0, 34)], [(35, 39)]),
        ([(15, 99)], [(10, 14)]),
        ([(0, 99)], []),
        ([(0, 10), (39, 50)], [(11, 19), (30, 38)]),
        ([(10, 12), (18, 19), (30, 38)], [(13, 17), (39, 39)]),
        ([(0, 1), (3, 4), (6, 12), (20, 21), (29, 31), (33, 33), (60, 61)], [(13, 19), (32, 32), (34, 39)]),
    ],
)
def test_holes_are_cut_to_their_edges(holes: list[span.Span], remains: list[span.Span]):
    """What is in a hole is gone, and nothing beside it; one hole may reach into several spans."""
    assert span.cut([(30, 39), (10, 19)], holes) == remains
    assert span.outside([(30, 39), (10, 19)], holes) == remains


@pytest.mark.parametrize("holes", [[(10, 10)], [(10, 12)], [(8, 10)], [(0, 3), (10, 10), (12, 12)]])
def test_one_integer_in_a_hole_is_gone(holes: list[span.Span]):
    """A span of one integer is no exception, wherever the hole begins."""
    assert span.cut([(10, 10)], holes) == []
    assert span.outside([(10, 10)], holes) == []


def test_integers_count_once():
    """However often a span names them."""
    assert span.size([(1, 4), (3, 6), (9, 9)]) == 7
    assert span.size([]) == 0


@pytest.mark.parametrize(
    ("first", "last", "blocks"),
    [
        (0, 0, [(0, 8)]),
        (0, 255, [(0, 0)]),
        (0, 254, [(0, 1), (128, 2), (192, 3), (224, 4), (240, 5), (248, 6), (252, 7), (254, 8)]),
        (1, 255, [(1, 8), (2, 7), (4, 6), (8, 5), (16, 4), (32, 3), (64, 2), (128, 1)]),
        (6, 9, [(6, 7), (8, 7)]),
        (7, 6, []),
    ],
)
def test_a_span_is_cut_into_aligned_blocks(first: int, last: int, blocks: list[tuple[int, int]]):
    """As large as alignment and room let each be, and no more of them than must be."""
    assert list(span.blocks(first, last, 8)) == blocks
