"""Who of those that came would be cut off, or let in, by a plan that waits.

One pass over a log of any length. Kept are only clients that the plan changes
something for, at most so many; of the others only how many requests they made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from gatepost.engine.access_log import Reader, Value, moment_in, value_in
from gatepost.engine.approval import newest_plans
from gatepost.engine.asking import bare
from gatepost.engine.naming import UNKNOWN_NAME
from gatepost.engine.report import JSON, time_text
from gatepost.engine.site import Site
from gatepost.errors import UsageError
from gatepost.gate.matcher import Matcher
from gatepost.model.answer import HeldAnswer
from gatepost.model.content import Snapshot, State
from gatepost.model.entry import Entry
from gatepost.model.plan import Plan, PlanStatus

CLIENTS_MOST = 20_000
"""Clients that are kept one by one, of each kind and plan."""
MEMO_MOST = 65_536
"""Texts of clients whose fate is remembered."""


class Fate(StrEnum):
    """What a plan means for a client."""

    LOSES = "loses"
    """Let in now, and not any more once it is applied."""
    LATER = "later"
    """Let in now, and not any more after approval, absences and grace."""
    PORTS = "ports"
    """Let in before and after, with other ports or protocols."""
    GAINS = "gains"
    KEEPS = "keeps"
    OUTSIDE = "outside"
    """Let in neither before nor after."""


TOLD = (Fate.LOSES, Fate.LATER, Fate.PORTS, Fate.GAINS)
"""Fates of which every client is told."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be judged: a plan, or an answer that waits."""

    digest: str
    target: str | None
    """None for an answer: it is about every target of its list."""
    status: str
    add: tuple[Entry, ...]
    remove: tuple[Entry, ...]
    coming: tuple[Entry, ...]
    """Of held answers: let in once these are approved."""
    leaving: tuple[Entry, ...]
    """Of held answers: let in no more after approval, absences and grace."""
    stays: tuple[Entry, ...]
    """All that the list lets in, before anything is approved."""
    others: tuple[Entry, ...]
    """What sources without a held answer, and pins, list: it stays, whatever is approved."""
    awaits: tuple[str, ...] = ()
    """Digests of the held answers of a plan: what a person's word is on."""


@dataclass(slots=True)
class Client:
    """One client that a change is about."""

    value: Value
    entry: Entry
    """Of the change, that it is about."""
    requests: int = 0
    last: datetime | None = None


@dataclass(slots=True)
class Effect:
    """What a change means for those who came."""

    change: Change
    requests: dict[Fate, int] = field(default_factory=lambda: dict.fromkeys(Fate, 0))
    clients: dict[Fate, dict[Value, Client]] = field(default_factory=lambda: {fate: {} for fate in TOLD})
    uncounted: dict[Fate, int] = field(default_factory=lambda: dict.fromkeys(TOLD, 0))
    """Requests of clients beyond those that are kept one by one."""

    @property
    def cuts_off(self) -> bool:
        """Whether anybody who came would be cut off, now or later."""
        return bool(self.requests[Fate.LOSES] or self.requests[Fate.LATER])

    def ordered(self, fate: Fate) -> list[Client]:
        """Who made most requests first."""
        return sorted(self.clients[fate].values(), key=lambda one: (-one.requests, str(one.value)))


@dataclass(slots=True)
class Lockout:
    """The whole report."""

    effects: tuple[Effect, ...]
    lines: int = 0
    read: int = 0
    """Lines that said who."""

    @property
    def skipped(self) -> int:
        """Lines that did not, or could not be read: who came by them is not known."""
        return self.lines - self.read

    @property
    def cuts_off(self) -> bool:
        """Whether any of the changes cuts anybody off."""
        return any(one.cuts_off for one in self.effects)


def changes(site: Site, list_: str, digest: str | None = None) -> tuple[Change, ...]:
    """What waits to be applied to the targets of a list; or one plan or answer, by its whole digest.

    Raises UsageError for a list or digest that is not known.
    """
    if list_ not in site.settings.lists:
        msg = f"there is no list {list_!r} ({', '.join(sorted(site.settings.lists)) or 'none'})"
        raise UsageError(msg, hint=UNKNOWN_NAME)
    if digest is not None:
        return (_named(site, list_, digest),)
    plans = (plan for plan in newest_plans(site) if plan.list == list_ and not _is_done(site, plan))
    return tuple(_of_plan(site, plan) for plan in plans if plan.status is not PlanStatus.IN_STEP)


def _is_done(site: Site, plan: Plan) -> bool:
    last = site.store.last_outcome(plan.target)
    return last is not None and last.digest == plan.digest and last.verified and not plan.awaits


def _named(site: Site, list_: str, digest: str) -> Change:
    plan, held = site.store.plan(digest), site.store.held_answer(digest)
    about = plan.list if plan else held.source.rpartition("/")[0] if held else None
    if about != list_:
        trouble = f"is about the list {about}" if about else "is no plan and no held answer"
        msg = f"{digest} {trouble}"
        raise UsageError(msg, hint="`gatepost plan` shows what waits, with its digest.")
    if plan is not None:
        return _of_plan(site, plan)
    waiting = [held] if held else []
    bare_ = Change(digest, None, PlanStatus.HELD.value, (), (), (), (), (), ())
    return _with_held(bare_, site.store.latest(list_), waiting)


