"""Merge prefixes into the fewest that hold exactly the same addresses; never one address more."""

from __future__ import annotations

from collections.abc import Iterable

from gatepost.model.address import Family, Prefix, Range
from gatepost.planning import span
from gatepost.planning.span import Span


def aggregate(prefixes: Iterable[Prefix]) -> list[Prefix]:
    """The minimal prefixes of the same address set, sorted by family and number."""
    return _from_spans(_to_spans(prefixes))


def aggregate_text(lines: Iterable[str]) -> list[str]:
    """Text to text, strict: canonical, minimal, sorted, the length always written.

    Raises ValueError at the first line that is not an address or a network
    (host bits set, leading zeros, white space, an empty line).
    """
    raise NotImplementedError


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
    return sum(map(span.size, _to_spans(prefixes).values()))


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
