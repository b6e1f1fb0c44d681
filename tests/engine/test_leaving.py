"""Purge and adopt are a person's decision, and are recorded."""

from __future__ import annotations

import pytest

from gatepost.engine.last import last_of
from gatepost.engine.leaving import adopt, plan_purge, purge
from gatepost.errors import StalePlan, TargetForeign, TargetRejected, UsageError
from gatepost.model.plan import Cause, Outcome
from gatepost.planning.normalise import Rules, normalise
from gatepost.testing import raw

pytestmark = pytest.mark.anyio


async def test_purge(world):
    """Everything of ours goes, the history says so, and boot loads nothing any more."""
    await world.apply()
    result = await purge(world.site, await plan_purge(world.site, "edge"))
    assert (result.outcome, world.target.entries, world.target.generation) == (Outcome.APPLIED, (), 0)
    assert world.site.store.last_outcome("edge").cause is Cause.PURGE
    assert last_of(world.site.settings.state, "edge") is None


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
