"""Who waits while passwords are verified: strangers in one queue, others in another, each bounded."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import anyio
import anyio.to_thread

from gatepost.refusals import TooManyAtOnce
from gatepost.server.limits import LoginLimit
from gatepost.server.metrics import Metrics
from gatepost.server.route import Asked, Reply

WAITING_MOST = 32
"""Logins that wait in a queue: the last of them waits for some seconds."""
AGAIN_AFTER = 5.0
"""Seconds after which whoever found a queue full shall come again."""

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Verifying:
    """Runs logins beside the event loop, one of each queue at once: it takes 32 MiB and a tenth of a second.

    Nobody waits for strangers who was let in from there before, or is on this host itself.
    """

    def __init__(self, logins: LoginLimit, metrics: Metrics) -> None:
        """``logins`` is asked before anything waits."""
        self._logins, self._metrics = logins, metrics
        self._known, self._strangers = _Queue(), _Queue()
        self._threads = anyio.CapacityLimiter(2)

    async def run(self, work: Callable[[], Reply], asked: Asked, receive: Receive) -> Reply:
        """Raises TooManyLogins, TooManyAtOnce, and what the work does."""
        who = asked.body.user, asked.address
        self._logins.enter(*who)
        queue = self._known if self._logins.knows(*who) else self._strangers
        if not await queue.turn(receive):
            self._logins.withdraw(*who)
            self._metrics.login("busy")
            msg = "too many logins at once; this password was not verified"
            raise TooManyAtOnce(msg, retry_after=AGAIN_AFTER)
        try:
            return await anyio.to_thread.run_sync(work, limiter=self._threads)
        finally:
            queue.leave()


class _Queue:
    """One after the other."""

    def __init__(self) -> None:
        self._place = anyio.Semaphore(1)

    async def turn(self, receive: Receive) -> bool:
        """Whether it came: not where the queue is full, or the client hangs up before."""
        if self._place.statistics().tasks_waiting >= WAITING_MOST:
            return False
        came = False
        async with anyio.create_task_group() as group:
            group.start_soon(_until_gone, receive, group.cancel_scope)
            await self._place.acquire()
            came = True
            group.cancel_scope.cancel()
        return came

    def leave(self) -> None:
        """The next one's turn."""
        self._place.release()


async def _until_gone(receive: Receive, waiting: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    waiting.cancel()
