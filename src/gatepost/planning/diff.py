"""Differences of sorted lists, found by walking both at once.

Lists that hardly differ are the rule, so equal stretches are skipped by one
comparison of slices, twice as long each time, and looked at one by one only
where they differ.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from typing import Any, TypeVar

from gatepost.model.address import PACKED_SHIFT, Family, Prefix
from gatepost.model.content import Delta
from gatepost.model.entry import Entry

Item = TypeVar("Item")

STRIDE_MAX = 128
"""Items compared at one go where both lists run in step."""

STEPS_MOST = 256
"""Differences found one by one; lists with more are told apart as sets."""

_KEY = attrgetter("key")
_V6 = 1 << (128 + PACKED_SHIFT)


def diff(old: Sequence[Entry], new: Sequence[Entry]) -> Delta:
    """What came and what went, by key; both sides sorted by key and unique, as entries of a list are."""
    added, removed = _walk(old, new, _KEY)
    return Delta(tuple(added), tuple(removed))


def follow(first: Delta, then: Delta) -> Delta:
    """Two changes in a row as one: what :func:`diff` finds from before both to after both."""
    added, removed = list(first.added), list(first.removed)
    for gone in then.removed:
        _move(gone, added, removed)
    for come in then.added:
        _move(come, removed, added)
    return Delta(tuple(added), tuple(removed))


def _move(entry: Entry, one: list[Entry], other: list[Entry]) -> None:
    """Take an entry back out of ``one`` where it is there, or else note it in ``other``; both are sorted."""
    place = bisect_left(one, entry.key, key=_KEY)
    if place < len(one) and one[place].key == entry.key:
        del one[place]
    else:
        other.insert(bisect_left(other, entry.key, key=_KEY), entry)


def patch(old: Iterable[Entry], delta: Delta) -> tuple[Entry, ...]:
    """``old`` with a delta carried out; sorted by key."""
    entries = {entry.key: entry for entry in old}
    for entry in delta.removed:
        entries.pop(entry.key, None)
    entries.update((entry.key, entry) for entry in delta.added)
    return tuple(entries[key] for key in sorted(entries))


def pack(prefixes: Iterable[Prefix]) -> list[int]:
    """One integer a prefix, in the order of prefixes: family, network, length."""
    return [
        (_V6 if prefix.family is Family.V6 else 0) | prefix.network << PACKED_SHIFT | prefix.length
        for prefix in prefixes
    ]


def diff_packed(old: Sequence[int], new: Sequence[int]) -> tuple[list[int], list[int]]:
    """Packed prefixes that came and that went; both sides sorted and unique."""
    return _walk(old, new, int)


def _walk(
    old: Sequence[Item], new: Sequence[Item], key: Callable[[Item], Any]
) -> tuple[list[Item], list[Item]]:
    """What is only in ``new``, and what is only in ``old``."""
    added: list[Item] = []
    removed: list[Item] = []
    here = there = 0
    stride = 1
    while here < len(old) and there < len(new) and len(added) + len(removed) < STEPS_MOST:
        if old[here : here + stride] == new[there : there + stride]:
            here, there, stride = here + stride, there + stride, min(2 * stride, STRIDE_MAX)
        elif stride > 1:
            stride //= 2
        else:
            was, now = key(old[here]), key(new[there])
            if was < now:
                removed.append(old[here])
            elif now < was:
                added.append(new[there])
            here += was <= now
            there += now <= was
    came, went = _apart(old[here:], new[there:], key)
    return [*added, *came], [*removed, *went]


def _apart(
    old: Sequence[Item], new: Sequence[Item], key: Callable[[Item], Any]
) -> tuple[Sequence[Item], Sequence[Item]]:
    """As walking, for what has little in common."""
    if not old or not new:
        return new, old
    before, now = set(map(key, old)), set(map(key, new))
    return [one for one in new if key(one) not in before], [one for one in old if key(one) not in now]
