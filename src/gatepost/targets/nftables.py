"""nftables: sets in a table of our own, changed in one kernel transaction.

The table (``inet``) holds ``gatepost_owner``, the mark by which it is ours, and
for each target ``<set>_v4`` and ``<set>_v6`` (intervals, merged by us, never by
``auto-merge``, which makes later deletes fail) and ``<set>_gen``: one element,
the generation, whose comment is the digest of the content. A transaction
starts by deleting the generation it was planned on; where another writer came
first that element is gone and the kernel refuses the whole batch. So no lock
is needed and two writers can never mix.

The sets are never replaced, only their elements change, so packets always meet
the old or the new list (a new set, even made and filled in one transaction,
loses some). Where many elements go, the set that is kept is emptied and filled
in that same transaction: packets lose nothing by it, and ``nft`` 1.0.6 takes
eight milliseconds to delete one of 10,000 elements by itself. Chains, rules and everything else
in the table belong to the user and are neither read nor touched.

Reference: https://wiki.nftables.org/wiki-nftables/index.php/Sets and libnftables-json(5).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, NoReturn

import msgspec

from gatepost.errors import (
    ConfigInvalid,
    ProgramFailed,
    StalePlan,
    TargetForeign,
    TargetRejected,
    TargetUnavailable,
)
from gatepost.kit.process import Finished, Runner, SystemRunner
from gatepost.model.address import Family, Prefix, Range, format_address, parse_v4, parse_v6
from gatepost.model.entry import Direction, Entry
from gatepost.model.plan import Capabilities, Current, Plan
from gatepost.planning.aggregate import aggregate, to_prefixes, to_ranges
from gatepost.planning.digest import digest_entries
from gatepost.targets.base import Target, require_fit

NAME = "^[A-Za-z][A-Za-z0-9_]{0,39}$"
"""Table and set names that nft reads as one plain word."""
OWNER = "gatepost_owner"
MARK = "gatepost"
LINE = 500
"""Elements a line; nft quotes the whole line in an error."""
DELETIONS_MAX = 50
"""Beyond these, emptying and filling the kept set is quicker than deleting."""
ADDRESS_TYPE = {Family.V4: "ipv4_addr", Family.V6: "ipv6_addr"}
PARSE = {Family.V4: parse_v4, Family.V6: parse_v6}


class Nftables(Target):
    """A set of addresses for each family in the kernel's nftables."""

    kind = "nftables"

    @dataclass(frozen=True, slots=True)
    class Options:
        """Where the sets live."""

        table: Annotated[str, msgspec.Meta(pattern=NAME)] = "gatepost"
        """Table of family ``inet``, ours alone but for the user's own chains in it."""
        set: Annotated[str, msgspec.Meta(pattern=f"^$|{NAME}")] = ""
        """First part of the sets' names; default: the target's name, ``-`` as ``_``."""
        timeout: float = 30.0
        """Seconds that one run of ``nft`` may take."""

    def __init__(self, name: str, options: Options, *, runner: Runner | None = None) -> None:
        """``runner`` runs ``nft``; default: of this machine. Raises ConfigInvalid for a wrong name."""
        self._table = _checked(name, "table", options.table)
        self._set = _checked(name, "set", options.set or name.replace("-", "_"))
        self._timeout = options.timeout
        self._runner = runner or SystemRunner()

    @property
    def capabilities(self) -> Capabilities:
        """Addresses of both families; neither domains nor ports."""
        return Capabilities()

    @property
    def place(self) -> str:
        """Table and set."""
        return f"nftables inet {self._table} {self._set}"

    def snippet(self, direction: Direction = Direction.INGRESS) -> str:
        """The two rules with which a chain of the user's, in our table, refers to the sets."""
        side = "saddr" if direction is Direction.INGRESS else "daddr"
        return f"ip {side} @{self._set}_v4 accept\nip6 {side} @{self._set}_v6 accept\n"

    async def current(self) -> Current:
        """See :meth:`Target.current`: one listing of the table, so both families are of one moment."""
        held = await self._read()
        return Current(held.generation, held.entries, held.digest)

    async def apply(self, plan: Plan, desired: tuple[Entry, ...]) -> None:
        """See :meth:`Target.apply`: one ``nft -f -``."""
        require_fit(desired, self.capabilities)
        wanted = _wanted(desired)
        digest = digest_entries(desired)
        held = await self._read()
        if (held.generation, held.digest, digest) != (plan.generation, plan.current, plan.desired):
            raise _stale(self.place)
        text = "\n".join(self._transaction(held, wanted, digest))
        try:
            finished = await self._nft("-f", "-", stdin=text.encode("ascii"))
        except TargetUnavailable:
            await self._settle(plan)
            return
        if finished.code:
            await self._explain(plan, finished)

    async def _settle(self, plan: Plan) -> None:
        """After a run that did not end well: believe the kernel alone; raises unless it took the change."""
        held = await self._read()
        if (held.generation, held.digest) != (plan.generation + 1, plan.desired):
            msg = f"nft did not end in time; {self.place} holds what it held before"
            raise TargetUnavailable(msg)

    async def _explain(self, plan: Plan, refused: Finished) -> NoReturn:
        """The kernel or nft refused all of it: another writer was first, or the change is impossible."""
        held = await self._read()
        if (held.generation, held.digest) != (plan.generation, plan.current):
            raise _stale(self.place)
        msg = f"{self.place}: nft refused the change: {refused.words}"
        raise TargetRejected(msg)

    async def _read(self) -> _Held:
        listed = await self._nft("-j", "list", "table", "inet", self._table)
        if listed.code and await self._is_absent():
            return _Held(exists=False)
        if listed.code:  # another writer may have made it a moment ago
            listed = await self._nft("-j", "list", "table", "inet", self._table)
        if listed.code:
            msg = f"{self.place} cannot be read: {listed.words}"
            raise TargetUnavailable(msg)
        objects = _decode(listed.stdout, self._table)
        return _Reading(self._table, self._set, objects).held()

    async def _is_absent(self) -> bool:
        """Whether the table that could not be listed is simply not there; decided without reading words."""
        tables = await self._nft("-j", "list", "tables", "inet")
        if tables.code:
            return False
        names = [found.table.name for found in _decode(tables.stdout, self._table) if found.table]
        return self._table not in names

    async def _nft(self, *arguments: str, stdin: bytes = b"") -> Finished:
        try:
            return await self._runner.run(["nft", *arguments], stdin=stdin, timeout=self._timeout)
        except ProgramFailed as error:
            raise TargetUnavailable(error.message, hint=error.next_step) from None

    def _transaction(self, held: _Held, wanted: dict[Family, list[Range]], digest: str) -> Iterator[str]:
        yield from self._creation(held)
        yield from self._next_generation(held, digest)
        for family in Family:
            yield from self._change(
                f"{self._set}_v{family}", {*held.ranges.get(family, ())}, {*wanted[family]}
            )
        yield ""

    def _creation(self, held: _Held) -> Iterator[str]:
        """``create`` fails where another writer was first; ``add`` does not mind."""
        if not held.exists:
            yield f"create table inet {self._table}"
            yield f"add set inet {self._table} {OWNER} {{ type mark; }}"
        for family in Family:
            interval = f"{{ type {ADDRESS_TYPE[family]}; flags interval; }}"
            yield f"add set inet {self._table} {self._set}_v{family} {interval}"
        if not held.counted:
            yield f"create set inet {self._table} {self._set}_gen {{ type mark; size 1; }}"

    def _next_generation(self, held: _Held, digest: str) -> Iterator[str]:
        """Compare and set: deleting a generation that is not there refuses the whole batch."""
        place = f"element inet {self._table} {self._set}_gen"
        if held.generation:
            yield f"delete {place} {{ {held.generation} }}"
        yield f'create {place} {{ {held.generation + 1} comment "{MARK} {digest}" }}'

    def _change(self, name: str, has: set[Range], wants: set[Range]) -> Iterator[str]:
        if len(has - wants) > DELETIONS_MAX:
            yield f"flush set inet {self._table} {name}"
            yield from self._elements("add", name, sorted(wants))
            return
        yield from self._elements("delete", name, sorted(has - wants))
        yield from self._elements("add", name, sorted(wants - has))

    def _elements(self, verb: str, name: str, ranges: Sequence[Range]) -> Iterator[str]:
        for start in range(0, len(ranges), LINE):
            listed = ", ".join(_text(item) for item in ranges[start : start + LINE])
            yield f"{verb} element inet {self._table} {name} {{ {listed} }}"


