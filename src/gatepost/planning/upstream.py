"""A list as its source publishes it, kept up change by change: what a whole answer would hold now."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter

from gatepost.model.content import Delta
from gatepost.model.entry import Entry, EntryKey, Quarantined, RawEntry
from gatepost.planning.digest import RunningDigest
from gatepost.planning.measure import Figures
from gatepost.planning.normalise import Normalised, Rules, normalise

_KEY = attrgetter("key")
_MANY = 100
"""From so many new entries on, sorting all is cheaper than putting each in its place."""


@dataclass(frozen=True, slots=True)
class State:
    """A whole answer, normalised; of equal ones in a row it is the same object."""

    entries: tuple[Entry, ...]
    quarantined: tuple[Quarantined, ...]


class Upstream:
    """Raw items in, normalised answers out; each item is normalised once while it is listed."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._items: dict[RawEntry, Normalised] = {}
        self._makers: Counter[EntryKey] = Counter()
        """How many items make an entry: it goes with the last of them."""
        self._entries: dict[EntryKey, Entry] = {}
        self._sorted: list[Entry] = []
        """The entries by key."""
        self._odd: Counter[Quarantined] = Counter()
        self.ever_odd: set[Quarantined] = set()
        """All that was ever withheld."""
        self._digest = RunningDigest()
        self.state = State((), ())
        self.figures = Figures(())
        """Of the state's entries."""

    def shift(self, added: Iterable[RawEntry], removed: Iterable[RawEntry]) -> Delta:
        """Take one change; returns which entries came and went.

        ``removed`` names listed items, ``added`` others. Raises ValuesRefused as normalise does.
        """
        came = self._come(added)
        went = self._go(removed)
        both = came.keys() & went.keys()
        delta = Delta(
            tuple(came[key] for key in sorted(came.keys() - both)),
            tuple(went[key] for key in sorted(went.keys() - both)),
        )
        entries = self._order(delta) if delta else self.state.entries
        self.state = State(entries, tuple(sorted(self._odd, key=lambda one: (one.text, one.reason))))
        return delta

    def _come(self, items: Iterable[RawEntry]) -> dict[EntryKey, Entry]:
        came: dict[EntryKey, Entry] = {}
        for item in items:
            made = self._items[item] = normalise([item], self._rules)
            for entry in made.entries:
                self._makers[entry.key] += 1
                if self._makers[entry.key] == 1:
                    came[entry.key] = self._entries[entry.key] = entry
            self._odd.update(made.quarantined)
            self.ever_odd.update(made.quarantined)
        return came

    def _go(self, items: Iterable[RawEntry]) -> dict[EntryKey, Entry]:
        went: dict[EntryKey, Entry] = {}
        for item in items:
            made = self._items.pop(item)
            for entry in made.entries:
                self._makers[entry.key] -= 1
                if not self._makers[entry.key]:
                    del self._makers[entry.key]
                    went[entry.key] = self._entries.pop(entry.key)
            self._odd -= Counter(made.quarantined)
        return went

    def _order(self, delta: Delta) -> tuple[Entry, ...]:
        """The entries after a change, sorted."""
        if len(delta.added) + len(delta.removed) > _MANY:
            self._sorted = sorted(self._entries.values(), key=_KEY)
        else:
            for entry in delta.removed:
                del self._sorted[bisect_left(self._sorted, entry.key, key=_KEY)]
            for entry in delta.added:
                self._sorted.insert(bisect_left(self._sorted, entry.key, key=_KEY), entry)
        self._digest.shift(delta)
        entries = tuple(self._sorted)
        self.figures = self.figures.shifted(entries, delta, str(self._digest))
        return entries
