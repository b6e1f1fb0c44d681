"""Netlink sockets in a namespace of the tests, and wires that fail as they are told."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gatepost.kit.netlink import Opener, SystemWire, Wire

CLONE_NEWNET = 0x40000000


def inside(pid: int, *, send_max: int | None = None) -> Opener:
    """Opens wires in the network namespace of a process."""

    def opener(*, groups: Sequence[int] = ()) -> Wire:
        return in_namespace(pid, lambda: SystemWire(groups=groups, send_max=send_max))

    return opener


def in_namespace(pid: int, make: Callable[[], SystemWire]) -> SystemWire:
    """A socket stays in the namespace where it was made; only a thread of its own goes there."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(_enter, pid).result()
        return thread.submit(make).result()


def _enter(pid: int) -> None:
    with Path(f"/proc/{pid}/ns/net").open() as place:
        failed = ctypes.CDLL(None, use_errno=True).setns(place.fileno(), CLONE_NEWNET)
    if failed:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


class Scripted:
    """A wire that answers what it is told: bytes, nothing, or an error."""

    port = 7

    def __init__(self, *script: bytes | OSError | None, room: int = 1 << 20) -> None:
        self.sent: list[bytes] = []
        self.closed = False
        self._room = room
        self._script: Iterator[bytes | OSError | None] = iter(script)

    def __call__(self, *, groups: Sequence[int] = ()) -> Wire:  # noqa: ARG002 - an opener of itself
        """As an opener."""
        return self

    def room(self, size: int) -> int:  # noqa: ARG002 - does not grow
        """As told."""
        return self._room

    def send(self, data: bytes) -> None:
        """Remembered."""
        self.sent.append(data)

    def receive(self, patience: float) -> bytes | None:  # noqa: ARG002 - at once
        """The next of the script, then nothing."""
        answer = next(self._script, None)
        if isinstance(answer, OSError):
            raise answer
        return answer

    def close(self) -> None:
        """Noted."""
        self.closed = True
