"""A change that nobody confirms is taken back, whatever dies in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gatepost.engine.approval import give_word
from gatepost.engine.confirming import arm, confirm, disarm, settle_pending
from gatepost.engine.cycle import apply_to_confirm
from gatepost.engine.exits import Exit, exit_of
from gatepost.engine.health import health_of
from gatepost.engine.leaving import plan_purge, purge
from gatepost.engine.pending import REVERTING, claim, time_left, waiting
from gatepost.engine.pending import armed as armed_as
from gatepost.engine.state import if_alone
from gatepost.errors import ProgramFailed, StoreUnavailable, TargetUnavailable, UsageError
from gatepost.model.content import Override
from gatepost.model.plan import Cause, Outcome, Word
from gatepost.planning.canonical import canonical
from gatepost.planning.normalise import Rules, normalise, parse_value
from gatepost.testing import raw
from rigs.unconfirmed import FIVE, NEW, back, no_timer, nothing_written, risk, wipe

pytestmark = pytest.mark.anyio


async def test_unconfirmed_goes_back(world):
    """When the time is over each target holds what it held before, at a higher generation."""
    await world.apply()
    before = world.target.entries
    armed, report = await risk(world)
    assert report.results[0].outcome is Outcome.APPLIED
    assert world.target.entries != before
    results = await back(world, armed)
    assert [one.outcome for one in results] == [Outcome.REVERTED]
    assert (world.target.entries, world.target.generation) == (before, 3)


async def test_never_before_the_change(world):
    """A timer that rings while the change is being made waits: nothing stays that nobody confirmed."""
    await world.apply()
    world.answer(*NEW)
    alone = []

    async def rings_at_once(_id, _within):
        with if_alone(world.site) as free:
            alone.append(free)
        return "the test"

    report = await world.plan()
    await apply_to_confirm(world.site, report, FIVE, who="me", start=rings_at_once)
    assert alone == [False]


async def test_revert_is_recorded(world):
    """The history says that the change was reverted, by which plan, and at which serial the target is."""
    await world.apply()
    armed, report = await risk(world)
    await back(world, armed)
    await settle_pending(world.site)
    store = world.site.store
    applied = store.applied("edge")
    assert (applied.cause, applied.serial, applied.generation) == (Cause.REVERT, 1, 3)
    assert store.plan(applied.digest).desired == report.results[0].plan.current
    assert waiting(world.site.settings.state) == ()


def keep(world, id_=None):
    """A person's word, an hour after the change."""
    at = world.site.clock.now() + timedelta(hours=1)
    return confirm(world.site.settings.state, id_, who="ada@desk", at=at)


async def test_confirmed_is_recorded(world):
    """Who confirmed, and when, is in the history with the next run, once; it approves nothing."""
    await world.apply()
    _, report = await risk(world)
    keep(world)
    at = world.site.clock.now() + timedelta(hours=1)
    for _ in range(2):
        await settle_pending(world.site)
        (word,) = world.site.store.words(10)
        assert (word.word, word.who, word.at) == (Word.CONFIRM, "ada@desk", at)
        assert word.digest == report.results[0].plan.digest
    assert world.site.store.word(word.digest) is None


async def test_confirmed_stays(world):
    """A confirmed change is not taken back, however late the timer rings."""
    await world.apply()
    armed, _ = await risk(world)
    after = world.target.entries
    assert [one.id for one in keep(world)] == [armed.id]
    assert await back(world, armed) == ()
    assert world.target.entries == after


async def test_too_late_to_confirm(world):
    """What was taken back cannot be confirmed, and that is said."""
    await world.apply()
    armed, _ = await risk(world)
    await back(world, armed)
    with pytest.raises(UsageError, match="taken back"):
        keep(world, armed.id)


async def test_same_change_waits_for_a_word(world):
    """The next cycle does not make the change again by itself; a word on it does."""
    await world.apply()
    armed, _ = await risk(world)
    await back(world, armed)
    report = await world.apply()
    assert exit_of(report) is Exit.HELD
    assert [reason.guard for reason in report.results[0].plan.reasons] == ["revert"]
    give_word(world.site, report.results[0].plan.digest, Word.APPROVE, who="me", why="it was me")
    assert (await world.apply()).results[0].outcome is Outcome.APPLIED


async def test_nothing_on_top(world):
    """While a change waits to be confirmed its target is left alone, approvals or not."""
    await world.apply()
    await risk(world)
    world.answer(*NEW, "101.126.59.99")
    report = await world.apply()
    plan = report.results[0].plan
    assert [reason.guard for reason in plan.reasons] == ["unconfirmed"]
    with pytest.raises(UsageError):
        give_word(world.site, plan.digest, Word.APPROVE, who="me", why="now")


async def test_dead_timer(world):
    """Where the timer died, as in a reboot, the next cycle takes back what is overdue."""
    await world.apply()
    before = world.target.entries
    await risk(world)
    world.clock.advance(FIVE)
    report = await world.plan()
    assert world.target.entries == before
    assert [reason.guard for reason in report.results[0].plan.reasons] == ["revert"]


