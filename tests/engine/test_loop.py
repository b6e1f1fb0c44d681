"""When the service asks again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gatepost.engine import loop
from gatepost.engine.loop import RETRY_FIRST, due, due_at, lists_of, pause
from gatepost.errors import ConnectFailed, CredentialsRejected, RateLimited

pytestmark = pytest.mark.anyio


async def ignore(_report):
    """Tell nobody."""


async def turn(world, sources):
    """One turn for these sources."""
    await loop.turn(world.site, lists_of(world.site, sources), sources, ignore)


def wait(world, name="events"):
    """Seconds until a source is due again."""
    moment = due_at(world.site, world.site.settings.sources[name])
    return (moment - world.clock.now()).total_seconds()


async def test_first_is_due_at_once(world):
    """A source that was never asked is due."""
    assert due(world.site) == ("events",)
    assert pause(world.site) == 0


async def test_interval_survives_a_restart(world):
    """After an answer a source is due after its interval and at most a tenth more, whoever asks."""
    await turn(world, due(world.site))
    assert due(world.site) == ()
    assert 3600 <= wait(world) <= 3600 * 1.1
    assert wait(world) == wait(world)
    assert pause(world.site) == 60


async def test_transient_failures_double(world):
    """A transient failure is tried again after 30 s, then twice as long, never beyond the interval."""
    world.sources["events"].answer = ConnectFailed("no route")
    waits = []
    for _ in range(9):
        await turn(world, ("events",))
        waits.append(wait(world))
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert waits[0] == RETRY_FIRST.total_seconds()


async def test_a_wrong_secret_waits_the_interval(world):
    """What is not transient is not hammered."""
    world.sources["events"].answer = CredentialsRejected("wrong secret")
    await turn(world, ("events",))
    assert wait(world) >= 3600


async def test_the_platform_says_how_long(world):
    """A platform that names a wait gets it, even one longer than the interval."""
    world.sources["events"].answer = RateLimited("quota", retry_after=6 * 3600.0)
    await turn(world, ("events",))
    assert wait(world) == 6 * 3600


async def test_only_what_is_due_is_asked(make_world):
    """A source that is not due is not asked because another one of its list is; its last answer counts."""
    world = make_world("events", "second")
    await turn(world, due(world.site))
    asked = world.site.store.attempt("second").at
    world.clock.advance(timedelta(minutes=30))
    world.sources["second"].answer = ConnectFailed("must not be asked")
    await turn(world, ("events",))
    assert world.site.store.attempt("second").at == asked
    assert world.site.store.attempt("second").failure is None
    assert sum(entry.value.size for entry in world.target.entries) == 10


async def test_first_turn_is_for_all_lists(world):
    """A service that starts again fills a wiped target at once, without asking before its time."""
    await turn(world, due(world.site))
    world.target.entries, world.target.generation = (), 0
    world.sources["events"].answer = ConnectFailed("must not be asked")
    seen = []

    async def report(one):
        seen.append(one)
        raise EndOfTestError

    with pytest.raises(EndOfTestError):
        await loop.run(world.site, loop.Tell(report, ignore, ignore, ignore))
    assert seen[0].got == {}
    assert sum(entry.value.size for entry in world.target.entries) == 10


class EndOfTestError(Exception):
    """Leaves the loop."""
