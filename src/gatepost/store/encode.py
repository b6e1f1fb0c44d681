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
from typing import Any, Generic, TypeVar, cast, get_type_hints

import msgspec

from gatepost.errors import StoreCorrupt
from gatepost.model.address import Family, Prefix, parse_v4, parse_v6
from gatepost.model.answer import HeldAnswer, Presence
from gatepost.model.drift import Drift
from gatepost.model.entry import Domain, Entry, PortRange, Protocol, Quarantined
from gatepost.model.plan import Plan
from gatepost.model.record import Failure

T = TypeVar("T")

DOMAIN = 0xFF
"""Leads the place of a domain, as 4 and 6 lead those of prefixes."""

Detail = tuple[Protocol | None, tuple[PortRange, ...], bool | None, str | None]
WireEntry = str | tuple[str, Protocol | None, tuple[PortRange, ...], bool | None, str | None]

PLAIN: Detail = (None, (), None, None)

VALUES_KEPT = 1 << 17
"""Entries kept in memory by their text: a list hardly differs from cycle to cycle."""
BODIES_KEPT = 16
"""Whole answers kept in memory, for the same reason."""


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


@lru_cache(VALUES_KEPT)
def _plain_entry_at(where: bytes) -> Entry:
    return Entry(value_of(where))


# -- sets of entries


def wire_entry(entry: Entry) -> WireEntry:
    """An entry as it stands in JSON."""
    said = (entry.protocol, entry.ports, entry.necessary, entry.note)
    return str(entry.value) if said == PLAIN else (str(entry.value), *said)


def entry_of_wire(wire: WireEntry) -> Entry:
    """Back; the text is our own, so what does not parse is an error."""
    if isinstance(wire, str):
        return _plain_entry(wire)
    text, *said = wire
    return Entry(_value_of_text(text), *cast("Detail", said))


@lru_cache(VALUES_KEPT)
def _plain_entry(text: str) -> Entry:
    return Entry(_value_of_text(text))


def _value_of_text(text: str) -> Prefix | Domain:
    address, slash, length = text.partition("/")
    if not slash:
        return Domain(text.removeprefix("*."), text.startswith("*."))
    if ":" in address:
        return Prefix(Family.V6, parse_v6(address), int(length))
    return Prefix(Family.V4, parse_v4(address), int(length))


_ENTRIES = msgspec.json.Decoder(list[WireEntry])


def pack_entries(entries: Iterable[Entry]) -> tuple[bytes, bytes]:
    """Digest and compressed bytes of entries, notes included."""
    plain = msgspec.json.encode([wire_entry(entry) for entry in entries])
    return hashlib.sha256(plain).digest(), zlib.compress(plain)


@lru_cache(BODIES_KEPT)
def unpack_entries(data: bytes) -> tuple[Entry, ...]:
    """Back."""
    with reading_bytes():
        return tuple(map(entry_of_wire, _ENTRIES.decode(zlib.decompress(data))))


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
        self._kept: dict[bytes, tuple[T, ...]] = {}
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
        return members | {name: [*map(wire_entry, members[name])] for name in self._several}

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
        """Several nouns, compressed."""
        return zlib.compress(msgspec.json.encode([self._out(noun) for noun in nouns]))

    def unpack_all(self, data: bytes) -> tuple[T, ...]:
        """Back; the last ones unpacked are kept."""
        if data not in self._kept:
            with reading_bytes():
                nouns = tuple(self._in(wire) for wire in self._many.decode(zlib.decompress(data)))
            while len(self._kept) >= BODIES_KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[data] = nouns
        return self._kept[data]


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
