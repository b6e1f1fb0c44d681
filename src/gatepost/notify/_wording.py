"""What an event is called, in English texts that the receiver's language is made from."""

from __future__ import annotations

from collections.abc import Iterator

from gatepost.errors import AnswerRefused, cut
from gatepost.model.event import About, Event, EventKind
from gatepost.model.moment import time_text
from gatepost.model.record import WordRecord
from gatepost.notify.base import Words
from gatepost.planning.guard_text import guard_text

REFUSALS = {AnswerRefused.__name__, *(one.__name__ for one in AnswerRefused.__subclasses__())}
"""Kinds of failure where an answer came, and nothing of it is used."""


def title(event: Event, _: Words) -> str:
    """The headline; made from names and numbers alone."""
    names = {
        "name": event.name,
        "list": event.list,
        "serial": event.serial,
        "added": event.added.total,
        "removed": event.removed.total,
    }
    return _template(event, _).format(**names)


def _template(event: Event, _: Words) -> str:
    match event.kind:
        case EventKind.CHANGE if event.previous is None:
            return _("{list}: the first list, serial {serial}: {added} entries")
        case EventKind.CHANGE if not (event.added.total or event.removed.total):
            return _("{list}: serial {serial}; what it was before is no longer known")
        case EventKind.CHANGE:
            return _("{list}: serial {serial}: {added} came, {removed} went")
        case EventKind.APPLIED:
            return _("{name}: applied and verified, serial {serial}: {added} added, {removed} removed")
        case EventKind.REVERTED if event.failure:
            return _("{name}: NOT taken back, though nobody confirmed the change")
        case EventKind.REVERTED:
            return _("{name}: taken back, because nobody confirmed the change")
        case EventKind.TEST:
            return _("gatepost: a test message; nothing happened")
    return _over(event, _) if event.over else _lasting(event, _)


def _held(event: Event, _: Words) -> str:
    answer = event.about is About.SOURCE
    if event.rejection:
        return _("{name}: HELD, and rejected already; +{added} -{removed}")
    if not event.may_be_approved:
        hard = _("{name}: HELD: no approval lets the new answer through; +{added} -{removed}")
        return hard if answer else _("{name}: HELD: no approval lifts the plan; +{added} -{removed}")
    if answer:
        return _("{name}: HELD: the new answer waits for a word; +{added} -{removed}")
    return _("{name}: HELD: the plan waits for a word; +{added} -{removed}")


def _lasting(event: Event, _: Words) -> str:
    match event.kind, event.about:
        case EventKind.HELD, _about:
            return _held(event, _)
        case EventKind.STALE, _about:
            return _("{name}: STALE: a source has not answered well for too long")
        case EventKind.DRIFT, _about:
            return _drift(event, _)
        case _failed, About.SOURCE if event.failure and event.failure.kind in REFUSALS:
            return _("{name}: the source's answer was refused; its last good one stays")
        case _failed, About.SOURCE:
            return _("{name}: the source gave nothing; its last good answer stays")
        case _failed, About.TARGET:
            return _("{name}: the target could not be read or changed")
    return _("gatepost: a turn failed; it is tried again")


def rejection(word: WordRecord, _: Words) -> str:
    """Who rejected it, when and why."""
    told = _("rejected by {who} at {at}: {why}")
    return told.format(who=cut(word.who, 200), at=time_text(word.at), why=cut(word.why, 500))


def _drift(event: Event, _: Words) -> str:
    if event.empty:
        return _("{name}: EMPTY: somebody removed everything that was there")
    if event.wide:
        return _("{name}: OPENED WIDE: somebody let in far more than the list: +{added} -{removed}")
    return _("{name}: changed by somebody else: +{added} -{removed}")


def _over(event: Event, _: Words) -> str:
    match event.kind, event.about:
        case EventKind.HELD, _about:
            return _("{name}: no longer held")
        case EventKind.STALE, _about:
            return _("{name}: fresh again")
        case EventKind.DRIFT, _about:
            return _("{name}: as gatepost left it again")
        case _failed, About.SOURCE:
            return _("{name}: the source answers again")
    return _("{name}: works again")


def reasons(event: Event, _: Words) -> Iterator[str]:
    """What the guards found: in the receiver's language where there are words, and exactly."""
    for one in event.reasons:
        if (short := guard_text(_, one)) != one.message:
            yield f"{one.guard}: {short}"
        yield f"{one.guard}: {_(one.message)}"
