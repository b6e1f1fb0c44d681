"""Time as a seam: everything that waits or dates is handed a clock."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Protocol

BOOT_VARIABLE = "GATEPOST_BOOT"
"""Names the boot where /proc/sys is hidden from us: units set it to ``%b``."""
_ALONE = "process "


@dataclass(frozen=True, slots=True)
class Uptime:
    """How long one boot of a host has lasted, suspended time included; setting the clock changes nothing."""

    boot: str
    """Which boot of which host: what is not of the same boot cannot be compared."""
    passed: timedelta

    @property
    def shared(self) -> bool:
        """Whether other processes of the same boot name it the same."""
        return not self.boot.startswith(_ALONE)


class Clock(Protocol):
    """What the engine and the clients may know of time."""

    def now(self) -> datetime:
        """Wall clock, UTC, aware: for dates that are stored."""
        ...

    def monotonic(self) -> float:
        """Seconds that never jump: for durations within one process."""
        ...

    def uptime(self) -> Uptime:
        """For durations from one process to another."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """UTC now."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    def uptime(self) -> Uptime:
        """CLOCK_BOOTTIME (clock_gettime(2)) with the kernel's boot id (random(4))."""
        clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
        return Uptime(boot_name(), timedelta(microseconds=time.clock_gettime_ns(clock) // 1000))

    async def sleep(self, seconds: float) -> None:
        """Wait without blocking others."""
        import anyio  # noqa: PLC0415 - the CLI's help imports this module

        await anyio.sleep(seconds)


@cache
def boot_name(root: Path = Path("/")) -> str:
    """The kernel's id of this boot; where nobody tells it, one of this process alone.

    With the time namespace, since each has an uptime of its own (time_namespaces(7)).
    """
    try:
        boot = (root / "proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
    except (OSError, ValueError):
        boot = os.environ.get(BOOT_VARIABLE, "")
    boot = boot.strip().replace("-", "")[:64] or f"{_ALONE}{os.urandom(8).hex()}"
    try:
        return f"{boot} {(root / 'proc/self/ns/time').readlink()}"
    except OSError:
        return boot
