"""A target that was wiped holds again what was verified there, and nothing that waits for a word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatepost.engine.approval import give_word
from gatepost.engine.exits import Exit, exit_of
from gatepost.engine.leaving import plan_purge, purge
from gatepost.engine.rollback import earlier, roll_back
from gatepost.model.content import Override
from gatepost.model.entry import Entry
from gatepost.model.plan import Cause, Outcome, PlanStatus, Word
from gatepost.model.protect import Protected
from gatepost.planning.canonical import canonical
from gatepost.planning.normalise import parse_value
from rigs.exactly import carry_out_exactly

pytestmark = pytest.mark.anyio

MORE = tuple(f"101.126.59.{n}" for n in range(12))


def wipe(world):
    """As a reboot does, or `nft flush ruleset`."""
    world.target.entries, world.target.generation = (), 0


def without_most(world):
    """An exclusion that a guard holds: it takes eight of ten addresses."""
    return world.with_list(exclusions=(Override(parse_value("101.126.59.0/29"), "oops"),))


def guarding(world, value):
    """The same world with a protected address."""
    settings = world.site.settings
    own = replace(settings.protect, addresses=(Protected(parse_value(value), "the bastion"),))
    return replace(world, site=replace(world.site, settings=replace(settings, protect=own)))


async def test_what_a_guard_holds_is_held_on_an_empty_target_too(world):
    """A cut that a guard holds stays held when somebody wipes the target: it gets back what it held."""
    await world.apply()
    before = world.target.entries
    careless = without_most(world)
    assert (await careless.apply()).results[0].outcome is Outcome.HELD
    wipe(world)
    report = await careless.apply()
    assert (report.results[0].outcome, world.target.entries) == (Outcome.APPLIED, before)
    assert "is held" in report.results[0].plan.notes[0]
    assert exit_of(report) is Exit.HELD
    assert (await careless.apply()).results[0].plan.status is PlanStatus.HELD


async def test_a_protected_address_survives_a_wipe(world):
    """No wipe lets a plan cut off what is protected; no word does either."""
    await world.apply()
    before = world.target.entries
    one = Override(parse_value("101.126.59.3"), "compromised")
    careless = guarding(world, "101.126.59.3").with_list(exclusions=(one,))
    wipe(world)
    await careless.apply()
    assert world.target.entries == before
    assert (await careless.apply()).results[0].plan.reasons[0].guard == "protected"


async def test_repair_does_not_bring_what_is_held(world):
    """Where others' changes are undone without a word, they are undone to what was verified."""
    await world.apply()
    before = world.target.entries
    careless = without_most(world)
    world.target.entries = before[:1]
    report = await careless.with_target(repair=True).apply()
    assert (report.results[0].outcome, world.target.entries) == (Outcome.APPLIED, before)


async def test_what_was_rolled_back_is_filled_again(world):
    """A wiped target gets what was put back, and goes on waiting for a word on anything else."""
    await world.apply()
    first = world.target.entries
    world.answer(*MORE)
    await world.apply()
    one = world.site.settings.lists["webhooks"]
    await roll_back(world.site, one, earlier(world.site, one, 1), who="me", why="not theirs")
    await world.apply()
    wipe(world)
    await world.apply()
    assert (world.target.entries, world.site.store.applied("edge").cause) == (first, Cause.ROLLBACK)
    held = (await world.apply()).results[0].plan
    assert [reason.guard for reason in held.reasons] == ["rollback"]
    give_word(world.site, held.digest, Word.APPROVE, who="me", why="theirs after all")
    await world.apply()
    assert len(world.target.entries) > 0
    assert world.target.entries != first


async def test_what_no_guard_holds_comes_at_once(world):
    """A wiped target gets the newest list where nothing stands against it."""
    await world.apply()
    world.answer(*MORE)
    wipe(world)
    await world.apply()
    assert world.site.store.applied("edge").serial == 2


async def test_purged_stays_purged_until_its_list_is_applied(world):
    """What a person removed is not filled again with what it held: the next apply is a first one."""
    await world.apply()
    await purge(world.site, await plan_purge(world.site, "edge"))
    report = await without_most(world).apply()
    assert report.results[0].outcome is Outcome.APPLIED
    assert len(world.target.entries) == 1


async def test_a_saved_plan_to_fill_again(world):
    """A plan that fills a target again can be saved and applied exactly, like any other."""
    await world.apply()
    before = world.target.entries
    careless = without_most(world)
    await careless.apply()
    wipe(world)
    plan = (await careless.plan()).results[0].plan
    result = await carry_out_exactly(careless.site, plan)
    assert (result.outcome, world.target.entries) == (Outcome.APPLIED, before)


async def test_rolling_back_a_wiped_target_gives_just_that_serial(world):
    """A rollback restores the serial it names, not what was there before the wipe."""
    await world.apply()
    first = world.target.entries
    world.answer(*MORE)
    await world.apply()
    wipe(world)
    one = world.site.settings.lists["webhooks"]
    (result,) = await roll_back(world.site, one, earlier(world.site, one, 1), who="me", why="bad list")
    assert (result.outcome, world.target.entries) == (Outcome.APPLIED, first)


async def test_a_rollback_that_may_not_be_leaves_a_wiped_target(world):
    """What is protected stops a rollback of a wiped target too; nothing is numbered or said to be back."""
    await world.apply()
    world.answer(*MORE)
    await world.apply()
    wipe(world)
    guarded = guarding(world, "101.126.59.11")
    one = guarded.site.settings.lists["webhooks"]
    (result,) = await roll_back(guarded.site, one, earlier(guarded.site, one, 1), who="me", why="bad list")
    assert result.outcome is Outcome.HELD
    assert world.site.store.latest("webhooks").serial == 2


async def test_repair_undoes_additions_while_something_is_held(world):
    """What others add to a target that is repaired goes, although a plan waits for a word."""
    await world.apply()
    before = world.target.entries
    repairing = world.with_target(repair=True)
    careless = without_most(repairing)
    assert (await careless.apply()).results[0].outcome is Outcome.HELD
    world.target.entries = canonical([*before, Entry(parse_value("64.0.0.0/3"))])
    await careless.apply()
    assert world.target.entries == before


async def test_an_earlier_plan_keeps_what_is_protected_on_a_wiped_target(world):
    """A plan made for the empty target, before anybody protected the address, may not leave it out."""
    await world.apply()
    wiped = world.with_list(exclusions=(Override(parse_value("101.126.59.3"), "compromised"),))
    wipe(world)
    plan = (await wiped.plan()).results[0].plan
    assert plan.status is PlanStatus.CHANGES
    result = await carry_out_exactly(guarding(wiped, "101.126.59.3").site, plan)
    assert result.outcome is Outcome.HELD
    assert world.target.entries == ()


async def test_a_refused_purge_lets_nothing_through(world):
    """After a purge that was refused, a wipe is a wipe: what a guard holds stays held."""
    await world.apply()
    before = world.target.entries
    world.target.rules = ("ip saddr @webhooks_v4 accept",)
    assert (await purge(world.site, await plan_purge(world.site, "edge"))).outcome is Outcome.FAILED
    careless = without_most(world)
    assert (await careless.apply()).results[0].outcome is Outcome.HELD
    wipe(world)
    await careless.apply()
    assert world.target.entries == before
