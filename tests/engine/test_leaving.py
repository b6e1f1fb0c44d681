"""Purge and adopt are a person's decision, and are recorded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatepost.engine.applying import settle
from gatepost.engine.drift import look
from gatepost.engine.last import last_of
from gatepost.engine.leaving import adopt, plan_purge, purge
from gatepost.errors import StalePlan, TargetForeign, TargetRejected, UsageError
from gatepost.model.plan import Cause, Outcome
from gatepost.model.protect import Protected
from gatepost.planning.normalise import Rules, normalise, parse_value
from gatepost.testing import raw
from rigs.unconfirmed import back, risk

pytestmark = pytest.mark.anyio


async def test_purge(world):
    """Everything of ours goes, the history says so, and boot loads nothing any more."""
    await world.apply()
    result = await purge(world.site, await plan_purge(world.site, "edge"))
    assert (result.outcome, world.target.entries, world.target.generation) == (Outcome.APPLIED, (), 0)
    assert world.site.store.last_outcome("edge").cause is Cause.PURGE
    assert last_of(world.site.settings.state, "edge") is None


async def test_no_purge_while_a_change_waits(world):
    """What waits to be confirmed is kept or taken back first, else it would put there what was purged."""
    await world.apply()
    shown = await plan_purge(world.site, "edge")
    armed, _ = await risk(world)
    there = world.target.entries
    for plan in (shown, await plan_purge(world.site, "edge")):
        result = await purge(world.site, plan)
        assert (result.outcome, result.plan.reasons[-1].guard) == (Outcome.HELD, "unconfirmed")
    assert world.target.entries == there
    await back(world, armed)
    assert (await purge(world.site, await plan_purge(world.site, "edge"))).outcome is Outcome.APPLIED
    assert world.target.entries == ()


async def test_purge_of_what_moved(world):
    """What changed since it was shown is not removed."""
    await world.apply()
    plan = await plan_purge(world.site, "edge")
    world.target.entries = world.target.entries[1:]
    result = await purge(world.site, plan)
    assert (result.outcome, type(result.error)) == (Outcome.FAILED, StalePlan)
    assert world.target.entries


async def test_purge_in_use(world):
    """What a rule of the user's still refers to stays, whole."""
    await world.apply()
    world.target.rules = ("ip saddr @webhooks_v4 accept",)
    result = await purge(world.site, await plan_purge(world.site, "edge"))
    assert isinstance(result.error, TargetRejected)
    assert world.target.generation == 1


async def test_adopted_is_planned_with_care(world):
    """What was adopted stays as it was, and a plan that would remove of it is held."""
    world.target.entries = normalise(raw("203.0.112.0/24"), Rules()).entries
    world.target.foreign = True
    with pytest.raises(TargetForeign):
        await plan_purge(world.site, "edge")
    current = await adopt(world.site, "edge", who="me", why="made by our old script")
    assert (current.generation, current.entries) == (1, world.target.entries)
    report = await world.apply()
    assert report.results[0].outcome is Outcome.HELD


async def test_adopting_needs_a_reason(world):
    """Nothing becomes ours without a reason for the record."""
    world.target.foreign = True
    with pytest.raises(UsageError):
        await adopt(world.site, "edge", who="me", why="")
    assert world.target.foreign


async def test_a_purge_that_died_after_the_fact_stays_a_purge(world):
    """Killed between the kernel's answer and the record: seen as empty, then recorded as what it was."""
    await world.apply()
    plan = await plan_purge(world.site, "edge")
    world.site.store.record_intent(plan, world.clock.now(), Cause.PURGE)
    await world.target.purge(await world.target.current())
    assert (await look(world.site, "edge")).empty
    await settle(world.site)
    done = world.site.store.applied("edge")
    assert (done.cause, done.outcome, done.generation) == (Cause.PURGE, Outcome.APPLIED, 0)
    assert await look(world.site, "edge") is None


async def test_a_purge_that_died_before_the_fact_is_none(world):
    """Killed before the kernel was asked: the list is in force and in step."""
    await world.apply()
    plan = await plan_purge(world.site, "edge")
    world.site.store.record_intent(plan, world.clock.now(), Cause.PURGE)
    report = await world.apply()
    assert report.results[0].outcome is Outcome.UNCHANGED
    assert await look(world.site, "edge") is None


async def test_a_purge_never_cuts_off_what_is_protected(world):
    """It is held like any plan, and changes nothing; protecting it no more lets it through."""
    await world.apply()
    settings = world.site.settings
    own = Protected(parse_value("101.126.59.3"), "the bastion")
    site = replace(
        world.site, settings=replace(settings, protect=replace(settings.protect, addresses=(own,)))
    )
    result = await purge(site, await plan_purge(site, "edge"))
    assert (result.outcome, result.plan.reasons[0].guard) == (Outcome.HELD, "protected")
    assert world.target.generation == 1
    assert (await purge(world.site, await plan_purge(world.site, "edge"))).outcome is Outcome.APPLIED
