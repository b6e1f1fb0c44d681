"""A recorded history through acceptance, guards, absences and grace, on a simulated clock.

Whoever polls sees a list only at its polls, and between two changes most polls
see nothing that was not seen before. So only those polls are carried out at
which something can happen: after a change, while absences are counted, at the
end of a grace, and where a baseline moves under an answer that is held. What
happens at a poll is :func:`gatepost.planning.accept.decide`, as in a service.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gatepost.errors import EmptyAnswer, ValuesRefused
from gatepost.model.answer import Accepted, Answer, Baseline, HeldAnswer
from gatepost.model.content import Delta
from gatepost.model.entry import Direction, Entry
from gatepost.model.limits import Limits
from gatepost.model.reason import Reason
from gatepost.planning import guard
from gatepost.planning.accept import Question, decide, refusals
from gatepost.planning.baseline import moments
from gatepost.planning.measure import Figures
from gatepost.planning.tally import Tally
from gatepost.planning.upstream import State

_REMEMBERED = 256
"""Lists whose figures are remembered: more than the oldest baseline usually lies back."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How a history is replayed."""

    limits: Limits
    window: timedelta
    """Entries that are away no longer than this must not be lost."""
    every: timedelta
    """From one poll to the next; the first is at the first line's time."""
    approve: bool
    """Whether a person approves at once all that can be; the first list is approved in any case."""


@dataclass(slots=True)
class Held:
    """A change whose answer was stopped."""

    line: int
    """In the file, from 1."""
    at: datetime
    """When the source made the change."""
    reasons: tuple[Reason, ...]
    approved: bool = False
    passed_at: datetime | None = None
    """When it, or what became of it, was accepted after all."""


@dataclass(frozen=True, slots=True)
class _Acceptance:
    """An answer that was accepted, and when it began to be in force."""

    at: datetime
    entries: tuple[Entry, ...]
    digest: str
    approved: bool


class Memory:
    """Figures of lists seen lately, for all replays of one history: a list is measured once."""

    def __init__(self) -> None:
        self._figures: OrderedDict[int, Figures] = OrderedDict()

    def __call__(self, entries: Sequence[Entry]) -> Figures:
        """The figures of this very object."""
        known = self._figures.get(id(entries))
        return self.keep(Figures(entries) if known is None else known)

    def keep(self, figures: Figures) -> Figures:
        """Remember them, longer than those not asked for lately."""
        key = id(figures.entries)
        self._figures[key] = figures
        self._figures.move_to_end(key)
        if len(self._figures) > _REMEMBERED:
            self._figures.popitem(last=False)
        return figures


@dataclass(slots=True)
class _Now:
    """What the source publishes, and which changes no poll has seen yet."""

    state: State = field(default_factory=lambda: State((), ()))
    unseen: list[tuple[int, datetime]] = field(default_factory=list)
    """Line and time."""


