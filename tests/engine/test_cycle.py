"""The way of the data, turn by turn."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gatepost.engine.approval import give_word, held_answers, standing_words
from gatepost.engine.cycle import apply_cycle, plan_cycle
from gatepost.engine.exits import Exit, exit_of
from gatepost.engine.health import health_of
from gatepost.errors import ConnectFailed, StalePlan, TargetUnavailable, UsageError
from gatepost.model.content import Override
from gatepost.model.plan import Outcome, PlanStatus, Word
from gatepost.planning.normalise import Rules, normalise, parse_value
from gatepost.store import Store
from gatepost.testing import MemoryTarget, raw
from rigs.exactly import carry_out_exactly

TEN = tuple(f"101.126.59.{n}" for n in range(10))

pytestmark = pytest.mark.anyio


async def test_first_list_is_applied_and_verified(world):
    """A first whole answer is accepted, applied, read back and recorded."""
    report = await world.apply()
    assert [result.outcome for result in report.results] == [Outcome.APPLIED]
    assert report.results[0].verified
    assert exit_of(report) is Exit.DONE
    assert world.site.store.latest("webhooks").serial == 1
    assert world.site.store.applied("edge").generation == 1
    assert sum(entry.value.size for entry in world.target.entries) == 10


async def test_plan_changes_nothing_but_the_store(world):
    """A plan exits 2 and writes to no target."""
    report = await world.plan()
    assert exit_of(report) is Exit.CHANGES
    assert world.target.writes == 0


async def test_equal_sets_write_nothing(world):
    """The same addresses written another way make no serial, no plan and no write."""
    world.answer("101.126.58.0/23")
    await world.apply()
    world.answer("101.126.58.0/24", "101.126.59.0/24")
    report = await world.apply()
    assert world.site.store.latest("webhooks").serial == 1
    assert world.target.writes == 1
    assert report.results[0].outcome is Outcome.UNCHANGED


async def test_failed_fetch_removes_nothing(world):
    """A source that fails leaves its last good list in force; the run exits 4."""
    await world.apply()
    world.sources["events"].answer = ConnectFailed("no route")
    report = await world.days(40)
    assert exit_of(report) is Exit.STALE
    assert len(world.held_there) == len((await world.plan()).turns[0].snapshot.content.effective)
    assert sum(entry.value.size for entry in world.target.entries) == 10


async def test_empty_answer_is_held_and_cannot_be_approved(world):
    """An empty list is always held, whatever a person says."""
    await world.apply()
    world.answer()
    report = await world.apply()
    assert exit_of(report) is Exit.HELD
    held = report.turns[0].held[0]
    assert [reason.guard for reason in held.reasons] == ["empty"]
    with pytest.raises(UsageError):
        give_word(world.site, held.digest, Word.APPROVE, who="me", why="because")
    assert sum(entry.value.size for entry in world.target.entries) == 10


async def test_shrink_is_held_until_approved_then_grace(world):
    """A list that lost most is held; after approval its entries stay for absences and grace, then go."""
    await world.apply()
    world.answer(*TEN[:3])
    report = await world.apply()
    assert exit_of(report) is Exit.HELD
    held = report.turns[0].held[0]
    assert "shrink" in {reason.guard for reason in held.reasons}
    give_word(world.site, held.digest[:20], Word.APPROVE, who="me", why="changelog says so")
    report = await world.days(6.5)
    assert exit_of(report) is Exit.DONE
    assert sum(entry.value.size for entry in world.target.entries) == 10
    await world.days(2)
    assert sum(entry.value.size for entry in world.target.entries) == 3


async def test_approving_the_held_plan_approves_its_answer(world):
    """The digest of the target's plan is enough; nobody needs to know of answers."""
    await world.apply()
    world.answer(*TEN[:3])
    report = await world.apply()
    plan = report.results[0].plan
    assert plan.status is PlanStatus.HELD
    give_word(world.site, plan.digest, Word.APPROVE, who="me", why="right")
    assert exit_of(await world.apply()) is Exit.DONE
    assert held_answers(world.site) == ()


