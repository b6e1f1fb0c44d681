"""The lists that follow each other: all let the same clients in, none lets the denied one in.

Of four lists in turn the second changes ten entries of the first, the third all
but the clients' own, the fourth ten of those. The allowed client stands on them
as a host, as a host beside others, and within a wider network; the denied
client's neighbours on both sides stand on all of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from flood.network import ADMIN, ALLOWED, DENIED, Client
from gatepost.model.address import Family, Prefix, parse_v4, parse_v6
from gatepost.model.entry import Entry
from gatepost.planning.aggregate import aggregate

FORMS = ((32, 128), (31, 127), (24, 64), (30, 126))
"""Lengths of the allowed client's prefix, by list."""
FEW = 10
"""Entries that a small change exchanges."""
FILL_V4 = parse_v4("11.0.0.0")
FILL_V6 = parse_v6("2a00::")


def lists(size: int) -> tuple[tuple[Entry, ...], ...]:
    """Four lists of so many entries, half of them of each family."""
    return tuple(_list(size, number) for number in range(len(FORMS)))


def _list(size: int, number: int) -> tuple[Entry, ...]:
    own = (*_client(ALLOWED, *FORMS[number]), *_client(ADMIN, 32, 128), *_neighbours())
    merged = aggregate((*own, *_fill(size - len(own), number)))
    if len(merged) != size:
        msg = f"{len(merged)} entries are not the {size} that were asked for"
        raise AssertionError(msg)
    return tuple(sorted(map(Entry, merged), key=lambda entry: entry.key))


def _client(client: Client, v4: int, v6: int) -> Iterator[Prefix]:
    yield _around(Family.V4, parse_v4(f"{client.v4}2"), v4)
    yield _around(Family.V6, parse_v6(f"{client.v6}2"), v6)


def _neighbours() -> Iterator[Prefix]:
    """Everything from 0 to 3 but the denied client, 2."""
    v4, v6 = parse_v4(f"{DENIED.v4}0"), parse_v6(f"{DENIED.v6}0")
    yield from (Prefix(Family.V4, v4, 31), Prefix(Family.V4, v4 + 3, 32))
    yield from (Prefix(Family.V6, v6, 127), Prefix(Family.V6, v6 + 3, 128))


def _around(family: Family, address: int, length: int) -> Prefix:
    """The network of that length in which the address lies."""
    host = family.bits - length
    return Prefix(family, address >> host << host, length)


def _fill(count: int, number: int) -> Iterator[Prefix]:
    """Others: two blocks that share nothing; odd lists exchange a few of their block."""
    block = number // 2 * 2
    for index in range(count):
        place = index + (block + (number % 2 and index < FEW)) * count
        if index % 2:
            yield Prefix(Family.V4, FILL_V4 + place * 8, 30)
        else:
            yield Prefix(Family.V6, FILL_V6 + (place << 66), 64)
