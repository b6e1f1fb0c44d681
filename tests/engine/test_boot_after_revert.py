"""What boot loads of a change that nobody confirmed: nothing, whatever died or could not be written."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gatepost.engine.confirming import confirm, settle_pending, take_back_due
from gatepost.engine.cycle import apply_to_confirm
from gatepost.engine.last import last_of, load_last
from gatepost.engine.pending import ARMED, CONFIRMED, REVERTED, all_in, claim, waiting
from gatepost.errors import TargetUnavailable
from gatepost.model.plan import Outcome
from rigs.unconfirmed import FIVE, back, no_timer, nothing_written, risk, wipe

pytestmark = pytest.mark.anyio


async def restore(world):
    """What `gatepost restore` does."""
    state, targets = world.site.settings.state, world.site.targets
    results = await take_back_due(state, targets, world.clock)
    last = last_of(state, "edge")
    return [*results, *([await load_last(world.target, last)] if last else [])]


def kept(world):
    """What boot would load."""
    last = last_of(world.site.settings.state, "edge")
    return (last.entries, last.serial) if last else None


async def test_boot_loads_what_was_put_back(world):
    """Neither while a change waits nor after it was taken back does boot load what it brought."""
    await world.apply()
    before = kept(world)
    armed, _ = await risk(world)
    assert kept(world) == before
    await back(world, armed)
    assert kept(world) == before


async def test_boot_loads_what_was_confirmed(world):
    """Once a change is confirmed boot loads it."""
    await world.apply()
    await risk(world)
    confirm(world.site.settings.state, None, who="me", at=world.site.clock.now())
    assert kept(world) == (world.target.entries, 2)
    wipe(world)
    assert [one.outcome for one in await restore(world)] == [Outcome.APPLIED]


async def test_confirming_that_died_half_way(world):
    """Where whoever confirmed died before boot knew of it, the next run finishes that."""
    await world.apply()
    armed, _ = await risk(world)
    claim(world.site.settings.state, armed.id, CONFIRMED)
    await world.plan()
    assert kept(world) == (world.target.entries, 2)
    assert not list(all_in(world.site.settings.state, CONFIRMED))


async def test_boot_loads_nothing_after_a_first_write(world):
    """A first write that was taken back to nothing leaves nothing to load."""
    armed, _ = await risk(world)
    await back(world, armed)
    assert kept(world) is None


@pytest.mark.parametrize("absorbed", [False, True])
async def test_boot_after_a_revert_on_a_full_disk(world, absorbed):
    """What was taken back while nothing could be written does not come back with a reboot."""
    await world.apply()
    before = world.target.entries
    armed, _ = await risk(world)
    with nothing_written():
        await back(world, armed)
    assert list(all_in(world.site.settings.state, REVERTED))
    if absorbed:
        await world.apply()
    wipe(world)
    world.clock.reboot()
    await restore(world)
    assert world.target.entries == before
    assert [one.guard for one in (await world.apply()).results[0].plan.reasons] == ["revert"]


async def test_a_reboot_ends_the_time(world):
    """A target that survives a reboot, as a file does, is taken back at boot, its time over or not."""
    await world.apply()
    before = world.target.entries
    await risk(world)
    world.clock.reboot()
    assert Outcome.REVERTED in [one.outcome for one in await restore(world)]
    assert world.target.entries == before
    assert [one.guard for one in (await world.apply()).results[0].plan.reasons] == ["revert"]


async def test_a_reboot_without_restore(world):
    """Where nothing ran at boot the next cycle ends the time."""
    await world.apply()
    before = world.target.entries
    await risk(world)
    world.clock.reboot()
    await world.plan()
    assert world.target.entries == before


async def test_a_first_write_does_not_survive_its_wipe(world):
    """A first write that was wiped, with or without a reboot, is neither loaded nor filled in again."""
    await risk(world)
    wipe(world)
    done = await restore(world)
    assert [(one.outcome, one.plan.reasons) for one in done] == [(Outcome.UNCHANGED, ())]
    assert world.target.entries == ()
    report = await world.apply()
    assert (world.target.entries, report.results[0].plan.reasons[0].guard) == ((), "revert")


async def test_a_first_write_that_never_came_goes_on_waiting(world):
    """An empty target that the change did not get to is not a wiped one."""
    world.target.stopping = TargetUnavailable("it broke")
    world.target.forgetful = True
    await risk(world)
    world.target.entries, world.target.generation, world.target.mixed = (), 0, False
    await settle_pending(world.site)
    assert list(all_in(world.site.settings.state, ARMED))


@pytest.mark.parametrize("set_by", [timedelta(hours=2), timedelta(days=-400)])
async def test_setting_the_clock_ends_no_time_to_confirm(world, set_by):
    """The time to confirm is as long as was said, wherever the wall clock is set meanwhile."""
    await world.apply()
    before = world.target.entries
    await risk(world)
    after = world.target.entries
    world.clock.step(set_by)
    world.clock.advance(FIVE - timedelta(seconds=1))
    await world.plan()
    assert world.target.entries == after
    world.clock.advance(timedelta(seconds=1))
    await world.plan()
    assert (world.target.entries, waiting(world.site.settings.state)) == (before, ())


async def test_a_wiped_target_goes_back_to_what_was_verified(world):
    """A change over a wiped target, taken back, leaves what was there before the wipe, never nothing."""
    await world.apply()
    before, boot = world.target.entries, kept(world)
    wipe(world)
    armed, _ = await risk(world)
    await back(world, armed)
    assert world.target.entries == before
    assert kept(world) == boot


async def test_filling_a_wiped_target_needs_no_word(world):
    """What was verified there and comes back after a wipe waits for nobody, and stays."""
    await world.apply()
    before = world.target.entries
    wipe(world)
    report, armed = await apply_to_confirm(world.site, await world.plan(), FIVE, who="me", start=no_timer)
    assert armed is None
    assert (report.results[0].outcome, world.target.entries) == (Outcome.APPLIED, before)
    assert kept(world)[0] == before
