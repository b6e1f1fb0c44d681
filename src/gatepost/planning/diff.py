"""Differences of sorted lists, found by walking both at once.

Lists that hardly differ are the rule, so equal stretches are skipped by one
comparison of slices, and only where they differ is looked closer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from gatepost.model.address import Prefix
from gatepost.model.content import Delta
from gatepost.model.entry import Entry, EntryKey

Key = TypeVar("Key", int, str, EntryKey)

STRIDE = 256
"""Keys compared at one go where both lists run in step."""


def diff(old: Sequence[Entry], new: Sequence[Entry]) -> Delta:
    """What came and what went, by key; both sides sorted by key and unique, as entries of a list are."""
    if old == new:
        return Delta((), ())
    was = {entry.key: entry for entry in old}
    now = {entry.key: entry for entry in new}
    added, removed = diff_keys(list(was), list(now))
    return Delta(tuple(now[key] for key in added), tuple(was[key] for key in removed))


def patch(old: Iterable[Entry], delta: Delta) -> tuple[Entry, ...]:
    """``old`` with a delta carried out; sorted by key."""
    entries = {entry.key: entry for entry in old}
    for entry in delta.removed:
        entries.pop(entry.key, None)
    entries.update((entry.key, entry) for entry in delta.added)
    return tuple(entries[key] for key in sorted(entries))


def pack(prefixes: Iterable[Prefix]) -> list[int]:
    """One integer a prefix, in the order of the prefixes: family, network, length."""
    return [(prefix.family == 6) << 136 | prefix.network << 8 | prefix.length for prefix in prefixes]  # noqa: PLR2004 - IP version


def diff_keys(old: Sequence[Key], new: Sequence[Key]) -> tuple[list[Key], list[Key]]:
    """Keys that came and keys that went; both sides sorted and unique."""
    removed, added = set(old).difference(new), set(new).difference(old)
    return sorted(added), sorted(removed)
