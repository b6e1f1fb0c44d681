"""Tells people, beside the loop: nothing here delays a turn, and nothing that fails here fails one."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import anyio

from gatepost.config.settings import NotifySettings, Settings
from gatepost.engine import telling
from gatepost.engine.cycle import CycleReport
from gatepost.engine.mailbox import Mailbox
from gatepost.engine.pacing import Pace
from gatepost.engine.site import Site
from gatepost.engine.state import folder
from gatepost.errors import DeadlineExceeded, GatepostError, RequestRejected, Unexpected
from gatepost.model.content import Serial, Snapshot
from gatepost.model.drift import Drift
from gatepost.model.event import Event
from gatepost.model.plan import Result
from gatepost.notify.base import Channel, Message, Words

DEADLINE = 90.0
"""Seconds for one sending, all of it."""
BACKOFF_FIRST, BACKOFF_MOST = 30.0, 900.0
"""Seconds until a message is tried again; doubled each time."""
BACKOFF_STUBBORN = 3600.0
"""The same at most where trying again alone does not help: somebody must correct something."""
JITTER = 10.0
"""Seconds added by chance: platforms refuse what comes at full minutes."""
REJECTED_MOST = 5
"""Tries of a message that the platform finds at fault; then it is left out, and counted."""
FOLDER = "notify"
"""Of the state: where the mailboxes are."""

OpenChannel = Callable[[NotifySettings], AbstractAsyncContextManager[Channel]]
Say = Callable[[NotifySettings, str], None]


@dataclass(frozen=True, slots=True)
class Means:
    """What the messenger works with."""

    open_channel: OpenChannel
    words: Callable[[str], Words]
    """By language."""
    say: Say
    """A line for the log, about one notifier."""


class Said:
    """What is wrong with a notifier, by its matter: said when it begins, and again only after it ended."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._lasting: dict[str, frozenset[str]] = {}

    def now(self, matter: str, wrong: Mapping[str, str]) -> None:
        """All that is wrong with it now: texts, by what makes one the same as before. Nothing ends it."""
        before = self._lasting.get(matter, frozenset())
        self._lasting[matter] = frozenset(wrong)
        for mark, text in wrong.items():
            if mark not in before:
                self._say(text)


@dataclass(slots=True)
class Delivery:
    """One notifier at work."""

    site: Site
    settings: NotifySettings
    means: Means
    box: Mailbox
    pace: Pace
    failures: int = 0
    """In a row."""
    rejections: int = 0
    words: Words = field(init=False)
    said: Said = field(init=False)

    def __post_init__(self) -> None:
        """Find the words of its language."""
        self.words = self.means.words(self.settings.lang)
        self.said = Said(partial(self.means.say, self.settings))

    async def run(self) -> None:
        """Look the receiver up, then send whatever comes, for ever."""
        await self._look_up()
        while True:
            await self.box.wait()
            await self._collect()
            await self.pace.turn()
            await self.send_next()

    async def _look_up(self) -> None:
        try:
            with anyio.fail_after(DEADLINE):
                async with self.means.open_channel(self.settings) as channel:
                    remarks = await channel.check(self.words)
        except Exception as error:  # noqa: BLE001 - whatever it is, messages are tried all the same
            self._trouble(to_error(error))
        else:
            self._remark(remarks)

    async def _collect(self) -> None:
        """Until the first waiting event is as old as the owner wants messages to be apart."""
        if self.settings.digest is None or not self.box.pending:
            return
        age = self.site.clock.now() - self.box.pending[0].at
        left = min(self.settings.digest - age, self.settings.digest).total_seconds()
        if left > 0:
            await self.site.clock.sleep(left)

    async def send_next(self) -> None:
        """One message; where it fails, the wait until the next try."""
        batch, left_out = self.box.batch(whole=self.settings.digest is not None), self.box.left_out
        brief = self.rejections > 0
        message = Message(batch, self.words, console_of(self.site.settings), left_out, brief)
        try:
            with anyio.fail_after(DEADLINE):
                async with self.means.open_channel(self.settings) as channel:
                    remarks = await channel.send(message)
        except Exception as error:  # noqa: BLE001 - whatever it is, the next message is tried all the same
            await self._failed(to_error(error), batch)
            return
        self.box.done(batch, left_out)
        self.failures = self.rejections = 0
        self.said.now("sending", {})
        self._remark(remarks)
        self.look_at_disk()

    async def _failed(self, error: GatepostError, batch: tuple[Event, ...]) -> None:
        self._trouble(error)
        if isinstance(error, RequestRejected):
            self.rejections += 1
            if self.rejections == 1:
                return  # at once, without what the platform may have refused it for
            if self.rejections > REJECTED_MOST:
                self.rejections = self.failures = 0
                self.box.drop(batch)
                self.means.say(self.settings, f"{len(batch)} left out: the platform does not take it")
                return
        most = BACKOFF_MOST if error.transient else BACKOFF_STUBBORN
        wait = min(BACKOFF_FIRST * (1 << min(self.failures, 16)), most)
        self.failures += 1
        await self.site.clock.sleep(max(wait, error.retry_after or 0.0) + random.uniform(0, JITTER))  # noqa: S311 - spreads load

    def _trouble(self, error: GatepostError) -> None:
        text = f"{error.kind}: {error.message} → {error.next_step}"
        self.said.now("sending", {f"{error.kind} {error.code}": text})

    def _remark(self, remarks: Iterable[str]) -> None:
        self.said.now("receiver", {one: one for one in remarks})

    def look_at_disk(self) -> None:
        """Say what is wrong with the mailbox."""
        trouble = self.box.trouble
        self.said.now("disk", {trouble: trouble} if trouble else {})


