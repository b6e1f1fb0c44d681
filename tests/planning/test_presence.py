"""How entries stand in the history of their source, answer by answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from gatepost.model.answer import Accepted, Presence
from gatepost.model.entry import Entry
from gatepost.model.limits import Limits
from gatepost.planning.accept import accept
from gatepost.planning.diff import diff
from gatepost.planning.presence import presences
from rigs.answers import START, accepted, answer, entries, hosts

DAY = timedelta(days=1)
LIMITS = Limits(absences=2, grace=2 * DAY)


def after(previous: Accepted, day: float, entries_: tuple[Entry, ...]) -> Accepted:
    """The last accepted answer, once this one is."""
    one = answer(day=day, entries=entries_)
    stand = presences(one, previous, diff(previous.entries, entries_), LIMITS)
    return replace(previous, at=one.fetched_at, entries=entries_, presences=stand)


def test_another_note_is_taken_over():
    """An entry that is said with another note or necessity is the same one, with what is said now."""
    first = accepted(*hosts(1, 3))
    noted = tuple(replace(entry, note="edge", necessary=True) for entry in first.entries)
    second = after(first, 1, noted)
    assert second.presences == tuple(Presence(entry, since=START) for entry in noted)
    third = after(second, 2, (*noted[:2], *entries("101.226.103.9")))
    assert third.presences == (
        *second.presences[:2],
        replace(second.presences[2], absent=1),
        Presence(third.entries[2], since=START + 2 * DAY),
    )


def test_who_is_absent_is_counted_and_who_returns_is_not():
    """Whether the list is the very same or another, until the grace is over, seen twice."""
    first = accepted(*hosts(1, 40))
    less = first.entries[1:]
    one = after(first, 1, less)
    assert one.presences == (replace(first.presences[0], absent=1), *first.presences[1:])
    two = after(one, 2, less)
    assert two.presences[0] == replace(first.presences[0], absent=2, gone_at=START + 2 * DAY)
    assert after(two, 2.5, first.entries).presences == first.presences
    three = after(two, 4, (*less,))
    assert (three.presences[0].absent, three.presences[1:]) == (3, first.presences[1:])
    assert after(three, 5, (*less,)).presences == first.presences[1:]
    assert after(three, 5, less).presences == first.presences[1:]


def test_entries_stand_in_order():
    """Few or many come, wherever they belong."""
    first = accepted(*hosts(100, 139), "2400:da00::1")
    few = after(first, 1, entries(*hosts(100, 139), "101.226.103.7", "2400:da00::1", "a.qq.com"))
    many = after(few, 2, entries(*hosts(1, 139), "2400:da00::2"))
    for stand in (few.presences, many.presences):
        keys = [one.entry.key for one in stand]
        assert keys == sorted(set(keys))
    assert {str(one.entry.value) for one in many.presences if one.absent} == {"2400:da00::1/128", "a.qq.com"}


def test_a_grace_is_counted_by_the_time_that_passed():
    """Not by the wall clock, should it jump a year ahead: an answer keeps the reckoning of its moment."""
    last = accepted(*hosts(1, 9))
    for day in (1, 2, 3, 3.9, 4, 5):
        moment, ahead = START + day * DAY, timedelta(days=365 if day > 2 else 0)
        verdict = accept(
            answer(*hosts(2, 9), fetched_at=moment + ahead, reckoned_at=moment),
            last,
            (),
            LIMITS,
            approved=False,
        )
        assert isinstance(verdict, Accepted)
        assert (verdict.at, verdict.reckoned_at) == (moment + ahead, moment)
        assert len(verdict.presences) == (9 if day < 5 else 8)
        last = verdict
