"""Time as a seam: everything that waits or dates is handed a clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the engine and the clients may know of time."""

    def now(self) -> datetime:
        """Wall clock, UTC, aware: for dates that are stored."""
        ...

    def monotonic(self) -> float:
        """Seconds that never jump: for durations."""
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

    async def sleep(self, seconds: float) -> None:
        """Wait without blocking others."""
        import anyio  # noqa: PLC0415 - the CLI's help imports this module

        await anyio.sleep(seconds)
