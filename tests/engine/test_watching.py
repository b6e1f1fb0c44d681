"""The service sees within a second what others change, and tells it once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import anyio
import pytest

from gatepost.engine import loop
from gatepost.engine.watching import Watch
from gatepost.errors import TargetUnavailable
from gatepost.planning.normalise import Rules, normalise
from gatepost.testing import raw

pytestmark = pytest.mark.anyio

FOREIGN = normalise(raw("203.0.112.7"), Rules()).entries


class EndOfTestError(Exception):
    """Ends a service that runs for ever."""


async def ignore(_):
    """Tell nobody."""


async def test_told_once(world):
    """A change by others is told when it is seen, and not again until it is another one."""
    await world.apply()
    told = []

    async def notice(drift):
        told.append((drift.added, drift.suspects))

    watch = Watch(world.site)
    await watch.look("edge", notice)
    world.target.entries, world.target.suspected = (*world.target.entries, *FOREIGN), ("vi, process 7",)
    for _ in range(3):
        world.clock.advance(timedelta(seconds=1))
        await watch.look("edge", notice)
    assert told == [(FOREIGN, ("vi, process 7",))]


async def test_not_read_unless_moved(world):
    """A target whose stamp did not move is not read, but once a minute."""
    await world.apply()
    watch = Watch(world.site)
    await watch.look("edge", ignore)
    world.target.failing = TargetUnavailable("must not be read")
    world.clock.advance(timedelta(seconds=59))
    assert not await watch.look("edge", ignore)
    world.clock.advance(timedelta(seconds=1))
    with pytest.raises(TargetUnavailable):
        await watch.look("edge", ignore)


async def test_service_sees_within_a_second(world):
    """From a change by others to the notice of the running service: one second."""
    await world.apply()
    changed_at = []

    async def report(_):
        if not changed_at:
            changed_at.append(world.clock.monotonic())
            world.target.entries = FOREIGN

    async def notice(drift):
        assert drift.added == FOREIGN
        raise EndOfTestError

    world.clock.advance(timedelta(hours=2))
    with pytest.raises(EndOfTestError), anyio.fail_after(30):
        await loop.run(world.site, loop.Tell(report, ignore, notice, ignore))


async def test_service_repairs_where_it_may(world):
    """With ``repair`` on, the service puts a target right without asking a platform."""
    await world.apply()
    clean = world.target.entries
    settings = world.site.settings
    targets = {"edge": replace(settings.targets["edge"], repair=True)}
    site = replace(world.site, settings=replace(settings, targets=targets))
    turns = []

    async def report(one):
        turns.append(one)
        if len(turns) == 1:
            world.target.entries = FOREIGN
        elif world.target.entries == clean:
            raise EndOfTestError

    with pytest.raises(EndOfTestError), anyio.fail_after(30):
        await loop.run(site, loop.Tell(report, ignore, ignore, ignore))
    assert turns[-1].got == {}


async def test_trouble_is_told_once(world):
    """A target that cannot be read is told once, not every second."""
    watch = Watch(world.site)
    gone = TargetUnavailable("gone")
    assert [watch.is_news("edge", gone) for _ in range(3)] == [True, False, False]
