"""What the targets that write on this machine have in common: one writer at a time, and what errors mean."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import anyio
from anyio import to_thread

from gatepost.errors import TargetForeign, TargetUnavailable
from gatepost.kit.files import Damaged, FileLock

T = TypeVar("T")

NO_DIRECTORY = "Make it, for the user that gatepost runs as; if it is on a disk of its own, mount that first."
PATIENCE = 0.02
"""Seconds between two tries to get the lock."""


@dataclass(frozen=True, slots=True)
class Local:
    """A file or directory that is ours, with a lock beside it."""

    name: str
    """As errors call it: ``file /srv/list.txt``."""
    lock: Path
    hint: str
    """What to check where the system refuses."""
    timeout: float
    """Seconds to wait for another gatepost."""

    async def do(self, work: Callable[[], T]) -> T:
        """File work beside the event loop. Raises TargetUnavailable (the system refuses), TargetForeign."""
        with self._errors():
            return await to_thread.run_sync(work)

    def require_place(self) -> None:
        """The directory that it is in, to write there. Raises OSError where an apply would fail."""
        above = self.lock.parent
        if not stat.S_ISDIR(above.stat().st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not os.access(above, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Wait for another gatepost that writes here. Raises TargetUnavailable when it takes too long."""
        lock = FileLock(self.lock)
        try:
            with anyio.move_on_after(self.timeout) as waiting:
                while not await self.do(lock.acquire):  # noqa: ASYNC110 - another process lets go: no event
                    await anyio.sleep(PATIENCE)
            if waiting.cancelled_caught:
                msg = f"{self.name} is being written by another gatepost"
                raise TargetUnavailable(msg)
            yield
        finally:
            lock.release()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            above = self.lock.parent
            if error.errno == errno.ENOENT and not above.exists():
                msg = f"{self.name}: there is no directory {above}"
                raise TargetUnavailable(msg, code=error.errno, hint=NO_DIRECTORY) from None
            msg = f"{self.name}: {error.strerror or type(error).__name__}"
            raise TargetUnavailable(msg, code=error.errno, hint=self.hint) from None
        except Damaged as error:
            msg = f"{self.name} is not ours: {error}"
            raise TargetForeign(msg, hint=error.next_step) from None
        except ValueError as error:
            msg = f"{self.name} is not ours: {error}"
            raise TargetForeign(msg) from None
