"""The kernel's nftables through the program ``nft``: one listing to read, one ``nft -f -`` to write.

The sets are never replaced, only their elements change, so packets always meet
the old or the new list (a new set, even made and filled in one transaction,
loses some). Where many elements go, the set that is kept is emptied and filled
in that same transaction: packets lose nothing by it, and ``nft`` 1.0.6 takes
eight milliseconds to delete one of 10,000 elements by itself.

Reference: https://wiki.nftables.org/wiki-nftables/index.php/Sets and libnftables-json(5).
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from gatepost.errors import ProgramFailed, TargetRejected, TargetUnavailable
from gatepost.kit.process import Finished, Runner
from gatepost.model.address import Family, Prefix, Range, format_address, parse_v4, parse_v6
from gatepost.targets._nft import (
    ADDRESS_TYPE,
    OWNER,
    Change,
    Held,
    Note,
    Place,
    merging,
    raised,
    referred_to,
)
from gatepost.targets._nft_outline import Outline

DENIED = "Operation not permitted"
"""How nft, in its English, says that the right is missing."""
LINE = 500
"""Elements a line; nft quotes the whole line in an error."""
DELETIONS_MAX = 50
"""Beyond these, emptying and filling the kept set is quicker than deleting."""
PARSE = {Family.V4: parse_v4, Family.V6: parse_v6}


class Program:
    """A :class:`gatepost.targets._nft.Kernel`."""

    def __init__(self, place: Place, runner: Runner, timeout: float) -> None:
        """``timeout`` in seconds, for each run of ``nft``."""
        self._place = place
        self._runner = runner
        self._timeout = timeout

    async def read(self) -> Held:
        """See :class:`Kernel`: one listing of the table, so both families are of one moment."""
        outline = Outline.read((await self._nft("-t", "list", "table", "inet", self._place.table)).stdout)
        if outline.dormant:
            return Held(exists=True, dormant=True)
        objects = await self._listed()
        merged = frozenset(name for _, _, name in outline.merging)
        return Held(exists=False) if objects is None else _Reading(self._place, objects, merged).held()

    async def write(self, change: Change) -> None:
        """See :class:`Kernel`: never in parts."""
        await self._run(_Script(self._place, change.held).change(change), "the change")

    async def purge(self, held: Held) -> None:
        """See :class:`Kernel`."""
        try:
            await self._run(_Script(self._place, held).purge(), "to remove it")
        except TargetRejected:
            await self._require_unused()
            raise

    async def empty(self, held: Held) -> None:
        """See :class:`Kernel`."""
        await self._run(_Script(self._place, held).emptied(), "to empty it")

    async def adopt(self, held: Held, digest: str) -> None:
        """See :class:`Kernel`."""
        await self._run(_Script(self._place, held).adoption(digest), "to mark it")

    async def stamp(self) -> str:
        """None: a listing does not tell the number of the ruleset's last change."""
        return ""

    async def suspects(self) -> tuple[str, ...]:
        """Nobody: the program does not tell."""
        return ()

    async def _run(self, lines: Iterable[str], what: str) -> None:
        finished = await self._nft("-f", "-", stdin="\n".join([*lines, ""]).encode("ascii"))
        if finished.code:
            msg = f"{self._place}: nft refused {what}: {finished.words}"
            raise TargetRejected(msg)

    async def _listed(self) -> list[_Object] | None:
        """The table's objects; None where it is not there."""
        listed = await self._nft("-j", "list", "table", "inet", self._place.table)
        if listed.code and await self._is_absent():
            return None
        if listed.code:  # another writer may have made it a moment ago
            listed = await self._nft("-j", "list", "table", "inet", self._place.table)
        if listed.code:
            msg = f"{self._place} cannot be read: {listed.words}"
            raise TargetUnavailable(msg, code=errno.EPERM if DENIED in listed.words else None)
        return self._decode(listed.stdout)

    async def _is_absent(self) -> bool:
        """Whether the table that could not be listed is simply not there; decided without reading words."""
        tables = await self._nft("-j", "list", "tables", "inet")
        if tables.code:
            return False
        names = [found.table.name for found in self._decode(tables.stdout) if found.table]
        return self._place.table not in names

    async def _require_unused(self) -> None:
        """Raise TargetRejected where rules refer to our sets."""
        rules = [found.rule for found in await self._listed() or () if found.rule]
        referring = [rule for rule in rules if _named(rule.expr) & self._place.names]
        if referring:
            raise referred_to(self._place, [(rule.chain, rule.handle) for rule in referring])

    async def _nft(self, *arguments: str, stdin: bytes = b"") -> Finished:
        try:
            return await self._runner.run(["nft", *arguments], stdin=stdin, timeout=self._timeout)
        except ProgramFailed as error:
            raise TargetUnavailable(error.message, hint=error.next_step) from None

    def _decode(self, listing: bytes) -> list[_Object]:
        try:
            return msgspec.json.decode(listing, type=_Listing).nftables
        except (msgspec.DecodeError, UnicodeDecodeError):
            msg = f"nft gave no listing of table inet {self._place.table} that gatepost can read"
            raise TargetUnavailable(msg) from None