@dataclass(frozen=True, slots=True)
class _Held:
    """What the kernel holds of ours."""

    exists: bool
    """Whether the table is there."""
    counted: bool = False
    """Whether the set with the generation is there."""
    generation: int = 0
    ranges: Mapping[Family, tuple[Range, ...]] = field(default_factory=dict)
    """As the kernel stores them: what others added may touch ours."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Canonical."""
        stored = (item for ranges in self.ranges.values() for item in ranges)
        merged = aggregate(prefix for item in stored for prefix in to_prefixes(item))
        return tuple(sorted(map(Entry, merged), key=lambda entry: entry.key))

    @property
    def digest(self) -> str:
        """Of what is really there."""
        return digest_entries(self.entries)


class _Set(msgspec.Struct):
    """A set or map as ``nft -j`` shows it."""

    name: str
    type: Any = None
    flags: str | list[str] = []
    elem: list[Any] = []


class _Table(msgspec.Struct):
    name: str


class _Object(msgspec.Struct):
    table: _Table | None = None
    set: _Set | None = None
    map: _Set | None = None


class _Listing(msgspec.Struct):
    nftables: list[_Object]


@dataclass(frozen=True, slots=True)
class _Reading:
    """Makes sure that what was listed is ours before it believes it."""

    table: str
    set: str
    objects: list[_Object]

    def held(self) -> _Held:
        """Raises TargetForeign for anything that gatepost did not make."""
        sets = {found.set.name: found.set for found in self.objects if found.set}
        maps = {found.map.name for found in self.objects if found.map}
        if OWNER not in sets:
            _refuse(self.table, f"has no set {OWNER}, so it is not ours")
        if maps & {f"{self.set}_v4", f"{self.set}_v6", f"{self.set}_gen"}:
            _refuse(self.table, f"has a map of the name {self.set}_…")
        ranges = {family: self._ranges(sets.get(f"{self.set}_v{family}"), family) for family in Family}
        generation = self._generation(sets.get(f"{self.set}_gen"))
        if any(ranges.values()) and not generation:
            _refuse(self.table, f"has elements in {self.set}_… but no generation of ours")
        return _Held(exists=True, counted=f"{self.set}_gen" in sets, generation=generation, ranges=ranges)

    def _ranges(self, found: _Set | None, family: Family) -> tuple[Range, ...]:
        if found is None:
            return ()
        flags = [found.flags] if isinstance(found.flags, str) else found.flags
        if (found.type, flags) != (ADDRESS_TYPE[family], ["interval"]):
            _refuse(self.table, f"has a set {found.name} of another type")
        try:
            return tuple(_range(family, element) for element in found.elem)
        except (OSError, ValueError):
            _refuse(self.table, "has an element that gatepost cannot read")

    def _generation(self, found: _Set | None) -> int:
        if found is None or (found.type == "mark" and not found.elem):
            return 0
        match found.elem:
            case [{"elem": {"val": int() as number, "comment": str() as comment}}] if _is_mark(comment):
                return number
            case _:
                return _refuse(self.table, f"has a set {self.set}_gen that gatepost did not write")