async def test_approval_covers_one_content(world):
    """An approval does not cover an answer that shrank further."""
    await world.apply()
    world.answer(*TEN[:3])
    report = await world.apply()
    give_word(world.site, report.turns[0].held[0].digest, Word.APPROVE, who="me", why="right")
    world.answer(*TEN[:1])
    assert exit_of(await world.apply()) is Exit.HELD


async def test_a_held_answer_waits_while_its_source_is_not_asked(world):
    """A cycle that asks other sources, or gets nothing from this one, has the same plan waiting."""
    await world.apply()
    world.answer(*TEN[:3])
    digest = (await world.apply()).results[0].plan.digest
    lists = tuple(world.site.settings.lists.values())
    unasked = await plan_cycle(world.site, lists, only=())
    assert (unasked.results[0].plan.status, unasked.results[0].plan.digest) == (PlanStatus.HELD, digest)
    world.sources["events"].answer = ConnectFailed("refused")
    failed = await world.apply()
    assert failed.turns[0].errors
    assert (failed.results[0].plan.status, failed.results[0].plan.digest) == (PlanStatus.HELD, digest)


async def test_other_sources_do_not_wait_for_a_held_one(make_world):
    """While one source's answer is held, what another source adds is applied at once."""
    world = make_world("events", "second")
    await world.apply()
    world.answer(*TEN[:3])
    world.answer(*TEN, "101.126.60.1", source="second")
    report = await world.apply()
    assert exit_of(report) is Exit.HELD
    assert report.results[0].outcome is Outcome.APPLIED
    assert "101.126.60.1/32" in world.held_there


async def test_rejected_stays_held(world):
    """A rejected answer stays held and the last good list in force."""
    await world.apply()
    world.answer(*TEN[:3])
    report = await world.apply()
    give_word(world.site, report.turns[0].held[0].digest, Word.REJECT, who="me", why="wrong")
    assert exit_of(await world.apply()) is Exit.HELD


async def test_flapping_entry_is_never_lost(world):
    """An entry that goes and comes back within the grace is never removed from the target."""
    await world.apply()
    writes = world.target.writes
    for _ in range(6):
        world.answer(*TEN[:9])
        await world.days(1)
        world.answer(*TEN)
        await world.days(1)
    assert world.target.writes == writes


async def test_provenance_change_is_held(world):
    """The same source name on another account is a new source: a person looks first."""
    await world.apply()
    world.sources["events"].account = "another"
    report = await world.apply()
    assert exit_of(report) is Exit.HELD


async def test_a_target_that_lies_is_found(world):
    """A device that says done and did nothing fails verification."""
    world.target.forgetful = True
    report = await world.apply()
    assert report.results[0].outcome is Outcome.FAILED
    assert report.results[0].error.kind == "VerifyFailed"
    assert exit_of(report) is Exit.FAILED
    assert world.site.store.applied("edge") is None


async def test_unreadable_target_is_failed_and_others_go_on(world):
    """A target that cannot be read fails by itself; the list is still accepted."""
    world.target.failing = TargetUnavailable("nft is missing")
    report = await world.apply()
    assert exit_of(report) is Exit.FAILED
    assert report.unplanned[0].error.kind == "TargetUnavailable"
    assert world.site.store.latest("webhooks").serial == 1


async def test_stale_plan_is_refused(world):
    """A plan made before the target moved is refused and changes nothing."""
    plan = (await world.plan()).results[0].plan
    await world.apply()
    with pytest.raises(StalePlan):
        await carry_out_exactly(world.site, plan)
    assert world.target.writes == 1


async def test_plan_is_applied_exactly(world):
    """A plan applied by its digest needs no further fetch."""
    plan = (await world.plan()).results[0].plan
    world.sources["events"].answer = ConnectFailed("gone")
    result = await carry_out_exactly(world.site, plan)
    assert result.outcome is Outcome.APPLIED


async def test_exclusion_by_owner_is_guarded(world):
    """An exclusion that cuts most of a list is the owner's own mistake to approve."""
    await world.apply()
    careless = world.with_list(exclusions=(Override(parse_value("101.126.59.0/29"), "oops"),))
    report = await careless.apply()
    assert exit_of(report) is Exit.HELD
    assert sum(entry.value.size for entry in world.target.entries) == 10
    give_word(careless.site, report.results[0].plan.digest, Word.APPROVE, who="me", why="meant")


