"""Changes cut into steps, on a model of the sets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.model.address import Family
from gatepost.planning.span import Span, cut, merge, size
from gatepost.targets._nft_parts import steps

TOP = {family: (1 << family.bits) - 1 for family in Family}
NEAR = st.integers(0, 60)


def spans(family: Family) -> st.SearchStrategy[list[Span]]:
    """Ranges on few addresses, and at the end of the address space, so that they overlap often."""
    number = NEAR | NEAR.map(lambda low: TOP[family] - low)
    pair = st.tuples(number, st.integers(0, 9))
    spread = pair.map(lambda found: (found[0], min(TOP[family], found[0] + found[1])))
    return st.lists(spread, max_size=16).map(merge)


def cut_apart(found: list[Span]) -> list[Span]:
    """The same addresses in ranges that touch, as others may have added them."""
    return [piece for first, last in found for piece in _halves(first, last)]


def _halves(first: int, last: int) -> list[Span]:
    middle = (first + last) // 2
    return [(first, middle), (middle + 1, last)] if last > first else [(first, last)]


@pytest.mark.parametrize("touching", [False, True])
@given(st.data(), st.integers(1, 6))
def test_steps(touching, data, most):
    """Steps are small, keep what both lists hold, hold nothing else, add first, and arrive."""
    held = {family: data.draw(spans(family)) for family in Family}
    if touching:
        held = {family: cut_apart(found) for family, found in held.items()}
    wanted = {family: data.draw(spans(family)) for family in Family}
    now = {family: {*found} for family, found in held.items()}
    shrinking = False
    for step in steps(held, wanted, most):
        assert len(step) <= 2 * most + 4
        assert {*step.remove} <= now[step.family]
        after = (now[step.family] - {*step.remove}) | {*step.add}
        assert no_overlap(after), "the kernel refuses what overlaps"
        grown = not cut(now[step.family], after)
        shrinking = shrinking or not grown
        assert grown or not cut(after, now[step.family]), "a step adds or removes, never both"
        assert not (shrinking and cut(after, now[step.family])), "additions come first"
        assert within(held[step.family], wanted[step.family], after)
        now[step.family] = after
    for family in Family:
        assert merge(now[family]) == wanted[family]
        assert touching or sorted(now[family]) == wanted[family]


def no_overlap(found: set[Span]) -> bool:
    return sum(last - first + 1 for first, last in found) == size(found)


def within(held: list[Span], wanted: list[Span], now: set[Span]) -> bool:
    """All that both have, and nothing that neither has."""
    common = cut(held, cut(held, wanted))
    return not cut(common, now) and not cut(now, [*held, *wanted])


def test_nothing_to_do():
    """Equal lists take no step."""
    same = {Family.V4: [(1, 2), (9, 9)], Family.V6: []}
    assert [*steps(same, same, 3)] == []
