"""What was on a target before the first serial, adopted by a person, is missed like anything else of ours."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatepost.engine.approval import give_word
from gatepost.engine.confirming import settle_pending
from gatepost.engine.cycle import apply_to_confirm
from gatepost.engine.drift import look
from gatepost.engine.last import last_of
from gatepost.engine.leaving import adopt
from gatepost.model.plan import Cause, Outcome, Word
from gatepost.model.protect import Protected
from gatepost.planning.normalise import Rules, normalise, parse_value
from gatepost.testing import raw
from rigs.unconfirmed import FIVE, back, no_timer, nothing_written, wipe

pytestmark = pytest.mark.anyio

OLD = normalise(raw("5.5.5.0/24", "6.6.6.0/24"), Rules()).entries


def protecting(world, value):
    """The same world, where something must not be cut off."""
    settings = world.site.settings
    own = replace(settings.protect, addresses=(Protected(parse_value(value), "the way in"),))
    return replace(world, site=replace(world.site, settings=replace(settings, protect=own)))


async def adopted(world):
    """What an older script put there is ours."""
    world.target.entries, world.target.foreign = OLD, True
    await adopt(world.site, "edge", who="me", why="from our old script")


async def reverted(world):
    """The list takes its place, and nobody confirms that."""
    report = await world.plan()
    give_word(world.site, report.results[0].plan.digest, Word.APPROVE, who="me", why="ours now")
    done, armed = await apply_to_confirm(world.site, await world.plan(), FIVE, who="me", start=no_timer)
    assert done.results[0].outcome is Outcome.APPLIED
    with nothing_written():
        await back(world, armed)
    assert world.target.entries == OLD
    await settle_pending(world.site)


@pytest.mark.parametrize("tried", [False, True])
async def test_wiped_it_is_empty_and_filled_again(world, tried):
    """A wipe of it is EMPTY, holds what would take its place, and the next cycle puts it back."""
    await adopted(world)
    if tried:
        await reverted(world)
    wipe(world)
    drift = await look(world.site, "edge")
    assert (drift.empty, drift.removed) == (True, OLD)
    report = await world.apply()
    assert (report.results[0].outcome, world.target.entries) == (Outcome.APPLIED, OLD)
    after = await world.apply()
    assert after.results[0].outcome is Outcome.HELD
    guard = "revert" if tried else "history"
    assert guard in [one.guard for one in after.results[0].plan.reasons]


async def test_wiped_it_protects_what_it_let_in(world):
    """No wipe makes a plan free that leaves out what is protected and was let in there."""
    await adopted(world)
    await reverted(world)
    careful = protecting(world, "5.5.5.5")
    wipe(world)
    assert (await careful.apply()).results[0].outcome is Outcome.APPLIED
    assert world.target.entries == OLD
    reasons = (await careful.plan()).results[0].plan.reasons
    assert {one.guard for one in reasons if one.absolute} == {"protected"}


async def test_boot_loads_it(world):
    """It is what boot loads until something else was applied, or confirmed."""
    await adopted(world)
    assert last_of(world.site.settings.state, "edge").entries == OLD
    await reverted(world)
    assert last_of(world.site.settings.state, "edge").entries == OLD
    assert world.site.store.applied("edge").cause is Cause.REVERT
