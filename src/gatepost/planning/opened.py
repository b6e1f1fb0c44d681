"""Whether what others let in beside a list leaves the list any meaning."""

from __future__ import annotations

from collections.abc import Iterable

from gatepost.model.address import Family, Prefix
from gatepost.model.entry import Entry
from gatepost.model.limits import Limits
from gatepost.planning.aggregate import aggregate, count

BY_FAR = 10
"""Times the addresses of the list, each family by itself, that are by far more."""
FEW = {Family.V4: 1 << 8, Family.V6: 1 << 64}
"""Addresses that open nothing wide however short the list is: one /24, one /64."""


def is_wide(added: Iterable[Entry], left: Iterable[Entry], limits: Limits) -> bool:
    """Whether ``added`` holds a network wider than a list may get unasked, or by far more than ``left``.

    Many small networks that add up to a wide one are that one.
    """
    come, ours = _prefixes(added), _prefixes(left)
    shortest = {Family.V4: limits.widest_v4, Family.V6: limits.widest_v6}
    if any(prefix.length < shortest[prefix.family] for prefix in aggregate(come)):
        return True
    return any(_size(come, family) > max(few, BY_FAR * _size(ours, family)) for family, few in FEW.items())


def _prefixes(entries: Iterable[Entry]) -> list[Prefix]:
    return [entry.value for entry in entries if isinstance(entry.value, Prefix)]


def _size(prefixes: Iterable[Prefix], family: Family) -> int:
    return count(prefix for prefix in prefixes if prefix.family is family)
