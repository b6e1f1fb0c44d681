"""For tests of gatepost and of plug-ins: a clock, a source and a target that do as they are told.

They are real implementations of the families' contracts, kept in memory; the
contract suites run over them as over every plug-in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar

from gatepost.errors import GatepostError, StalePlan
from gatepost.model.answer import Fetched
from gatepost.model.entry import Direction, Entry, RawEntry
from gatepost.model.plan import Capabilities, Current, Plan
from gatepost.planning.digest import digest_entries
from gatepost.sources.base import Source
from gatepost.targets.base import Target


class FrozenClock:
    """A clock that moves only when told; sleeping moves it."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._elapsed = 0.0

    def now(self) -> datetime:
        """UTC."""
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """Move at once."""
        self._elapsed += max(seconds, 0.0)

    def advance(self, span: timedelta) -> None:
        """Move forth, or back."""
        self._elapsed += span.total_seconds()


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
    """Holds entries in memory; can be told to fail, to lie, or to be changed by others."""

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
        self.failing: GatepostError | None = None
        self.forgetful = False
        """Say done and do nothing, as a broken device does."""

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
        return Current(self.generation, self.entries, digest_entries(self.entries))

    async def apply(self, plan: Plan, desired: tuple[Entry, ...]) -> None:
        """Compare the generation, then hold what is desired."""
        if plan.generation != self.generation:
            msg = f"{self.place} is at generation {self.generation}, the plan knew {plan.generation}"
            raise StalePlan(msg)
        self.writes += 1
        if not self.forgetful:
            self.entries, self.generation = desired, plan.generation + 1
