"""What keeping entries longer than their source did: lost, bridged, kept, late.

Reckoned by entries. What counts as in force is what compose makes of what is
accepted: an entry whose addresses another entry still lets in is not lost.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from gatepost.model.answer import Accepted, Presence
from gatepost.model.content import Allowlist, Content, Delta
from gatepost.model.entry import Direction, Entry, EntryKey
from gatepost.planning.canonical import without
from gatepost.planning.compose import compose

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Loss:
    """An entry that was not in force although its source brought it back in time."""

    entry: Entry
    gone_at: datetime
    back_at: datetime


@dataclass(frozen=True, slots=True)
class Return:
    """Entries that a source brought back at once, all of them away no longer than the window."""

    at: datetime
    away_since: datetime
    """When the first of them went."""
    bridged: int
    """In force all the while, although an answer without them was seen."""
    by_hold: int
    """Of these, the ones that every answer without them was held for: no grace was needed."""
    lost: int


@dataclass(slots=True)
class _Away:
    """An entry that its source dropped while it was in force."""

    entry: Entry
    since: datetime
    released: bool = False
    """Whether it left by itself before it came back."""
    lacked: bool = False


class Tally:
    """The books of one run."""

    def __init__(self, source: str, window: timedelta) -> None:
        self._list = Allowlist(source, Direction.EGRESS, (source,))
        self._window = window
        self._applied: set[EntryKey] = set()
        self._away: dict[EntryKey, _Away] = {}
        self._waiting: dict[EntryKey, datetime] = {}
        """Entries that the source names and that are not in force, since when."""
        self._accepted: Accepted | None = None
        self._polled: datetime | None = None
        self._kept = timedelta()
        self._late = timedelta()
        self.returns: list[Return] = []
        self.losses: list[Loss] = []

    @property
    def kept_entry_days(self) -> float:
        """Days that entries stayed in force after their source had dropped them, all added up."""
        return self._kept / _DAY

    @property
    def late_entry_days(self) -> float:
        """Days that entries were named by their source and not in force, all added up."""
        return self._late / _DAY

    def shifted(self, at: datetime, delta: Delta) -> None:
        """The source has changed its list."""
        back = [self._back(entry, at) for entry in delta.added]
        self._close([one for one in back if one is not None], at)
        for entry in delta.removed:
            self._late += at - self._waiting.pop(entry.key, at)
            if entry.key in self._applied:
                self._away[entry.key] = _Away(entry, at)

    def polled(self, at: datetime) -> None:
        """An answer was seen, whatever became of it."""
        self._polled = at

    def accepted(self, one: Accepted, come: Iterable[Entry]) -> None:
        """An answer was accepted; ``come`` are its entries that the last accepted one had not."""
        self._accepted = one
        for entry in come:
            self._applied.add(entry.key)
            self._late += one.at - self._waiting.pop(entry.key, one.at)
        absent = {presence.entry.key for presence in one.presences if presence.absent}
        gone = [away for key, away in self._away.items() if not away.released and key not in absent]
        if gone:
            self._release(gone, one)

    def ended(self, at: datetime) -> None:
        """The record ends: what is open counts up to here."""
        for away in self._away.values():
            if not away.released:
                self._kept += at - away.since
        for since in self._waiting.values():
            self._late += at - since

    def _back(self, entry: Entry, at: datetime) -> _Away | None:
        """The entry's absence, where it is over in time."""
        away = self._away.pop(entry.key, None)
        if entry.key not in self._applied:
            self._waiting[entry.key] = at
        elif away is not None:
            self._kept += at - away.since
        return away if away is not None and at - away.since <= self._window else None

    def _close(self, back: list[_Away], at: datetime) -> None:
        """Book the entries that came back."""
        seen = [one for one in back if self._polled is not None and self._polled >= one.since]
        if not seen or self._accepted is None:
            return
        last = self._accepted
        stayed = [one.entry for one in seen if not one.released]
        made = self._content(last, tuple(_presences(last, stayed))).effective
        lost = [one for one in seen if one.lacked or (not one.released and without([one.entry], made))]
        held = sum(last.at < one.since for one in seen if one not in lost)
        self.losses += [Loss(one.entry, one.since, at) for one in lost]
        first = min(one.since for one in seen)
        self.returns.append(Return(at, first, len(seen) - len(lost), held, len(lost)))

    def _release(self, gone: Iterable[_Away], one: Accepted) -> None:
        """Some left the list; who may still come back in time is lost unless others let in the same."""
        for away in gone:
            away.released = True
            self._applied.discard(away.entry.key)
            self._kept += one.at - away.since
        self._away = {
            key: away
            for key, away in self._away.items()
            if not away.released or one.at - away.since <= self._window
        }
        watched = [away for away in self._away.values() if away.released and not away.lacked]
        if watched:
            effective = self._content(one, one.presences).effective
            for away in watched:
                away.lacked = bool(without([away.entry], effective))

    def _content(self, accepted: Accepted, presences: tuple[Presence, ...]) -> Content:
        """What compose makes of some presences."""
        return compose(self._list, {self._list.name: replace(accepted, presences=presences)}, accepted.at)


def _presences(accepted: Accepted, entries: Iterable[Entry]) -> Iterator[Presence]:
    """How entries stand, those that do."""
    stand = accepted.presences
    for entry in entries:
        place = bisect_left(stand, entry.key, key=lambda one: one.entry.key)
        if place < len(stand) and stand[place].entry.key == entry.key:
            yield stand[place]
