"""Whether processes are really gone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import anyio
from anyio.lowlevel import checkpoint


def alive(pid: int) -> bool:
    """Whether a process still runs; one that is dead and not yet buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def gone(pids: Iterable[int]) -> bool:
    """Whether the kernel has ended all of them, within a moment."""
    left = list(pids)
    with anyio.move_on_after(5):
        while left:
            await checkpoint()
            left = [pid for pid in left if alive(pid)]
    return not left