@dataclass(frozen=True, slots=True)
class _Script:
    """Lines for ``nft -f -``."""

    place: Place
    held: Held

    def change(self, change: Change) -> Iterator[str]:
        """Make what is missing, raise the generation, change the elements. Raises TargetRejected."""
        number = raised(self.place, self.held.generation)
        yield from self._creation(change)
        yield from self._compared()
        yield self._number(number, Note(change.digest))
        for family in Family:
            yield from self._elements_changed(change, family)

    def purge(self) -> Iterator[str]:
        """Compare the generation, then remove our sets; the table only where nothing else is in it."""
        yield from self._made_and_compared()
        present = [self.place.addresses(family) for family in Family if family in self.held.sets]
        for name in (*present, self.place.generation):
            yield f"delete set inet {self.place.table} {name}"
        if self.held.alone:
            yield f"delete table inet {self.place.table}"

    def emptied(self) -> Iterator[str]:
        """Compare the generation, then remove every element."""
        yield from self._compared()
        for name in map(self.place.addresses, self.held.sets):
            yield f"flush set inet {self.place.table} {name}"

    def adoption(self, digest: str) -> Iterator[str]:
        """The marks that are missing."""
        if not self.held.owned:
            yield f"add set inet {self.place.table} {OWNER} {{ type mark; }}"
        if self.held.filled and not self.held.generation:
            yield from self._numbered()
            yield self._number(1, Note(digest))

    def _creation(self, change: Change) -> Iterator[str]:
        """``create`` fails where another writer was first; ``add`` does not mind."""
        if not self.held.exists:
            yield f"create table inet {self.place.table}"
            yield f"add set inet {self.place.table} {OWNER} {{ type mark; }}"
        counter = " counter;" if change.counters else ""
        for family in Family:
            if family not in self.held.sets:
                form = f"{{ type {ADDRESS_TYPE[family]}; flags interval;{counter} }}"
                yield f"add set inet {self.place.table} {self.place.addresses(family)} {form}"
        yield from self._numbered()

    def _numbered(self) -> Iterator[str]:
        if not self.held.numbered:
            yield f"create set inet {self.place.table} {self.place.generation} {{ type mark; size 1; }}"

    def _compared(self) -> Iterator[str]:
        """Compare and set: deleting a generation that is not there refuses the whole batch."""
        if self.held.generation:
            place = f"inet {self.place.table} {self.place.generation}"
            yield f"delete element {place} {{ {self.held.generation} }}"

    def _made_and_compared(self) -> Iterator[str]:
        """As above; generation 0 is compared by making one, which fails where another writer was first."""
        yield from self._numbered()
        yield from self._compared()
        if not self.held.generation:
            yield f"create element inet {self.place.table} {self.place.generation} {{ 1 }}"

    def _number(self, generation: int, note: Note) -> str:
        element = f'{{ {generation} comment "{note}" }}'
        return f"create element inet {self.place.table} {self.place.generation} {element}"

    def _elements_changed(self, change: Change, family: Family) -> Iterator[str]:
        name, leaving = self.place.addresses(family), change.removals(family)
        if len(leaving) > DELETIONS_MAX:
            yield f"flush set inet {self.place.table} {name}"
            yield from self._elements("add", name, change.wanted[family])
            return
        yield from self._elements("delete", name, leaving)
        yield from self._elements("add", name, change.additions(family))

    def _elements(self, verb: str, name: str, ranges: Sequence[Range]) -> Iterator[str]:
        for start in range(0, len(ranges), LINE):
            listed = ", ".join(_text(item) for item in ranges[start : start + LINE])
            yield f"{verb} element inet {self.place.table} {name} {{ {listed} }}"


class _Set(msgspec.Struct):
    """A set or map as ``nft -j`` shows it."""

    name: str
    type: Any = None
    flags: str | list[str] = []
    size: int = 0
    elem: list[Any] = []
    stmt: list[Any] = []

    @property
    def form(self) -> tuple[Any, list[str]]:
        """Type and flags."""
        return self.type, [self.flags] if isinstance(self.flags, str) else self.flags


class _Rule(msgspec.Struct):
    chain: str
    handle: int
    expr: list[Any] = []


class _Table(msgspec.Struct):
    name: str


