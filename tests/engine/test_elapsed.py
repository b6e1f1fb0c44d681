"""What ends by time ends when that has passed, whatever the wall clock says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gatepost.engine.approval import give_word
from gatepost.engine.elapsed import look, waits
from gatepost.engine.health import health_document, health_of
from gatepost.engine.report import cycle_document
from gatepost.engine.rollback import earlier
from gatepost.model.content import Override, Serial
from gatepost.model.limits import Limits
from gatepost.model.plan import Outcome, Word
from gatepost.planning.normalise import parse_value
from gatepost.planning.reckoning import STANDING
from rigs.exactly import carry_out_exactly

pytestmark = pytest.mark.anyio

HOUR, HALF, DAY, YEAR = (timedelta(hours=number) for number in (1, 12, 24, 365 * 24))
GRACE = 15
"""Half days until an entry whose grace has begun is seen to be over it for the second time."""
LEAVING, PIN, EXCLUDED = "101.126.59.9", "203.0.114.7", "101.126.59.3"
STAYS = tuple(f"101.126.59.{n}" for n in range(9))


def there(world, value):
    """Whether the target lets a value in."""
    number = parse_value(value).network
    return any(entry.value.network <= number <= entry.value.last for entry in world.target.entries)


def until(world, span):
    """The world with a pin and an exclusion that end after a while."""
    end = world.clock.now() + span
    return world.with_list(
        pins=(Override(parse_value(PIN), "the way in", end),),
        exclusions=(Override(parse_value(EXCLUDED), "bad", end),),
    )


async def half_days(world, count):
    """Cycles twelve hours apart, at each of which the leaving entry was still there before."""
    for _ in range(count):
        assert there(world, LEAVING)
        world.clock.advance(HALF)
        await world.apply()


async def in_grace(world):
    """One entry is gone upstream, and its grace has begun."""
    await world.apply()
    world.answer(*STAYS)
    for _ in range(3):
        world.clock.advance(HOUR)
        await world.apply()


async def test_a_jump_opens_and_closes_nothing(world):
    """A year ahead: the pin stays in, what is excluded stays out, at the first look and at later ones."""
    world = until(world, 30 * DAY)
    await world.apply()
    world.clock.step(YEAR)
    for _ in range(3):
        await world.apply()
        assert there(world, PIN)
        assert not there(world, EXCLUDED)
        world.clock.advance(timedelta(minutes=1))


async def test_a_jump_ends_no_grace_however_often_it_is_looked_at(world):
    """Two applies a minute apart after a jump by a year release nothing."""
    await in_grace(world)
    world.clock.step(YEAR)
    for _ in range(3):
        world.clock.advance(timedelta(minutes=1))
        await world.apply()
        assert there(world, LEAVING)


async def test_grace_counts_what_passed(world):
    """On a clock that stays a year ahead it ends with the last of its seven days, not before."""
    await in_grace(world)
    world.clock.step(YEAR)
    await half_days(world, GRACE)
    assert not there(world, LEAVING)


async def test_grace_that_began_on_a_wrong_clock_ends(world):
    """Begun a year ahead, it ends seven days later all the same, the clock having been put right."""
    world.clock.step(YEAR)
    await in_grace(world)
    world.clock.step(-YEAR)
    await half_days(world, GRACE)
    assert not there(world, LEAVING)


async def test_a_clock_set_back_ends_grace_in_time(world):
    """Nor does a clock that went back keep anything longer."""
    await in_grace(world)
    world.clock.step(-YEAR)
    await half_days(world, GRACE)
    assert not there(world, LEAVING)


async def test_additions_go_on(world):
    """Whatever the clock does, what the source says anew is let in at once."""
    await world.apply()
    for number, span in enumerate((YEAR, -2 * YEAR, YEAR), start=10):
        world.clock.step(span)
        value = f"101.126.59.{number}"
        world.answer(*STAYS, LEAVING, *(f"101.126.59.{one}" for one in range(10, number + 1)))
        await world.apply()
        assert there(world, value)


async def test_an_approval_counts_after_the_clock_was_put_right(world):
    """What was accepted under a clock a year ahead does not make every word since then an old one."""
    await world.apply()
    world.clock.step(YEAR)
    await world.apply()
    world.clock.step(-YEAR)
    world.answer(*STAYS, LEAVING, *(f"101.126.60.{one}" for one in range(40)))
    held = (await world.apply()).turns[0].held[0]
    world.clock.advance(HOUR)
    give_word(world.site, held.digest, Word.APPROVE, who="me", why="announced")
    world.clock.advance(HOUR)
    await world.apply()
    assert there(world, "101.126.60.39")


@pytest.mark.parametrize("off", [-YEAR, -timedelta(minutes=10), timedelta(), YEAR])
async def test_an_approval_is_used_once(world, off):
    """What was approved and then gone is held again when it comes again, wherever the clock was set."""
    await world.apply()
    world.answer(*STAYS, LEAVING, "20.0.0.0/12")
    held = (await world.apply()).turns[0].held[0]
    give_word(world.site, held.digest, Word.APPROVE, who="me", why="announced")
    world.clock.advance(HOUR)
    assert not (await world.apply()).turns[0].held
    world.answer(*STAYS, LEAVING)
    await world.days(15, every=DAY)
    assert not there(world, "20.0.0.1")
    world.answer(*STAYS, LEAVING, "20.0.0.0/12")
    world.clock.step(off)
    assert (await world.apply()).turns[0].held


async def test_what_ended_stays_ended(world):
    """A clock set back brings back no pin, and closes nothing again."""
    world = until(world, DAY)
    await world.days(1, every=HALF)
    assert not there(world, PIN)
    assert there(world, EXCLUDED)
    world.clock.step(-YEAR)
    await world.apply()
    assert not there(world, PIN)
    assert there(world, EXCLUDED)


async def test_a_clock_that_stays_ends_what_ends_on_a_date(world):
    """After a day of standing it is believed; that the day is over must be seen."""
    world = until(world, 30 * DAY)
    await world.apply()
    world.clock.step(YEAR)
    await world.apply()
    world.clock.advance(STANDING - HOUR)
    await world.apply()
    assert there(world, PIN)
    world.clock.advance(HOUR)
    await world.apply()
    assert not there(world, PIN)
    assert there(world, EXCLUDED)


async def test_looking_alone_brings_nothing_about(world):
    """Only cycles are looks: status and the like leave no trace by which a clock comes to be believed."""
    await world.apply()
    world.clock.step(YEAR)
    health_of(world.site)
    world.clock.advance(STANDING)
    assert look(world.site).doubt is not None


async def test_an_honest_clock_ends_everything_at_its_time(world):
    """Pin and exclusion at their date, grace after seven days: as the clock says."""
    world = until(world, 5 * DAY)
    await in_grace(world)
    await half_days(world, 9)
    assert there(world, PIN)
    await half_days(world, 1)
    assert not there(world, PIN)
    assert there(world, EXCLUDED)
    await half_days(world, GRACE - 10)
    assert not there(world, LEAVING)


async def test_a_reboot_ends_nothing(world):
    """A host that comes up with a clock a year ahead loses one day of grace."""
    await in_grace(world)
    world.clock.reboot()
    world.clock.step(YEAR)
    await world.apply()
    await half_days(world, GRACE - 2)
    assert not there(world, LEAVING)


async def test_a_jump_makes_no_counter_quiet(world):
    """What a device still counts packets on stays on after its grace, though the clock jumped."""
    prefix = parse_value(LEAVING)
    await in_grace(world)
    for number in range(1, 9):
        world.target.packets[prefix] = number
        world.clock.advance(DAY)
        await world.apply()
    world.clock.step(YEAR)
    for _ in range(2):
        world.clock.advance(HOUR)
        await world.apply()
    assert there(world, LEAVING)


async def test_a_jump_forgets_no_history(world):
    """Serials older than the history is kept are forgotten when that time has passed."""
    await world.apply()
    world.answer(*STAYS, LEAVING, "101.126.59.10")
    world.clock.advance(HOUR)
    await world.apply()
    for number, span in enumerate((9 * YEAR, -18 * YEAR, HOUR), start=11):
        world.clock.step(span)
        world.answer(*STAYS, LEAVING, *(f"101.126.59.{one}" for one in range(10, number + 1)))
        await world.apply()
    await world.apply()
    assert [one.serial for one in world.site.store.serials("webhooks")] == [1, 2, 3, 4, 5]


async def test_a_jump_makes_no_slow_drain_pass(make_world):
    """Answers of a week ago are what is measured against, not the last one, because the clock jumped."""
    many = tuple(f"101.126.{third}.{n}" for third in range(10) for n in range(0, 20, 2))
    world = make_world(limits=Limits(max_churn=1.0))
    world.answer(*many)
    await world.days(10, every=2 * DAY)
    world.answer(*many[:80])
    assert not (await world.apply()).turns[0].held
    world.clock.step(YEAR)
    world.answer(*many[:64])
    assert (await world.apply()).turns[0].held


async def test_a_rollback_keeps_what_is_excluded_out(world):
    """A jump does not let an earlier serial bring back what is never in."""
    await world.apply()
    closed = until(world, 30 * DAY)
    await closed.apply()
    closed.clock.step(YEAR)
    content = earlier(closed.site, closed.site.settings.lists["webhooks"], Serial(1))
    number = parse_value(EXCLUDED).network
    assert not [one for one in content.effective if one.value.network <= number <= one.value.last]


async def test_a_plan_stays_true(world):
    """A plan made before the clock jumped is what would be made now, so it is carried out."""
    world = until(world, 30 * DAY)
    report = await world.plan()
    world.clock.step(YEAR)
    result = await carry_out_exactly(world.site, report.results[0].plan)
    assert result.outcome is Outcome.APPLIED
    assert there(world, PIN)


async def test_a_doubted_clock_is_told(world):
    """By cycle and status: what it shows, what is believed, and for how much longer."""
    report = await world.apply()
    assert cycle_document(report)["clock"] is None
    assert health_document(health_of(world.site))["clock"] is None
    start = world.clock.now()
    world.clock.step(YEAR)
    report = await world.apply()
    world.clock.advance(HOUR)
    assert report.look is not None
    assert (report.look.believed, waits(report.look)) == (start, STANDING)
    assert cycle_document(report)["clock"] == {
        "wall": "2027-01-05T08:00:00Z",
        "believed": "2026-01-05T08:00:00Z",
        "left": 86400,
    }
    told = health_document(health_of(world.site))["clock"]
    assert (told["believed"], told["left"]) == ("2026-01-05T09:00:00Z", 82800)


async def test_staleness_is_not_hidden(world):
    """What is old by the wall clock says so, believed or not."""
    await world.apply()
    world.clock.step(2 * DAY)
    assert look(world.site).doubt is not None
    assert health_of(world.site).stale


async def test_two_processes_share_the_looks(world):
    """What one of them saw counts for the other: a second process doubts the same clock."""
    world = until(world, 30 * DAY)
    await world.apply()
    other = replace(world, site=replace(world.site))
    world.clock.step(YEAR)
    await other.apply()
    assert there(world, PIN)
