"""The state machine: anything may happen in any order; after every step all that is guaranteed still holds.

The guarantees are numbered as in the threat model: G1 nothing unjudged reaches a
target, G2 no failed or partial answer removes anything, G3 one known generation,
G4 only what carries our mark, G5 recorded before applied, G7 bounded work, G8
generations never go back, G9 staleness is visible. G6, secrets, is the canary
test's: there are no secrets here. A26 is among them: nothing ends because a clock was set.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from modelling.ledger import REBOOT, Calendar, Ledger, addresses, held
from modelling.world import (
    EXCLUDED,
    FOREIGN,
    HOSTILE,
    PIN,
    STALE,
    START,
    STEPS,
    UNTIL,
    VALUES,
    Fuse,
    GullibleClock,
    KilledError,
    World,
    WorldClock,
    failing,
    make_template,
    make_world,
)

from gatepost.engine.approval import give_word, held_answers, held_plans
from gatepost.engine.confirming import arm, confirm, revert
from gatepost.engine.cycle import CycleReport, apply_cycle, plan_cycle
from gatepost.engine.health import health_of
from gatepost.engine.last import last_of, load_last
from gatepost.engine.pending import is_over, waiting
from gatepost.engine.rollback import earlier, roll_back
from gatepost.engine.site import Site
from gatepost.errors import ConnectFailed, GatepostError, PagingBroken, UsageError
from gatepost.model.answer import HeldAnswer
from gatepost.model.content import Serial
from gatepost.model.limits import Limits
from gatepost.model.plan import Outcome, Plan, Word
from gatepost.planning.normalise import Rules, normalise
from gatepost.testing import raw

WHICH = st.integers(0, 1)
LOOSE: dict[str, Any] = {"max_removed": 1.0, "max_added": 100.0, "max_churn": 1.0, "new_family": "allow"}
"""Without the guards on differences absences and grace alone keep what leaves."""
SOME = st.sets(st.sampled_from(VALUES), min_size=1, max_size=len(VALUES))
STEP = st.sampled_from([(step, after) for step in STEPS for after in (False, True)])
SPANS = st.sampled_from([*[timedelta(hours=1)] * 3, *(timedelta(days=number) for number in (1, 8, 25))])
JUMPS = st.sampled_from([timedelta(days=number) for number in (1, 8, 40, 366, -1, -8, -40, -366)])
WITHIN = timedelta(minutes=5)

counted: Counter[str] = Counter()
"""Steps by name over all runs of this process, for the figure that is printed."""

_templates = tempfile.TemporaryDirectory(prefix="gatepost-model-")
_template = make_template(Path(_templates.name))


async def _no_timer(_id: str, _within: timedelta) -> str:
    return "the model"


class Gateposts(RuleBasedStateMachine):
    """Two gateposts that share a history and a device."""

    world: World
    limits = Limits()
    clock: type[WorldClock] = WorldClock

    @initialize(repair=st.booleans(), loose=st.booleans(), overrides=st.booleans())
    def begin(self, repair: bool, loose: bool, overrides: bool) -> None:  # noqa: FBT001 - given by name
        """A platform that lists something, and an empty device; loose guards let more happen."""
        limits = replace(self.limits, **LOOSE) if loose else self.limits
        place = Path(tempfile.mkdtemp(prefix="gatepost-model-"))
        clock = self.clock(START)
        self.world = make_world(place, _template, clock, repair=repair, limits=limits, overrides=overrides)
        self.upstream = set(VALUES[:8])
        self.ledger = Ledger()
        self.calendar = Calendar()
        self.ended = False
        self.before = frozenset[str]()
        self.generation = 0
        self.by_hand = False
        self.contents: dict[int, str] = {}

    def teardown(self) -> None:
        """Leave nothing behind."""
        if hasattr(self, "world"):
            self.world.close()

    # -- what the platform does

    @rule(values=SOME)
    def lists_something_else(self, values: set[str]) -> None:
        """The platform's list changes, a little or altogether."""
        self.upstream = set(values)

    @rule(value=st.sampled_from(VALUES))
    def flips_one(self, value: str) -> None:
        """One entry comes or goes; again and again it flaps."""
        self.upstream ^= {value}
        self.upstream = self.upstream or {VALUES[0]}

    # -- cycles

    @rule(which=WHICH)
    def cycles(self, which: int) -> None:
        """A whole answer, a whole cycle."""
        self._answer(*self.upstream)
        self._cycle(which)

    @rule(which=WHICH, error=st.sampled_from([ConnectFailed("gone"), PagingBroken("pages move")]))
    def fails(self, which: int, error: GatepostError) -> None:
        """No answer, or a part of one, which is an error: nothing may leave for it."""
        self.world.source.answer = error
        self._cycle(which, accepted=False)

    @rule(which=WHICH)
    def answers_nothing(self, which: int) -> None:
        """A whole answer without one entry."""
        self._answer()
        self._cycle(which, accepted=False)

    @rule(which=WHICH, values=st.sets(st.sampled_from(HOSTILE), min_size=1, max_size=3))
    def lies(self, which: int, values: set[str]) -> None:
        """An answer with what no firewall may ever get."""
        self._answer(*self.upstream, *values)
        self._cycle(which)

    @rule(which=WHICH, place=STEP)
    def dies(self, which: int, place: tuple[str, bool]) -> None:
        """Killed at a step of a cycle, and started again."""
        self._answer(*self.upstream)
        fuse = Fuse(*place)
        try:
            self._cycle(which, site=failing(self.world.sites[which], fuse))
        except KilledError:
            self._count("died")
        self.world.device.fuse = Fuse()
        self.world.restart(which)

    @rule()
    def races(self) -> None:
        """Both plan, then both apply: of two that would change something one at most does."""
        self._answer(*self.upstream)
        first, second = (self._plan(which) for which in (0, 1))
        results = [self._run(apply_cycle(self.world.sites[0], first))]
        results.append(self._run(apply_cycle(self.world.sites[1], second)))
        changed = [one for report in results for one in report.results if one.outcome is Outcome.APPLIED]
        assert len(changed) <= 1
        self._count("race")

    # -- time, hands, words

    @rule(span=SPANS)
    def time_passes(self, span: timedelta) -> None:
        """For all clocks."""
        self.world.clock.advance(span)

    @rule(span=JUMPS)
    def clock_jumps(self, span: timedelta) -> None:
        """Either way; no time passes."""
        self.world.clock.step(span)
        self._count("clock jump")

    @rule()
    def clock_is_put_right(self) -> None:
        """By a time server, or a person."""
        self.world.clock.step(-self.world.clock.off)

    @rule(value=st.sampled_from(FOREIGN))
    def somebody_adds(self, value: str) -> None:
        """An entry put in by hand."""
        device = self.world.device
        foreign = normalise(raw(value), Rules()).entries
        if device.entries and foreign[0] not in device.entries:
            device.entries = tuple(sorted((*device.entries, *foreign), key=lambda entry: entry.key))
            self._touched()

    @rule(place=st.integers(0, 5))
    def somebody_takes(self, place: int) -> None:
        """An entry taken out by hand."""
        device = self.world.device
        if device.entries:
            device.entries = (*device.entries[:place], *device.entries[place + 1 :])
            self._touched()

    @rule(which=WHICH)
    def host_restarts(self, which: int) -> None:
        """A reboot wipes the device, and what was last applied is loaded before there is a network."""
        device = self.world.device
        device.entries, device.generation, device.mixed = (), 0, False
        self._touched()
        self.world.clock.reboot()
        last = last_of(self.world.place / "state", "edge")
        if last is not None:
            self._run(load_last(device, last))
            device.unrecorded.clear()
        self.world.restart(which)

    @rule(which=WHICH, word=st.sampled_from(Word))
    def somebody_speaks(self, which: int, word: Word) -> None:
        """A word on whatever is held."""
        site = self.world.sites[which]
        waiting: list[Plan | HeldAnswer] = [*held_plans(site), *held_answers(site)]
        for held_one in waiting:
            try:
                give_word(site, held_one.digest, word, who="model", why="told to")
            except UsageError:
                continue
            if word is Word.APPROVE and isinstance(held_one, Plan):
                self.ledger.excused |= held(held_one.remove)

    @rule(which=WHICH, back=st.integers(1, 4))
    def rolls_back(self, which: int, back: int) -> None:
        """A person wants an earlier serial."""
        site = self.world.sites[which]
        latest = site.store.latest("webhooks")
        if latest is None or latest.serial - back < 1:
            return
        one = site.settings.lists["webhooks"]
        content = earlier(site, one, Serial(latest.serial - back))
        self._run(roll_back(site, one, content, who="model", why="told to"))
        self._count("rollback")

    @rule(which=WHICH, confirmed=st.booleans(), dead=st.booleans())
    def changes_unless_confirmed(self, which: int, confirmed: bool, dead: bool) -> None:  # noqa: FBT001 - as above
        """An apply with a way back; the timer rings, or died and the next cycle does it."""
        self._answer(*self.upstream)
        site, report = self.world.sites[which], self._plan(which)
        plans = [result.plan for result in report.results]
        before = held(self.world.device.entries)
        armed = self._run(arm(site, plans, WITHIN, who="model", start=_no_timer))
        self._run(apply_cycle(site, report))
        if armed is None:
            return
        self._count("armed")
        if confirmed:
            confirm(site.settings.state, armed.id, who="me", at=site.clock.now())
        elif not dead:
            self._run(revert(site.settings.state, site.targets, armed.id))
            assert held(self.world.device.entries) == before

    # -- what always holds

    @invariant()
    def nothing_unjudged(self) -> None:
        """G1: what is on the device was once listed, or came by hand; never what no firewall may get."""
        there = held(self.world.device.entries)
        assert there <= addresses((*VALUES, *FOREIGN, PIN))

    @invariant()
    def dates_end_in_time(self) -> None:
        """A26: a pin is in and an exclusion out until their date, which no clock that was set brings."""
        latest = self.world.sites[0].store.latest("webhooks")
        if latest is None or self.ended or not self.world.overrides:
            return
        listed = held(latest.content.effective)
        assert addresses([PIN]) <= listed, "a pin ended too early"
        assert not addresses([EXCLUDED]) & listed, "an exclusion ended too early"
        assert not addresses([EXCLUDED]) & held(self.world.device.entries), "let in before its time"

    @invariant()
    def known_generation(self) -> None:
        """G3, G8: one generation, whole, and never an earlier one but after a wipe."""
        device = self.world.device
        assert not device.mixed
        assert device.generation >= self.generation or self.by_hand or not device.generation
        self.generation, self.by_hand = device.generation, False

    @invariant()
    def recorded_before_applied(self) -> None:
        """G5: every generation was on disk before it was on the device."""
        waiting_to_be_recorded = any(self.world.place.glob("state/pending/*"))
        known = self.world.device.unrecorded
        assert not [one for one in known if not self._was_written_down(one)] or waiting_to_be_recorded

    @invariant()
    def history_is_whole(self) -> None:
        """No serial is lost, and none changes its content."""
        store = self.world.sites[0].store
        numbers = [one.serial for one in store.serials("webhooks")]
        assert numbers == list(range(min(numbers, default=1), max(numbers, default=0) + 1))
        for record in store.serials("webhooks")[-3:]:
            assert self.contents.setdefault(record.serial, record.digest) == record.digest

    @invariant()
    def staleness_is_visible(self) -> None:
        """G9: a list whose last accepted answer is too old says so, whatever the clock did."""
        site = self.world.sites[0]
        seen = site.store.accepted("webhooks/events")
        if seen is not None and self.world.clock.now() - seen.at > STALE:
            assert health_of(site).stale

    # -- the hands of the model

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self.world.runner.run(work)

    def _answer(self, *values: str) -> None:
        self.world.source.answer = raw(*sorted(values))

    def _look(self) -> None:
        """What the outsider knows when a cycle begins."""
        clock = self.world.clock
        self.calendar.look(self._passed(), clock.off)
        self.ended = self.ended or START + self.calendar.latest(self._passed()) >= UNTIL

    def _passed(self) -> timedelta:
        """The most time that anybody may think has passed."""
        return timedelta(seconds=self.world.clock.monotonic()) + self.world.clock.reboots * REBOOT

    def _plan(self, which: int) -> CycleReport:
        self._look()
        report: CycleReport = self._run(plan_cycle(*self._all(self.world.sites[which])))
        self._take_note(report)
        return report

    def _cycle(self, which: int, *, accepted: bool = True, site: Site | None = None) -> None:
        site = site or self.world.sites[which]
        overdue = self._is_overdue()
        before = held(self.world.device.entries)
        seen = site.store.accepted("webhooks/events")
        self._look()
        try:
            report = self._run(plan_cycle(*self._all(site)))
            self._take_note(report)
            self._run(apply_cycle(site, report))
        finally:
            if not overdue:
                self._check_removals(before)
        now = site.store.accepted("webhooks/events")
        assert accepted or (now and now.at) == (seen and seen.at)
        self._count("cycle")

    def _all(self, site: Site) -> tuple[Site, tuple[Any, ...]]:
        return site, tuple(site.settings.lists.values())

    def _take_note(self, report: CycleReport) -> None:
        """What the outsider sees: the answer, if it was accepted."""
        turn = report.turns[0]
        good = not turn.held and not turn.errors and turn.snapshot is not None
        answer = self.world.source.answer
        if good and not isinstance(answer, GatepostError):
            values = [one.value for one in answer if one.value in VALUES]
            self.ledger.accepted(addresses(values), self._passed())

    def _check_removals(self, before: frozenset[str]) -> None:
        """G2: what left a device in a cycle had been missing long enough, or somebody said so."""
        left = before - held(self.world.device.entries) - addresses([EXCLUDED])
        left -= addresses([PIN]) if self.ended else frozenset()
        early = [one for one in left if not self.ledger.may_leave(one, self._passed())]
        assert not early, f"left too early: {sorted(early)}"
        assert not before or self.world.device.entries, "the list was emptied"
        self.ledger.excused -= left

    def _is_overdue(self) -> bool:
        """Whether the next cycle takes back what nobody confirmed."""
        return any(is_over(one, self.world.clock) for one in waiting(self.world.place / "state"))

    def _touched(self) -> None:
        """Somebody's hand was on the device: what it put there may go again."""
        self.by_hand = True
        self.ledger.excused |= addresses(FOREIGN)
        self._count("by hand")

    def _was_written_down(self, digest: str) -> bool:
        return self.world.sites[0].store.plan(digest) is not None

    @staticmethod
    def _count(what: str) -> None:
        counted[what] += 1


class Hasty(Gateposts):
    """Planted: what is absent once leaves at once, which the outsider must find."""

    limits = Limits(absences=1, grace=timedelta())


class Gullible(Gateposts):
    """Planted: every jump of the wall clock passes for time, which the outsider must find."""

    clock = GullibleClock