async def test_source_never_seen_holds_removals(make_world):
    """While a source has never answered, nothing that the target holds is removed."""
    world = make_world("events", "second")
    world.sources["second"].answer = ConnectFailed("never up")
    world.target.entries = normalise(raw("203.0.112.0/24"), Rules()).entries
    world.target.generation = 4
    report = await world.apply()
    assert exit_of(report) is Exit.HELD
    assert "incomplete" in {reason.guard for reason in report.results[0].plan.reasons}
    assert world.held_there == ["203.0.112.0/24"]


class Looking(MemoryTarget):
    """Looks into the history, as another process would, when it is written."""

    history: Path
    found: tuple[str, ...] = ()

    async def apply(self, plan, desired):
        """Look first."""
        store = Store.open(f"sqlite:///{self.history}")
        self.found = tuple(record.digest for _, record in store.unfinished())
        store.close()
        await super().apply(plan, desired)


async def test_the_intent_is_on_disk_before_the_target_is_written(world, tmp_path):
    """No record, no apply: whoever dies while a target is written has left word of it."""
    target = Looking("edge", world.target.options)
    target.history = tmp_path / "history.db"
    world.site.targets["edge"] = target
    report = await world.apply()
    assert report.results[0].outcome is Outcome.APPLIED
    assert target.found == (report.results[0].plan.digest,)


async def test_crash_between_intent_and_outcome_is_settled(world):
    """After a death in mid-apply the next run asks the target and records the truth."""
    plan = (await world.plan()).results[0].plan
    world.site.store.record_intent(plan, world.clock.now())
    world.clock.advance(timedelta(minutes=1))
    await world.plan()
    assert world.site.store.unfinished() == ()
    assert world.site.store.last_outcome("edge").outcome is Outcome.FAILED


async def test_status_is_read_from_history_alone(world):
    """Health is known without asking platform or target, and goes stale with time."""
    await world.apply()
    assert not health_of(world.site).stale
    world.clock.advance(timedelta(days=2))
    world.target.failing = TargetUnavailable("not asked")
    assert health_of(world.site).stale


async def test_a_plan_overtaken_while_a_person_was_asked_is_refused(world):
    """What was shown at the prompt is not applied after another run gave the list a newer serial."""
    shown = await world.plan()
    newer = world.with_list(exclusions=(Override(parse_value(TEN[0]), "compromised"),))
    await newer.apply()
    held = world.held_there
    late = await apply_cycle(world.site, shown)
    assert (late.results[0].outcome, type(late.results[0].error)) == (Outcome.FAILED, StalePlan)
    assert world.held_there == held


async def test_a_plan_rejected_while_a_person_was_asked_is_refused(world):
    """An approval that was taken back before the plan's turn came does not count."""
    await world.apply()
    careless = world.with_list(exclusions=(Override(parse_value("101.126.59.0/29"), "oops"),))
    digest = (await careless.apply()).results[0].plan.digest
    give_word(careless.site, digest, Word.APPROVE, who="me", why="meant so")
    shown = await careless.plan()
    assert shown.results[0].plan.status is PlanStatus.CHANGES
    give_word(careless.site, digest, Word.REJECT, who="you", why="not at all")
    late = await apply_cycle(careless.site, shown)
    assert isinstance(late.results[0].error, StalePlan)
    assert sum(entry.value.size for entry in world.target.entries) == 10


async def test_a_plan_that_waits_for_two_answers_stands_when_both_do(make_world):
    """One answer's rejection is no word on the other, so none on the plan; nor are two that differ."""
    world = make_world("events", "second")
    await world.apply()
    world.answer(*TEN[:3])
    world.answer(*TEN[:3], source="second")
    report = await world.apply()
    first, second = (one.digest for one in report.turns[0].held)
    plan = report.results[0].plan.digest
    for said, word, expected in (
        (first, Word.REJECT, None),
        (second, Word.APPROVE, None),
        (second, Word.REJECT, Word.REJECT),
    ):
        give_word(world.site, said, word, who="me", why="wrong")
        standing = standing_words(world.site)
        assert standing[said].word is word
        assert (standing[plan].word if plan in standing else None) is expected