class Messenger:
    """All notifiers of a site. What the loop tells it returns at once, and raises nothing."""

    def __init__(self, site: Site, means: Means) -> None:
        """Opens the mailboxes; raises StoreUnavailable where the state directory cannot be used."""
        if site.settings.notify:
            folder(site.settings.state, FOLDER)
        self._site = site
        self._means = means
        paces: dict[str, Pace] = {}
        self.deliveries: list[Delivery] = []
        for one, place in mailboxes(site.settings):
            pace = paces.setdefault(one.lane, Pace(one.plugin.rates, site.clock))
            self.deliveries.append(Delivery(site, one, means, Mailbox(place), pace))

    async def run(self) -> None:
        """Send for ever."""
        async with anyio.create_task_group() as group:
            for delivery in self.deliveries:
                delivery.look_at_disk()
                group.start_soon(delivery.run)

    def report(self, report: CycleReport) -> None:
        """A cycle is over."""

        def seen() -> telling.Seen:
            targets = {one.plan.target for one in report.results} & {*self._site.targets}
            drifts = {name: self._site.store.drift(name) for name in sorted(targets)}
            attempts = {name: self._site.store.attempt(name) for name in report.got}
            failures = {name: attempt.failures for name, attempt in attempts.items() if attempt}
            return telling.of_report(report, self._site.clock.now(), drifts, failures)

        self._take_in(seen)

    def notice(self, drift: Drift) -> None:
        """Others changed a target."""
        self._take_in(lambda: telling.of_drift(drift, self._site.clock.now()))

    def fail(self, error: GatepostError) -> None:
        """A turn failed as a whole."""
        self._take_in(lambda: telling.of_error(error, self._site.clock.now()))

    def taken_back(self, results: tuple[Result, ...]) -> None:
        """Changes that nobody confirmed are undone."""
        self._take_in(lambda: telling.of_taken_back(results, self._site.clock.now()))

    def _take_in(self, make: Callable[[], telling.Seen]) -> None:
        if not self.deliveries:
            return
        wrong = {}
        try:
            seen = make()
            for delivery in self.deliveries:
                delivery.box.take_in(seen, self._look_back, delivery.settings.on)
                delivery.look_at_disk()
        except Exception as error:  # noqa: BLE001 - the loop goes on, whatever telling it meets
            met = to_error(error)
            wrong[met.kind] = f"not told: {met.message}"
        self.deliveries[0].said.now("telling", wrong)

    def _look_back(self, name: str, serial: int) -> Snapshot | None:
        return self._site.store.snapshot(name, Serial(serial))


def mailboxes(settings: Settings) -> list[tuple[NotifySettings, Path | None]]:
    """Each notifier with the place of its mailbox; those of one receiver by their order. Makes nothing."""
    found: list[tuple[NotifySettings, Path | None]] = []
    numbers: Counter[str] = Counter()
    for one in settings.notify:
        numbers[one.lane] += 1
        number = numbers[one.lane]
        name = f"{one.lane}.json" if number == 1 else f"{one.lane}-{number}.json"
        found.append((one, settings.state / FOLDER / name if settings.state else None))
    return found


def console_of(settings: Settings) -> str | None:
    """Where people find the console; None where no address is configured for them."""
    options = settings.server.options
    return options.url.rstrip("/") if options.enabled and options.url else None


def to_error(error: Exception) -> GatepostError:
    """What a third party raises may quote a secret: only its type is told."""
    match error:
        case GatepostError():
            return error
        case TimeoutError():
            return DeadlineExceeded(f"the message was not taken within {DEADLINE:g} s")
    return Unexpected(f"telling met something it was not made for: {type(error).__name__}")
