"""What boot loads after a change that nobody confirmed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gatepost.engine.confirming import arm, revert
from gatepost.engine.cycle import apply_cycle
from gatepost.engine.last import last_of

pytestmark = pytest.mark.anyio


async def no_timer(_id, _within):
    """A timer that a test rings itself."""
    return "the test"


async def unconfirmed(world):
    """Apply other values and take them back."""
    world.answer(*(f"101.126.59.{number}" for number in range(12)))
    report = await world.plan()
    plans = [result.plan for result in report.results]
    armed = await arm(world.site, plans, timedelta(minutes=5), who="me", start=no_timer)
    await apply_cycle(world.site, report)
    await revert(world.site.settings.state, world.site.targets, armed.id)


async def test_boot_loads_what_was_put_back(world):
    """After a change was taken back the next boot loads what was there before it, not the change."""
    await world.apply()
    before = last_of(world.site.settings.state, "edge")
    await unconfirmed(world)
    after = last_of(world.site.settings.state, "edge")
    assert (after.entries, after.serial, after.place) == (before.entries, before.serial, before.place)


async def test_boot_loads_nothing_after_a_first_write(world):
    """A first write that was taken back to nothing leaves nothing to load."""
    await unconfirmed(world)
    assert last_of(world.site.settings.state, "edge") is None
