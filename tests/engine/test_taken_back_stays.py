"""What was taken back is not made again without a word: not by its old plan, an old word or others' hands."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gatepost.engine.approval import give_word, held_plans
from gatepost.engine.confirming import settle_pending
from gatepost.engine.cycle import apply_cycle, apply_to_confirm
from gatepost.engine.health import health_of
from gatepost.errors import StalePlan
from gatepost.model.plan import Cause, Outcome, Word
from rigs.exactly import carry_out_exactly
from rigs.unconfirmed import FIVE, back, no_timer, risk

pytestmark = pytest.mark.anyio


def guards(report):
    """What stood against the plan."""
    return [reason.guard for reason in report.results[0].plan.reasons]


def reloaded(world, entries, generation):
    """Others load what they saved of the target."""
    world.target.entries, world.target.generation = entries, generation


def repairing(world):
    """The same world, where drift is undone without a word."""
    settings = world.site.settings
    targets = {"edge": replace(settings.targets["edge"], repair=True)}
    return replace(world, site=replace(world.site, settings=replace(settings, targets=targets)))


@pytest.mark.parametrize("recorded", [False, True])
async def test_the_old_plan_of_a_first_write_is_stale(world, recorded):
    """A target at nothing again, as before the first write, does not make that write's plan true again."""
    armed, report = await risk(world)
    await back(world, armed)
    if recorded:
        await world.plan()
    with pytest.raises(StalePlan, match="taken back"):
        await carry_out_exactly(world.site, report.results[0].plan)
    assert world.target.entries == ()


async def test_a_plan_that_waited_at_the_prompt_is_stale(world):
    """Nor does it where the plan was made before, and carried out after another run's was taken back."""
    slow = await world.plan()
    armed, _ = await risk(world, *(f"101.126.59.{n}" for n in range(10)))
    await back(world, armed)
    await settle_pending(world.site)
    report = await apply_cycle(world.site, slow)
    assert (report.results[0].outcome, world.target.entries) == (Outcome.FAILED, ())


async def test_a_word_is_for_one_time(world):
    """Who approved that a change is made again did not approve it for after the next taking back."""
    armed, _ = await risk(world)
    await back(world, armed)
    for _ in range(2):
        world.clock.advance(timedelta(minutes=1))
        report = await world.apply()
        assert guards(report) == ["revert"]
        give_word(world.site, report.results[0].plan.digest, Word.APPROVE, who="me", why="it was me")
        report, armed = await apply_to_confirm(world.site, await world.plan(), FIVE, who="me", start=no_timer)
        assert report.results[0].outcome is Outcome.APPLIED
        await back(world, armed)


async def test_what_others_bring_back_is_repaired(world):
    """A saved ruleset that holds what was taken back is undone again, where others' changes are."""
    world = repairing(world)
    await world.apply()
    before = world.target.entries
    armed, _ = await risk(world)
    saved = world.target.entries, world.target.generation
    await back(world, armed)
    await world.plan()
    reloaded(world, *saved)
    assert (await world.apply()).results[0].outcome is Outcome.APPLIED
    assert (world.target.entries, world.site.store.applied("edge").cause) == (before, Cause.REVERT)


@pytest.mark.parametrize("first", [False, True])
async def test_what_others_bring_back_is_not_in_step(world, first):
    """A saved ruleset that holds what was taken back is told, and held, although the list says the same."""
    if not first:
        await world.apply()
    armed, _ = await risk(world)
    saved = world.target.entries, world.target.generation
    await back(world, armed)
    await world.plan()
    reloaded(world, *saved)
    report = await world.apply()
    assert (guards(report), report.results[0].outcome) == (["drift"], Outcome.HELD)
    assert world.site.store.applied("edge").cause is Cause.REVERT
    give_word(world.site, report.results[0].plan.digest, Word.APPROVE, who="me", why="it was me")
    assert (await world.apply()).results[0].outcome is Outcome.UNCHANGED
    assert world.site.store.applied("edge").cause is Cause.SYNC
    assert held_plans(world.site) == ()


@pytest.mark.parametrize("first", [False, True])
async def test_what_was_taken_back_waits_for_a_word_in_status(world, first):
    """Until then it is told, with the generation that the target is at."""
    if not first:
        await world.apply()
    armed, _ = await risk(world)
    await back(world, armed)
    await settle_pending(world.site)
    health = health_of(world.site)
    assert (health.taken_back, health.targets[0].in_step) == (True, False)
    assert health.targets[0].applied.generation == world.target.generation
