"""When to turn: each source by its own interval, with jitter, persisted across restarts."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from gatepost.config.settings import ListSettings
from gatepost.engine.cycle import CycleReport, apply_cycle, plan_cycle
from gatepost.engine.site import Site
from gatepost.errors import GatepostError

JITTER = 0.1
"""Share of the interval by which a turn may come later, so that hosts do not ask together."""
RETRY_FIRST = timedelta(seconds=30)
"""Wait after a transient failure; doubled for each further one, up to the interval."""

Report = Callable[[CycleReport], Awaitable[None]]


def due_at(site: Site, one: ListSettings, jitter: float) -> datetime | None:
    """When a list's next turn is due, from the stored attempts of its sources; None: at once."""
    moments = [_source_due(site, name, jitter) for name in one.allowlist.sources]
    known = [moment for moment in moments if moment is not None]
    return min(known) if moments and len(known) == len(moments) else None


def _source_due(site: Site, name: str, jitter: float) -> datetime | None:
    attempt = site.store.attempt(name)
    if attempt is None:
        return None
    every = site.settings.sources[name].every
    told = timedelta(seconds=(attempt.failure.retry_after or 0.0) if attempt.failure else 0.0)
    if attempt.failure is not None and attempt.failure.transient:
        since = attempt.at - (attempt.succeeded_at or attempt.at)
        return _later(attempt.at, max(told, min(every, max(RETRY_FIRST, since))))
    return _later(attempt.at, max(told, every * (1 + JITTER * jitter)))


def _later(moment: datetime, span: timedelta) -> datetime:
    return moment + span


def due_lists(site: Site, jitter: float) -> tuple[ListSettings, ...]:
    """Lists whose turn has come."""
    now = site.clock.now()
    return tuple(
        one
        for one in site.settings.lists.values()
        if one.allowlist.sources and ((moment := due_at(site, one, jitter)) is None or moment <= now)
    )


def pause(site: Site, jitter: float, longest: timedelta = timedelta(minutes=1)) -> float:
    """Seconds until the next turn; short enough that a clock that jumps does no harm."""
    moments = [due_at(site, one, jitter) for one in site.settings.lists.values() if one.allowlist.sources]
    if not moments:
        return longest.total_seconds()
    nearest = min(moment or site.clock.now() for moment in moments)
    return min(max((nearest - site.clock.now()).total_seconds(), 0.0), longest.total_seconds())


async def turn(site: Site, lists: Sequence[ListSettings], report: Report) -> None:
    """One turn of the service for the lists that are due."""
    await report(await apply_cycle(site, await plan_cycle(site, lists)))


async def run(site: Site, report: Report, fail: Callable[[GatepostError], Awaitable[None]]) -> None:
    """Turn for ever; a turn that fails as a whole is told and tried again."""
    dice = random.Random()  # noqa: S311 - jitter, not a key
    while True:
        jitter = dice.random()
        lists = due_lists(site, jitter)
        try:
            if lists:
                await turn(site, lists, report)
        except GatepostError as error:
            await fail(error)
            await site.clock.sleep(RETRY_FIRST.total_seconds())
        await site.clock.sleep(pause(site, jitter))
