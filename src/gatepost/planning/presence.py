"""How entries stand in their source's accepted history: answered, absent, in grace, released."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from operator import attrgetter
from typing import TypeVar

from gatepost.model.address import Prefix
from gatepost.model.answer import Accepted, Answer, Presence
from gatepost.model.content import Delta
from gatepost.model.entry import Entry, EntryKey
from gatepost.model.limits import Limits

Item = TypeVar("Item")

_KEY = attrgetter("key")
_FEW = 16
"""One in so many presences may be put in its place singly; for more, sorting all is cheaper."""


def presences(
    answer: Answer, previous: Accepted | None, changes: Delta, limits: Limits, used: tuple[Prefix, ...] = ()
) -> tuple[Presence, ...]:
    """Every entry answered, and those no longer answered that stay for now; sorted by key.

    ``changes``: from the previous answer's entries to this one's.
    ``used``: prefixes on which a device still counts packets; they stay longer.
    """
    at = answer.fetched_at
    if previous is None:
        return tuple(Presence(entry, since=at) for entry in answer.entries)
    counted = previous.counted_at, answer.counted_at
    if answer.entries is previous.entries:
        missing = [one for one in previous.presences if one.absent]
        if not missing:
            return previous.presences
        steady = [one for one in previous.presences if not one.absent]
        return tuple(_merged(steady, list(_kept(missing, *counted, limits, used))))
    steady, new, rest = _matched(answer.entries, previous, changes)
    others = [_seen(entry, rest.pop(entry.key, None), at) for entry in new]
    others += _kept(rest.values(), *counted, limits, used)
    return tuple(_merged(steady, others))


def lasting(stand: Iterable[Presence], at: datetime, limits: Limits) -> tuple[Presence, ...]:
    """Those that a moment to come still finds, if answers stay as they are and no device counts their use."""
    return tuple(one for one in stand if one.gone_at is None or at < one.gone_at + limits.grace)


def _matched(
    entries: tuple[Entry, ...], previous: Accepted, changes: Delta
) -> tuple[list[Presence], list[Entry], dict[EntryKey, Presence]]:
    """Presences that stay as they are, entries that are not among them, and the other presences.

    Where most entries are the very objects of the answer before, as from a list that is kept
    up, comparing is cheap; entries with other notes or necessity are others here.
    """
    stand = previous.presences
    places = {place for place, one in enumerate(stand) if one.absent}
    places.update(bisect_left(stand, entry.key, key=_key) for entry in changes.removed)
    steady = _but(stand, places)
    new = {bisect_left(entries, entry.key, key=_KEY) for entry in changes.added}
    if [one.entry for one in steady] == _but(entries, new):
        others = [stand[place] for place in places if place < len(stand)]
        return steady, list(changes.added), {one.entry.key: one for one in others}
    return [], list(entries), {one.entry.key: one for one in stand}


def _but(items: Sequence[Item], places: Iterable[int]) -> list[Item]:
    """All but those at some places."""
    result: list[Item] = []
    following = 0
    for place in sorted(places):
        result += items[following:place]
        following = place + 1
    return result + list(items[following:])


def _seen(entry: Entry, before: Presence | None, at: datetime) -> Presence:
    return Presence(entry, since=before.since if before else at)


def _kept(
    missing: Iterable[Presence], before: datetime, at: datetime, limits: Limits, used: tuple[Prefix, ...]
) -> Iterator[Presence]:
    """Those whose absences or grace still last; times are those counted, not those of the wall clock."""
    for one in missing:
        missed = _missed(one, at, limits)
        grace = limits.grace + (limits.counted_grace if _is_used(missed.entry, used) else timedelta())
        if not _is_over(missed, before, at, grace):
            yield missed


def _missed(presence: Presence, at: datetime, limits: Limits) -> Presence:
    """One more accepted answer without it."""
    absent = presence.absent + 1
    gone_at = at if presence.gone_at is None and absent >= limits.absences else presence.gone_at
    return Presence(presence.entry, presence.since, absent, gone_at)


def _is_used(entry: Entry, used: tuple[Prefix, ...]) -> bool:
    value = entry.value
    return isinstance(value, Prefix) and any(
        one.family is value.family and one.network <= value.last and value.network <= one.last for one in used
    )


def _is_over(presence: Presence, before: datetime, at: datetime, grace: timedelta) -> bool:
    """Whether the grace has ended, by this answer's time and, where there is a grace, by the one before."""
    if presence.gone_at is None:
        return False
    end = presence.gone_at + grace
    return at >= end and (before >= end or not grace)


def _merged(many: list[Presence], others: list[Presence]) -> list[Presence]:
    """Both sorted by key; ``many`` is so already."""
    if len(others) * _FEW > len(many):
        return sorted([*many, *others], key=_key)
    result: list[Presence] = []
    place = 0
    for one in sorted(others, key=_key):
        next_place = bisect_left(many, _key(one), lo=place, key=_key)
        result += many[place:next_place]
        result.append(one)
        place = next_place
    return result + many[place:]


def _key(presence: Presence) -> EntryKey:
    return presence.entry.key
