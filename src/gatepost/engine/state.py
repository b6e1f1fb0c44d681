"""What this host must know without the history: a lock, what is applied, what waits to be confirmed.

Files under ``Settings.state``, readable by their owner alone. Every one is
written whole and synced; a state that is entered once is entered by renaming,
so of two processes that try exactly one succeeds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from gatepost.engine.site import Site
from gatepost.errors import StoreUnavailable, TargetUnavailable
from gatepost.kit.clock import Clock
from gatepost.kit.files import FileLock

PATIENCE = 60.0
"""Seconds that another gatepost on this host is waited for."""
PAUSE = 0.1


@contextmanager
def state_errors() -> Iterator[None]:
    """What the system says about files is StoreUnavailable."""
    try:
        yield
    except OSError as error:
        msg = f"the state directory cannot be used: {error.strerror or type(error).__name__}"
        raise StoreUnavailable(msg) from None


def folder(state: Path | None, name: str) -> Path | None:
    """A directory of the state, made if missing; None for a site that keeps none. Raises StoreUnavailable."""
    if state is None:
        return None
    with state_errors():
        for place in (state, state / name):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return state / name


@contextmanager
def if_alone(site: Site) -> Iterator[bool]:
    """Whether no other gatepost on this host is applying; while in the block none begins."""
    with if_alone_in(site.settings.state) as free:
        yield free


@contextmanager
def if_alone_in(state: Path | None) -> Iterator[bool]:
    """The same by the state directory, for who has no history."""
    place = folder(state, "lock")
    if place is None:
        yield True
        return
    lock = FileLock(place / "apply")
    with state_errors():
        free = lock.acquire()
    try:
        yield free
    finally:
        lock.release()


@asynccontextmanager
async def alone(site: Site) -> AsyncIterator[None]:
    """Wait until no other gatepost on this host is applying. Raises TargetUnavailable after a minute."""
    async with alone_in(site.settings.state, site.clock):
        yield


@asynccontextmanager
async def alone_in(state: Path | None, clock: Clock, patience: float = PATIENCE) -> AsyncIterator[None]:
    """The same by the state directory, for who has no history; after so many seconds."""
    end = clock.monotonic() + patience
    while True:
        with if_alone_in(state) as free:
            if free:
                yield
                return
        if clock.monotonic() >= end:
            msg = f"another gatepost on this host has been applying for {patience:.0f} seconds"
            raise TargetUnavailable(msg, hint="Look for it with `ps`; it holds the lock until it ends.")
        await clock.sleep(PAUSE)
