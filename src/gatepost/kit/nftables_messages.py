"""What nftables understands over netlink: tables, sets and their elements, as numbers and bytes.

Written so that ``nft`` lists what we made just as if it had made it. An interval
set holds bounds, not ranges: each range is an element for its first address and
one, flagged as an end, for the address after its last. A range that reaches the
last address of the family has no end; ``nft`` notes that in the element's user
data. It also puts an end at address zero before the first range of a set that
was empty, and so do we.

Only names that the caller has checked, digests and integers enter.

Reference: linux/netfilter/nf_tables.h; libnftnl's udata.h for the user data.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from sys import byteorder

from gatepost.kit.netlink_messages import (
    ATTRIBUTE_MAX,
    CREATE,
    EXCLUSIVE,
    NESTED,
    PLAIN,
    SUBSYSTEM_BITS,
    Message,
    attribute,
    nested,
)

INET = 1
"""``NFPROTO_INET``: tables that see both families."""
GROUP = 7
"""``NFNLGRP_NFTABLES``: every change, told to those who joined."""


class Kind(IntEnum):
    """``NFT_MSG_…`` in nftables' own subsystem."""

    NEW_TABLE, GET_TABLE, DEL_TABLE = 0, 1, 2
    GET_RULE = 7
    NEW_SET, GET_SET, DEL_SET = 9, 10, 11
    NEW_ELEMENT, GET_ELEMENT, DEL_ELEMENT = 12, 13, 14
    NEW_GENERATION, GET_GENERATION = 15, 16

    @property
    def code(self) -> int:
        """As in a message's header."""
        return SUBSYSTEM_BITS | self


class SetFlag(IntFlag):
    """``NFT_SET_…``, those that matter here."""

    INTERVAL = 0x4
    MAP = 0x8
    OBJECT = 0x40
    EXPRESSION = 0x100
    """Elements carry something that is made with them, such as a counter."""


@dataclass(frozen=True, slots=True)
class KeyType:
    """What a set's elements are."""

    number: int
    """``nft``'s own, which it shows the set by; the kernel only keeps it."""
    length: int
    """Bytes."""
    host_order: bool = False


MARK = KeyType(19, 4, host_order=True)
IPV4 = KeyType(7, 4)
IPV6 = KeyType(8, 16)


@dataclass(frozen=True, slots=True)
class SetForm:
    """A set to make."""

    name: str
    key: KeyType
    interval: bool = False
    """Whether it holds ranges."""
    size: int = 0
    """Elements at most; 0: no limit."""
    counters: bool = False
    """Whether each element counts its packets and bytes."""


@dataclass(frozen=True, slots=True)
class SetName:
    """A set of a table of family ``inet``."""

    table: str
    name: str

    def attributes(self) -> bytes:
        """As messages on elements name it."""
        return _name(1, self.table) + _name(2, self.name)


Bounds = tuple[int, int]
"""First and last address of a range, both included."""

_TABLE_FLAGS = attribute(2, bytes(4))
_COUNTER = nested(17, attribute(1, b"counter\0"), nested(2))
_OPEN = attribute(6, b"\x01\x04\x01\x00\x00\x00")
"""User data by which ``nft`` knows a range without an end."""
_ORDER_HOST, _ORDER_NETWORK = b"\x00\x04\x01\x00\x00\x00", b"\x00\x04\x02\x00\x00\x00"
_END = attribute(3, b"\0\0\0\1")
"""Flags of an element that ends a range."""
_ELEMENTS = 3
_NESTED_ONE = NESTED | 1
_LIST_MAX = ATTRIBUTE_MAX - 4


def get_generation() -> Message:
    """The number of the ruleset's last change: microseconds."""
    return Message(Kind.GET_GENERATION.code)


def get_table(table: str) -> Message:
    """One table."""
    return _inet(Kind.GET_TABLE, _name(1, table))


def get_sets(table: str) -> Message:
    """Every set and map of a table."""
    return _inet(Kind.GET_SET, _name(1, table))


def get_rules(table: str) -> Message:
    """Every rule of a table."""
    return _inet(Kind.GET_RULE, _name(1, table))


def get_elements(place: SetName) -> Message:
    """Every element of a set."""
    return _inet(Kind.GET_ELEMENT, place.attributes())


def new_table(table: str) -> Message:
    """Refused where it is there."""
    return _inet(Kind.NEW_TABLE, _name(1, table) + _TABLE_FLAGS, CREATE | EXCLUSIVE)


def delete_table(table: str) -> Message:
    """Refused where anything is in it."""
    return _inet(Kind.DEL_TABLE, _name(1, table), PLAIN)


