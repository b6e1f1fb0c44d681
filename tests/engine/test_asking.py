"""What is asked of a moment: the past from the history, a moment to come from what is known today."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.conftest import TEN, World
from gatepost.engine.asking import CheckAnswer, ask, check_document
from gatepost.model.content import Override, State
from gatepost.model.limits import Limits
from gatepost.planning.normalise import parse_value

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)
PIN = "203.0.113.7"


def asked(world: World, value: str, at: datetime | None) -> CheckAnswer:
    return ask(world.site, parse_value(value), at=at)


def override(value: str, until: datetime | None) -> Override:
    return Override(parse_value(value), "canary", until)


async def test_a_pin_is_not_foreseen_beyond_its_end(world: World) -> None:
    """A pin lets in until its end, not at it nor after; the entry that ends is named, with its end."""
    end = world.clock.now() + 3 * DAY
    pinned = world.with_list(pins=(override(PIN, end),))
    await pinned.apply()
    before, at, after = (asked(pinned, PIN, end + by) for by in (-DAY, timedelta(), 30 * DAY))
    assert (before.allowed, at.allowed, after.allowed) == (True, False, False)
    assert before.foreseen
    (one,) = after.lists
    assert [(str(gone.hit.listed.entry.value), gone.at) for gone in one.ended] == [(f"{PIN}/32", end)]
    assert check_document(after)["foreseen"] is True
    assert not asked(pinned, PIN, None).foreseen
    assert asked(pinned, PIN, None).allowed


async def test_an_exclusion_is_over_after_its_end(world: World) -> None:
    """What is excluded until a date is let in after it, wholly or in part, if its source still names it."""
    end = world.clock.now() + 3 * DAY
    excluding = world.with_list(exclusions=(override(TEN[0], end),))
    await excluding.apply()
    today, later = asked(excluding, TEN[0], end - DAY), asked(excluding, TEN[0], end + DAY)
    assert (today.allowed, later.allowed) == (False, True)
    assert [one.hits[0].state for one in (*today.lists, *later.lists)] == [State.EXCLUDED, State.LISTED]


async def test_a_grace_is_foreseen_to_end(world: World) -> None:
    """An entry in grace is let in until its grace ends; others of its source stay."""
    await world.apply()
    world.answer(*TEN[1:])
    await world.days(1)
    assert asked(world, TEN[0], None).lists[0].hits[0].state is State.GRACE
    grace = Limits().grace
    soon, late = (asked(world, TEN[0], world.clock.now() + by) for by in (grace / 2, grace))
    assert (soon.allowed, late.allowed) == (True, False)
    assert late.lists[0].ended[0].at is not None
    assert asked(world, TEN[1], world.clock.now() + 300 * DAY).allowed


async def test_nothing_that_stays_is_changed_by_foresight(world: World) -> None:
    """What does not end is answered as today: same entries, states, serials and beginnings."""
    await world.apply()
    world.clock.advance(DAY)
    await world.apply()
    today, later = asked(world, TEN[3], None), asked(world, TEN[3], world.clock.now() + 300 * DAY)
    assert later.lists == today.lists


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(milliseconds=900)])
async def test_the_second_that_runs_is_the_present(world: World, ahead: timedelta) -> None:
    """A time to the second that is now is now, not foreseen."""
    await world.apply()
    assert not asked(world, TEN[0], world.clock.now() + ahead).foreseen


async def test_where_the_clock_is_in_doubt_a_date_ends_when_it_will_be_believed(world: World) -> None:
    """A clock that has just jumped beyond the end of a pin has not ended it; it will have tomorrow."""
    end = world.clock.now() + 3 * DAY
    pinned = world.with_list(pins=(override(PIN, end),))
    await pinned.apply()
    world.clock.step(30 * DAY)
    await pinned.apply()
    assert asked(pinned, PIN, None).allowed
    now = world.clock.now()
    assert asked(pinned, PIN, now + timedelta(minutes=1)).allowed
    assert not asked(pinned, PIN, now + 2 * DAY).allowed


async def test_a_pin_that_was_taken_out_is_not_foreseen(world: World) -> None:
    """Between the edit and the next cycle: in force today, and not in what is configured from now on."""
    pinned = world.with_list(pins=(override(PIN, None),))
    await pinned.apply()
    (one,) = asked(world, PIN, world.clock.now() + DAY).lists
    assert asked(world, PIN, None).allowed
    assert not one.allowed
    assert [gone.at for gone in one.ended] == [None]


async def test_the_last_day_of_all_calendars_can_be_asked_about(world: World) -> None:
    """Also where more time passed, as counted, than the clock shows."""
    await world.apply()
    world.clock.advance(DAY)
    world.clock.step(-2 * DAY)
    await world.apply()
    assert asked(world, TEN[0], datetime.max.replace(tzinfo=UTC)).allowed
