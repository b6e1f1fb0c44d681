"""When to turn: each source by its own interval, with jitter, from what the store remembers."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import anyio

from gatepost.config.settings import ListSettings, SourceSettings
from gatepost.engine.acceptance import CLOCK_PLAY
from gatepost.engine.cycle import CycleReport, apply_cycle, plan_cycle
from gatepost.engine.hearing import EVERY as LISTEN_EVERY
from gatepost.engine.hearing import Hearing
from gatepost.engine.site import Site
from gatepost.engine.watching import EVERY, Notice, TakenBack, Watch, take_back
from gatepost.errors import GatepostError
from gatepost.kit.clock import Clock
from gatepost.model.record import Attempt

JITTER = 0.1
"""Share of the interval by which a turn may come later, so that hosts do not ask together."""
RETRY_FIRST = timedelta(seconds=30)
"""Wait after a transient failure; doubled for each further one, up to the interval."""
DOUBLINGS = 16
LOOK_AGAIN = 3600.0
"""Seconds after which a list is planned again although no source of it is due."""
LONGEST_PAUSE = timedelta(minutes=1)
"""Short enough that a clock that jumps does no harm."""

Report = Callable[[CycleReport], Awaitable[None]]
Fail = Callable[[GatepostError], Awaitable[None]]


def due_at(site: Site, source: SourceSettings) -> datetime | None:
    """When a source is to be asked again; None: at once.

    A platform that says how long to wait is left alone that long. What is not
    transient waits a whole interval: a wrong secret does not get right by asking.
    """
    attempt = site.store.attempt(source.name)
    if attempt is None or attempt.at - site.clock.now() > CLOCK_PLAY:
        return None  # never asked, or only in a future that a jumping clock made up
    failure = attempt.failure
    told = timedelta(seconds=(failure.retry_after or 0.0) if failure else 0.0)
    if failure is not None and failure.transient:
        doubled = RETRY_FIRST * (1 << min(attempt.failures - 1, DOUBLINGS))
        return attempt.at + max(told, min(source.every, doubled))
    return attempt.at + max(told, source.every + _jitter(source, attempt))


def _jitter(source: SourceSettings, attempt: Attempt) -> timedelta:
    """The same for one attempt on one host, however often it is asked for."""
    seed = hashlib.sha256(f"{platform.node()} {source.name} {attempt.at.isoformat()}".encode()).digest()
    return source.every * (JITTER * seed[0] / 255)


def due(site: Site) -> tuple[str, ...]:
    """Names of the listed sources whose turn has come."""
    now = site.clock.now()
    moments = {name: due_at(site, site.settings.sources[name]) for name in _listed(site)}
    return tuple(name for name, moment in moments.items() if moment is None or moment <= now)


def here(site: Site) -> set[str]:
    """Listed sources that ask nobody: whoever edits one and starts the service anew waits for no interval."""
    return {name for name in _listed(site) if site.settings.sources[name].plugin.is_here}


def _listed(site: Site) -> list[str]:
    names = (name for one in site.settings.lists.values() for name in one.allowlist.sources)
    return list(dict.fromkeys(names))


def pause(site: Site) -> float:
    """Seconds until a source is due."""
    now = site.clock.now()
    moments = [due_at(site, site.settings.sources[name]) or now for name in _listed(site)]
    nearest = min(moments, default=now + LONGEST_PAUSE)
    return min(max((nearest - now).total_seconds(), 0.0), LONGEST_PAUSE.total_seconds())


def lists_of(site: Site, sources: Collection[str]) -> tuple[ListSettings, ...]:
    """The lists that any of these sources belongs to."""
    lists = site.settings.lists.values()
    return tuple(one for one in lists if set(sources) & {*one.allowlist.sources})


async def turn(site: Site, lists: Sequence[ListSettings], sources: Collection[str], report: Report) -> None:
    """One turn of the service: ask what is due, then plan and apply the lists concerned."""
    await report(await apply_cycle(site, await plan_cycle(site, lists, only=sources)))


def lists_due(site: Site, sources: Collection[str], last: Mapping[str, float]) -> tuple[ListSettings, ...]:
    """The lists of sources that are due, and those that were not looked at for an hour.

    So every list gets a turn at the start, when the targets may be empty after a
    reboot, and an override that ran out, or a change on a device, is seen within the hour.
    """
    now = site.clock.monotonic()
    waiting = {name for name in site.settings.lists if now - last.get(name, -LOOK_AGAIN) >= LOOK_AGAIN}
    waiting |= {one.name for one in lists_of(site, sources)}
    return tuple(one for name, one in site.settings.lists.items() if name in waiting)


@dataclass(frozen=True, slots=True)
class Tell:
    """Whom the service tells what."""

    report: Report
    fail: Fail
    notice: Notice
    """Of what others changed on a target."""
    taken_back: TakenBack
    """Of changes that nobody confirmed."""


class Wake:
    """Ends the loop's pause: lists whose sources somebody wants asked now.

    A word on a held answer takes effect when its source gives that answer again.
    """

    def __init__(self) -> None:
        """Nobody wants anything."""
        self._event = anyio.Event()
        self._lists: set[str] = set()

    def call(self, name: str) -> None:
        """Have a list fetched and applied as soon as the present turn is over; from the loop's thread."""
        self._lists.add(name)
        self._event.set()

    def taken(self) -> set[str]:
        """What was called for since last time."""
        taken, self._lists, self._event = self._lists, set(), anyio.Event()
        return taken

    @property
    def is_called(self) -> bool:
        """Whether anything was called for since last time."""
        return self._event.is_set()

    async def pause(self, clock: Clock, seconds: float) -> None:
        """Wait, or until called."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._until_called, group.cancel_scope)
            await clock.sleep(seconds)
            group.cancel_scope.cancel()

    async def _until_called(self, scope: anyio.CancelScope) -> None:
        await self._event.wait()
        scope.cancel()


async def run(site: Site, tell: Tell, wake: Wake | None = None) -> None:
    """Turn and watch for ever; raises what ``tell`` raises."""
    turning = anyio.Lock()
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(_turns, site, tell, turning, wake or Wake())
            group.start_soon(_watch, site, tell, turning)
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None


async def _watch(site: Site, tell: Tell, turning: anyio.Lock) -> None:
    """Look again and again; a target to be repaired gets a turn of its list, without asking any platform."""
    watch = Watch(site)
    while True:
        await site.clock.sleep(EVERY)
        for name, settings in site.settings.targets.items():
            try:
                if await watch.look(name, tell.notice):
                    async with turning:
                        await turn(site, (site.settings.lists[settings.list],), (), tell.report)
                await take_back(site, tell.taken_back)
            except GatepostError as error:
                if watch.is_news(name, error):
                    await tell.fail(error)


def _sources_of(site: Site, names: Collection[str]) -> set[str]:
    lists = site.settings.lists
    return {source for name in names if name in lists for source in lists[name].allowlist.sources}


async def _turns(site: Site, tell: Tell, turning: anyio.Lock, wake: Wake) -> None:
    """A turn that fails as a whole is told and tried again."""
    last: dict[str, float] = {}
    unread = here(site)
    hearing = Hearing.of(site)
    while True:
        called = wake.taken() | hearing.lists()
        last = {name: moment for name, moment in last.items() if name not in called}
        sources = {*due(site), *unread, *_sources_of(site, called)}
        lists = lists_due(site, sources, last)
        try:
            if lists:
                async with turning:
                    await turn(site, lists, sources, tell.report)
            last |= {one.name: site.clock.monotonic() for one in lists}
            unread = set()
        except GatepostError as error:
            await tell.fail(error)
            await site.clock.sleep(RETRY_FIRST.total_seconds())
        await _rest(site, wake, hearing)


async def _rest(site: Site, wake: Wake, hearing: Hearing) -> None:
    """Until a source is due, somebody calls, or somebody approved something."""
    end = site.clock.monotonic() + pause(site)
    while True:
        left = max(end - site.clock.monotonic(), 0.0)
        await wake.pause(site.clock, min(left, LISTEN_EVERY))
        if wake.is_called or site.clock.monotonic() >= end or hearing.is_news():
            return
