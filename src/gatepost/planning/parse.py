"""Address text to prefixes: a pattern first, then integers; what is odd is named, never repaired.

``ipaddress`` alone is not enough: it accepts a scope id with a second line in
it, and ``010.8.8.8`` means 8.8.8.8 to one firewall and 10.8.8.8 to another.
"""

from __future__ import annotations

import re

from gatepost.model.address import Family, Prefix, Range, parse_v4, parse_v6
from gatepost.planning.aggregate import to_prefixes
from gatepost.planning.odd import Odd, Oddity

TEXT_MAX = 96
"""Characters of the longest text that can be an address, a network or a range, with room to spare."""

_V4 = re.compile(r"[0-9.]+", re.ASCII)
_V6 = re.compile(r"[0-9a-fA-F:.]+", re.ASCII)
_LENGTH = re.compile(r"0|[1-9][0-9]?[0-9]?", re.ASCII)
_LEADING_ZERO = re.compile(r"(^|\.)0[0-9]", re.ASCII)
_WILDCARD = re.compile(r"((?:[0-9]{1,3}\.){3})\*", re.ASCII)

_MAPPED = 0xFFFF << 32
"""::ffff:0:0, RFC 4291 §2.5.5.2."""


def parse_prefix(text: str, *, mask: bool = False) -> Prefix:
    """An address (length 32 or 128) or a network; ``mask`` clears host bits instead of refusing them.

    A single IPv4-mapped address is that IPv4 address. Raises Odd.
    """
    address, slash, length_text = _trimmed(text).partition("/")
    family, number = _parse_address(address)
    length = _parse_length(length_text, family) if slash else family.bits
    if family is Family.V6 and length == family.bits and number >> 32 == _MAPPED >> 32:
        family, number, length = Family.V4, number ^ _MAPPED, 32
    host_bits = number & ((1 << (family.bits - length)) - 1)
    if host_bits and not mask:
        raise Odd(Oddity.HOST_BITS)
    return Prefix(family, number ^ host_bits, length)


def parse_wildcard(text: str) -> Prefix | None:
    """``a.b.c.*`` as the /24 it means; None where the text has not that shape.

    Raises Odd.
    """
    found = _WILDCARD.fullmatch(_trimmed(text))
    return parse_prefix(found[1] + "0/24") if found else None


def parse_range(text: str) -> list[Prefix] | None:
    """``a-b`` as the prefixes that hold exactly these addresses; None where the text has not that shape.

    Raises Odd.
    """
    low, dash, high = _trimmed(text).partition("-")
    if not dash or not (_V6.fullmatch(low) and _V6.fullmatch(high)):
        return None
    first, last = parse_prefix(low), parse_prefix(high)
    if first.family is not last.family or first.network > last.network:
        raise Odd(Oddity.RANGE)
    return to_prefixes(Range(first.family, first.network, last.network))


def _trimmed(text: str) -> str:
    """Without blanks at both ends; nothing inside is ever stripped."""
    if len(text) > TEXT_MAX:
        raise Odd(Oddity.TOO_LONG)
    return text.strip(" ")


def _parse_address(text: str) -> tuple[Family, int]:
    try:
        if _V4.fullmatch(text):
            _check_leading_zeros(text)
            return Family.V4, parse_v4(text)
        if _V6.fullmatch(text):
            _check_leading_zeros(text.rpartition(":")[2] if "." in text else "")
            return Family.V6, parse_v6(text)
    except OSError:
        pass
    raise Odd(Oddity.NOT_AN_ADDRESS)


def _check_leading_zeros(quad: str) -> None:
    if _LEADING_ZERO.search(quad):
        raise Odd(Oddity.LEADING_ZERO)


def _parse_length(text: str, family: Family) -> int:
    if not _LENGTH.fullmatch(text) or int(text) > family.bits:
        raise Odd(Oddity.BAD_LENGTH)
    return int(text)