class Replay:
    """One run: feed it every change in order, then end it."""

    def __init__(
        self,
        source: str,
        setting: Setting,
        start: datetime,
        figures: Callable[[Sequence[Entry]], Figures] = Figures,
        *,
        every_poll: bool = False,
    ) -> None:
        """``start``: time of the first change. ``every_poll``: skip none; only the time it takes differs."""
        self.source = source
        self.setting = setting
        self.tally = Tally(source, setting.window)
        self.changes = 0
        self.held: list[Held] = []
        self.first: Held | None = None
        """The first list, where it was stopped."""
        self._figures = figures
        self._every_poll = every_poll
        self._start = start
        self._now = _Now()
        self._begun = False
        self._wake: datetime | None = None
        self._previous: Accepted | None = None
        self._acceptances: list[_Acceptance] = []
        self._since = start
        """No baseline is older: the last approved answer, or the first."""
        self._stopped: list[Held] = []
        """Those that wait, while the answer does."""

    @property
    def applied(self) -> int:
        """Changes that no guard stopped."""
        return self.changes - len(self.held)

    def shift(self, line: int, at: datetime, delta: Delta, state: State) -> None:
        """The source changed its list: ``delta`` made it ``state``. Times never go back."""
        self.changes += self._begun
        self._begun = True
        self._until(at, including=False)
        self.tally.shifted(at, delta)
        self._now.state = state
        self._now.unseen.append((line, at))
        self._wake_at(self._poll_from(at))

    def end(self) -> None:
        """The history ends with the poll that sees its last change."""
        if self._now.unseen:
            last = self._poll_from(self._now.unseen[-1][1])
            self._until(last, including=True)
            self.tally.ended(last)

    def _poll_from(self, at: datetime) -> datetime:
        """The first poll at or after a moment."""
        every = self.setting.every
        return self._start + every * -(-(at - self._start) // every)

    def _wake_at(self, at: datetime) -> None:
        if self._wake is None or at < self._wake:
            self._wake = at

    def _until(self, end: datetime, *, including: bool) -> None:
        while self._wake is not None and (self._wake < end or (including and self._wake == end)):
            at, self._wake = self._wake, None
            self._poll(at)
            following = at + self.setting.every
            if self._every_poll:
                self._wake_at(following)
            elif (due := self._due(at)) is not None:
                self._wake_at(max(following, self._poll_from(due)))

    def _poll(self, at: datetime) -> None:
        self.tally.polled(at)
        unseen, self._now.unseen = self._now.unseen, []
        question = self._question(at)
        try:
            verdict = decide(question, approved=False)
        except ValuesRefused:
            self._stop(unseen, refusals(question))
            return
        except EmptyAnswer:
            self._stop(unseen, guard.empty(self.source, ()))
            return
        if isinstance(verdict, HeldAnswer):
            self._stop(unseen, verdict.reasons)
            if not self.setting.approve and self._previous is not None:
                return
            verdict = decide(question, approved=True)
            if isinstance(verdict, HeldAnswer):
                return
        self._take(verdict)

    def _question(self, at: datetime) -> Question:
        state = self._now.state
        answer = Answer(
            source=self.source,
            kind="replay",
            direction=Direction.EGRESS,
            fetched_at=at,
            requests=0,
            entries=state.entries,
            quarantined=state.quarantined,
            provenance=self.source,
        )
        limits = self.setting.limits
        baselines = self._baselines(at)
        return Question(answer, self._previous, baselines, limits, figures=self._figures)

    def _stop(self, unseen: list[tuple[int, datetime]], reasons: tuple[Reason, ...]) -> None:
        for line, at in unseen:
            held = Held(line, at, reasons)
            self._stopped.append(held)
            if self._previous is None and at == self._start:
                self.first = held
            else:
                self.held.append(held)

    def _take(self, verdict: Accepted) -> None:
        previous, self._previous = self._previous, verdict
        for held in self._stopped:
            held.approved, held.passed_at = verdict.approved, verdict.at
        self._stopped.clear()
        come = self._figures(verdict.entries).since(previous.entries if previous else ()).added
        self.tally.accepted(verdict, come)
        self._remember(verdict)

    def _remember(self, one: Accepted) -> None:
        """Keep the history that baselines come from, as far back as they go."""
        last = self._acceptances[-1] if self._acceptances else None
        if last is None or last.digest != one.digest or one.approved > last.approved:
            self._acceptances.append(_Acceptance(one.at, one.entries, one.digest, one.approved))
            if last is None or one.approved:
                self._since = one.at
        oldest = one.at - max(self.setting.limits.baselines, default=timedelta())
        del self._acceptances[: max(0, self._in_force(oldest))]

    def _baselines(self, at: datetime) -> tuple[Baseline, ...]:
        if not self._acceptances:
            return ()
        return tuple(
            Baseline(name, self._acceptances[self._in_force(moment)].entries, moment)
            for name, moment in moments(at, self._since, self.setting.limits)
        )

    def _in_force(self, moment: datetime) -> int:
        """Place of the acceptance that was in force."""
        return bisect_right(self._acceptances, moment, key=lambda one: one.at) - 1

    def _due(self, at: datetime) -> datetime | None:
        """The next moment at which a poll can find something, if nothing is published meanwhile."""
        return min(self._moves(at) if self._stopped else self._ends(at), default=None)

    def _ends(self, at: datetime) -> list[datetime]:
        """While an answer is accepted: the next absence to count, ends of graces."""
        kept = [one for one in self._previous.presences if one.absent] if self._previous else []
        return [at if one.gone_at is None else one.gone_at + self.setting.limits.grace for one in kept]

    def _moves(self, at: datetime) -> list[datetime]:
        """While an answer is held: when an older baseline becomes another list."""
        if not self._acceptances:
            return []
        found = []
        ages = self.setting.limits.baselines
        known = moments(at, self._since, self.setting.limits)
        for age, (_, moment) in zip(ages, known, strict=True):
            place = self._in_force(moment) + 1
            if place < len(self._acceptances):
                found.append(self._acceptances[place].at + age)
        return found
