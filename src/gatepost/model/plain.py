"""Entries that are a value and nothing more, each made once however often it is read.

A list hardly differs from cycle to cycle: what is the very object of the time
before is known to be equal without a look into it.
"""

from __future__ import annotations

from functools import lru_cache

from gatepost.model.address import Family, Prefix
from gatepost.model.entry import Domain, Entry

KEPT = 1 << 17
"""Entries kept in memory, of each kind; beyond these the least used are made anew."""


@lru_cache(KEPT)
def plain(family: Family, network: int, length: int) -> Entry:
    """The entry of a network; raises ValueError where it is none."""
    return Entry(Prefix(family, network, length))


@lru_cache(KEPT)
def plain_name(name: str, tree: bool) -> Entry:  # noqa: FBT001 - a key is looked up by position
    """The entry of a domain in A-label form."""
    return Entry(Domain(name, tree))
