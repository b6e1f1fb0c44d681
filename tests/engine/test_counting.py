"""An entry that a device still counts packets on stays longer than the grace, though not for ever."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gatepost.model.limits import Limits
from gatepost.planning.normalise import parse_value

pytestmark = pytest.mark.anyio

LEAVING = "101.126.59.9"
STAYS = tuple(f"101.126.59.{n}" for n in range(9))


def there(world):
    """Whether the leaving entry is still on the target."""
    number = parse_value(LEAVING).network
    return any(entry.value.network <= number <= entry.value.last for entry in world.target.entries)


async def used(world, days):
    """A packet on the leaving entry every six hours."""
    prefix = parse_value(LEAVING)
    for _ in range(days * 4):
        world.target.packets[prefix] = world.target.packets.get(prefix, 0) + 1
        world.clock.advance(timedelta(hours=6))
        await world.apply()


async def test_quiet_one_leaves(world):
    """An entry on which nothing is counted leaves after absences and grace."""
    await world.apply()
    world.answer(*STAYS)
    await world.days(9)
    assert not there(world)


async def test_used_one_stays(world):
    """While packets are counted on it an entry outlives its grace; a quiet grace ends it."""
    await world.apply()
    world.answer(*STAYS)
    await used(world, 12)
    assert there(world)
    await world.days(9)
    assert not there(world)


async def test_not_for_ever(make_world):
    """Whoever goes on sending cannot keep an entry open longer than the counted grace."""
    world = make_world(limits=Limits(counted_grace=timedelta(days=5)))
    await world.apply()
    world.answer(*STAYS)
    await used(world, 14)
    assert not there(world)


async def test_counter_that_starts_anew(world):
    """A counter that fell was made anew: what it shows now was counted since."""
    await world.apply()
    world.answer(*STAYS)
    world.target.packets[parse_value(LEAVING)] = 1000
    await world.days(5)
    world.target.packets[parse_value(LEAVING)] = 3
    await world.days(5)
    assert there(world)