async def test_not_before_its_time(world):
    """A cycle within the time takes nothing back."""
    await world.apply()
    await risk(world)
    after = world.target.entries
    world.clock.advance(FIVE - timedelta(seconds=1))
    await world.plan()
    assert world.target.entries == after


async def test_died_while_reverting(world):
    """A revert that died before or after writing is finished by the next one."""
    await world.apply()
    before = world.target.entries
    armed, _ = await risk(world)
    world.target.failing = TargetUnavailable("gone for a while")
    assert [one.outcome for one in await back(world, armed)] == [Outcome.FAILED]
    world.target.failing = None
    with pytest.raises(UsageError):
        keep(world)
    world.clock.advance(FIVE)
    await settle_pending(world.site)
    assert world.target.entries == before
    assert world.site.store.applied("edge").cause is Cause.REVERT


async def test_changed_again(world):
    """What somebody else added meanwhile stays; what the change itself did is undone all the same."""
    await world.apply()
    before = world.target.entries
    armed, _ = await risk(world)
    theirs = normalise(raw("203.0.112.7"), Rules()).entries
    world.target.entries = canonical([*world.target.entries, *theirs])
    assert [one.outcome for one in await back(world, armed)] == [Outcome.REVERTED]
    assert world.target.entries == canonical([*before, *theirs])


async def test_kept_after_all(world):
    """A change that cannot be taken back may be kept by its id: nobody is stuck with neither."""
    await world.apply()
    armed, _ = await risk(world)
    after = world.target.entries
    world.target.failing = TargetUnavailable("gone for a while")
    await back(world, armed)
    world.target.failing = None
    assert [one.id for one in keep(world, armed.id)] == [armed.id]
    await settle_pending(world.site)
    assert (waiting(world.site.settings.state), world.target.entries) == ((), after)
    assert (await world.apply()).results[0].outcome is Outcome.UNCHANGED


async def test_reboot_within_the_time(world):
    """A target that is wiped, as by a reboot, gets back what was there before, not what nobody confirmed."""
    await world.apply()
    before = world.target.entries
    await risk(world)
    world.target.entries, world.target.generation = (), 0
    report = await world.apply()
    assert world.target.entries == before
    assert [reason.guard for reason in report.results[0].plan.reasons] == ["revert"]


async def test_full_disk(world):
    """A disk that takes nothing more keeps no change from being taken back, and the history learns of it."""
    await world.apply()
    before = world.target.entries
    armed, _ = await risk(world)
    with nothing_written():
        results = await back(world, armed)
    assert ([one.outcome for one in results], world.target.entries) == ([Outcome.REVERTED], before)
    await world.plan()
    world.clock.advance(FIVE)
    report = await world.apply()
    assert (world.target.entries, report.results[0].plan.reasons[0].guard) == (before, "revert")


async def test_first_write_goes_back_to_nothing(world):
    """A first write that nobody confirms is removed, and the next cycle waits for a word."""
    armed, _ = await risk(world)
    results = await back(world, armed)
    assert ([one.outcome for one in results], world.target.entries) == ([Outcome.REVERTED], ())
    assert world.target.generation == 0
    report = await world.apply()
    assert [reason.guard for reason in report.results[0].plan.reasons] == ["revert"]


async def test_apply_that_never_came(world):
    """Where the apply died before its transaction nothing is taken back, nor held for it."""
    await world.apply()
    world.answer(*NEW)
    plans = [result.plan for result in (await world.plan()).results]
    armed = await arm(world.site, plans, FIVE, who="me", start=no_timer)
    assert [one.outcome for one in await back(world, armed)] == [Outcome.UNCHANGED]
    assert (await world.apply()).results[0].outcome is Outcome.APPLIED


async def test_the_time_is_the_person_s(world):
    """The time to confirm begins when the timer is ready, however long that takes; it cannot end before."""
    await world.apply()
    world.answer(*NEW)
    plans = [result.plan for result in (await world.plan()).results]
    left_at_start = []

    async def slow(id_, within):
        world.clock.advance(timedelta(seconds=45))
        left_at_start.append(time_left(armed_as(world.site.settings.state, id_), world.clock))
        return await no_timer(id_, within)

    armed = await arm(world.site, plans, FIVE, who="me", start=slow)
    waits = armed_as(world.site.settings.state, armed.id)
    assert left_at_start[0] > FIVE
    assert (armed.until, waits.until) == (world.clock.now() + FIVE,) * 2
    assert time_left(waits, world.clock) == FIVE


async def test_no_timer_no_change(world):
    """Where no timer can be started nothing is armed, so that nothing is applied on a promise."""
    await world.apply()
    world.answer(*NEW)
    plans = [result.plan for result in (await world.plan()).results]

    async def broken(_id, _within):
        msg = "no such program"
        raise ProgramFailed(msg)

    with pytest.raises(ProgramFailed):
        await arm(world.site, plans, FIVE, who="me", start=broken)
    assert waiting(world.site.settings.state) == ()