def _of_plan(site: Site, plan: Plan) -> Change:
    waiting = [held for one in plan.awaits if (held := site.store.held_answer(one))]
    status, awaits = plan.status.value, plan.awaits
    own = Change(plan.digest, plan.target, status, plan.add, plan.remove, (), (), (), (), awaits)
    return _with_held(own, site.store.snapshot(plan.list, plan.serial), waiting)


def _with_held(change: Change, snapshot: Snapshot | None, waiting: Sequence[HeldAnswer]) -> Change:
    content = snapshot.content if snapshot else None
    judged = {held.source.rpartition("/")[2] for held in waiting}
    listed = [one for one in content.listed if one.state is not State.EXCLUDED] if content else []
    return replace(
        change,
        coming=tuple(entry for held in waiting for entry in held.added),
        leaving=tuple(entry for held in waiting for entry in held.removed),
        stays=content.effective if content else (),
        others=tuple(one.entry for one in listed if one.source not in judged),
    )


class _Judge:
    """Finds what a change means for one value."""

    def __init__(self, change: Change) -> None:
        self._add, self._remove = _matcher(change.add), _matcher(change.remove)
        self._coming, self._leaving = _matcher(change.coming), _matcher(change.leaving)
        self._stays, self._others = _matcher(change.stays), _matcher(change.others)

    def fate(self, value: Value) -> tuple[Fate, Entry | None]:
        """And the entry of the change that is about it."""
        text = bare(value)
        gone, come = self._remove.find(text), self._add.find(text)
        if gone:
            return (Fate.PORTS, come) if come else (Fate.LOSES, gone)
        if come:
            return Fate.GAINS, come
        if not self._stays.find(text):
            coming = self._coming.find(text)
            return (Fate.GAINS, coming) if coming else (Fate.OUTSIDE, None)
        leaving = None if self._others.find(text) else self._leaving.find(text)
        return (Fate.LATER, leaving) if leaving else (Fate.KEEPS, None)


def _matcher(entries: Iterable[Entry]) -> Matcher[Entry]:
    return Matcher(((entry.value, entry) for entry in entries), memo=0)


_Fates = list[tuple[Effect, Fate, Entry | None]]


class Counting:
    """Takes a log in, line by line; :attr:`report` holds what is known so far."""

    def __init__(self, found: Sequence[Change], most: int = CLIENTS_MOST) -> None:
        """``most``: clients that are kept one by one."""
        self.report = Lockout(tuple(Effect(change) for change in found))
        self._judges = [_Judge(change) for change in found]
        self._known: dict[bytes, tuple[Value, _Fates] | None] = {}
        self._most = most

    def count(self, lines: Iterable[bytes], reader: Reader) -> None:
        """All lines of one log."""
        report, known = self.report, self._known
        for line in lines:
            report.lines += 1
            seen = reader(line)
            if seen is None:
                continue
            who, when = seen
            if who not in known:
                self._remember(who)
            found = known[who]
            if found is None:
                continue
            report.read += 1
            for effect, fate, entry in found[1]:
                effect.requests[fate] += 1
                if entry is not None:
                    self._note(effect, fate, Client(found[0], entry), when)

    def _remember(self, who: bytes) -> None:
        if len(self._known) >= MEMO_MOST:
            self._known.clear()
        self._known[who] = None
        value = value_in(who)
        if value is not None:
            fates = zip(self.report.effects, self._judges, strict=True)
            self._known[who] = value, [(effect, *judge.fate(value)) for effect, judge in fates]

    def _note(self, effect: Effect, fate: Fate, client: Client, when: bytes | None) -> None:
        clients = effect.clients[fate]
        if client.value not in clients and len(clients) >= self._most:
            effect.uncounted[fate] += 1
            return
        kept = clients.setdefault(client.value, client)
        kept.requests += 1
        at = moment_in(when)
        if at is not None and (kept.last is None or at > kept.last):
            kept.last = at


def lockout_document(report: Lockout, about: Mapping[str, object]) -> JSON:
    """``lockout --json``; ``about``: what was read."""
    return {
        **about,
        "lines": report.lines,
        "skipped": report.skipped,
        "read": report.read,
        "cuts_off": report.cuts_off,
        "plans": [_effect_document(one) for one in report.effects],
    }


def _effect_document(one: Effect) -> JSON:
    change = one.change
    return {
        "digest": change.digest,
        "target": change.target,
        "status": change.status,
        "requests": {fate.value: count for fate, count in one.requests.items()},
        "clients": {fate.value: [_client_document(each) for each in one.ordered(fate)] for fate in TOLD},
        "uncounted": {fate.value: count for fate, count in one.uncounted.items()},
    }


def _client_document(one: Client) -> JSON:
    return {
        "client": bare(one.value),
        "requests": one.requests,
        "last_seen": time_text(one.last),
        "entry": str(one.entry.value),
    }
