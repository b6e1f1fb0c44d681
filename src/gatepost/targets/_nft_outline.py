"""What the listing of nft in JSON leaves out: tables that are dormant, sets that merge.

The JSON of nft 1.0.6 has no word for ``auto-merge``, and for the flags of a
table it prints whatever memory lies there, so that the listing may not even be
JSON. In its own language it tells both, and without elements (``nft -t``) that
is short. Only lines whose every word is a name as nft takes it are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TABLE = re.compile(r"table (ip|ip6|inet|arp|bridge|netdev) ([A-Za-z][A-Za-z0-9_./\\-]*) \{")
_SET = re.compile(r"\tset ([A-Za-z][A-Za-z0-9_./\\-]*) \{")
_FLAGS = re.compile(r"\tflags ([a-z, ]+);?")
_DORMANT = "dormant"
_MERGES = "\t\tauto-merge"


@dataclass(frozen=True, slots=True)
class Outline:
    """Tables by family and name."""

    tables: tuple[tuple[str, str], ...]
    dormant: frozenset[tuple[str, str]]
    """Of these, those none of whose chains is asked about any packet."""
    merging: frozenset[tuple[str, str, str]]
    """Sets with ``auto-merge``, by family, table and name."""

    @classmethod
    def read(cls, listing: bytes) -> Outline:
        """Of what ``nft -t list ruleset``, or ``list table``, prints."""
        found = [each for each in _told(listing.decode("utf-8", "replace")) if each[0]]
        tables = dict.fromkeys((family, table) for family, table, _, _ in found)
        dormant = {(family, table) for family, table, _, word in found if word == _DORMANT}
        merging = {(family, table, name) for family, table, name, word in found if word == _MERGES}
        return cls(tuple(tables), frozenset(dormant), frozenset(merging))


def _told(listing: str) -> Iterator[tuple[str, str, str, str]]:
    """Family, table, set and the word on it; a table by itself has neither set nor word.

    One whose name cannot be read has no family.
    """
    family = table = name = ""
    for line in listing.splitlines():
        if line.startswith("table "):
            begun = _TABLE.fullmatch(line)
            family, table, name = (begun[1], begun[2], "") if begun else ("", "", "")
            yield family, table, "", ""
        elif inner := _SET.fullmatch(line):
            name = inner[1]
        elif line == "\t}":
            name = ""
        elif line == _MERGES and name:
            yield family, table, name, _MERGES
        elif (flags := _FLAGS.fullmatch(line)) and _DORMANT in re.split(r"[, ]+", flags[1]):
            yield family, table, "", _DORMANT
