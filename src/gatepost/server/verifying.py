"""Who waits while passwords are verified: strangers in one queue, others in another."""

from __future__ import annotations

from collections.abc import Callable

from gatepost.refusals import TooManyAtOnce
from gatepost.server.limits import LoginLimit
from gatepost.server.metrics import Metrics
from gatepost.server.queue import Queue, Receive
from gatepost.server.route import Asked, Reply


class Verifying:
    """Runs logins, one of each queue at once: a password takes 32 MiB and a tenth of a second.

    Nobody waits for strangers who was let in from there before, or is on this host itself.
    """

    def __init__(self, logins: LoginLimit, metrics: Metrics) -> None:
        """``logins`` is asked before anything waits."""
        self._logins = logins
        self._known, self._strangers = Queue(1, metrics), Queue(1, metrics)

    async def run(self, work: Callable[[], Reply], asked: Asked, receive: Receive) -> Reply:
        """Raises TooManyLogins, TooManyAtOnce, and what the work does."""
        who = asked.body.user, asked.address
        self._logins.enter(*who)
        queue = self._known if self._logins.knows(*who) else self._strangers
        try:
            return await queue.run(work, asked, receive)
        except TooManyAtOnce:
            self._logins.withdraw(*who)
            raise
