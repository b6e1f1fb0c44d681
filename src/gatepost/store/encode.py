"""Nouns as bytes and back: JSON by msgspec, compressed where it is long.

Entries are kept as text (``203.0.113.7/32``), or as an array where there is
more to say; unknown members of a later version are ignored on reading. Bytes
that cannot be read raise StoreCorrupt.
"""

from __future__ import annotations

import dataclasses
import hashlib
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from operator import attrgetter
from typing import Any, Generic, TypeVar, cast, get_type_hints

import msgspec

from gatepost.errors import StoreCorrupt
from gatepost.model.address import PACKED_SHIFT, Family, Prefix, format_packed, parse_v4, parse_v6
from gatepost.model.answer import HeldAnswer, Presence
from gatepost.model.drift import Drift
from gatepost.model.entry import Domain, Entry, PortRange, Protocol, Quarantined
from gatepost.model.kept import Kept
from gatepost.model.plain import KEPT, plain, plain_name
from gatepost.model.plan import Plan
from gatepost.model.record import Failure

T = TypeVar("T")

DOMAIN = 0xFF
"""Leads the place of a domain, as 4 and 6 lead those of prefixes."""

Detail = tuple[Protocol | None, tuple[PortRange, ...], bool | None, str | None]
WireEntry = str | tuple[str, Protocol | None, tuple[PortRange, ...], bool | None, str | None]

PLAIN: Detail = (None, (), None, None)

BODIES_KEPT = 16
"""Whole answers kept in memory: a list hardly differs from cycle to cycle."""
_OFTEN = 1
"""Level of compression of what is written anew in every cycle, in the place of what was there."""


@contextmanager
def reading_bytes() -> Iterator[None]:
    """Whatever is wrong with stored bytes is StoreCorrupt."""
    try:
        yield
    except (msgspec.MsgspecError, zlib.error, struct.error, ValueError, OSError, LookupError) as error:
        msg = f"a record of the history cannot be read: {type(error).__name__}"
        raise StoreCorrupt(msg) from None


# -- places: what covers a value is found by equality of these bytes


def place(value: Prefix | Domain) -> bytes:
    """Family, network and length as fixed-width bytes, or the domain's name; they sort as entry keys do."""
    if isinstance(value, Domain):
        return bytes((DOMAIN, value.tree)) + value.name.encode()
    if value.family is Family.V4:
        return _V4.pack(4, value.network, value.length)
    return _V6.pack(6, value.network >> 64, value.network & _HALF, value.length)


_V4 = struct.Struct(">BIB")
_V6 = struct.Struct(">BQQB")
_HALF = (1 << 64) - 1


def value_of(data: bytes) -> Prefix | Domain:
    """The value at a place; raises struct.error, ValueError or IndexError for bytes that are none."""
    if data[0] == DOMAIN:
        return Domain(data[2:].decode(), bool(data[1]))
    if data[0] == Family.V4:
        _, network, length = _V4.unpack(data)
        return Prefix(Family.V4, network, length)
    leading, high, low, length = _V6.unpack(data)
    return Prefix(Family(leading), high << 64 | low, length)


def covering_places(value: Prefix | Domain) -> list[bytes]:
    """Places of all values that cover this one, itself included.

    A tree ``*.name`` covers every name below ``name`` and not ``name`` itself.
    """
    match value:
        case Prefix(family, network, length):
            return [place(_widened(family, network, shorter)) for shorter in range(length + 1)]
        case Domain(name, tree):
            labels = name.split(".")
            parents = (".".join(labels[cut:]) for cut in range(0 if tree else 1, len(labels)))
            trees = [place(Domain(parent, tree=True)) for parent in parents]
            return trees if tree else [place(value), *trees]


def _widened(family: Family, network: int, length: int) -> Prefix:
    host_bits = family.bits - length
    return Prefix(family, network >> host_bits << host_bits, length)


def detail(entry: Entry) -> bytes | None:
    """What an entry says beside its value; None where it says no more."""
    said = (entry.protocol, entry.ports, entry.necessary, entry.note)
    return None if said == PLAIN else msgspec.json.encode(said)


_DETAIL = msgspec.json.Decoder(Detail)


def entry_of(where: bytes, said: bytes | None) -> Entry:
    """The entry of a place and a detail; within :func:`reading_bytes`, entered once for many."""
    return _plain_entry_at(where) if said is None else Entry(value_of(where), *_DETAIL.decode(said))


@lru_cache(KEPT)
def _plain_entry_at(where: bytes) -> Entry:
    return _plain(value_of(where))


def _plain(value: Prefix | Domain) -> Entry:
    match value:
        case Prefix(family, network, length):
            return plain(family, network, length)
        case Domain(name, tree):
            return plain_name(name, tree)


# -- sets of entries


def wire_entry(entry: Entry) -> WireEntry:
    """An entry as it stands in JSON."""
    said = (entry.protocol, entry.ports, entry.necessary, entry.note)
    return str(entry.value) if said == PLAIN else (str(entry.value), *said)


def wire_entries(entries: Iterable[Entry]) -> list[WireEntry]:
    """As :func:`wire_entry`, of many: networks that are no more than that are written all at once."""
    wire: list[WireEntry] = []
    run: list[int] = []
    family = Family.V4
    for entry in entries:
        value = entry.value
        if isinstance(value, Domain) or not entry.is_plain:
            wire += format_packed(family, run)
            wire.append(wire_entry(entry))
            run = []
            continue
        if value.family is not family:
            wire += format_packed(family, run)
            family, run = value.family, []
        run.append(value.network << PACKED_SHIFT | value.length)
    return wire + format_packed(family, run)


