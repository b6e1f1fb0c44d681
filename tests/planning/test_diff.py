"""Differences of sorted lists, and packed prefixes, by example."""

from __future__ import annotations

import pytest

from gatepost.model.entry import Entry
from gatepost.planning.diff import STEPS_MOST, STRIDE_MAX, diff, diff_packed, pack
from gatepost.planning.diff import patch as carried_out
from gatepost.planning.normalise import parse_value
from rigs.answers import entries, hosts, shown


def test_what_came_and_what_went():
    """Each side in order, domains last."""
    delta = diff(entries("101.226.103.1", "101.226.103.2", "a.qq.com"), entries("101.226.103.2", "b.qq.com"))
    assert shown(delta.added) == ["b.qq.com"]
    assert shown(delta.removed) == ["101.226.103.1/32", "a.qq.com"]


def test_a_difference_is_by_key():
    """A note that changes is no difference, and a difference carried out keeps what it does not speak of."""
    (old,) = entries("101.226.103.7")
    new = Entry(old.value, note="new")
    assert not diff([old], [new])
    both = carried_out([new], diff([old], [old, *entries("101.226.103.8")]))
    assert both == (new, *entries("101.226.103.8"))


def test_what_is_not_there_may_go():
    """A delta that removes what is long gone changes nothing else."""
    delta = diff(entries(*hosts(1, 3)), entries(*hosts(2, 3)))
    assert shown(carried_out(entries("101.226.103.3"), delta)) == ["101.226.103.3/32"]


def test_packed_prefixes_sort_as_prefixes_do():
    """Family first, then network, then length; nothing is lost in packing."""
    values = [parse_value(text) for text in ("255.255.255.255", "0.0.0.0/0", "::/0", "::", "1.2.3.4/31")]
    by_integer = sorted(values, key=lambda value: pack([value])[0])
    assert [str(value) for value in by_integer] == [
        "0.0.0.0/0",
        "1.2.3.4/31",
        "255.255.255.255/32",
        "::/0",
        "::/128",
    ]
    assert pack([parse_value("1.2.3.0/24")]) == [(0x01020300 << 32) | 24]
    assert pack([parse_value("1.2.3.4/31")]) == [(0x01020304 << 32) | 31]
    assert pack([parse_value("::2/127")]) == [(1 << 160) | (2 << 32) | 127]


LONG = range(0, 20 * STRIDE_MAX, 2)


@pytest.mark.parametrize("place", [0, 1, 2, 3, 126, 127, 128, 129, 255, 1000, len(LONG) - 1])
def test_one_difference_is_found_wherever_it_is(place: int):
    """Long equal stretches are skipped, never too far."""
    old = list(LONG)
    assert diff_packed(old, [*old[:place], *old[place + 1 :]]) == ([], [old[place]])
    assert diff_packed([*old[:place], *old[place + 1 :]], old) == ([old[place]], [])
    assert diff_packed(old, [*old[:place], old[place] + 1, *old[place + 1 :]]) == (
        [old[place] + 1],
        [old[place]],
    )


@pytest.mark.parametrize(("old", "new"), [(2, 3), (3, 2), (1, 5), (5, 1)])
def test_lists_that_differ_in_much_are_told_apart(old: int, new: int):
    """What is in both has neither come nor gone, however many others have."""
    was, now = range(0, 3 * STEPS_MOST, old), range(0, 3 * STEPS_MOST, new)
    assert diff_packed(list(was), list(now)) == (
        [one for one in now if one not in was],
        [one for one in was if one not in now],
    )


def test_nothing_in_common():
    """All goes and all comes, whichever is longer and however they interleave."""
    assert diff_packed([1, 2], [3, 4, 5]) == ([3, 4, 5], [1, 2])
    assert diff_packed([3, 4, 5], [1, 2]) == ([1, 2], [3, 4, 5])
    assert diff_packed([1, 3, 5], [2, 4]) == ([2, 4], [1, 3, 5])
    assert diff_packed([], [1]) == ([1], [])
    assert diff_packed([1], []) == ([], [1])


class Counted:
    """A sequence that counts how often it was asked."""

    def __init__(self, items: range) -> None:
        self.items, self.asked = items, 0

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, place):
        self.asked += 1
        return self.items[place]


def test_equal_stretches_are_skipped():
    """Lists that hardly differ are compared in few, long slices: the point of the walk."""
    old, new = Counted(LONG), Counted(LONG)
    assert diff_packed(old, new) == ([], [])
    assert old.asked < len(LONG) / STRIDE_MAX + 12
