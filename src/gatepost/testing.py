"""For tests of gatepost and of plug-ins: a clock, a source and a target that do as they are told.

They are real implementations of the families' contracts, kept in memory; the
contract suites run over them as over every plug-in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, NoReturn

import anyio.lowlevel

from gatepost.errors import GatepostError, StalePlan, TargetForeign, TargetRejected
from gatepost.kit.clock import Uptime
from gatepost.model.address import Prefix
from gatepost.model.answer import Fetched
from gatepost.model.entry import Direction, Entry, RawEntry
from gatepost.model.plan import Capabilities, Counted, Current, Plan
from gatepost.planning.digest import digest_entries
from gatepost.sources.base import Source
from gatepost.targets.base import Target, require_fit


class FrozenClock:
    """A clock that moves only when told; sleeping moves it."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._elapsed = 0.0
        self._set = timedelta()
        self._booted_at = 0.0
        self._boots = 1

    def now(self) -> datetime:
        """UTC."""
        return self._start + timedelta(seconds=self._elapsed) + self._set

    def monotonic(self) -> float:
        """Seconds since the start; setting the wall clock changes nothing here."""
        return self._elapsed

    def uptime(self) -> Uptime:
        """Since the start, or the last reboot."""
        boot = f"boot {self._boots} of {self._start.isoformat()}"
        return Uptime(boot, timedelta(seconds=self._elapsed - self._booted_at))

    async def sleep(self, seconds: float) -> None:
        """Move at once, and let others run."""
        await anyio.lowlevel.checkpoint()
        self._elapsed += max(seconds, 0.0)

    def advance(self, span: timedelta) -> None:
        """Time passes; back is only the wall clock set back, since time never is."""
        if span < timedelta():
            self.step(span)
        else:
            self._elapsed += span.total_seconds()

    def step(self, span: timedelta) -> None:
        """Somebody sets the wall clock, forth or back; no time passes."""
        self._set += span

    def reboot(self, away: timedelta = timedelta()) -> None:
        """The host goes down, and comes up after a while."""
        self.advance(away)
        self._boots += 1
        self._booted_at = self._elapsed


def raw(*values: str) -> tuple[RawEntry, ...]:
    """A platform's answer of plain values."""
    return tuple(RawEntry(value) for value in values)


class MemorySource(Source):
    """Answers what it was last told to answer."""

    kind = "memory.list"
    platforms: ClassVar[frozenset[str]] = frozenset()
    every = "1h"
    reference = "gatepost.testing"

    @dataclass(frozen=True, slots=True)
    class Options:
        """No options."""

    def __init__(self, options: Any, client: Any) -> None:
        self.options = options
        self.answer: tuple[RawEntry, ...] | GatepostError = client
        self.account = "one"

    @classmethod
    def directions(cls, options: Any) -> frozenset[Direction]:  # noqa: ARG003 - any will do
        """Both: the test says which."""
        return frozenset(Direction)

    @property
    def provenance(self) -> str:
        """Changes with the account."""
        return f"memory {self.account}"

    async def fetch(self) -> Fetched:
        """The answer, or the error."""
        if isinstance(self.answer, GatepostError):
            raise self.answer
        return Fetched(self.answer, requests=1)


class MemoryTarget(Target):
    """Holds entries in memory; can be told to fail, to stop half-way, to lie, or to be changed by others."""

    kind = "memory"

    @dataclass(frozen=True, slots=True)
    class Options:
        """What the device is said to hold."""

        capabilities: Capabilities = field(default_factory=lambda: Capabilities(domains=True, ports=True))

    def __init__(self, name: str, options: Any) -> None:
        self.name = name
        self.options = options
        self.entries: tuple[Entry, ...] = ()
        self.generation = 0
        self.writes = 0
        self.mixed = False
        self.failing: GatepostError | None = None
        self.stopping: GatepostError | None = None
        """Raised by the next apply, once, after it has made the additions and none of the removals."""
        self.forgetful = False
        """Say done and do nothing, as a broken device does."""
        self.foreign = False
        """Whether our mark is missing; adopting sets it."""
        self.rules: tuple[str, ...] = ()
        """Of the user, that refer to the content: purging is refused while there are any."""
        self.packets: dict[Prefix, int] = {}
        self.suspected: tuple[str, ...] = ()

    @property
    def capabilities(self) -> Capabilities:
        """As the options say."""
        found: Capabilities = self.options.capabilities
        return found

    @property
    def place(self) -> str:
        """In memory."""
        return f"memory {self.name}"

    async def current(self) -> Current:
        """What is there."""
        if self.failing is not None:
            raise self.failing
        if self.foreign:
            msg = f"{self.place} does not carry our mark"
            raise TargetForeign(msg)
        return Current(self.generation, self.entries, digest_entries(self.entries), self.mixed)

    async def apply(self, plan: Plan, desired: tuple[Entry, ...]) -> None:
        """Compare generation and content, then hold what is desired."""
        require_fit(desired, self.capabilities)
        await self._require(plan.generation, plan.current)
        if digest_entries(desired) != plan.desired:
            msg = f"the list of {self.place} has changed since the plan was made"
            raise StalePlan(msg)
        self.writes += 1
        if self.stopping is not None:
            self._stop_half_way(desired, self.stopping)
        if not self.forgetful:
            self.entries, self.generation, self.mixed = desired, plan.generation + 1, False

    async def purge(self, current: Current) -> None:
        """Compare, then hold nothing and know nothing."""
        await self._require(current.generation, current.digest)
        if self.rules:
            msg = f"{self.place} is still referred to by {', '.join(self.rules)}"
            raise TargetRejected(msg)
        self.entries, self.generation, self.mixed = (), 0, False

    async def empty(self, current: Current) -> None:
        """Compare, then hold nothing; rules that refer to it do not mind."""
        await self._require(current.generation, current.digest)
        self.entries, self.generation, self.mixed = (), 0, False

    async def adopt(self) -> Current:
        """Set the mark, and a generation beside content that has none."""
        self.foreign = False
        if self.entries and not self.generation:
            self.generation = 1
        return await self.current()

    async def stamp(self) -> str:
        """Of all there is."""
        return f"{self.generation} {digest_entries(self.entries)}"

    async def suspects(self) -> tuple[str, ...]:
        """Whom the test suspects."""
        return self.suspected

    async def counted(self) -> tuple[Counted, ...]:
        """What the test counted."""
        return tuple(Counted(prefix, packets) for prefix, packets in self.packets.items())

    async def _require(self, generation: int, digest: str) -> None:
        now = await self.current()
        if (now.generation, now.digest) != (generation, digest):
            msg = f"{self.place} is at generation {now.generation} or was changed; the plan knew {generation}"
            raise StalePlan(msg)

    def _stop_half_way(self, desired: tuple[Entry, ...], error: GatepostError) -> NoReturn:
        both = {entry.key: entry for entry in (*self.entries, *desired)}
        self.entries = tuple(both[key] for key in sorted(both))
        self.generation, self.mixed, self.stopping = self.generation + 1, True, None
        raise error
