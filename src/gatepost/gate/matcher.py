"""Which entry lets this address or name in: what is listed word for word, else bisection over segments.

Deny on doubt: text that is not exactly one address or one host name finds
nothing. A matcher never changes; a new list is a new matcher, swapped in whole.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from gatepost.model.address import Family, Prefix, bytes_of_v4, bytes_of_v6, format_address
from gatepost.model.content import Content, Listed, State
from gatepost.model.entry import Domain

T = TypeVar("T")

MEMO_MAX = 65_536
"""Answers remembered; then the memo is emptied, so that a flood of addresses costs no memory."""
TEXT_MAX = 255
"""Characters of the longest text that is looked up at all."""

_MAPPED = bytes(10) + b"\xff\xff"
"""How IPv4-mapped addresses begin (RFC 4291, 2.5.5.2)."""


class Matcher(Generic[T]):
    """An immutable table of prefixes and domains, each with what it stands for."""

    __slots__ = ("find", "find_new")

    find: Callable[[str], T | None]
    """``find(text)``: what the most specific value that covers an address or host name stands for.

    An IPv4-mapped address (a dual-stack socket's peer) is its IPv4 address.
    None where nothing covers it, and for any text that is in doubt.
    """
    find_new: Callable[[str], T | None]
    """The same without the memo, for whoever remembers what it made of the answer."""

    def __init__(
        self,
        items: Iterable[tuple[Prefix | Domain, T]],
        *,
        within: Iterable[Prefix] | None = None,
        memo: int = MEMO_MAX,
    ) -> None:
        """``items``: value and what it stands for; of equal values the first counts.

        ``within``: where given, addresses outside of these prefixes find nothing.
        ``memo``: how many answers are remembered.
        """
        known = list(items)
        bounds = None if within is None else list(within)
        prefixes = [(value, what) for value, what in known if isinstance(value, Prefix)]
        v4, v6 = (_table(prefixes, bounds, family) for family in (Family.V4, Family.V6))
        names = _Names((value, what) for value, what in known if isinstance(value, Domain))
        find = _finder(_hosts(prefixes, v4) | names.exact, v4, v6, names)
        self.find_new, self.find = find, _Memo(find, memo).__getitem__

    @classmethod
    def of_content(cls, content: Content) -> Matcher[Listed]:
        """What a list lets in: its listed entries, only where they are in force. Ports are the caller's."""
        in_force = [one for one in content.listed if one.state is not State.EXCLUDED]
        prefixes = [entry.value for entry in content.effective if isinstance(entry.value, Prefix)]
        return Matcher(((one.entry.value, one) for one in in_force), within=prefixes)


def _finder(exact: dict[str, T], v4: _Table[T], v6: _Table[T], names: _Names[T]) -> Callable[[str], T | None]:
    """One function for all four; clients that come for the first time wait for it."""
    starts, meanings, listed, block_of = v4.starts, v4.meanings, exact.get, v4.blocks().get

    def find(text: str) -> T | None:
        found = listed(text)
        if found is not None:
            return found
        try:
            if ":" not in text:
                packed = bytes_of_v4(text)
                block = block_of(packed[:3])
                if block is None:
                    return meanings[bisect_right(starts, packed) - 1]
                return block[1][bisect_right(block[0], packed[3])]
            packed = bytes_of_v6(text)
        except (OSError, ValueError):
            return names.at(text)
        return v4.at(packed[12:]) if packed.startswith(_MAPPED) else v6.at(packed)

    return find


def _hosts(items: list[tuple[Prefix, T]], table: _Table[T]) -> dict[str, T]:
    """Single IPv4 addresses, which have one spelling only, and what they stand for."""
    networks = (value.network for value, _ in items if value.family is Family.V4 and value.size == 1)
    found = ((number, table.at(number.to_bytes(4, "big"))) for number in networks)
    return {format_address(Family.V4, number): what for number, what in found if what is not None}


class _Table(Generic[T]):
    """Disjoint segments of one family: where each starts, in network order, and what it stands for."""

    __slots__ = ("meanings", "starts")

    def __init__(self, segments: list[_Segment[T]], family: Family) -> None:
        within = [(start, meaning) for start, meaning in segments if not start >> family.bits]
        self.starts = [b"", *(start.to_bytes(family.bits // 8, "big") for start, _ in within)]
        self.meanings: list[T | None] = [None, *(meaning for _, meaning in within)]

    def at(self, packed: bytes) -> T | None:
        return self.meanings[bisect_right(self.starts, packed) - 1]

    def blocks(self) -> dict[bytes, tuple[bytes, tuple[T | None, ...]]]:
        """By the first octets: last octets at which a segment starts, and what stands before and from each.

        In a long list nearly every search ends here, in a few bytes that lie together, and not in a
        bisection all over the memory.
        """
        found: dict[bytes, tuple[bytearray, list[T | None]]] = {}
        for start, before, meaning in zip(self.starts[1:], self.meanings, self.meanings[1:], strict=False):
            lasts, stands = found.setdefault(start[:-1], (bytearray(), [before]))
            lasts.append(start[-1])
            stands.append(meaning)
        return {first: (bytes(lasts), tuple(stands)) for first, (lasts, stands) in found.items()}


class _Names(Generic[T]):
    """Exact names, and trees by the name above them."""

    __slots__ = ("exact", "trees")

    def __init__(self, items: Iterable[tuple[Domain, T]]) -> None:
        self.exact: dict[str, T] = {}
        self.trees: dict[str, T] = {}
        for domain, what in items:
            (self.trees if domain.tree else self.exact).setdefault(domain.name, what)

    def at(self, text: str) -> T | None:
        if len(text) > TEXT_MAX:
            return None
        name = text.lower()
        if name in self.exact:
            return self.exact[name]
        _, dot, above = name.partition(".")
        while dot:
            if above in self.trees:
                return self.trees[above]
            _, dot, above = above.partition(".")
        return None


class _Memo(dict[str, T | None]):
    """Answers by text: a known one costs one dictionary look-up, in C."""

    __slots__ = ("_find", "_most")

    def __init__(self, find: Callable[[str], T | None], most: int) -> None:
        super().__init__()
        self._find, self._most = find, most

    def __missing__(self, text: str) -> T | None:
        if len(text) > TEXT_MAX:
            return None
        if len(self) >= self._most:
            self.clear()
        answer = self[text] = self._find(text)
        return answer


_Segment = tuple[int, T | None]
"""The first address of a run, and what all addresses of the run stand for."""


def _table(items: list[tuple[Prefix, T]], bounds: list[Prefix] | None, family: Family) -> _Table[T]:
    segments = _merged(_flatten((prefix, what) for prefix, what in items if prefix.family is family))
    if bounds is not None:
        segments = _merged(_bounded(segments, [prefix for prefix in bounds if prefix.family is family]))
    return _Table(segments, family)


def _merged(segments: Iterable[_Segment[T]]) -> list[_Segment[T]]:
    """One for each start, the last; none that goes on with what was before it."""
    found: list[_Segment[T]] = []
    for start, meaning in segments:
        if found and found[-1][0] == start:
            found[-1] = start, meaning
        elif (found[-1][1] if found else None) is not meaning:
            found.append((start, meaning))
    return found


def _flatten(items: Iterable[tuple[Prefix, T]]) -> Iterable[_Segment[T]]:
    """Segments of prefixes that may nest; the innermost has the word."""
    unique: dict[Prefix, T] = {}
    for prefix, what in items:
        unique.setdefault(prefix, what)
    around: list[_Segment[T]] = []
    for prefix in sorted(unique, key=lambda p: (p.network, p.length)):
        while around and around[-1][0] < prefix.network:
            yield _left(around)
        yield prefix.network, unique[prefix]
        around.append((prefix.last, unique[prefix]))
    while around:
        yield _left(around)


def _left(around: list[_Segment[T]]) -> _Segment[T]:
    """The innermost prefix ends: from the next address on, the one around it has the word again."""
    last, _ = around.pop()
    return last + 1, around[-1][1] if around else None


def _bounded(segments: list[_Segment[T]], bounds: list[Prefix]) -> Iterable[_Segment[T]]:
    """Only what lies within the bounds."""
    starts, last = [start for start, _ in segments], -1
    for prefix in sorted(bounds, key=lambda p: (p.network, p.length)):
        if prefix.last <= last:
            continue  # within the one before it
        last = prefix.last
        begin = bisect_right(starts, prefix.network)
        yield prefix.network, segments[begin - 1][1] if begin else None
        yield from segments[begin : bisect_right(starts, last)]
        yield last + 1, None