def entry_of_wire(wire: WireEntry) -> Entry:
    """Back; the text is our own, so what does not parse is an error."""
    if isinstance(wire, str):
        return _plain_entry(wire)
    text, *said = wire
    return Entry(_value_of_text(text), *cast("Detail", said))


@lru_cache(KEPT)
def _plain_entry(text: str) -> Entry:
    return _plain(_value_of_text(text))


def _value_of_text(text: str) -> Prefix | Domain:
    address, slash, length = text.partition("/")
    if not slash:
        return Domain(text.removeprefix("*."), text.startswith("*."))
    if ":" in address:
        return Prefix(Family.V6, parse_v6(address), int(length))
    return Prefix(Family.V4, parse_v4(address), int(length))


_ENTRIES = msgspec.json.Decoder(list[WireEntry])
_BODIES = Kept[bytes, tuple[Entry, ...]](BODIES_KEPT)


def json_entries(entries: Iterable[Entry]) -> tuple[bytes, bytes]:
    """Digest and JSON of entries, notes included."""
    text = msgspec.json.encode(wire_entries(entries))
    return hashlib.sha256(text).digest(), text


def pack_entries(entries: tuple[Entry, ...], text: bytes) -> bytes:
    """Their JSON, compressed; the last ones are kept."""
    data = zlib.compress(text)
    _BODIES.put(data, entries)
    return data


def unpack_entries(data: bytes) -> tuple[Entry, ...]:
    """Back; the last ones are kept."""
    entries = _BODIES.get(data)
    if entries is None:
        with reading_bytes():
            entries = tuple(map(entry_of_wire, _ENTRIES.decode(zlib.decompress(data))))
        _BODIES.put(data, entries)
    return entries


# -- whole nouns


class Codec(Generic[T]):
    """JSON of one dataclass of the model, entries inside it as :data:`WireEntry`.

    Members with a default may be missing in what is read, so a noun can grow.
    """

    def __init__(self, noun: type[T]) -> None:
        """Derive the wire form from the noun's own annotations."""
        hints = get_type_hints(noun)
        self._noun = noun
        self._single = [name for name, hint in hints.items() if hint is Entry]
        self._several = [name for name, hint in hints.items() if hint == tuple[Entry, ...]]
        fields = [self._field(field, hints[field.name]) for field in dataclasses.fields(noun)]  # type: ignore[arg-type]  # nouns are dataclasses
        self._wire = msgspec.defstruct(noun.__name__, fields, kw_only=True)
        self._one = msgspec.json.Decoder(self._wire)
        self._kept = Kept[bytes, tuple[T, ...]](BODIES_KEPT)
        self._many = msgspec.json.Decoder(list[self._wire])  # type: ignore[name-defined]  # made at run time

    def _field(self, field: dataclasses.Field[Any], hint: Any) -> tuple[str, Any] | tuple[str, Any, Any]:
        kept = {*self._single, *self._several}
        wire = hint if field.name not in kept else WireEntry if hint is Entry else tuple[WireEntry, ...]
        return (
            (field.name, wire) if field.default is dataclasses.MISSING else (field.name, wire, field.default)
        )

    def _out(self, noun: T) -> dict[str, Any]:
        members = {name: getattr(noun, name) for name in self._wire.__struct_fields__}
        members |= {name: wire_entry(members[name]) for name in self._single}
        return members | {name: wire_entries(members[name]) for name in self._several}

    def _out_all(self, nouns: Sequence[T]) -> list[dict[str, Any]]:
        """As :meth:`_out`, of many: member by member, not noun by noun."""
        names = self._wire.__struct_fields__
        columns: dict[str, Sequence[Any]] = {name: [*map(attrgetter(name), nouns)] for name in names}
        columns |= {name: wire_entries(columns[name]) for name in self._single}
        columns |= {name: [*map(wire_entries, columns[name])] for name in self._several}
        return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def _in(self, wire: msgspec.Struct) -> T:
        members = {name: getattr(wire, name) for name in self._wire.__struct_fields__}
        members |= {name: entry_of_wire(members[name]) for name in self._single}
        return self._noun(
            **members | {name: tuple(map(entry_of_wire, members[name])) for name in self._several}
        )

    def to_json(self, noun: T) -> bytes:
        """One noun as JSON."""
        return msgspec.json.encode(self._out(noun))

    def from_json(self, data: bytes) -> T:
        """Back; raises msgspec's errors or ValueError."""
        return self._in(self._one.decode(data))

    def pack(self, noun: T) -> bytes:
        """One noun, compressed."""
        return zlib.compress(self.to_json(noun))

    def unpack(self, data: bytes) -> T:
        """Back."""
        with reading_bytes():
            return self.from_json(zlib.decompress(data))

    def pack_all(self, nouns: Sequence[T]) -> bytes:
        """Several nouns, compressed; the last ones are kept."""
        data = zlib.compress(msgspec.json.encode(self._out_all(nouns)), _OFTEN)
        self._kept.put(data, tuple(nouns))
        return data

    def unpack_all(self, data: bytes) -> tuple[T, ...]:
        """Back; the last ones are kept."""
        nouns = self._kept.get(data)
        if nouns is None:
            with reading_bytes():
                nouns = tuple(self._in(wire) for wire in self._many.decode(zlib.decompress(data)))
            self._kept.put(data, nouns)
        return nouns


PLAN = Codec(Plan)
HELD = Codec(HeldAnswer)
PRESENCE = Codec(Presence)
DRIFT = Codec(Drift)
FAILURE = Codec(Failure)
QUARANTINED = Codec(Quarantined)


def pack_failure(failure: Failure | None) -> bytes | None:
    """None for no failure."""
    return None if failure is None else FAILURE.pack(failure)


def unpack_failure(data: bytes | None) -> Failure | None:
    """Back."""
    return None if data is None else FAILURE.unpack(data)
