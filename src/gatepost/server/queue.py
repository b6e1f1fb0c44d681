"""Waiting in order and within bounds for work that is done beside the event loop."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

import anyio
import anyio.to_thread

from gatepost.refusals import TooManyAtOnce
from gatepost.server.metrics import Metrics
from gatepost.server.route import Asked, Reply

WAITING_MOST: Final = 32
"""Requests that wait in one queue."""
AGAIN_AFTER: Final = 5.0
"""Seconds after which whoever found a queue full shall come again."""

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Queue:
    """Of logins: so many at work at once, so many waiting; whoever hangs up while waiting is forgotten."""

    def __init__(self, at_once: int, metrics: Metrics) -> None:
        """``at_once``: how many threads it has of its own."""
        self._metrics = metrics
        self._places, self._threads = anyio.Semaphore(at_once), anyio.CapacityLimiter(at_once)

    @property
    def waiting(self) -> int:
        """How many wait now."""
        return self._places.statistics().tasks_waiting

    async def run(self, work: Callable[[], Reply], _: Asked, receive: Receive) -> Reply:
        """Raises TooManyAtOnce, the work not begun, and what the work raises."""
        if not await self._turn(receive):
            self._metrics.login("busy")
            msg = "too many logins at once; this one was not looked at"
            raise TooManyAtOnce(msg, retry_after=AGAIN_AFTER)
        try:
            return await anyio.to_thread.run_sync(work, limiter=self._threads)
        finally:
            self._places.release()

    async def _turn(self, receive: Receive) -> bool:
        """Whether it came: not where too many wait, or the client hangs up before."""
        if self.waiting >= WAITING_MOST:
            return False
        came = False
        async with anyio.create_task_group() as group:
            group.start_soon(_until_gone, receive, group.cancel_scope)
            await self._places.acquire()
            came = True
            group.cancel_scope.cancel()
        return came


async def _until_gone(receive: Receive, waiting: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    waiting.cancel()
