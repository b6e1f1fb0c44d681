"""Targets that are called otherwise by now, or are elsewhere: nothing is forgotten, no other is touched."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gatepost.engine.approval import give_word
from gatepost.engine.cycle import apply_to_confirm
from gatepost.engine.health import health_document, health_of
from gatepost.engine.leaving import plan_purge
from gatepost.engine.pending import waiting
from gatepost.engine.rollback import earlier, roll_back
from gatepost.errors import TargetUnavailable
from gatepost.model.plan import Outcome, PlanStatus, Word
from gatepost.testing import MemoryTarget
from rigs.unconfirmed import FIVE, NEW, back, no_timer, risk

pytestmark = pytest.mark.anyio


def called(world, name, target=None, **changes):
    """The same world, its target under another name; or another target by that name."""
    settings = world.site.settings
    targets = {name: replace(next(iter(settings.targets.values())), name=name, **changes)}
    there = target or world.target
    known = replace(world.site, settings=replace(settings, targets=targets), targets={name: there})
    return replace(world, site=known, target=there)


def elsewhere(name="edge"):
    """Another place, where nothing was ever written."""
    return MemoryTarget(f"{name}-elsewhere", MemoryTarget.Options())


async def rolled_back(world):
    """At serial 3, which is serial 1 again; what it held then."""
    await world.apply()
    first = world.target.entries
    world.answer(*NEW)
    await world.apply()
    one = world.site.settings.lists["webhooks"]
    await roll_back(world.site, one, earlier(world.site, one, 1), who="me", why="not theirs")
    return first


def guards(report):
    """What stands against the only plan."""
    return [reason.guard for reason in report.results[0].plan.reasons]


async def test_what_was_rolled_back_waits_for_a_word_under_another_name(world):
    """The history knows nothing of it by that name, so nothing comes unasked; a gate stays where it was."""
    first = await rolled_back(world)
    store = world.site.store
    gate = called(world, "gate")
    for _ in range(2):
        report = await gate.apply()
        assert (guards(report), world.target.entries) == (["history"], first)
        assert "renamed" in report.results[0].plan.reasons[0].message
        assert store.carried_out("webhooks") == 3
    give_word(gate.site, report.results[0].plan.digest, Word.APPROVE, who="me", why="it was right after all")
    assert (await gate.apply()).results[0].outcome is Outcome.APPLIED
    assert (await gate.apply()).results[0].outcome is Outcome.UNCHANGED
    assert store.carried_out("webhooks") == 4


async def test_in_step_another_name_asks_nobody(world):
    """What is there already needs no word, and then the history knows it by that name."""
    await world.apply()
    gate = called(world, "gate")
    assert (await gate.apply()).results[0].outcome is Outcome.UNCHANGED
    world.answer(*NEW)
    assert (await gate.apply()).results[0].outcome is Outcome.APPLIED


class Unread(MemoryTarget):
    """Cannot be read once it was written."""

    async def apply(self, plan, desired):
        """As always."""
        await super().apply(plan, desired)
        self.failing = TargetUnavailable("the device hung up")


async def test_a_first_write_that_could_not_be_read_back_is_no_strangers(world):
    """It was tried by this name, so what comes next needs no word."""
    unread = called(world, "edge", Unread("edge", MemoryTarget.Options()))
    assert (await unread.apply()).results[0].outcome is Outcome.FAILED
    unread.target.failing = None
    unread.answer(*NEW)
    report = await unread.plan()
    assert (unread.target.generation, guards(report), bool(report.results[0].plan.add)) == (1, [], True)


async def test_another_place_by_the_same_name_is_left_alone(world):
    """Its change goes on waiting where it is: a plan writes nowhere, and the timer takes it back there."""
    await world.apply()
    before = world.target.entries
    armed, _report = await risk(world)
    moved = called(world, "edge", elsewhere())
    report = await moved.plan()
    assert (moved.target.entries, moved.target.generation) == ((), 0)
    assert [one.id for one in waiting(world.site.settings.state)] == [armed.id]
    assert "unconfirmed" not in guards(report)
    assert [one.outcome for one in await back(world, armed)] == [Outcome.REVERTED]
    assert (world.target.entries, moved.target.entries) == (before, ())


async def test_under_another_name_it_still_waits_and_is_taken_back(world):
    """Nothing is begun or purged there meanwhile; when the time is over, whoever comes next takes it back."""
    await world.apply()
    before = world.target.entries
    await risk(world)
    gate = called(world, "gate")
    assert (await plan_purge(gate.site, "gate")).status is PlanStatus.HELD
    gate.answer(*NEW, "61.0.0.9")
    assert "unconfirmed" in guards(await gate.apply())
    assert health_of(gate.site).targets[0].unconfirmed
    gate.clock.advance(FIVE + timedelta(minutes=1))
    await gate.plan()
    assert (world.target.entries, waiting(world.site.settings.state)) == (before, ())


async def test_where_nothing_is_configured_any_more_it_is_told(world):
    """Nobody takes it back then, and `status` is red; where a target is configured there again, it is."""
    await world.apply()
    before = world.target.entries
    armed, _report = await risk(world)
    gone = called(world, "other", elsewhere("other"))
    gone.clock.advance(FIVE + timedelta(minutes=1))
    await gone.plan()
    health = health_of(gone.site)
    assert health.overdue
    (told,) = health_document(health)["stranded"]
    assert (told["target"], told["place"], told["id"]) == ("edge", world.target.place, armed.id)
    assert world.target.entries != before
    await called(world, "gate").plan()
    assert (world.target.entries, health_of(world.site).overdue) == (before, False)


async def test_a_change_is_taken_back_under_the_old_name_too(world):
    """What is armed under the new name is noted in its place as well."""
    await world.apply()
    gate = called(world, "gate")
    await gate.apply()
    gate.answer(*NEW)
    _done, armed = await apply_to_confirm(gate.site, await gate.plan(), FIVE, who="me", start=no_timer)
    assert [one.outcome for one in await back(world, armed)] == [Outcome.REVERTED]
