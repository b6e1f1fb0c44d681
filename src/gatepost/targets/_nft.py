"""What the nftables target and its two ways to the kernel have in common.

A :class:`Kernel` gathers facts and carries out changes; whether what is there
is ours, and what shall be there, the target alone decides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Protocol

from gatepost.errors import TargetRejected, cut
from gatepost.model.address import Family, Range
from gatepost.model.entry import Entry
from gatepost.model.plain import plain
from gatepost.model.plan import Current
from gatepost.planning.digest import digest_entries
from gatepost.planning.span import blocks, merge

OWNER = "gatepost_owner"
"""Set of type ``mark`` without elements: the sign that a table is ours."""
ADDRESS_TYPE = {Family.V4: "ipv4_addr", Family.V6: "ipv6_addr"}
GENERATION_LAST = 0xFFFFFFFF
"""A mark has 32 bits."""
RULES_NAMED = 5
"""Rules that an error names, of those that refer to a set."""
_NOTE = re.compile(r"gatepost (mixed )?(sha256:[0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Place:
    """Names of one target's table, of family ``inet``, and of its sets; plain words, checked before."""

    table: str
    set: str

    def __str__(self) -> str:
        """In words for people."""
        return f"nftables inet {self.table} {self.set}"

    def addresses(self, family: Family) -> str:
        """Name of the interval set of a family, without ``auto-merge``."""
        return f"{self.set}_v{family}"

    @property
    def generation(self) -> str:
        """Name of the set of type ``mark`` and size 1 whose one element is the generation."""
        return f"{self.set}_gen"

    @property
    def names(self) -> frozenset[str]:
        """Of all our sets but the owner's mark."""
        return frozenset({*map(self.addresses, Family), self.generation})


@dataclass(frozen=True, slots=True)
class Note:
    """The comment of the generation's element."""

    digest: str
    """Of the content that the write led to, or leads to while it is unfinished."""
    unfinished: bool = False
    """Whether parts of the write are still to come."""

    def __str__(self) -> str:
        """As it stands in the kernel: hexadecimal and fixed words, nothing of anybody's."""
        return f"gatepost {'mixed ' if self.unfinished else ''}{self.digest}"

    @classmethod
    def parse(cls, comment: str) -> Note | None:
        """None for any comment that we did not write."""
        found = _NOTE.fullmatch(comment)
        return cls(found[2], unfinished=found[1] is not None) if found else None


@dataclass(frozen=True, slots=True)
class Held:
    """What the kernel holds at a place, of one moment, as found: judged by the target."""

    exists: bool
    """Whether the table is there."""
    dormant: bool = False
    """Whether none of its chains is asked about any packet: then nothing else need be told."""
    owned: bool = False
    """Whether the owner's mark is in it."""
    alone: bool = False
    """Whether it holds nothing beside that mark and the sets of this place."""
    strange: str = ""
    """Why something of our names cannot be ours, after "table … ": "has a set edge_v4 of another type"."""
    sets: Mapping[Family, bool] = field(default_factory=dict)
    """The address sets that are there, and whether each counts packets."""
    sizes: Mapping[Family, int] = field(default_factory=dict)
    """Ranges that an address set can hold, of those that somebody made with a limit."""
    numbered: bool = False
    """Whether the set for the generation is there, with its element or without."""
    generation: int = 0
    """0 where the element is not there."""
    note: Note | None = None
    """Beside a generation, never None."""
    ranges: Mapping[Family, tuple[Range, ...]] = field(default_factory=dict)
    """As the kernel stores them: what others added may touch ours."""
    packets: Mapping[Range, int] = field(default_factory=dict)
    """Of the ranges in sets that count."""
    _current: Current | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def filled(self) -> bool:
        """Whether there is any address."""
        return any(self.ranges.values())

    def current(self) -> Current:
        """As the engine sees it: the digest is of what is really there. Made once."""
        current = self._current
        if current is None:
            entries = self._entries()
            digest = digest_entries(entries)
            mixed = self.note is not None and self.note.unfinished and self.note.digest != digest
            current = Current(self.generation, entries, digest, mixed)
            object.__setattr__(self, "_current", current)
        return current

    def _entries(self) -> tuple[Entry, ...]:
        found = (
            plain(family, network, length)
            for family, ranges in self.ranges.items()
            for first, last in merge((item.first, item.last) for item in ranges)
            for network, length in blocks(first, last, family.bits)
        )
        return tuple(sorted(found, key=attrgetter("key")))


