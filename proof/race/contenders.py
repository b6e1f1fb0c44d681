"""Targets for writers that wait for each other, and the same with what keeps them apart taken out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from gatepost.errors import StalePlan, TargetRejected
from gatepost.kit.process import SystemRunner
from gatepost.model.address import Family, Prefix, parse_v4
from gatepost.model.entry import Entry
from gatepost.model.plan import Plan
from gatepost.targets._file_ledger import Held as HeldFile
from gatepost.targets._local import Local
from gatepost.targets._nft import Change, Held, Kernel, Place
from gatepost.targets._nft_netlink import Direct
from gatepost.targets._nft_program import Program
from gatepost.targets.base import Target
from gatepost.targets.file import File
from gatepost.targets.nftables import Nftables

TIMEOUT = 60.0
TRIES = 200
FILL = parse_v4("11.0.0.0")

Gate = Callable[[], None]
"""Returns once every writer stands at it."""


def content(writer: int, turn: int, entries: int) -> tuple[Entry, ...]:
    """What one writer wants in one round: it shares nothing with any other's, or its own of the last."""
    first = FILL + (2 * writer + turn % 2) * entries * 8
    return tuple(Entry(Prefix(Family.V4, first + index * 8, 30)) for index in range(entries))


class Gated:
    """A kernel that writes when all others are about to write: all have read the same state by then."""

    def __init__(self, kernel: Kernel, gate: Gate) -> None:
        self._kernel = kernel
        self._gate = gate
        self.read, self.purge, self.adopt = kernel.read, kernel.purge, kernel.adopt
        self.stamp, self.suspects, self.empty = kernel.stamp, kernel.suspects, kernel.empty

    async def write(self, change: Change) -> None:
        """Wait, then write."""
        self._gate()
        await self._kernel.write(change)


class Uncompared:
    """A kernel that does not compare: it writes on whatever is there, as often as it takes."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.read, self.purge, self.adopt = kernel.read, kernel.purge, kernel.adopt
        self.stamp, self.suspects, self.empty = kernel.stamp, kernel.suspects, kernel.empty

    async def write(self, change: Change) -> None:
        """On what is there now; whoever never gets through has lost."""
        for _ in range(TRIES):
            if await self._is_written(change, await self._kernel.read()):
                return
        msg = f"not written in {TRIES} tries"
        raise TargetRejected(msg)

    async def _is_written(self, change: Change, held: Held) -> bool:
        try:
            await self._kernel.write(replace(change, held=held))
        except (StalePlan, TargetRejected):
            return False
        return True


class GatedFile(File):
    """The file target, entered by all at once."""

    gate: Gate

    async def apply(self, plan: Plan, desired: tuple[Entry, ...]) -> None:
        """Wait, then apply."""
        self.gate()
        await super().apply(plan, desired)


class Unlocked(Local):
    """A place without its lock."""

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Nobody is kept out."""
        yield


class UnlockedFile(GatedFile):
    """The same without its lock."""

    def __init__(self, name: str, options: File.Options) -> None:
        """In a place without one."""
        super().__init__(name, options)
        self._local = Unlocked(self._local.name, self._local.lock, self._local.hint, self._local.timeout)


class UncomparedFile(GatedFile):
    """The same with its lock, but what is there may be another generation than the plan's."""

    def _require(self, held: HeldFile, generation: int, digest: str) -> None:
        """Anything will do."""


def by_nft(name: str) -> Kernel:
    """Through the program."""
    return Program(Place("gatepost", name), SystemRunner(), TIMEOUT)


def by_netlink(name: str) -> Kernel:
    """Without it."""
    return Direct(Place("gatepost", name), timeout=TIMEOUT)


def nftables(kernel: Kernel, gate: Gate) -> Target:
    """The nftables target over a kernel."""
    return Nftables("edge", Nftables.Options(), kernel=Gated(kernel, gate))


def file(kind: type[GatedFile], path: Path, gate: Gate) -> Target:
    """The file target."""
    target = kind("edge", kind.Options(path=path, timeout=TIMEOUT))
    target.gate = gate
    return target


KINDS: dict[str, Callable[[Path, Gate], Target]] = {
    "nftables, by netlink": lambda _, gate: nftables(by_netlink("netlink"), gate),
    "nftables, by nft": lambda _, gate: nftables(by_nft("nft"), gate),
    "file": lambda folder, gate: file(GatedFile, folder / "whole", gate),
    "nftables, by netlink, comparison taken out": lambda _, gate: nftables(
        Uncompared(by_netlink("bare_netlink")), gate
    ),
    "nftables, by nft, comparison taken out": lambda _, gate: nftables(Uncompared(by_nft("bare_nft")), gate),
    "file, comparison taken out": lambda folder, gate: file(UncomparedFile, folder / "uncompared", gate),
    "file, lock taken out": lambda folder, gate: file(UnlockedFile, folder / "unlocked", gate),
}
"""By name, each in a place of its own; where something was taken out it is the instrument's own check."""
PLANTED = "taken out"
