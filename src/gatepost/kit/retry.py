"""Try again what may help, as long as the platform says, and never beyond a budget.

stamina decides how often and how long; the waiting itself is done on the
clock that was passed in (stamina is told to wait 0 s), so tests need no sleep.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from gatepost.errors import GatepostError
from gatepost.kit.clock import Clock

T = TypeVar("T")

ATTEMPTS = 3
BUDGET = 60.0
"""Seconds that all attempts and waits together may take: a source's own deadline."""
WAIT_FIRST = 0.5
WAIT_MOST = 20.0
JITTER = 0.5
"""Seconds added by chance, so that many hosts do not come back at once."""


async def retrying(
    call: Callable[[], Awaitable[T]], clock: Clock, attempts: int = ATTEMPTS, budget_seconds: float = BUDGET
) -> T:
    """``call``'s result; it is called again after an error whose class says ``transient``.

    ``retry_after`` of the error replaces the own wait. An error that is not
    transient, the last attempt's, or one whose wait would exceed the budget
    is raised as it is.
    """
    import stamina  # noqa: PLC0415 - heavy, and needed only where something is fetched

    end = clock.monotonic() + budget_seconds
    pause = planned = 0.0

    def worth_it(error: Exception) -> bool | float:
        nonlocal pause
        if not isinstance(error, GatepostError) or not error.transient:
            return False
        own = planned + random.uniform(0, JITTER)  # noqa: S311 - spreads load, guards nothing
        pause = own if error.retry_after is None else error.retry_after
        return 0.0 if clock.monotonic() + pause < end else False

    async for attempt in stamina.retry_context(
        worth_it, attempts=attempts, timeout=None, wait_initial=WAIT_FIRST, wait_max=WAIT_MOST, wait_jitter=0
    ):
        await clock.sleep(pause)
        planned = attempt.next_wait
        with attempt:
            return await call()
    raise AssertionError
