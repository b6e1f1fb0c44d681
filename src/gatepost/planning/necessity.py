"""What the platform says of entries that it can do without, once they are merged and cut.

Content that is in force is canonical: what lets in the same is the same there,
so it says nothing of necessity. A target that tells it gets it back here.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from gatepost.model.address import Family, Prefix
from gatepost.model.content import Listed, State
from gatepost.model.entry import Entry, PortRange, Protocol

Room = tuple[Protocol | None, tuple[PortRange, ...], Family | None]
"""Protocol, ports, and family; names have none."""


def with_necessity(entries: tuple[Entry, ...], listed: Iterable[Listed]) -> tuple[Entry, ...]:
    """Canonical entries, each as necessary as what was listed of it.

    Necessary where any part of it is, unnecessary where all of it is, else unsaid.
    """
    said = [one.entry for one in listed if one.state is not State.EXCLUDED]
    if all(entry.necessary is None for entry in said):
        return entries
    rooms = _rooms(entries)
    found: dict[Entry, set[bool | None]] = {}
    for entry in said:
        for whole in _touched(rooms, entry):
            found.setdefault(whole, set()).add(entry.necessary)
    return tuple(replace(entry, necessary=_of(found.get(entry, set()))) for entry in entries)


def _of(said: set[bool | None]) -> bool | None:
    if True in said:
        return True
    return False if said == {False} else None


def _room(entry: Entry) -> Room:
    return entry.protocol, entry.ports, entry.value.family if isinstance(entry.value, Prefix) else None


def _rooms(entries: Iterable[Entry]) -> Mapping[Room, Sequence[Entry]]:
    rooms: dict[Room, list[Entry]] = {}
    for entry in entries:
        rooms.setdefault(_room(entry), []).append(entry)
    return rooms


def _touched(rooms: Mapping[Room, Sequence[Entry]], entry: Entry) -> Iterator[Entry]:
    """Canonical entries that share an address with this one, or are this name."""
    here = rooms.get(_room(entry), ())
    if not isinstance(entry.value, Prefix):
        yield from (one for one in here if one.value == entry.value)
        return
    at = bisect_left(here, entry.value.network, key=_last)
    while at < len(here) and _first(here[at]) <= entry.value.last:
        yield here[at]
        at += 1


def _first(entry: Entry) -> int:
    assert isinstance(entry.value, Prefix)  # noqa: S101 - a room with a family holds prefixes alone
    return entry.value.network


def _last(entry: Entry) -> int:
    assert isinstance(entry.value, Prefix)  # noqa: S101 - a room with a family holds prefixes alone
    return entry.value.last
