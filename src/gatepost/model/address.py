"""Addresses as integers: the only place where address text is read or written.

``socket`` is used for ``inet_pton`` and ``inet_ntop`` alone: both are pure
functions, strict (no octal, no short forms, no scope id) and sixteen times
cheaper than building ``ipaddress`` objects.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from struct import iter_unpack
from sys import byteorder

PACKED_SHIFT = 32
"""A packed network is one integer that sorts like it: network, then 32 bits with its length."""

_PACKED_LENGTHS_V4 = {str(length): length.to_bytes(4, "big") for length in range(33)}
_PACKED_LENGTHS_V6 = {str(length): length.to_bytes(4, "big") for length in range(129)}
_OCTETS = [str(octet) for octet in range(256)]
_LENGTHS = [f"/{length}" for length in range(129)]


class Family(IntEnum):
    """Address family; the value is the IP version."""

    V4 = 4
    V6 = 6

    @property
    def bits(self) -> int:
        """Length of an address in bits: 32 or 128."""
        return 32 if self is Family.V4 else 128


HOST_MASKS = {
    family: [(1 << family.bits - length) - 1 for length in range(family.bits + 1)] for family in Family
}
"""By family and length: the bits in which the addresses of a network differ."""


bytes_of_v4 = partial(inet_pton, AF_INET)
"""The four bytes of a dotted quad, which sort as addresses do; OSError or ValueError for anything else."""
bytes_of_v6 = partial(inet_pton, AF_INET6)
"""The sixteen bytes of an IPv6 address, which sort as addresses do; OSError or ValueError likewise."""


def parse_v4(text: str) -> int:
    """Integer of a dotted quad; raises OSError or ValueError for anything else."""
    return int.from_bytes(bytes_of_v4(text), "big")


def parse_v6(text: str) -> int:
    """Integer of an IPv6 address; raises OSError or ValueError for anything else."""
    return int.from_bytes(bytes_of_v6(text), "big")


def format_address(family: Family, number: int) -> str:
    """Canonical text of an address, made from its integer alone."""
    if family is Family.V4:
        return inet_ntop(AF_INET, number.to_bytes(4, "big"))
    return inet_ntop(AF_INET6, number.to_bytes(16, "big"))


@dataclass(frozen=True, slots=True, order=True)
class Prefix:
    """A network in canonical form; a host has length 32 or 128.

    Raises ValueError where host bits are set or the length is out of range.
    """

    family: Family
    network: int
    length: int

    def __post_init__(self) -> None:
        """Refuse what is not a network."""
        host_bits = self.family.bits - self.length
        if not 0 <= self.length <= self.family.bits or not 0 <= self.network < 1 << self.family.bits:
            msg = f"no such IPv{self.family} network: {self.network}/{self.length}"
            raise ValueError(msg)
        if self.network & ((1 << host_bits) - 1):
            msg = f"host bits set in {format_address(self.family, self.network)}/{self.length}"
            raise ValueError(msg)

    @property
    def last(self) -> int:
        """Integer of the highest address."""
        return self.network | HOST_MASKS[self.family][self.length]

    @property
    def size(self) -> int:
        """Number of addresses."""
        return 1 << (self.family.bits - self.length)

    def __str__(self) -> str:
        """Canonical text with the length always written: ``203.0.113.7/32``."""
        return f"{format_address(self.family, self.network)}/{self.length}"


@dataclass(frozen=True, slots=True, order=True)
class Range:
    """Addresses from ``first`` to ``last``, both included."""

    family: Family
    first: int
    last: int


def parse_lines(lines: Iterable[str]) -> tuple[list[int], list[int]]:
    """IPv4 and IPv6 addresses and networks, one a line, as packed integers; for lists of 100,000.

    Strict as the single parsers are, but for host bits: look for those yourself.
    Raises OSError, ValueError or KeyError (a length that is no plain number in range).
    """
    v4: list[bytes] = []
    v6: list[int] = []
    host_v4, host_v6 = _PACKED_LENGTHS_V4["32"], _PACKED_LENGTHS_V6["128"]
    for line in lines:
        if "/" in line:
            address, _, length = line.partition("/")
            if ":" in address:
                v6.append(int.from_bytes(inet_pton(AF_INET6, address) + _PACKED_LENGTHS_V6[length], "big"))
            else:
                v4.append(inet_pton(AF_INET, address) + _PACKED_LENGTHS_V4[length])
        elif ":" in line:
            v6.append(int.from_bytes(inet_pton(AF_INET6, line) + host_v6, "big"))
        else:
            v4.append(inet_pton(AF_INET, line) + host_v4)
    return _swapped(array("Q", b"".join(v4))).tolist(), v6


def _swapped(numbers: array[int]) -> array[int]:
    """Between this machine's byte order and the network's, all numbers at once."""
    if byteorder == "little":
        numbers.byteswap()
    return numbers


def format_packed(family: Family, packed: Iterable[int]) -> list[str]:
    """Canonical text of packed networks, made from the integers alone."""
    if family is Family.V6:
        return [inet_ntop(AF_INET6, (key >> 32).to_bytes(16, "big")) + _LENGTHS[key & 255] for key in packed]
    octets, lengths = _OCTETS, _LENGTHS
    return [
        f"{octets[a]}.{octets[b]}.{octets[c]}.{octets[d]}{lengths[length]}"
        for a, b, c, d, length in iter_unpack("4B3xB", _swapped(array("Q", packed)))
    ]
