"""What people are told of a cycle, and what they are not told again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.engine import telling
from gatepost.engine.approval import give_word
from gatepost.engine.telling import Seen, news
from gatepost.errors import ConnectFailed, CredentialsRejected, StoreUnavailable, TargetUnavailable
from gatepost.model.event import LASTING, About, Event, EventKind
from gatepost.model.plan import Outcome, Word
from rigs.notifiers import AT

pytestmark = pytest.mark.anyio

EMPTY_TOLD: dict[str, str] = {}


class Ear:
    """Hears what a notifier would be told, cycle by cycle."""

    def __init__(self, world):
        self.world = world
        self.told = dict(EMPTY_TOLD)

    async def hear(self, *, failures=5):
        """What is new after one more cycle."""
        report = await self.world.apply()
        store = self.world.site.store
        drifts = {one.plan.target: store.drift(one.plan.target) for one in report.results}
        seen = telling.of_report(
            report, self.world.clock.now(), drifts, dict.fromkeys(self.world.sources, failures)
        )
        return self.take(seen)

    def take(self, seen):
        """What of something seen is new."""
        look_back = self.world.site.store.snapshot
        events, self.told = news(self.told, seen, look_back)
        return [(one.kind.value, one.name, one.over) for one in events], events


@pytest.fixture
def ear(world):
    return Ear(world)


async def test_first_list(ear):
    """The first list is told as a change and its application, and the next cycle tells nothing."""
    heard, (change, applied) = await ear.hear()
    assert heard == [("change", "webhooks", False), ("applied", "edge", False)]
    assert (change.previous, change.serial, change.added.total, change.entries) == (None, 1, 2, 2)
    assert (applied.added.total, applied.serial) == (2, 1)
    assert (await ear.hear())[0] == []


async def test_a_change_is_told_with_its_difference(ear):
    """A new serial is told once, with what came."""
    await ear.hear()
    ear.world.answer(*(f"101.126.59.{n}" for n in range(12)))
    _, events = await ear.hear()
    assert [one.kind for one in events] == [EventKind.CHANGE, EventKind.APPLIED]
    assert (events[0].previous, events[0].serial) == (1, 2)
    assert events[0].added.values == ("101.126.59.8/30",)
    assert events[0].removed.values == ("101.126.59.8/31",)


async def test_what_happened_while_nobody_listened(ear):
    """Serials that others brought about since the last one told are told as one change."""
    await ear.hear()
    for most in (11, 12):
        ear.world.answer(*(f"101.126.59.{n}" for n in range(most)))
        await ear.world.apply()
    heard, (change,) = await ear.hear()
    assert heard == [("change", "webhooks", False)]
    assert (change.previous, change.serial) == (1, 3)


async def test_held_once(ear):
    """A held answer is told once while it waits, and that it is over once a person let it through."""
    await ear.hear()
    ear.world.answer("8.8.8.8")
    heard, (held,) = await ear.hear()
    assert heard == [("held", "webhooks/events", False)]
    assert held.may_be_approved
    assert held.digest == ear.world.site.store.held("webhooks/events").digest
    ear.world.clock.advance(timedelta(hours=1))
    assert (await ear.hear())[0] == []
    give_word(ear.world.site, held.digest, Word.APPROVE, who="ada", why="it is right")
    heard, _ = await ear.hear()
    assert ("held", "webhooks/events", True) in heard
    assert ("applied", "edge", False) in heard


async def test_a_rejection_is_no_news_and_told_with_what_is(ear):
    """Who was told hears nothing of it, not even an end; who was not yet hears who rejected it."""
    await ear.hear()
    ear.world.answer("101.126.59.0")
    (held,) = (await ear.hear())[1]
    assert held.rejection is None
    give_word(ear.world.site, held.digest, Word.REJECT, who="ada", why="it is wrong")
    assert (await ear.hear())[0] == []
    ear.told = {}
    (again,) = [one for one in (await ear.hear())[1] if one.kind is EventKind.HELD]
    assert (again.rejection.who, again.mark) == ("ada", held.mark)


async def test_held_while_its_source_is_silent(ear):
    """What is held stays held, and is not told again, while its source gives nothing."""
    await ear.hear()
    ear.world.answer("8.8.8.8")
    await ear.hear()
    ear.world.sources["events"].answer = ConnectFailed("no route")
    assert (await ear.hear(failures=1))[0] == []


async def test_another_answer_held(ear):
    """Another held answer in place of the first is news."""
    await ear.hear()
    ear.world.answer("8.8.8.8")
    await ear.hear()
    ear.world.answer("9.9.9.9")
    assert (await ear.hear())[0] == [("held", "webhooks/events", False)]


async def test_transient_failures_are_told_late(ear):
    """A transient failure is told from the third in a row on, once, whatever its words; its end is told."""
    await ear.hear()
    ear.world.sources["events"].answer = ConnectFailed("no route")
    assert (await ear.hear(failures=1))[0] == []
    assert (await ear.hear(failures=2))[0] == []
    assert (await ear.hear(failures=3))[0] == [("failed", "events", False)]
    ear.world.sources["events"].answer = ConnectFailed("other words")
    assert (await ear.hear(failures=4))[0] == []
    ear.world.answer(*(f"101.126.59.{n}" for n in range(10)))
    assert (await ear.hear())[0] == [("failed", "events", True)]


async def test_a_wrong_secret_is_told_at_once(ear):
    """What trying again does not mend is told the first time, with code and next step."""
    ear.world.sources["events"].answer = CredentialsRejected("app secret invalid", code=10014)
    heard, events = await ear.hear(failures=1)
    assert ("failed", "events", False) in heard
    failed = next(one for one in events if one.kind is EventKind.FAILED)
    assert (failed.failure.code, failed.failure.hint) == (10014, CredentialsRejected.hint)


async def test_stale(ear):
    """A list that grows stale is told once, and that it is fresh again."""
    await ear.hear()
    ear.world.sources["events"].answer = ConnectFailed("no route")
    ear.world.clock.advance(timedelta(days=2))
    assert (await ear.hear(failures=1))[0] == [("stale", "webhooks", False)]
    ear.world.clock.advance(timedelta(days=2))
    assert (await ear.hear(failures=2))[0] == []
    ear.world.answer(*(f"101.126.59.{n}" for n in range(10)))
    assert ("stale", "webhooks", True) in (await ear.hear())[0]


async def test_a_target_that_cannot_be_read(ear):
    """A target that is away is told once, and that it works again."""
    await ear.hear()
    ear.world.target.stopping = None
    report = await ear.world.plan()
    broken = replace(
        report,
        results=tuple(
            replace(one, outcome=Outcome.FAILED, error=TargetUnavailable("it broke"))
            for one in report.results
        ),
    )
    seen = telling.of_report(broken, AT, {}, {})
    assert ear.take(seen)[0] == [("failed", "edge", False)]
    assert ear.take(seen)[0] == []
    assert (await ear.hear())[0] == [("failed", "edge", True)]


async def test_a_turn_that_fails(ear):
    """A turn that failed as a whole is told once, and again only after one that did not."""
    seen = telling.of_error(StoreUnavailable("disk full"), AT)
    assert ear.take(seen)[0] == [("failed", "gatepost", False)]
    assert ear.take(seen)[0] == []
    await ear.hear()
    assert ear.take(seen)[0] == [("failed", "gatepost", False)]


def an_event(draw_kind, name, mark):
    return Event(kind=draw_kind, about=About.TARGET, name=name, at=AT, mark=mark)


LASTERS = st.builds(
    an_event, st.sampled_from(sorted(LASTING)), st.sampled_from(["a", "b"]), st.sampled_from(["1", "2"])
)


def an_end(event):
    return replace(event, mark="", over=True)


@given(st.lists(st.lists(LASTERS, max_size=4), max_size=8))
def test_told_once_while_it_lasts(moments):
    """Whatever comes and goes: each condition is told as it begins, changes and ends, only then."""
    everything = tuple(
        Event(kind=kind, about=About.TARGET, name=name, at=AT, over=True)
        for kind in sorted(LASTING)
        for name in ("a", "b")
    )
    told, before = {}, {}
    for moment in moments:
        now = {one.key: one for one in moment}
        events, told = news(told, Seen(AT, tuple(now.values()), everything), lambda *_: None)
        begun = {key for key, one in now.items() if key not in before or before[key].mark != one.mark}
        ended = before.keys() - now.keys()
        assert sorted(one.key for one in events if not one.over) == sorted(begun)
        assert sorted(one.key for one in events if one.over) == sorted(ended)
        before = now