@dataclass(frozen=True, slots=True)
class Change:
    """From what is held to what is wanted, at the next generation."""

    held: Held
    wanted: Mapping[Family, tuple[Range, ...]]
    """Sorted and merged, both families always: the kernel refuses intervals that overlap."""
    digest: str
    """Of the wanted content."""
    counters: bool = False
    """Whether sets that are made shall count packets; those that are there stay as they are."""

    def additions(self, family: Family) -> list[Range]:
        """Sorted."""
        return sorted({*self.wanted[family]} - {*self.held.ranges.get(family, ())})

    def removals(self, family: Family) -> list[Range]:
        """Sorted; one may overlap an addition, so the two must go in one transaction."""
        return sorted({*self.held.ranges.get(family, ())} - {*self.wanted[family]})


def raised(place: Place, generation: int) -> int:
    """The next generation; raises TargetRejected where there is none, which only a hand can bring about."""
    if generation < GENERATION_LAST:
        return generation + 1
    msg = f"{place}: after generation {generation} there is no other, and gatepost did not count so far"
    hint = (
        f'Run `nft flush set inet {place.table} {place.generation}`, then `gatepost adopt TARGET --why "…"`.'
    )
    raise TargetRejected(msg, hint=hint)


def merging(name: str) -> str:
    """Why a set with ``auto-merge`` cannot be ours, after "table … "."""
    return f"has a set {name} with auto-merge, which makes later deletions fail"


def referred_to(place: Place, rules: Sequence[tuple[str, int]]) -> TargetRejected:
    """The error where rules, by their chain and handle, refer to the sets of a place."""
    words = [f"rule {handle} of chain {cut(chain, 64)}" for chain, handle in rules[:RULES_NAMED]]
    more = f" and {len(rules) - RULES_NAMED} more" if len(rules) > RULES_NAMED else ""
    msg = f"{place} is still referred to by {', '.join(words)}{more}"
    hint = f"Delete what `nft -a list table inet {place.table}` shows under these numbers."
    return TargetRejected(msg, hint=hint)


class Kernel(Protocol):
    """A way to the nftables of a network namespace, for one place.

    Every method raises TargetUnavailable where the kernel could not be asked,
    or may or may not have taken the change: the target then reads again.
    """

    async def read(self) -> Held:
        """All of it of one moment; judges nothing."""
        ...

    async def write(self, change: Change) -> None:
        """Carry it out, in one transaction that starts by deleting the generation held.

        Beyond what one transaction can take: in parts, each of which compares and
        raises the generation, additions before removals, the note unfinished until
        the last. Raises TargetRejected where the kernel refused it, and may raise
        StalePlan where it knows that the generation was another.
        """
        ...

    async def purge(self, held: Held) -> None:
        """Remove the sets of the place, and the table where nothing else is in it, in one transaction.

        It compares the generation too. Raises TargetRejected, naming them, where rules refer to a set.
        """
        ...

    async def empty(self, held: Held) -> None:
        """Remove all elements of the place's sets and keep the sets, in one transaction.

        It compares the generation, which is there, too. Raises TargetRejected.
        """
        ...

    async def adopt(self, held: Held, digest: str) -> None:
        """Set the marks that are missing, in one transaction; the table is there.

        The owner's, and where there are addresses without a generation: 1, with
        ``digest`` as its note. Raises TargetRejected.
        """
        ...

    async def stamp(self) -> str:
        """See :meth:`gatepost.targets.base.Target.stamp`."""
        ...

    async def suspects(self) -> tuple[str, ...]:
        """See :meth:`gatepost.targets.base.Target.suspects`."""
        ...
