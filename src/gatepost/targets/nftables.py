"""nftables: sets in a table of our own, changed in one kernel transaction.

The table (``inet``) holds ``gatepost_owner``, the mark by which it is ours, and
for each target ``<set>_v4`` and ``<set>_v6`` (intervals, merged by us, never by
``auto-merge``, which makes later deletes fail) and ``<set>_gen``: one element,
the generation, whose comment is the digest of the content. A transaction
starts by deleting the generation it was planned on; where another writer came
first that element is gone and the kernel refuses the whole batch. So no lock
is needed and two writers can never mix.

A write too large for one transaction goes in parts, each at a generation of
its own whose comment says ``mixed`` until the last. Where it is cut off, the
content is read as mixed and the next apply goes on from what is there.

The sets are never replaced, only their elements change. Chains, rules and
everything else in the table belong to the user and are neither read nor
touched. How the kernel is spoken to is the business of the backend, see
:class:`gatepost.targets._nft.Kernel`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import msgspec

from gatepost.errors import (
    ConfigInvalid,
    StalePlan,
    TargetDormant,
    TargetError,
    TargetForeign,
    TargetRejected,
    TargetUnavailable,
)
from gatepost.kit.process import Runner, SystemRunner
from gatepost.model.address import Family, Prefix, Range
from gatepost.model.entry import Direction, Entry
from gatepost.model.finding import Finding, Severity
from gatepost.model.plan import Capabilities, Counted, Current, Plan
from gatepost.planning.aggregate import to_prefixes, to_ranges
from gatepost.planning.digest import digest_entries
from gatepost.targets._nft import Change, Held, Kernel, Place
from gatepost.targets._nft_examiner import PROC, Examiner
from gatepost.targets._nft_netlink import Direct
from gatepost.targets._nft_program import Program
from gatepost.targets.base import Target, require_fit

NAME = "^[A-Za-z][A-Za-z0-9_]{0,39}$"
"""Table and set names that nft reads as one plain word."""


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
        """Seconds that one run of ``nft``, or one exchange with the kernel, may take."""
        backend: Literal["auto", "netlink", "nft"] = "auto"
        """Speak to the kernel directly, or through the program ``nft``; ``auto`` is ``netlink``."""
        counters: bool = False
        """Make sets that count the packets of each element."""

    def __init__(
        self,
        name: str,
        options: Options,
        *,
        runner: Runner | None = None,
        kernel: Kernel | None = None,
        proc: Path = PROC,
    ) -> None:
        """``runner`` runs ``nft``, or ``kernel`` is used as it is; default: of this machine, as ``proc`` is.

        Raises ConfigInvalid for a wrong name.
        """
        table = _checked("table", options.table)
        self._place = Place(table, _checked("set", options.set or name.replace("-", "_")))
        self._counters = options.counters
        self._sizes: Mapping[Family, int] = {}
        """Of sets that somebody made with a limit, as last read."""
        self._examiner = Examiner(self._place, runner or SystemRunner(), options.timeout, proc)
        self._kernel = kernel or _chosen(self._place, options, runner)

    @property
    def capabilities(self) -> Capabilities:
        """Addresses of both families, as many as the sets take, as last read; neither domains nor ports."""
        return Capabilities(max_ranges=self._sizes)

    @property
    def place(self) -> str:
        """Table and set."""
        return str(self._place)

    def snippet(self, direction: Direction = Direction.INGRESS) -> str:
        """The two rules with which a chain of the user's, in our table, refers to the sets."""
        side = "saddr" if direction is Direction.INGRESS else "daddr"
        v4, v6 = map(self._place.addresses, (Family.V4, Family.V6))
        return f"ip {side} @{v4} accept\nip6 {side} @{v6} accept\n"

    async def current(self) -> Current:
        """See :meth:`Target.current`: both families are of one moment."""
        return (await self._ours()).current()

    async def apply(self, plan: Plan, desired: tuple[Entry, ...]) -> None:
        """See :meth:`Target.apply`: in one transaction, but for what is too large for one."""
        require_fit(desired, self.capabilities)
        digest = digest_entries(desired)
        held = await self._ours()
        before = held.current()
        if (before.generation, before.digest, digest) != (plan.generation, plan.current, plan.desired):
            raise self._stale()
        wanted = _wanted(desired)
        self._require_room(held, wanted)
        try:
            await self._kernel.write(Change(held, wanted, digest, self._counters))
        except (TargetRejected, TargetUnavailable) as error:
            await self._settle(before, digest, error)

    async def purge(self, current: Current) -> None:
        """See :meth:`Target.purge`: our sets, and our table where nothing of the user's is in it."""
        held = await self._ours()
        before = held.current()
        if (before.generation, before.digest) != (current.generation, current.digest):
            raise self._stale()
        if not held.exists:
            return
        try:
            await self._kernel.purge(held)
        except (TargetRejected, TargetUnavailable) as error:
            await self._settle_purge(before, error)

    async def empty(self, current: Current) -> None:
        """See :meth:`Target.empty`: elements and generation go, the sets that rules refer to stay."""
        held = await self._ours()
        before = held.current()
        if (before.generation, before.digest) != (current.generation, current.digest):
            raise self._stale()
        if not held.generation:
            return
        try:
            await self._kernel.empty(held)
        except (TargetRejected, TargetUnavailable) as error:
            await self._settle_empty(before, error)

    async def adopt(self) -> Current:
        """See :meth:`Target.adopt`: a table without our mark, addresses without a generation."""
        held = await self._kernel.read()
        self._require_awake(held)
        if held.strange:
            msg = f"{self._table_of} {held.strange}, so it cannot become ours"
            raise TargetRejected(msg)
        if held.exists and _unmarked(held):
            await self._kernel.adopt(held, held.current().digest)
        return await self.current()

    async def stamp(self) -> str:
        """See :meth:`Target.stamp`; none by the program ``nft``."""
        return await self._kernel.stamp()

    async def suspects(self) -> tuple[str, ...]:
        """See :meth:`Target.suspects`; nobody by the program ``nft``."""
        return await self._kernel.suspects()

    async def counted(self) -> tuple[Counted, ...]:
        """See :meth:`Target.counted`: of an interval of several prefixes, each is given all its packets."""
        packets = (await self._ours()).packets if self._counters else {}
        found = ((prefix, count) for item, count in packets.items() for prefix in to_prefixes(item))
        return tuple(Counted(prefix, count) for prefix, count in found)

    async def findings(self, direction: Direction) -> tuple[Finding, ...]:
        """See :meth:`Target.findings`: the whole ruleset of this network namespace is read, by ``nft``."""
        found = await self._examiner.findings(direction)
        return (*found, *await self._uncounted())

    async def _uncounted(self) -> tuple[Finding, ...]:
        """A note where sets from before the option do not count."""
        sets = (await self._kernel.read()).sets if self._counters else {}
        names = [self._place.addresses(family) for family, counts in sets.items() if not counts]
        if not names:
            return ()
        message = f"{' and '.join(names)} were made without counters: no packets are counted"
        return (Finding("uncounted", Severity.NOTE, message, "See docs/targets/nftables.md, Counters."),)

    async def _ours(self) -> Held:
        """What is there, if it is ours; raises TargetForeign for what gatepost did not make."""
        held = await self._kernel.read()
        self._require_awake(held)
        self._sizes = held.sizes
        if held.exists and not held.owned:
            self._refuse("has no set gatepost_owner, so it is not ours")
        if held.strange:
            msg = f"{self._table_of} {held.strange}"
            hint = (
                f"`nft list table inet {self._place.table}` shows it: put it right, or choose another table."
            )
            raise TargetForeign(msg, hint=hint)
        if held.filled and not held.generation:
            self._refuse(f"has elements in {self._place.set}_… but no generation of ours")
        return held

    def _require_awake(self, held: Held) -> None:
        if held.dormant:
            table = self._place.table
            msg = f"{self._table_of} is dormant: none of its rules is asked, so the list keeps nobody out"
            raise TargetDormant(msg, hint=f"Wake it: `nft add table inet {table}`.")

    def _require_room(self, held: Held, wanted: Mapping[Family, tuple[Range, ...]]) -> None:
        """Raise TargetRejected where a set that somebody made with a size cannot hold what is wanted."""
        for family, size in held.sizes.items():
            if (number := len(wanted[family])) > size:
                name = self._place.addresses(family)
                msg = f"{self._table_of}: set {name} has size {size}, but {number} ranges are wanted"
                raise TargetRejected(msg, hint=f"Make {name} again, without a size.")

    async def _settle(self, before: Current, digest: str, error: TargetError) -> None:
        """After a write that did not end well: believe the kernel alone; raises unless it took all of it."""
        held = await self._ours()
        now = held.current()
        if (now.generation, now.digest) == (before.generation, before.digest):
            raise self._unchanged(error) from None
        ours = held.note is not None and held.note.digest == digest
        if ours and now.mixed:
            msg = f"{self.place} holds a part of the change, the next apply completes it: {error.message}"
            raise type(error)(msg, hint=error.next_step) from None
        if not (ours and now.digest == digest and isinstance(error, TargetUnavailable)):
            raise self._stale() from None

    async def _settle_purge(self, before: Current, error: TargetError) -> None:
        held = await self._ours()
        if not (not held.sets and not held.numbered and isinstance(error, TargetUnavailable)):
            self._raise_for(held, before, error)

    async def _settle_empty(self, before: Current, error: TargetError) -> None:
        held = await self._ours()
        if not (not held.generation and isinstance(error, TargetUnavailable)):
            self._raise_for(held, before, error)

    def _raise_for(self, held: Held, before: Current, error: TargetError) -> NoReturn:
        """The removal did not happen: because another was first, or as the error says."""
        now = held.current()
        if (now.generation, now.digest) != (before.generation, before.digest):
            raise self._stale() from None
        raise self._unchanged(error) from None

    def _unchanged(self, error: TargetError) -> TargetError:
        """A refusal says it all; of a run without an end the outcome has to be told."""
        if isinstance(error, TargetRejected):
            return error
        msg = f"{self.place} holds what it held before: {error.message}"
        return type(error)(msg, hint=error.next_step)

    def _stale(self) -> StalePlan:
        return StalePlan(f"{self.place} or its list has changed since the plan was made")

    @property
    def _table_of(self) -> str:
        return f"nftables table inet {self._place.table}"

    def _refuse(self, what: str) -> NoReturn:
        msg = f"{self._table_of} {what}"
        raise TargetForeign(msg)


def _unmarked(held: Held) -> bool:
    return not held.owned or (held.filled and not held.generation)


def _chosen(place: Place, options: Nftables.Options, runner: Runner | None) -> Kernel:
    if options.backend == "nft" or (runner is not None and options.backend == "auto"):
        return Program(place, runner or SystemRunner(), options.timeout)
    return Direct(place, timeout=options.timeout)


def _checked(option: str, name: str) -> str:
    if not re.fullmatch(NAME, name):
        msg = f"{option} must be letters, digits and _, from a letter, at most 40"
        raise ConfigInvalid(msg)
    return name


def _wanted(desired: Iterable[Entry]) -> dict[Family, tuple[Range, ...]]:
    """Merged: the kernel refuses intervals that overlap."""
    ranges = to_ranges(entry.value for entry in desired if isinstance(entry.value, Prefix))
    return {family: tuple(item for item in ranges if item.family is family) for family in Family}
