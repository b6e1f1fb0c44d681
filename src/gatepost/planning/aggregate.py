"""Merge prefixes into the fewest that hold exactly the same addresses; never one address more."""

from __future__ import annotations

from collections.abc import Iterable

from gatepost.model.address import PACKED_SHIFT, Family, Prefix, Range, format_packed, parse_lines
from gatepost.planning import span
from gatepost.planning.span import Span

LENGTH_MASK = 255
"""Of a packed network: the bits with its length."""


def aggregate(prefixes: Iterable[Prefix]) -> list[Prefix]:
    """The minimal prefixes of the same address set, sorted by family and number."""
    return [
        Prefix(family, key >> PACKED_SHIFT, key & LENGTH_MASK)
        for family, keys in _merged(prefixes).items()
        for key in keys
    ]


def aggregate_text(lines: Iterable[str]) -> list[str]:
    """Text to text, strict: canonical, minimal, sorted, the length always written.

    Raises ValueError at the first line that is not an address or a network
    (host bits set, leading zeros, white space, an empty line).
    """
    try:
        v4, v6 = parse_lines(lines)
    except (OSError, KeyError, ValueError):
        msg = "a line is not an address or a network"
        raise ValueError(msg) from None
    merged_v4, merged_v6 = aggregate_packed(v4, 32), aggregate_packed(v6, 128)
    return format_packed(Family.V4, merged_v4) + format_packed(Family.V6, merged_v6)


def aggregate_packed(packed: list[int], bits: int) -> list[int]:
    """Packed networks of one family to the fewest; sorts ``packed`` in place.

    Networks nest or are disjoint, so in sorted order one that does not lie
    beyond the end of the run before it is inside it. Most runs are one network
    and go out as they came in. Raises ValueError where host bits are set.
    """
    packed.sort()
    ends = _ends(bits)
    merged: list[int] = []
    first = single = 0
    last = -1 - (1 << PACKED_SHIFT)
    for key in packed:
        length = key & LENGTH_MASK
        end = ends[length]
        if key & end != length:
            msg = "a network has host bits set"
            raise ValueError(msg)
        if key > last + LENGTH_MASK + 1:
            if single:
                merged.append(single)
            else:
                merged += _run(first, last, bits)
            first = single = key
            last = key | end
        elif key > last:
            single = 0
            last = key | end
    return merged + ([single] if single else _run(first, last, bits))


def _ends(bits: int) -> list[int]:
    """By length: the bits that a network's last address has set, and all below."""
    return [(1 << (bits - length + PACKED_SHIFT)) - 1 for length in range(bits + 1)]


def _run(first: int, last: int, bits: int) -> list[int]:
    """A run of several networks, given by packed first and last, cut into blocks anew."""
    if last < 0:
        return []
    pairs = span.blocks(first >> PACKED_SHIFT, last >> PACKED_SHIFT, bits)
    return [network << PACKED_SHIFT | length for network, length in pairs]


def to_ranges(prefixes: Iterable[Prefix]) -> list[Range]:
    """The same addresses as sorted ranges that neither overlap nor touch."""
    spans = _to_spans(prefixes)
    return [Range(family, first, last) for family in Family for first, last in span.merge(spans[family])]


def to_prefixes(addresses: Range) -> list[Prefix]:
    """The fewest prefixes that hold exactly this range."""
    family = addresses.family
    pairs = span.blocks(addresses.first, addresses.last, family.bits)
    return [Prefix(family, network, length) for network, length in pairs]


def subtract(prefixes: Iterable[Prefix], holes: Iterable[Prefix]) -> list[Prefix]:
    """The minimal prefixes of the addresses that are in ``prefixes`` and not in ``holes``."""
    kept, gone = _to_spans(prefixes), _to_spans(holes)
    return _from_spans({family: span.cut(kept[family], gone[family]) for family in Family})


def count(prefixes: Iterable[Prefix]) -> int:
    """Number of addresses, each counted once, both families together."""
    return sum(
        1 << family.bits - (key & LENGTH_MASK) for family, keys in _merged(prefixes).items() for key in keys
    )


def _merged(prefixes: Iterable[Prefix]) -> dict[Family, list[int]]:
    packed: dict[Family, list[int]] = {family: [] for family in Family}
    for prefix in prefixes:
        packed[prefix.family].append(prefix.network << PACKED_SHIFT | prefix.length)
    return {family: aggregate_packed(keys, family.bits) for family, keys in packed.items()}


def _to_spans(prefixes: Iterable[Prefix]) -> dict[Family, list[Span]]:
    spans: dict[Family, list[Span]] = {family: [] for family in Family}
    for prefix in prefixes:
        spans[prefix.family].append((prefix.network, prefix.last))
    return spans


def _from_spans(spans: dict[Family, list[Span]]) -> list[Prefix]:
    return [
        prefix
        for family in Family
        for first, last in span.merge(spans[family])
        for prefix in to_prefixes(Range(family, first, last))
    ]
