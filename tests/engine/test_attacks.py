"""What a hostile platform, a lost history, a jumping clock or a careless owner tried, and did not get."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gatepost.engine.approval import give_word, held_plans
from gatepost.engine.asking import ask
from gatepost.engine.exits import Exit, exit_of
from gatepost.engine.health import health_of
from gatepost.engine.loop import LOOK_AGAIN, due, lists_due
from gatepost.errors import ConnectFailed, StalePlan, TargetUnavailable
from gatepost.model.content import Override
from gatepost.model.entry import RawEntry
from gatepost.model.plan import Outcome, Word
from gatepost.planning.normalise import parse_value
from gatepost.store import Store
from rigs.exactly import carry_out_exactly

pytestmark = pytest.mark.anyio

SPREAD = tuple(f"101.126.{n}.1" for n in range(100))
SIX_HOURS = timedelta(hours=6)


def size(world):
    """Addresses on the target."""
    return sum(entry.value.size for entry in world.target.entries)


async def drain(world, values, steps):
    """Thirty per cent fewer every six hours; how many were still answered when it was held, or 0."""
    left = list(values)
    for _ in range(steps):
        left = left[: max(len(left) * 7 // 10 + 1, 1)]
        world.answer(*left)
        world.clock.advance(SIX_HOURS)
        if exit_of(await world.apply()) is Exit.HELD:
            return len(left)
    return 0


async def test_necessity_cannot_be_talked_away(world):
    """With only_necessary, an entry that stops being necessary leaves by absences and grace."""
    world = world.with_list(only_necessary=True)
    marked = [RawEntry(value, necessary=True) for value in SPREAD]
    world.sources["events"].answer = tuple(marked)
    await world.apply()
    for gone in range(10, 100, 10):
        world.sources["events"].answer = tuple(
            replace(one, necessary=n >= gone) for n, one in enumerate(marked)
        )
        world.clock.advance(SIX_HOURS)
        await world.apply()
    assert size(world) == 100


async def test_a_slow_drain_is_held_from_the_first_day(world):
    """A fresh list cannot be drained by steps that each stay below the limit."""
    world.answer(*SPREAD)
    await world.apply()
    assert await drain(world, SPREAD, 12) > 40
    await world.days(20)
    assert size(world) >= 60


async def test_an_approval_does_not_open_a_drain(world):
    """After any approval the approved answer is what the next ones are measured against."""
    world.answer(*SPREAD)
    await world.days(40, every=timedelta(days=1))
    world.answer(*SPREAD, "2400:3200::1")
    report = await world.apply()
    give_word(world.site, report.turns[0].held[0].digest, Word.APPROVE, who="me", why="first IPv6")
    assert exit_of(await world.apply()) is Exit.DONE
    assert await drain(world, (*SPREAD, "2400:3200::1"), 12) > 40


async def test_a_slow_growth_is_held(world):
    """A list cannot double every hour."""
    for step in range(12):
        world.answer(*(f"101.{126 + n // 250}.{n % 250}.1" for n in range(20 * 2**step)))
        world.clock.advance(timedelta(hours=1))
        if exit_of(await world.apply()) is Exit.HELD:
            break
    assert step <= 2


async def test_a_lost_history_removes_nothing(make_world, tmp_path):
    """With a new history and a full target, what would go is held, however few ranges it is."""
    world = make_world()
    world.answer(*(f"101.126.{n}.0/24" for n in range(16)))
    await world.apply()
    world.answer("101.126.0.0/24")
    store = Store.open(f"sqlite:///{tmp_path / 'new.db'}")
    lost = replace(world, site=replace(world.site, store=store))
    report = await lost.apply()
    store.close()
    assert exit_of(report) is Exit.HELD
    assert "history" in {reason.guard for reason in report.results[0].plan.reasons}
    assert size(lost) == 16 * 256


async def test_a_found_target_is_recorded(make_world, tmp_path):
    """After a lost history, a target that is in step is known again."""
    world = make_world()
    await world.apply()
    store = Store.open(f"sqlite:///{tmp_path / 'new.db'}")
    lost = replace(world, site=replace(world.site, store=store))
    await lost.apply()
    known = store.applied("edge")
    store.close()
    assert known is not None
    assert (known.outcome, known.generation) == (Outcome.UNCHANGED, 1)


async def test_a_clock_that_jumped_silences_nothing(world):
    """After a turn a year ahead and back, sources are due at once and everything says stale until then."""
    await world.apply()
    world.clock.advance(timedelta(days=365))
    await world.apply()
    world.clock.advance(timedelta(days=-365))
    assert due(world.site) == ("events",)
    assert health_of(world.site).stale
    assert ask(world.site, parse_value("101.126.59.1")).allowed


async def test_an_approval_is_used_up(world):
    """Once the answer came back as it was, the same loss needs a new word."""
    world.answer(*SPREAD)
    await world.apply()
    world.answer(*SPREAD[:40])
    report = await world.apply()
    give_word(world.site, report.turns[0].held[0].digest, Word.APPROVE, who="me", why="announced")
    world.answer(*SPREAD)
    world.clock.advance(SIX_HOURS)
    await world.apply()
    world.answer(*SPREAD[:40])
    world.clock.advance(timedelta(days=60))
    assert exit_of(await world.apply()) is Exit.HELD


async def test_a_plan_of_another_list_is_refused(world):
    """A target that was given to another list does not take a plan made for the old one."""
    plan = (await world.plan()).results[0].plan
    targets = {"edge": replace(world.site.settings.targets["edge"], list="other")}
    site = replace(world.site, settings=replace(world.site.settings, targets=targets))
    with pytest.raises(StalePlan, match="now holds 'other'"):
        await carry_out_exactly(site, plan)


async def test_an_exclusion_made_since_counts(world):
    """A plan from before an exclusion is refused."""
    plan = (await world.plan()).results[0].plan
    careful = world.with_list(exclusions=(Override(parse_value("101.126.59.3"), "compromised"),))
    with pytest.raises(StalePlan, match="exclusions"):
        await carry_out_exactly(careful.site, plan)


async def test_a_lost_race_is_not_for_ever(world):
    """After a refused plan, a target found in step is healthy again."""
    plan = (await world.plan()).results[0].plan
    await world.apply()
    intent = world.site.store.record_intent(plan, world.clock.now())
    world.site.store.record_outcome(intent, world.clock.now(), Outcome.FAILED, verified=False, failure=None)
    assert health_of(world.site).failed
    await world.apply()
    assert not health_of(world.site).failed


async def test_another_writers_generation_is_not_ours(world):
    """After a crash, a generation that somebody else wrote does not count as our apply."""
    plan = (await world.plan()).results[0].plan
    world.site.store.record_intent(plan, world.clock.now())
    world.target.generation = 1
    await world.plan()
    last = world.site.store.last_outcome("edge")
    assert (last.outcome, last.verified) == (Outcome.FAILED, False)


async def test_a_removed_target_waits_for_nobody(world):
    """A held plan of a target that is no longer configured asks for no word."""
    await world.apply()
    world.answer(*SPREAD[:1])
    await world.apply()
    assert held_plans(world.site)
    assert held_plans(replace(world.site, targets={})) == ()


async def test_every_list_gets_a_turn_each_hour(world):
    """A list is planned again within the hour, so that overrides end and changes on devices are seen."""
    assert [one.name for one in lists_due(world.site, (), {})] == ["webhooks"]
    last = {"webhooks": world.clock.monotonic()}
    assert lists_due(world.site, (), last) == ()
    world.clock.advance(timedelta(seconds=LOOK_AGAIN))
    assert [one.name for one in lists_due(world.site, (), last)] == ["webhooks"]


async def test_a_source_that_comes_back_is_judged_anew(make_world):
    """Old entries of a source that was off the list do not return while it gives no answer."""
    world = make_world("events", "second")
    world.answer(*TEN_MORE, source="second")
    await world.days(1)
    alone = world.with_list(sources=("events",))
    report = await alone.apply()
    give_word(alone.site, report.results[0].plan.digest, Word.APPROVE, who="me", why="partner left")
    await alone.apply()
    world.clock.advance(timedelta(days=120))
    await alone.apply()
    before = world.held_there
    world.sources["second"].answer = ConnectFailed("still down")
    report = await world.apply()
    assert world.held_there == before
    assert report.turns[0].missing == ("second",)


TEN_MORE = tuple(f"183.192.202.{n}" for n in range(10))


async def test_an_unreadable_target_is_told(world):
    """A target that cannot be read after an apply stays what it was in the history."""
    await world.apply()
    world.target.failing = TargetUnavailable("hanging")
    assert exit_of(await world.apply()) is Exit.FAILED
    assert world.site.store.applied("edge").generation == 1