def new_set(table: str, form: SetForm, number: int, *, exclusive: bool = False) -> Message:
    """``number``: another for each set of one batch. ``exclusive``: refused where it is there."""
    parts = [
        SetName(table, form.name).attributes(),
        _number(3, SetFlag.INTERVAL if form.interval else 0),
        _number(4, form.key.number),
        _number(5, form.key.length),
        _number(10, number),
    ]
    if form.size:
        parts.append(nested(9, _number(1, form.size)))
    parts.append(attribute(13, _ORDER_HOST if form.key.host_order else _ORDER_NETWORK))
    if form.counters:
        parts.append(_COUNTER)
    return _inet(Kind.NEW_SET, b"".join(parts), CREATE | (EXCLUSIVE if exclusive else 0))


def delete_set(place: SetName) -> Message:
    """Refused where a rule refers to it."""
    return _inet(Kind.DEL_SET, place.attributes())


def flush_set(place: SetName) -> Message:
    """Delete all elements."""
    return _inet(Kind.DEL_ELEMENT, place.attributes())


def new_mark(place: SetName, mark: int, comment: str = "") -> Message:
    """An element of a set of marks, refused where it is there; ``comment``: ASCII, at most 254 characters."""
    noted = comment.encode("ascii") + b"\0"
    user = attribute(6, bytes((0, len(noted))) + noted) if comment else b""
    return _elements(Kind.NEW_ELEMENT, place, nested(1, _key(_mark(mark)), user), CREATE | EXCLUSIVE)


def delete_mark(place: SetName, mark: int) -> Message:
    """An element of a set of marks, refused where it is not there."""
    return _elements(Kind.DEL_ELEMENT, place, nested(1, _key(_mark(mark))))


def new_ranges(
    place: SetName, key: KeyType, ranges: Sequence[Bounds], *, empty: bool = False
) -> Iterator[Message]:
    """Ranges, sorted, that overlap none that are there; ``empty``: the set holds nothing yet."""
    if empty and ranges and ranges[0][0]:
        yield _elements(Kind.NEW_ELEMENT, place, nested(1, _END, _key(bytes(key.length))), CREATE)
    for listed in _lists(key, ranges):
        yield _elements(Kind.NEW_ELEMENT, place, listed, CREATE)


def delete_ranges(place: SetName, key: KeyType, ranges: Sequence[Bounds]) -> Iterator[Message]:
    """Ranges just as they are there, sorted; refused where one is not."""
    for listed in _lists(key, ranges):
        yield _elements(Kind.DEL_ELEMENT, place, listed)


def range_size(key: KeyType) -> int:
    """Bytes that one range takes in a message."""
    return 2 * (12 + key.length) + 8


def _inet(kind: Kind, body: bytes, flags: int = 0) -> Message:
    return Message(kind.code, body, flags, INET)


def _elements(kind: Kind, place: SetName, elements: bytes, flags: int = 0) -> Message:
    return _inet(kind, place.attributes() + nested(_ELEMENTS, elements), flags)


def _name(kind: int, name: str) -> bytes:
    return attribute(kind, name.encode("ascii") + b"\0")


def _number(kind: int, number: int) -> bytes:
    return attribute(kind, number.to_bytes(4, "big"))


def _mark(mark: int) -> bytes:
    return mark.to_bytes(4, byteorder)


def _key(value: bytes) -> bytes:
    return nested(1, attribute(1, value))


def _pieces(width: int) -> tuple[bytes, bytes]:
    """What stands before a range's first address, and between it and its end."""
    before = struct.pack("=HHHHHH", 12 + width, _NESTED_ONE, 8 + width, _NESTED_ONE, 4 + width, 1)
    flagged = struct.pack("=HH", 20 + width, _NESTED_ONE) + _END
    return before, flagged + struct.pack("=HHHH", 8 + width, _NESTED_ONE, 4 + width, 1)


def _packed(key: KeyType, ranges: Sequence[Bounds]) -> bytes:
    """Ranges with their ends: addresses are laid into repeated pieces, a byte of all ranges at a time."""
    width, (before, between) = key.length, _pieces(key.length)
    size = range_size(key)
    made = bytearray((before + bytes(width) + between + bytes(width)) * len(ranges))
    firsts = b"".join([first.to_bytes(width, "big") for first, _ in ranges])
    ends = b"".join([(last + 1).to_bytes(width, "big") for _, last in ranges])
    for at, numbers in ((len(before), firsts), (size - width, ends)):
        for byte in range(width):
            made[at + byte :: size] = numbers[byte::width]
    return bytes(made)


def _lists(key: KeyType, ranges: Sequence[Bounds]) -> Iterator[bytes]:
    """Elements, as many at a time as one attribute can hold; no range is divided."""
    top = (1 << 8 * key.length) - 1
    closed = ranges[:-1] if ranges and ranges[-1][1] == top else ranges
    packed = _packed(key, closed)
    step = _LIST_MAX // range_size(key) * range_size(key)
    for start in range(0, len(packed), step):
        yield packed[start : start + step]
    for first, _ in ranges[len(closed) :]:
        yield nested(1, _key(first.to_bytes(key.length, "big")), _OPEN)
