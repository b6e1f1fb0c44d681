"""What of a cycle people are told: typed events, each once while it lasts.

No I/O and no clock. First what was seen becomes events, then what a receiver
was told already is taken away from them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from gatepost.engine.acceptance import Turn
from gatepost.engine.cycle import CycleReport
from gatepost.engine.report import values_document
from gatepost.errors import GatepostError
from gatepost.model.content import Snapshot
from gatepost.model.drift import Drift
from gatepost.model.entry import Entry
from gatepost.model.event import About, Event, EventKind, Shown
from gatepost.model.plan import Outcome, PlanStatus, Result, Word
from gatepost.model.reason import Reason
from gatepost.model.record import Failure, WordRecord
from gatepost.planning.diff import diff

VALUES_MOST = 500
"""Values a side that an event carries; the others are counted."""
TRIES = 3
"""Failures in a row of a source from which a transient one is told: it is tried again after 30 s anyway."""
SERVICE = "gatepost"
TRANSIENT = "transient"
"""Mark of every transient failure: a line that is down times out now and refuses then."""

LookBack = Callable[[str, int], Snapshot | None]
"""A list's earlier content by its serial; None where the history forgot it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen at one moment."""

    at: datetime
    lasting: tuple[Event, ...] = ()
    """What holds now."""
    looked_at: tuple[Event, ...] = ()
    """The ends of all that could hold: told of what was told, and is not in ``lasting`` any more."""
    once: tuple[Event, ...] = ()
    turns: tuple[Turn, ...] = ()
    forgotten: tuple[str, ...] = ()
    """Keys of what ends without a word."""


def of_report(
    report: CycleReport, at: datetime, drifts: Mapping[str, Drift | None], failures: Mapping[str, int]
) -> Seen:
    """A cycle. ``drifts``: of its targets; ``failures``: in a row, of its sources."""
    lasting: dict[str, Event] = {}
    ends: dict[str, Event] = {}
    for event in _of_cycle(report, at, drifts, failures):
        (ends if event.over else lasting).setdefault(event.key, event)
    done = (one for one in report.results if one.outcome is Outcome.APPLIED)
    applied = tuple(_planned(EventKind.APPLIED, one, at) for one in done)
    service = Event(kind=EventKind.FAILED, about=About.SERVICE, name=SERVICE, at=at).key
    return Seen(at, tuple(lasting.values()), tuple(ends.values()), applied, report.turns, (service,))


def of_drift(drift: Drift, at: datetime) -> Seen:
    """What somebody else did to a target, seen between two cycles."""
    return Seen(at, lasting=(_drift(drift, at),))


def of_error(error: GatepostError, at: datetime) -> Seen:
    """A turn that failed as a whole."""
    return Seen(at, lasting=(_failed(About.SERVICE, SERVICE, Failure.of(error), at),))


def of_taken_back(results: Iterable[Result], at: datetime) -> Seen:
    """Changes that nobody confirmed."""
    return Seen(at, once=tuple(_planned(EventKind.REVERTED, one, at) for one in results))


def news(
    told: Mapping[str, str], seen: Seen, look_back: LookBack
) -> tuple[tuple[Event, ...], dict[str, str]]:
    """What of it one receiver does not know, and what it knows after that."""
    known = {key: mark for key, mark in told.items() if key not in seen.forgotten}
    events: list[Event] = [*_changes(known, seen, look_back), *seen.once]
    for event in seen.lasting:
        if known.get(event.key) != event.mark:
            known[event.key] = event.mark
            events.append(event)
    holding = {event.key for event in seen.lasting}
    ended = [end for end in seen.looked_at if end.key in known and end.key not in holding]
    for end in ended:
        del known[end.key]
    return (*events, *ended), known


def _changes(known: dict[str, str], seen: Seen, look_back: LookBack) -> Iterator[Event]:
    """New serials, since the one told last: whoever brought them about, and whoever was away then."""
    for turn in seen.turns:
        if turn.snapshot is None:
            continue
        serial, name = int(turn.snapshot.serial), turn.settings.name
        event = Event(kind=EventKind.CHANGE, about=About.LIST, name=name, at=seen.at, mark=str(serial))
        before = _serial(known.get(event.key), turn.previous)
        known[event.key] = event.mark
        if before is None or before < serial:
            earlier = look_back(name, before) if before is not None else None
            yield _changed(replace(event, list=name, serial=serial, previous=before), turn.snapshot, earlier)


def _serial(told: str | None, previous: int | None) -> int | None:
    return int(told) if told and told.isdecimal() else previous


def _changed(event: Event, now: Snapshot, before: Snapshot | None) -> Event:
    entries = len(values_document(now.content.effective))
    if before is None and event.previous is not None:
        return replace(event, entries=entries)  # the history forgot what it was
    delta = diff(before.content.effective if before else (), now.content.effective)
    return replace(event, entries=entries, added=shown(delta.added), removed=shown(delta.removed))


