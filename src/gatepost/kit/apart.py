"""Work that may hang: each piece in a thread of its own, waited for so long and no longer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

import anyio

from gatepost.kit.clock import SystemClock

T = TypeVar("T")

ENDING = 1.0
"""Seconds more for what is cancelled to end: programs are killed, sockets closed."""


@dataclass(frozen=True, slots=True)
class Ended(Generic[T]):
    """What a piece of work gave, or raised."""

    value: T | None = None
    error: Exception | None = None


def apart(works: Mapping[str, Callable[[], Awaitable[T]]], seconds: float) -> Mapping[str, Ended[T]]:
    """What ended within so many seconds, by name; all are begun at once, and none waits for another.

    Each has an event loop of its own. What does not end when it is cancelled, as a thread that
    waits for a dead disk, is left behind and holds up nobody's end.
    """
    ended: SimpleQueue[tuple[str, Ended[T]]] = SimpleQueue()
    for name, work in works.items():
        thread = Thread(target=_run, args=(ended, name, work, seconds), name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError as error:  # the system gives no more threads
            ended.put((name, Ended(error=error)))
    found: dict[str, Ended[T]] = {}
    clock = SystemClock()
    end = clock.monotonic() + seconds + ENDING
    while len(found) < len(works):
        try:
            name, one = ended.get(timeout=max(0.0, end - clock.monotonic()))
        except Empty:
            break
        found[name] = one
    return found


def _run(
    ended: SimpleQueue[tuple[str, Ended[T]]], name: str, work: Callable[[], Awaitable[T]], seconds: float
) -> None:
    try:
        ended.put((name, Ended(anyio.run(partial(_within, work, seconds)))))
    except Exception as error:  # noqa: BLE001 - told to who waits for it
        ended.put((name, Ended(error=error)))


async def _within(work: Callable[[], Awaitable[T]], seconds: float) -> T:
    with anyio.fail_after(seconds):
        return await work()