async def test_disarmed(world):
    """Where nothing was changed nothing waits."""
    await world.apply()
    armed, _ = await risk(world)
    disarm(world.site, armed)
    assert waiting(world.site.settings.state) == ()


@pytest.mark.parametrize("within", [timedelta(0), timedelta(seconds=4), timedelta(days=2)])
async def test_bounds(world, within):
    """A time to confirm is neither too short to type nor so long that it is forgotten."""
    plans = [result.plan for result in (await world.plan()).results]
    with pytest.raises(UsageError):
        await arm(world.site, plans, within, who="me", start=no_timer)


async def test_history_gone(world):
    """With a broken history the change is taken back all the same, and recorded when there is one again."""
    await world.apply()
    before = world.target.entries
    armed, _ = await risk(world)
    await back(world, armed)
    assert world.target.entries == before
    assert world.site.store.applied("edge").cause is Cause.SYNC
    await settle_pending(world.site)
    assert world.site.store.applied("edge").cause is Cause.REVERT


async def test_state_cannot_be_written(world, tmp_path):
    """Where the state directory cannot be used nothing is armed, with a typed error."""
    (tmp_path / "a-file").write_text("")
    settings = replace(world.site.settings, state=tmp_path / "a-file" / "state")
    plans = [result.plan for result in (await world.plan()).results]
    with pytest.raises(StoreUnavailable):
        await arm(replace(world.site, settings=settings), plans, FIVE, who="me", start=no_timer)


async def test_kept_while_a_revert_died(world):
    """Claimed by a timer that died before it did anything, then confirmed: that is recorded, nothing else."""
    await world.apply()
    armed, report = await risk(world)
    state = world.site.settings.state
    assert claim(state, armed.id, REVERTING)
    keep(world, armed.id)
    await settle_pending(world.site)
    assert [one.word for one in world.site.store.words(10)] == [Word.CONFIRM]
    applied = world.site.store.applied("edge")
    assert (applied.cause, applied.digest) == (Cause.SYNC, report.results[0].plan.digest)


@pytest.mark.parametrize("text", ["", '{"id": 1}', "whole, of another name"])
async def test_a_word_that_is_none_is_put_aside(world, text):
    """It stops no run, records nothing, and is not read again."""
    await world.apply()
    await risk(world)
    keep(world)
    pending = world.site.settings.state / "pending"
    (spoken,) = pending.glob("*.spoken.json")
    bad = pending / "zzzz.spoken.json"
    bad.write_bytes(spoken.read_bytes() if text.startswith("whole") else text.encode())
    for _ in range(2):
        await settle_pending(world.site)
    assert [one.word for one in world.site.store.words(10)] == [Word.CONFIRM]
    assert list(pending.glob("*.spoken.json")) == []
    assert bad.with_suffix(".unreadable").exists()


def moved(world, **changes):
    """The same world whose target holds another list now, of the same source."""
    settings = world.site.settings
    one = settings.lists["webhooks"]
    lists = {"other": replace(one, allowlist=replace(one.allowlist, name="other", **changes))}
    targets = {"edge": replace(settings.targets["edge"], list="other")}
    return replace(world, site=replace(world.site, settings=replace(settings, lists=lists, targets=targets)))


async def test_what_is_put_back_is_of_the_list_it_was_of(world):
    """Where the change was a target's move to another list: no serial of that one was ever carried out."""
    await world.apply()
    before, other = world.target.entries, moved(world)
    armed, report = await risk(other)
    assert report.results[0].outcome is Outcome.APPLIED
    await back(other, armed)
    await settle_pending(other.site)
    applied = other.site.store.applied("edge")
    assert (applied.list, applied.serial, world.target.entries) == ("webhooks", 1, before)
    assert other.site.store.carried_out("other") is None
    assert not health_of(other.site).targets[0].in_step


async def test_nothing_of_another_list_is_filled_in_again(world):
    """A wiped target that moved waits for the word on its new list."""
    await world.apply()
    other = moved(world, exclusions=(Override(parse_value("101.126.59.0/29"), "oops"),))
    assert (await other.apply()).results[0].outcome is Outcome.HELD
    wipe(world)
    result = (await other.apply()).results[0]
    assert (result.outcome, result.plan.list, world.target.entries) == (Outcome.HELD, "other", ())


async def test_what_is_taken_back_to_nothing_is_not_carried_out(world):
    """After a purge nothing is there; a change that nobody confirmed leaves nothing either."""
    await world.apply()
    await purge(world.site, await plan_purge(world.site, "edge"))
    armed, report = await risk(world)
    assert report.results[0].outcome is Outcome.APPLIED
    await back(world, armed)
    await settle_pending(world.site)
    assert (world.target.entries, world.target.generation) == ((), 0)
    assert not world.site.store.carried_out("webhooks")