def _range(family: Family, element: Any) -> Range:
    """An element as ``nft -j`` shows it; raises OSError or ValueError for any other."""
    match element:
        case {"elem": {"val": value}}:
            return _range(family, value)
        case str():
            return Range(family, PARSE[family](element), PARSE[family](element))
        case {"range": [str() as first, str() as last]}:
            return Range(family, PARSE[family](first), PARSE[family](last))
        case {"prefix": {"addr": str() as address, "len": int() as length}}:
            prefix = Prefix(family, PARSE[family](address), length)
            return Range(family, prefix.network, prefix.last)
        case _:
            msg = "no address, range or prefix"
            raise ValueError(msg)


def _refuse(table: str, what: str) -> NoReturn:
    msg = f"nftables table inet {table} {what}"
    raise TargetForeign(msg)


def _is_mark(comment: str) -> bool:
    return re.fullmatch(rf"{MARK} sha256:[0-9a-f]{{64}}", comment) is not None


def _checked(target: str, option: str, name: str) -> str:
    if not re.fullmatch(NAME, name):
        msg = f"targets.{target}: {option} must be letters, digits and _, from a letter, at most 40"
        raise ConfigInvalid(msg)
    return name


def _decode(listing: bytes, table: str) -> list[_Object]:
    try:
        return msgspec.json.decode(listing, type=_Listing).nftables
    except (msgspec.DecodeError, UnicodeDecodeError):
        msg = f"nft gave no listing of table inet {table} that gatepost can read"
        raise TargetUnavailable(msg) from None


def _wanted(desired: Iterable[Entry]) -> dict[Family, list[Range]]:
    """Merged: the kernel refuses intervals that overlap."""
    ranges = to_ranges(entry.value for entry in desired if isinstance(entry.value, Prefix))
    return {family: [item for item in ranges if item.family is family] for family in Family}


def _stale(place: str) -> StalePlan:
    return StalePlan(f"{place} or its list has changed since the plan was made")


def _text(item: Range) -> str:
    first = format_address(item.family, item.first)
    return first if item.first == item.last else f"{first}-{format_address(item.family, item.last)}"
