"""What nftables answers over netlink: its generation, sets, elements, and who changed what.

Anything that does not read as expected raises ValueError (of an element) or
NetlinkFailed (of the frame around it); nothing is ever taken for absent
because it could not be read.

Reference: linux/netfilter/nf_tables.h; libnftnl's udata.h for the user data.
"""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from sys import byteorder

from gatepost.errors import cut
from gatepost.kit.netlink_messages import SUBSYSTEM_BITS, Answer, attribute, attributes, unreadable
from gatepost.kit.nftables_messages import INET, Bounds, Kind, SetFlag, SetName

_ELEMENTS = 3
_END = 1
"""The only flag of an element that we read."""
_DORMANT = 1
"""``NFT_TABLE_F_DORMANT``."""
_MERGES = 2
"""Kind of a set's user data by which ``nft`` knows ``auto-merge``."""


@dataclass(frozen=True, slots=True)
class Generation:
    """A change of the ruleset: how many there were, and who made the last."""

    number: int
    process: int
    """Its id, or its thread's, as the machine's first process namespace counts; 0: not told."""
    program: str
    """Its name, of at most 15 characters, fit to show."""


@dataclass(frozen=True, slots=True)
class SetFound:
    """A set or map that is there."""

    name: str
    flags: SetFlag
    key_number: int
    key_length: int
    counters: bool
    merges: bool
    """Whether ``nft`` merges what touches (``auto-merge``), which makes its later deletions fail."""
    size: int = 0
    """Elements at most, ranges where it holds ranges; 0: no limit."""


@dataclass(frozen=True, slots=True)
class TableFound:
    """A table that is there."""

    objects: int
    """How many chains, sets, maps and others are in it."""
    dormant: bool
    """Whether none of its chains is asked about any packet."""


@dataclass(frozen=True, slots=True)
class Marked:
    """An element of a set of marks."""

    mark: int
    comment: str
    """Foreign text, unless it reads as ours."""


@dataclass(frozen=True, slots=True)
class RuleFound:
    """A rule that refers to named sets."""

    chain: str
    handle: int
    sets: frozenset[str]


@dataclass(frozen=True, slots=True)
class Transaction:
    """One change of the ruleset as it was told to those who watch."""

    generation: Generation
    port: int
    """Of the socket that made it."""
    sets: frozenset[SetName]
    """Whose elements, or which themselves, came or went; of tables of family ``inet``."""


def generation(body: bytes) -> Generation:
    """From the answer to ``get_generation``, or a notice."""
    found = dict(attributes(body))
    return Generation(_number(_required(found, 1)), _number(found.get(2, b"")), _text(found.get(3, b"")))


def table_found(body: bytes) -> TableFound:
    """One table."""
    found = dict(attributes(body))
    return TableFound(_number(_required(found, 3)), bool(_number(found.get(2, b"")) & _DORMANT))


def set_found(body: bytes) -> SetFound:
    """One set."""
    found = dict(attributes(body))
    user = dict(_user_data(found.get(13, b"")))
    return SetFound(
        name=_text(_required(found, 2)),
        flags=SetFlag(_number(found.get(3, b""))),
        key_number=_number(found.get(4, b"")),
        key_length=_number(found.get(5, b"")),
        counters=_counts(found),
        merges=any(user.get(_MERGES, b"")),
        size=_number(dict(attributes(found.get(9, b""))).get(1, b"")),
    )


def ranges(bodies: Sequence[bytes], width: int) -> tuple[list[Bounds], dict[Bounds, int]]:
    """All ranges of an interval set, sorted, and the packets of those that count them.

    Keys have ``width`` bytes. A start ends the range before it too, as it does
    for the kernel. Raises ValueError for any other element.
    """
    found = _Bounds(width)
    for listed in _lists(bodies):
        if not found.take_plain(listed):
            found.take(listed)
    return found.ranges()


def marks(bodies: Sequence[bytes]) -> list[Marked]:
    """All elements of a set of marks. Raises ValueError for any other element."""
    return [
        _marked(dict(attributes(element))) for listed in _lists(bodies) for _, element in attributes(listed)
    ]


def rule_found(body: bytes) -> RuleFound:
    """One rule, by the sets that its lookups and updates name."""
    found = dict(attributes(body))
    expressions = [dict(attributes(each)) for _, each in attributes(found.get(4, b""))]
    named = [_set_named(each) for each in expressions]
    return RuleFound(
        _text(_required(found, 2)), _number(_required(found, 3)), frozenset(name for name in named if name)
    )


class Following:
    """Puts notices of group ``GROUP`` together to transactions."""

    def __init__(self) -> None:
        self._sets: set[SetName] = set()

    def take(self, answer: Answer) -> Transaction | None:
        """One notice; a transaction where it was the last of one."""
        kind = answer.kind - SUBSYSTEM_BITS
        if kind == Kind.NEW_GENERATION:
            made = Transaction(generation(answer.body), answer.port, frozenset(self._sets))
            self._sets.clear()
            return made
        if answer.payload[:1] == bytes((INET,)) and kind in _NAMING:
            found = dict(attributes(answer.body))
            self._sets.add(SetName(_text(_required(found, 1)), _text(found.get(2, b""))))
        return None


