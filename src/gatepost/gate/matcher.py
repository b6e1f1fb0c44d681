"""Which entry lets this address or name in: bisection over disjoint segments, and a memo in front.

Deny on doubt: text that is not exactly one address or one host name finds
nothing. A matcher never changes; a new list is a new matcher, swapped in whole.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from gatepost.model.address import Family, Prefix, parse_v4, parse_v6
from gatepost.model.content import Content, Listed, State
from gatepost.model.entry import Domain

T = TypeVar("T")

MEMO_MAX = 65_536
"""Answers remembered; then the memo is emptied, so that a flood of addresses costs no memory."""
TEXT_MAX = 255
"""Characters of the longest text that is looked up at all."""

_MAPPED = 0xFFFF


class Matcher(Generic[T]):
    """An immutable table of prefixes and domains, each with what it stands for."""

    __slots__ = ("find",)

    find: Callable[[str], T | None]
    """``find(text)``: what the most specific value that covers an address or host name stands for.

    An IPv4-mapped address (a dual-stack socket's peer) is its IPv4 address.
    None where nothing covers it, and for any text that is in doubt.
    """

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
        bounds = None if within is None else [(prefix, None) for prefix in within]
        prefixes = [(value, what) for value, what in known if isinstance(value, Prefix)]
        tables = {family: _table(prefixes, bounds, family) for family in Family}
        names = _Names((value, what) for value, what in known if isinstance(value, Domain))
        self.find = _Memo(tables[Family.V4], tables[Family.V6], names, memo).__getitem__

    @classmethod
    def of_content(cls, content: Content) -> Matcher[Listed]:
        """What a list lets in: its listed entries, only where they are in force. Ports are the caller's."""
        in_force = [one for one in content.listed if one.state is not State.EXCLUDED]
        prefixes = [entry.value for entry in content.effective if isinstance(entry.value, Prefix)]
        return Matcher(((one.entry.value, one) for one in in_force), within=prefixes)


class _Table(Generic[T]):
    """Disjoint segments of one family: where each starts, and what it stands for."""

    __slots__ = ("meanings", "starts")

    def __init__(self, segments: Iterable[tuple[int, T | None]]) -> None:
        self.starts: list[int] = [-1]
        self.meanings: list[T | None] = [None]
        for start, meaning in segments:
            if self.starts[-1] == start:
                self.meanings[-1] = meaning
            elif self.meanings[-1] is not meaning:
                self.starts.append(start)
                self.meanings.append(meaning)

    def at(self, number: int) -> T | None:
        return self.meanings[bisect_right(self.starts, number) - 1]


class _Names(Generic[T]):
    """Exact names, and trees by the name above them."""

    __slots__ = ("exact", "trees")

    def __init__(self, items: Iterable[tuple[Domain, T]]) -> None:
        self.exact: dict[str, T] = {}
        self.trees: dict[str, T] = {}
        for domain, what in items:
            (self.trees if domain.tree else self.exact).setdefault(domain.name, what)

    def at(self, text: str) -> T | None:
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

    __slots__ = ("_most", "_names", "_v4", "_v6")

    def __init__(self, v4: _Table[T], v6: _Table[T], names: _Names[T], most: int) -> None:
        super().__init__()
        self._most = most
        self._v4, self._v6, self._names = v4, v6, names

    def __missing__(self, text: str) -> T | None:
        if len(text) > TEXT_MAX:
            return None
        if len(self) >= self._most:
            self.clear()
        try:
            answer = self._v6_at(text) if ":" in text else self._v4.at(parse_v4(text))
        except (OSError, ValueError):
            answer = self._names.at(text)
        self[text] = answer
        return answer

    def _v6_at(self, text: str) -> T | None:
        number = parse_v6(text)
        return self._v4.at(number & 0xFFFFFFFF) if number >> 32 == _MAPPED else self._v6.at(number)


def _table(
    items: list[tuple[Prefix, T]], bounds: list[tuple[Prefix, None]] | None, family: Family
) -> _Table[T]:
    table = _Table(_flatten((prefix, what) for prefix, what in items if prefix.family is family))
    return table if bounds is None else _bounded(table, [b for b, _ in bounds if b.family is family])


def _flatten(items: Iterable[tuple[Prefix, T]]) -> Iterable[tuple[int, T | None]]:
    """Segments of prefixes that may nest; the innermost has the word."""
    unique: dict[Prefix, T] = {}
    for prefix, what in items:
        unique.setdefault(prefix, what)
    around: list[tuple[int, T | None]] = []
    for prefix in sorted(unique, key=lambda p: (p.network, p.length)):
        while around and around[-1][0] < prefix.network:
            yield _left(around)
        yield prefix.network, unique[prefix]
        around.append((prefix.last, unique[prefix]))
    while around:
        yield _left(around)


def _left(around: list[tuple[int, T | None]]) -> tuple[int, T | None]:
    """The innermost prefix ends: from the next address on, the one around it has the word again."""
    last, _ = around.pop()
    return last + 1, around[-1][1] if around else None


def _bounded(table: _Table[T], bounds: list[Prefix]) -> _Table[T]:
    """Only what lies within the bounds."""
    segments: list[tuple[int, T | None]] = []
    for prefix in sorted(bounds, key=lambda p: (p.network, p.length)):
        segments.append((prefix.network, table.at(prefix.network)))
        inside = range(bisect_right(table.starts, prefix.network), bisect_right(table.starts, prefix.last))
        segments += [(table.starts[place], table.meanings[place]) for place in inside]
        segments.append((prefix.last + 1, None))
    return _Table(segments)
