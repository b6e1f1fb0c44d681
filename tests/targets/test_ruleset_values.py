"""Sets of values behave as sets, against plain sets of small numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gatepost.targets._nft_values import Values

SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=8)


def plain(values: Values) -> set[int]:
    return {number for first, last in values.spans for number in range(first, last + 1)}


def numbers(spans: list[tuple[int, int]]) -> set[int]:
    return {number for first, last in spans for number in range(first, last + 1)}


@given(SPANS, SPANS)
def test_they_are_sets(one, other):
    """Intersection, difference and size are those of the numbers, whatever the intervals."""
    mine, theirs = Values.of(one), Values.of(other)
    assert plain(mine) == numbers(one)
    assert plain(mine & theirs) == numbers(one) & numbers(other)
    assert plain(mine - theirs) == numbers(one) - numbers(other)
    assert mine.size == len(numbers(one))
    assert bool(mine) == bool(numbers(one))


@given(SPANS, SPANS)
def test_equal_sets_are_equal(one, other):
    """Two ways to the same numbers give the same value: sorted, apart, none of them empty."""
    mine, theirs = Values.of(one), Values.of(other)
    assert mine == Values.of([(number, number) for number in numbers(one)])
    assert Values.of([*(mine - theirs).spans, *(mine & theirs).spans]) == mine


@given(st.lists(SPANS, max_size=4))
def test_a_union_of_them(several):
    """A union holds the numbers of all."""
    assert plain(Values.union(map(Values.of, several))) == {each for one in several for each in numbers(one)}


def test_words():
    """A wildcard holds the words that start so, and no other."""
    assert Values.word("eth0") & Values.word("eth*") == Values.word("eth0")
    assert not Values.word("et") & Values.word("eth*")
    assert not Values.word("eth0") & Values.word("eth1")
    assert not Values.word("eth") & Values.word("eth0")
    assert Values.word("eth") & Values.word("eth*")