def shown(entries: Iterable[Entry]) -> Shown:
    """The first values of entries, and how many there are."""
    values = values_document(entries)
    return Shown(tuple(values[:VALUES_MOST]), len(values))


def _of_cycle(
    report: CycleReport, at: datetime, drifts: Mapping[str, Drift | None], failures: Mapping[str, int]
) -> Iterator[Event]:
    for turn in report.turns:
        yield from _of_turn(turn, at, report.words)
        yield from _of_sources(turn, report, at, failures)
    told = {one for turn in report.turns for held in turn.held for one in held.reasons}
    for result in report.results:
        yield from _of_result(result, told, at, report.words)
    for one in report.unplanned:
        yield _failed(About.TARGET, one.target, Failure.of(one.error), at, one.list)
    for target, drift in drifts.items():
        yield _end(EventKind.DRIFT, About.TARGET, target, at)
        if drift is not None:
            yield _drift(drift, at)


def _end(kind: EventKind, about: About, name: str, at: datetime) -> Event:
    return Event(kind=kind, about=about, name=name, at=at, over=True)


def _of_turn(turn: Turn, at: datetime, words: Mapping[str, WordRecord]) -> Iterator[Event]:
    name = turn.settings.name
    yield _end(EventKind.STALE, About.LIST, name, at)
    if turn.stale:
        yield Event(kind=EventKind.STALE, about=About.LIST, name=name, at=at, mark="stale", list=name)
    for source in turn.settings.allowlist.sources:
        yield _end(EventKind.HELD, About.SOURCE, f"{name}/{source}", at)
    for held in turn.held:
        yield Event(
            kind=EventKind.HELD,
            about=About.SOURCE,
            name=held.source,
            at=at,
            mark=held.digest,
            list=name,
            digest=held.digest,
            added=shown(held.added),
            removed=shown(held.removed),
            reasons=held.reasons,
            rejection=_rejection(held.digest, words),
        )


def _of_sources(
    turn: Turn, report: CycleReport, at: datetime, failures: Mapping[str, int]
) -> Iterator[Event]:
    for source in turn.settings.allowlist.sources:
        error = turn.errors.get(source)
        if error is None and source in report.got:
            yield _end(EventKind.FAILED, About.SOURCE, source, at)
        elif error is not None and (not error.transient or failures.get(source, 0) >= TRIES):
            yield _failed(About.SOURCE, source, Failure.of(error), at, turn.settings.name)


def _rejection(digest: str, words: Mapping[str, WordRecord]) -> WordRecord | None:
    word = words.get(digest)
    return word if word is not None and word.word is Word.REJECT else None


def _of_result(
    result: Result, told: Collection[Reason], at: datetime, words: Mapping[str, WordRecord]
) -> Iterator[Event]:
    """``told``: reasons that stand on held answers already."""
    plan = result.plan
    yield _end(EventKind.FAILED, About.TARGET, plan.target, at)
    yield _end(EventKind.HELD, About.TARGET, plan.target, at)
    if result.outcome is Outcome.FAILED and isinstance(result.error, GatepostError):
        yield _failed(About.TARGET, plan.target, Failure.of(result.error), at, plan.list)
    own = tuple(reason for reason in plan.reasons if reason not in told)
    if plan.status is PlanStatus.HELD and own:
        rejection = _rejection(plan.digest, words)
        yield replace(_planned(EventKind.HELD, result, at), reasons=own, rejection=rejection)


def _planned(kind: EventKind, result: Result, at: datetime) -> Event:
    """What became of a plan."""
    plan = result.plan
    return Event(
        kind=kind,
        about=About.TARGET,
        name=plan.target,
        at=at,
        mark=plan.digest,
        list=plan.list,
        digest=plan.digest,
        serial=int(plan.serial),
        added=shown(plan.add),
        removed=shown(plan.remove),
        failure=Failure.of(result.error) if isinstance(result.error, GatepostError) else None,
    )


def _failed(about: About, name: str, failure: Failure, at: datetime, of: str = "") -> Event:
    mark = TRANSIENT if failure.transient else f"{failure.kind} {failure.code}"
    return Event(kind=EventKind.FAILED, about=about, name=name, at=at, mark=mark, list=of, failure=failure)


def _drift(drift: Drift, at: datetime) -> Event:
    return Event(
        kind=EventKind.DRIFT,
        about=About.TARGET,
        name=drift.target,
        at=at,
        mark=drift.digest,
        list=drift.list,
        added=shown(drift.added),
        removed=shown(drift.removed),
        suspects=drift.suspects,
        empty=drift.empty,
        wide=drift.wide,
    )