class _Object(msgspec.Struct):
    """One of the keys, or ``metainfo``, or a kind that we do not read."""

    table: _Table | None = None
    set: _Set | None = None
    map: _Set | None = None
    rule: _Rule | None = None
    metainfo: Any = None


class _Listing(msgspec.Struct):
    nftables: list[_Object]


class _StrangeError(Exception):
    """Something that gatepost did not make; the words go on from the table's name."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """Facts out of a listing."""

    place: Place
    objects: list[_Object]
    merging: frozenset[str]
    """Sets with ``auto-merge``."""

    def held(self) -> Held:
        """With what is strange in words."""
        sets = {found.set.name: found.set for found in self.objects if found.set}
        known = Held(exists=True, owned=OWNER in sets, alone=self._alone())
        try:
            return self._read(known, sets)
        except _StrangeError as error:
            return Held(exists=True, owned=known.owned, alone=known.alone, strange=str(error))

    def _read(self, known: Held, sets: dict[str, _Set]) -> Held:
        maps = {found.map.name for found in self.objects if found.map}
        if maps & self.place.names:
            msg = f"has a map of the name {self.place.set}_…"
            raise _StrangeError(msg)
        mine = {family: sets.get(self.place.addresses(family)) for family in Family}
        elements = {family: _elements(mine[family], family) for family in Family}
        if merged := sorted(self.merging & self.place.names):
            raise _StrangeError(merging(merged[0]))
        number = sets.get(self.place.generation)
        generation, note = _generation(number)
        return Held(
            exists=True,
            owned=known.owned,
            alone=known.alone,
            sets={family: _counts(found) for family, found in mine.items() if found},
            sizes={family: found.size for family, found in mine.items() if found and found.size},
            numbered=number is not None,
            generation=generation,
            note=note,
            ranges={family: tuple(item for item, _ in found) for family, found in elements.items()},
            packets={
                item: count for found in elements.values() for item, count in found if count is not None
            },
        )

    def _alone(self) -> bool:
        """Whether all there is in the table are sets of ours; any other kind of object counts as theirs."""
        ours = {OWNER, *self.place.names}
        things = [found for found in self.objects if not (found.table or found.metainfo)]
        return all(found.set is not None and found.set.name in ours for found in things)


def _elements(found: _Set | None, family: Family) -> list[tuple[Range, int | None]]:
    """Ranges with their packets, None where they are not counted."""
    if found is None:
        return []
    if found.form != (ADDRESS_TYPE[family], ["interval"]):
        msg = f"has a set {found.name} of another type"
        raise _StrangeError(msg)
    try:
        return [_element(family, element) for element in found.elem]
    except (OSError, ValueError):
        msg = "has an element that gatepost cannot read"
        raise _StrangeError(msg) from None


def _element(family: Family, element: Any) -> tuple[Range, int | None]:
    """As ``nft -j`` shows it: newer versions give statements as a list. Raises OSError or ValueError."""
    match element:
        case {"elem": {"val": value, "counter": {"packets": int() as packets}}}:
            return _range(family, value), packets
        case {"elem": {"val": value, "stmt": [*_, {"counter": {"packets": int() as packets}}]}}:
            return _range(family, value), packets
        case {"elem": {"val": value}}:
            return _range(family, value), None
        case _:
            return _range(family, element), None


def _range(family: Family, value: Any) -> Range:
    match value:
        case str():
            return Range(family, PARSE[family](value), PARSE[family](value))
        case {"range": [str() as first, str() as last]}:
            return Range(family, PARSE[family](first), PARSE[family](last))
        case {"prefix": {"addr": str() as address, "len": int() as length}}:
            prefix = Prefix(family, PARSE[family](address), length)
            return Range(family, prefix.network, prefix.last)
        case _:
            msg = "no address, range or prefix"
            raise ValueError(msg)


def _generation(found: _Set | None) -> tuple[int, Note | None]:
    if found is None or (found.type == "mark" and not found.elem):
        return 0, None
    match found.elem:
        case [{"elem": {"val": int() as number, "comment": str() as comment}}] if note := Note.parse(comment):
            return number, note
        case _:
            msg = f"has a set {found.name} that gatepost did not write"
            raise _StrangeError(msg)


def _counts(found: _Set) -> bool:
    return any(isinstance(each, dict) and "counter" in each for each in found.stmt)


def _named(expression: Any) -> set[str]:
    """Names of the sets that a rule refers to, however deep: ``"@edge_v4"``."""
    match expression:
        case str() if expression.startswith("@"):
            return {expression[1:]}
        case dict():
            return {name for value in expression.values() for name in _named(value)}
        case list():
            return {name for value in expression for name in _named(value)}
        case _:
            return set()


def _text(item: Range) -> str:
    first = format_address(item.family, item.first)
    return first if item.first == item.last else f"{first}-{format_address(item.family, item.last)}"
