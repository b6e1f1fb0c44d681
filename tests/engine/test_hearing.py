"""Whoever approves beside a running service waits for no cycle."""

from __future__ import annotations

import anyio
import pytest

from gatepost.engine import loop
from gatepost.engine.approval import give_word
from gatepost.engine.hearing import EVERY, Hearing
from gatepost.model.plan import Word

pytestmark = pytest.mark.anyio

FEW = ("101.126.59.0",)


class EndOfTestError(Exception):
    """Ends a service that runs for ever."""


async def ignore(_):
    """Tell nobody."""


async def held(world):
    """A target in step, and a plan for it that waits; the plan's digest."""
    await world.apply()
    world.target.entries = world.target.entries[1:]
    return (await world.apply()).results[0].plan.digest


def speak(world, digest, word=Word.APPROVE):
    """As the command line does it."""
    give_word(world.site, digest, word, who="me", why="nobody knows of it")


async def test_a_word_of_others_is_carried_out_within_seconds(world):
    """Not when a source is due again, an hour later; who sleeps beside the loop moves the clock as well."""
    digest = await held(world)
    before, turns = len(world.held_there), []

    async def report(seen):
        turns.append(world.clock.monotonic())
        if len(turns) > 1:
            raise EndOfTestError
        assert seen.results[0].outcome is None or not seen.results[0].verified
        speak(world, digest)

    with anyio.fail_after(20), pytest.raises(EndOfTestError):
        await loop.run(world.site, loop.Tell(report, ignore, ignore, ignore))
    assert turns[1] - turns[0] <= 4 * EVERY
    assert len(world.held_there) == before + 1


async def test_each_approval_is_heard_once(world):
    """A word from before the service began is not repeated; a rejection is none."""
    digest = await held(world)
    speak(world, digest)
    hearing = Hearing.of(world.site)
    assert not hearing.is_news()
    speak(world, digest, Word.REJECT)
    assert not hearing.is_news()
    speak(world, digest)
    assert hearing.is_news()
    assert hearing.lists() == {"webhooks"}
    assert (hearing.is_news(), hearing.lists()) == (False, set())


async def test_an_answer_that_is_approved_wakes_its_list(world):
    """By its own digest, which names no plan."""
    await world.apply()
    world.answer(*FEW)
    report = await world.apply()
    hearing = Hearing.of(world.site)
    speak(world, report.turns[0].held[0].digest)
    assert hearing.lists() == {"webhooks"}


async def test_what_was_carried_out_wakes_nobody(world):
    """Whoever approves and applies at once leaves the service nothing to do."""
    digest, hearing = await held(world), Hearing.of(world.site)
    speak(world, digest)
    await world.apply()
    assert hearing.is_news()
    assert hearing.lists() == set()


async def test_a_history_that_cannot_be_read_tells_nothing_new(world):
    """The loop goes on; the next look tells."""
    digest, hearing = await held(world), Hearing.of(world.site)
    speak(world, digest)
    path = world.site.settings.cache / "history.db"
    path.rename(path.with_suffix(".away"))
    path.mkdir()
    world.site.store.close()
    assert not hearing.is_news()
