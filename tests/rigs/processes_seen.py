"""What the kernel shows of a running program and all that it started: command lines and environments."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PAUSE = 0.005
"""Seconds between two looks."""


def descendants(pid: int) -> list[int]:
    """A process and everything it started that still runs."""
    found = [pid]
    for parent in found:
        for thread in threads(parent):
            found += [int(child) for child in read(thread / "children").split()]
    return found


def threads(pid: int) -> list[Path]:
    """The threads of a process, by their places in /proc; none where it has just ended."""
    try:
        return list(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return []


def read(place: Path) -> bytes:
    """A file of /proc; nothing where the process has just ended."""
    try:
        return place.read_bytes()
    except OSError:
        return b""


@dataclass
class Seen:
    """Everything that was seen, each once."""

    command_lines: set[bytes] = field(default_factory=set)
    environments: set[bytes] = field(default_factory=set)
    """Of the processes it started, not its own: its own holds what it was given."""

    def look(self, pid: int) -> None:
        """Look once."""
        own = read(Path(f"/proc/{pid}/cmdline"))
        for each in descendants(pid):
            before, held = (read(Path(f"/proc/{each}/{name}")) for name in ("cmdline", "environ"))
            self.command_lines.add(before)
            # between fork and exec a child still shows what is its parent's
            if each != pid and before not in {b"", own} and before == read(Path(f"/proc/{each}/cmdline")):
                self.environments.add(held)


@contextmanager
def watching(pid: int) -> Iterator[Seen]:
    """Look again and again until the end of the block."""
    seen, over = Seen(), threading.Event()

    def watch() -> None:
        while not over.wait(PAUSE):
            seen.look(pid)

    watcher = threading.Thread(target=watch)
    seen.look(pid)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()