_NAMING = frozenset({Kind.NEW_SET, Kind.DEL_SET, Kind.NEW_ELEMENT, Kind.DEL_ELEMENT})


def _lists(bodies: Sequence[bytes]) -> Iterator[bytes]:
    return (listed for body in bodies for kind, listed in attributes(body) if kind == _ELEMENTS)


class _Bounds:
    """Starts and ends of ranges, in any order until the end."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._packets: dict[int, int] = {}

    def take_plain(self, listed: bytes) -> bool:
        """Elements without counters or anything else, thousands at once; False where any is not."""
        found = _PLAIN[self._width].findall(listed)
        starts = [key for key, _ in found if key]
        ends = [key for _, key in found if key]
        if len(starts) * (12 + self._width) + len(ends) * (20 + self._width) != len(listed):
            return False
        self._starts += map(_number, starts)
        self._ends += map(_number, ends)
        return True

    def take(self, listed: bytes) -> None:
        """Elements of any form, one by one."""
        for _, element in attributes(listed):
            found = dict(attributes(element))
            flags, key = _number(found.get(3, b"")), _value(found)
            if len(key) != self._width or flags & ~_END:
                msg = "no bound of a range"
                raise ValueError(msg)
            (self._ends if flags else self._starts).append(_number(key))
            if (packets := _packets(found)) is not None and not flags:
                self._packets[_number(key)] = packets

    def ranges(self) -> tuple[list[Bounds], dict[Bounds, int]]:
        """In order."""
        self._starts.sort()
        self._ends.sort()
        top = 1 << 8 * self._width
        limits = [*self._starts[1:], top][: len(self._starts)]
        if self._ends[:1] == [0]:
            del self._ends[0]
        made = self._paired(limits) if len(self._ends) == len(self._starts) else None
        made = made or [
            (first, self._end(first, limit) - 1) for first, limit in zip(self._starts, limits, strict=True)
        ]
        return made, {each: self._packets[each[0]] for each in made if each[0] in self._packets}

    def _paired(self, limits: list[int]) -> list[Bounds] | None:
        """The plain case: each start has its end before the next start."""
        triples = zip(self._starts, self._ends, limits, strict=True)
        if all(first < end <= limit for first, end, limit in triples):
            return [(first, end - 1) for first, end in zip(self._starts, self._ends, strict=True)]
        return None

    def _end(self, first: int, limit: int) -> int:
        """The first end after a start, or the next start."""
        at = bisect_right(self._ends, first)
        return min(self._ends[at], limit) if at < len(self._ends) else limit


def _plain(width: int) -> re.Pattern[bytes]:
    """A start or an end as the kernel lists them.

    One pattern, so that each match begins where the last ended and none begins inside an address.
    """
    key = re.escape(struct.pack("=HHHH", 8 + width, 1, 4 + width, 1)) + b"(.{%d})" % width
    start, end = (re.escape(struct.pack("=HH", size + width, 1)) + key for size in (12, 20))
    return re.compile(start + b"|" + end + re.escape(attribute(3, b"\0\0\0\1")), re.DOTALL)


_PLAIN = {width: _plain(width) for width in (4, 16)}


def _marked(found: dict[int, bytes]) -> Marked:
    key = _value(found)
    if len(key) != 4 or 3 in found:  # noqa: PLR2004 - bytes of a mark; NFTA_SET_ELEM_FLAGS
        msg = "no mark"
        raise ValueError(msg)
    return Marked(int.from_bytes(key, byteorder), _text(dict(_user_data(found.get(6, b""))).get(0, b"")))


def _value(found: dict[int, bytes]) -> bytes:
    """The key of an element; none where it has none."""
    return dict(attributes(found.get(1, b""))).get(1, b"")


def _packets(found: dict[int, bytes]) -> int | None:
    """Of the first counter, where there is one."""
    for expression in _expressions(found.get(7), found.get(11)):
        parts = dict(attributes(expression))
        if parts.get(1) == b"counter\0":
            return _number(dict(attributes(parts.get(2, b""))).get(2, b""))
    return None


def _counts(found: dict[int, bytes]) -> bool:
    every = _expressions(found.get(17), found.get(18))
    return any(dict(attributes(each)).get(1) == b"counter\0" for each in every)


def _expressions(single: bytes | None, several: bytes | None) -> list[bytes]:
    if single is not None:
        return [single]
    return [each for _, each in attributes(several or b"")]


def _set_named(expression: dict[int, bytes]) -> str:
    """Lookups and dynamic updates have the set's name in their first attribute."""
    if expression.get(1) not in {b"lookup\0", b"dynset\0"}:
        return ""
    return _text(dict(attributes(expression.get(2, b""))).get(1, b""))


def _user_data(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and value of each; what is cut ends it."""
    at = 0
    while at + 2 <= len(data):
        kind, length = data[at], data[at + 1]
        yield kind, data[at + 2 : at + 2 + length]
        at += 2 + length


def _required(found: Mapping[int, bytes], kind: int) -> bytes:
    """Raises NetlinkFailed (EBADMSG) where an attribute is missing that the kernel always sends."""
    if kind not in found:
        raise unreadable()
    return found[kind]


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _text(data: bytes) -> str:
    return cut(data.rstrip(b"\0").decode("utf-8", "replace"))
