"""Telling people beside the loop: outages, restarts, refusals, collected messages."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from typing import ClassVar

import anyio
import pytest

from gatepost.config.settings import NotifySettings
from gatepost.engine.drift import look
from gatepost.engine.mailbox import PENDING_MOST
from gatepost.engine.messenger import BACKOFF_FIRST, BACKOFF_MOST, JITTER, REJECTED_MOST, Means, Messenger
from gatepost.errors import (
    ConnectFailed,
    CredentialsRejected,
    PermissionDenied,
    RateLimited,
    RequestRejected,
    SecretUnavailable,
)
from gatepost.model.event import EventKind
from gatepost.model.plan import Outcome
from gatepost.notify.base import Channel, Rate, english
from rigs.notifiers import read

pytestmark = pytest.mark.anyio


class Listening(Channel):
    """Keeps what it is sent, or raises what it is told to."""

    kind: ClassVar[str] = "listening"
    rates: ClassVar[tuple[Rate, ...]] = (Rate(5, 1.0), Rate(20, 60.0))
    receiver: ClassVar[tuple[str, ...]] = ()
    reference: ClassVar[str] = "tests"

    @dataclass(frozen=True, slots=True)
    class Options:
        """None."""

    async def send(self, message):
        """Keep it, with the time."""
        ear = self.client
        ear.tries.append((ear.clock.monotonic(), message))
        if ear.refuses is not None and ear.refuses(message):
            raise ear.error
        ear.messages.append(message)
        return ear.remarks

    async def check(self, words):  # noqa: ARG002 - the family's signature
        """Say what is wrong, or fail."""
        if self.client.check_error:
            raise self.client.check_error
        return self.client.wrong


class Ear:
    """A place that messages come to."""

    def __init__(self, clock):
        self.clock = clock
        self.messages, self.tries, self.said = [], [], []
        self.refuses, self.error = None, ConnectFailed("no route")
        self.remarks, self.wrong, self.check_error, self.opening = (), (), None, None

    def deaf(self, error=None):
        """Refuse everything from now on."""
        self.refuses = lambda _: True
        self.error = error or self.error

    def hear(self):
        """Take everything again."""
        self.refuses = None

    @asynccontextmanager
    async def open(self, one):
        """The channel."""
        if self.opening:
            raise self.opening
        yield one.plugin(one.build(), self)

    @property
    def told(self):
        """Kind and name of all events that arrived, and whether they end."""
        return [(e.kind.value, e.name, e.over) for m in self.messages for e in m.events]


EVERYTHING = tuple(kind.value for kind in EventKind)


def notifier(**changes):
    """A notifier for everything."""
    made = NotifySettings("listening", EVERYTHING, None, {}, Listening, Listening.Options, lane="listening-1")
    return replace(made, **changes)


@pytest.fixture
def ear(clock):
    return Ear(clock)


@pytest.fixture
def make(world, ear):
    """A messenger of some notifiers in the world."""

    def made(*notifiers):
        settings = replace(world.site.settings, notify=notifiers or (notifier(),))
        means = Means(ear.open, lambda _: english, lambda _, text: ear.said.append(text))
        return Messenger(replace(world.site, settings=settings), means)

    return made


async def until_sent(messenger, *, tries=50):
    """Send until nothing waits any more, or so often."""
    for delivery in messenger.deliveries:
        for _ in range(tries):
            if not delivery.box.pending:
                break
            await delivery.pace.turn()
            await delivery.send_next()


async def run_until(messenger, report, done):
    """Run it beside, as the service does, from a report until something is done."""
    async with anyio.create_task_group() as group:
        group.start_soon(messenger.run)
        messenger.report(report)
        with anyio.fail_after(5):
            while not done():
                await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()


async def test_a_cycle_is_told(world, make, ear):
    """What a cycle did arrives, and the next one that did nothing tells nothing."""
    messenger = make()
    messenger.report(await world.apply())
    await until_sent(messenger)
    messenger.report(await world.apply())
    await until_sent(messenger)
    assert ear.told == [("change", "webhooks", False), ("applied", "edge", False)]


async def test_it_runs_beside(world, make, ear):
    """Running, it sends what comes by itself, until it is ended."""
    messenger = make()
    await run_until(messenger, await world.apply(), lambda: len(ear.messages) == 2)
    assert len(ear.told) == 2


async def test_an_outage_delays_nothing(world, make, ear):
    """While a channel is down, telling it returns without a try; afterwards the last words arrive."""
    messenger = make()
    ear.deaf()
    for most in range(10, 16):
        world.answer(*(f"101.126.59.{n}" for n in range(most)))
        messenger.report(await world.apply())
    assert ear.tries == []
    ear.hear()
    await until_sent(messenger)
    (message,) = ear.messages
    assert message.events[-1].serial == 6
    assert len(message.events) == 12


async def test_a_long_outage_is_bounded_and_counted(world, make, ear):
    """A channel away for long gets what fits, the newest, and hears how many are missing."""
    messenger = make()
    values = list(range(10, 250))
    for most in values:
        world.answer(*(f"101.126.59.{n}" for n in range(most)))
        world.clock.advance(timedelta(days=8))
        messenger.report(await world.apply())
        if messenger.deliveries[0].box.left_out > 3:
            break
    waiting = messenger.deliveries[0].box
    assert len(waiting.pending) == PENDING_MOST
    left_out = waiting.left_out
    await until_sent(messenger)
    assert ear.messages[0].left_out == left_out > 0
    assert waiting.left_out == 0


async def test_backoff(world, make, ear):
    """A channel in trouble is tried after half a minute, then doubled, at most every quarter of an hour."""
    messenger = make()
    messenger.report(await world.apply())
    ear.deaf()
    await until_sent(messenger, tries=10)
    moments = [moment for moment, _ in ear.tries]
    waits = [later - before for before, later in pairwise(moments)]
    for number, wait in enumerate(waits):
        planned = min(BACKOFF_FIRST * 2**number, BACKOFF_MOST)
        assert planned <= wait <= planned + JITTER
    assert len(ear.said) == 1


async def test_the_platform_says_how_long(world, make, ear):
    """A platform that names a wait gets it."""
    messenger = make()
    messenger.report(await world.apply())
    ear.deaf(RateLimited("slow down", retry_after=4000.0))
    before = world.clock.monotonic()
    await messenger.deliveries[0].send_next()
    assert world.clock.monotonic() - before >= 4000


async def test_a_refused_message_is_sent_in_brief(world, make, ear):
    """A message that the platform finds at fault is sent once more at once, its headline alone."""
    messenger = make()
    messenger.report(await world.apply())
    ear.error, ear.refuses = RequestRejected("sensitive words", code=230022), lambda one: not one.brief
    await until_sent(messenger)
    assert [one.brief for one in ear.messages] == [True, True]
    assert len(ear.told) == 2


async def test_a_message_nobody_takes_does_not_block(world, make, ear):
    """A message that is refused again and again is left out, counted and said; the next one goes out."""
    messenger = make()
    messenger.report(await world.apply())
    ear.error = RequestRejected("no")
    ear.refuses = lambda one: one.events[0].kind is EventKind.CHANGE
    await until_sent(messenger)
    assert ear.told == [("applied", "edge", False)]
    assert len(ear.tries) == REJECTED_MOST + 2
    assert ear.messages[0].left_out == 1
    assert any("left out" in one for one in ear.said)


async def test_a_wrong_secret_keeps_what_waits(world, make, ear):
    """A channel that somebody must mend keeps its messages, and is tried an hour apart at most."""
    messenger = make()
    messenger.report(await world.apply())
    ear.deaf(CredentialsRejected("wrong"))
    await until_sent(messenger, tries=20)
    assert len(messenger.deliveries[0].box.pending) == 2
    ear.hear()
    await until_sent(messenger)
    assert len(ear.told) == 2


async def test_a_restart_repeats_nothing_and_loses_nothing(world, make, ear):
    """A service that starts again sends what waited, and does not tell what was told."""
    first = make()
    first.report(await world.apply())
    world.answer("8.8.8.8")
    first.report(await world.apply())
    await first.deliveries[0].send_next()
    second = make()
    second.report(await world.apply())
    await until_sent(second)
    assert ear.told == [
        ("change", "webhooks", False),
        ("applied", "edge", False),
        ("held", "webhooks/events", False),
    ]


async def test_collected(world, make, ear):
    """With a digest, events of an interval are one message, sent when it ends."""
    messenger = make(notifier(digest=timedelta(hours=1)))
    messenger.report(await world.apply())
    world.answer(*(f"101.126.59.{n}" for n in range(12)))
    started = world.clock.monotonic()
    await run_until(messenger, await world.apply(), lambda: ear.messages)
    (message,) = ear.messages
    assert len(message.events) == 4
    assert ear.tries[0][0] - started == 3600


async def test_two_notifiers_of_one_receiver(world, make, ear):
    """Notifiers of one receiver keep their own mailboxes, and one rate between them."""
    messenger = make(notifier(on=("change",)), notifier(on=("applied",)))
    messenger.report(await world.apply())
    first, second = messenger.deliveries
    assert first.pace is second.pace
    await until_sent(messenger)
    assert sorted(ear.told) == [("applied", "edge", False), ("change", "webhooks", False)]


def to_one_chat(folder, *forms):
    """Notifiers as they are read from a file, to one group in some forms."""
    rows = (f'[[notify]]\nkind = "feishu_bot"\nurl = "env:HOOK"\nform = "{form}"\n' for form in forms)
    return read(folder, "".join(rows)).notify


async def test_one_receiver_has_one_rate_in_any_form(make, tmp_path):
    """Notifiers of one chat keep its rate between them, though one sends cards and one texts."""
    first, second = make(*to_one_chat(tmp_path, "card", "text")).deliveries
    assert first.pace is second.pace


async def test_another_form_keeps_what_waits(world, make, tmp_path):
    """Whoever edits how messages look finds all that waited, of each notifier, and nothing told again."""
    messenger = make(*to_one_chat(tmp_path, "card", "card"))
    messenger.report(await world.apply())
    messenger.deliveries[1].box.drop(messenger.deliveries[1].box.batch(whole=False))
    again = make(*to_one_chat(tmp_path, "text", "card"))
    again.report(await world.apply())
    waiting = [[event.kind.value for event in one.box.pending] for one in again.deliveries]
    assert waiting == [["change", "applied"], ["applied"]]


async def test_nothing_it_meets_reaches_the_loop(make, ear):
    """Whatever telling meets, the loop that reports goes on, and the log says so."""
    messenger = make()
    messenger.report(None)  # as wrong as a report can be
    assert ear.said == ["not told: telling met something it was not made for: AttributeError"]


@pytest.mark.parametrize(
    "error", [PermissionDenied("no"), SecretUnavailable("gone"), RuntimeError("canary-4711"), TimeoutError()]
)
async def test_a_receiver_that_cannot_be_looked_up(world, make, ear, error):
    """That the receiver cannot be looked up is said, without words of third parties; messages are sent."""
    ear.check_error = error
    messenger = make()
    await run_until(messenger, await world.apply(), lambda: len(ear.messages) == 2)
    assert len(ear.said) == 1
    assert "canary" not in ear.said[0]


async def test_what_is_wrong_with_the_receiver_is_said(world, make, ear):
    """What a look-up finds, and what a sending reports, is said once."""
    ear.wrong, ear.remarks = ("ou_1 gets no messages",), ("x did not get it",)
    messenger = make()
    await run_until(messenger, await world.apply(), lambda: len(ear.messages) == 2)
    assert ear.said[0] == "ou_1 gets no messages"
    assert "x did not get it" in ear.said


async def told_again(world, messenger, most):
    """One more change of the list, told and sent."""
    world.answer(*(f"101.126.59.{n}" for n in range(most)))
    messenger.report(await world.apply())
    await until_sent(messenger)


async def test_what_a_sending_reports_is_said_once_while_it_lasts(world, make, ear):
    """What every message reports is said with the first of them; again only after one without it."""
    messenger = make(notifier(on=("change",)))
    ear.remarks = ("x did not get it",)
    for most in (10, 11, 12):
        await told_again(world, messenger, most)
    assert ear.said == ["x did not get it"]
    ear.remarks = ("x did not get it", "y did not get it")
    await told_again(world, messenger, 13)
    assert ear.said == ["x did not get it", "y did not get it"]
    ear.remarks = ()
    await told_again(world, messenger, 14)
    ear.remarks = ("x did not get it",)
    await told_again(world, messenger, 15)
    assert ear.said == ["x did not get it", "y did not get it", "x did not get it"]


async def test_an_outage_is_said_once_while_it_lasts(world, make, ear):
    """A channel that refuses again and again is said once; a later outage is said again."""
    messenger = make(notifier(on=("change",)))
    for most in (10, 11):
        ear.deaf()
        world.answer(*(f"101.126.59.{n}" for n in range(most)))
        messenger.report(await world.apply())
        await until_sent(messenger, tries=3)
        ear.hear()
        await until_sent(messenger)
    assert len(ear.said) == 2
    assert ear.said[0].startswith("ConnectFailed: no route")


async def test_trouble_with_the_disk_is_said_once_while_it_lasts(world, make, ear, tmp_path):
    """A disk that refuses is said once, however often it is asked; and again after it worked."""
    messenger = make()
    folder = tmp_path / "state" / "notify"
    for first in (10, 14):
        folder.rmdir()
        for most in range(first, first + 3):
            await told_again(world, messenger, most)
        folder.mkdir()
        await told_again(world, messenger, first + 3)
        (place,) = folder.iterdir()
        place.unlink()
    assert len(ear.said) == 2
    assert all("No such file" in one for one in ear.said)


async def test_what_cannot_be_told_is_said_once(make, ear):
    """The same bug met by every report is one line in the log."""
    messenger = make()
    messenger.report(None)  # as wrong as a report can be
    messenger.report(None)
    assert len(ear.said) == 1


async def test_drift_is_told_and_its_end(world, make, ear):
    """What others do to a target is told once, and once more when it is as we left it."""
    messenger = make(notifier(on=("drift",)))
    messenger.report(await world.apply())
    ours, world.target.entries = world.target.entries, world.target.entries[1:]
    drift = await look(world.site, "edge")
    messenger.notice(drift)
    messenger.notice(drift)
    world.target.entries = ours
    await look(world.site, "edge")
    messenger.report(await world.apply())
    await until_sent(messenger)
    assert ear.told == [("drift", "edge", False), ("drift", "edge", True)]


async def test_what_was_taken_back_is_told(world, make, ear):
    """A change that nobody confirmed is told as taken back."""
    messenger = make(notifier(on=("reverted",)))
    report = await world.apply()
    messenger.taken_back(tuple(replace(one, outcome=Outcome.REVERTED) for one in report.results))
    await until_sent(messenger)
    assert ear.told == [("reverted", "edge", False)]
