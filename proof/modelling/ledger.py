"""What an outsider would keep count of: which address may leave, and why. Shares no code with the planner.

It counts time as it passes, which no clock shows. A reboot may cost a grace ``REBOOT`` of it,
since over a reboot nobody but a clock knows what passed.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import accumulate

from gatepost.model.entry import Entry

ABSENCES = 3
GRACE = timedelta(days=7)
REBOOT = timedelta(days=1)
STANDING = timedelta(days=1)
"""A clock that is off for so long, at every look, may be believed."""
PLAY = timedelta(minutes=5)

Addresses = frozenset[str]


def addresses(values: Iterable[str]) -> Addresses:
    """Every single address of some values; they are small by construction."""
    return frozenset(str(one) for value in values for one in ipaddress.ip_network(value))


def held(entries: Iterable[Entry]) -> Addresses:
    """Every single address that entries let in."""
    return addresses(str(entry.value) for entry in entries)


@dataclass
class Ledger:
    """By address: how long it has been missing from the accepted answers, and since when for good."""

    missed: dict[str, int] = field(default_factory=dict)
    gone_at: dict[str, timedelta] = field(default_factory=dict)
    excused: set[str] = field(default_factory=set)
    """May leave because a person said so, or because they came by another hand."""

    def accepted(self, answer: Addresses, at: timedelta) -> None:
        """A whole answer was accepted."""
        for one in answer:
            self.missed[one] = 0
            self.gone_at.pop(one, None)
        for one in self.missed.keys() - answer:
            self.missed[one] += 1
            if self.missed[one] == ABSENCES:
                self.gone_at[one] = at

    def may_leave(self, one: str, now: timedelta) -> bool:
        """Whether its absences are complete and its grace is over, or somebody excused it."""
        gone = self.gone_at.get(one)
        return one in self.excused or (gone is not None and now - gone >= GRACE)


@dataclass
class Calendar:
    """How far off the clock was at each look, and by that the latest that it may be believed to be."""

    looks: list[tuple[timedelta, timedelta]] = field(default_factory=list)
    """Time that passed, and how far ahead of it the clock was."""

    def look(self, passed: timedelta, off: timedelta) -> None:
        """A cycle begins."""
        self.looks.append((passed, off))

    def latest(self, passed: timedelta) -> timedelta:
        """The latest that it may be taken to be: what passed, and the most that stood for long enough."""
        if not self.looks:
            return passed
        stood = [self.looks[0][1]]
        for start, (since, _) in enumerate(self.looks):
            times, offs = zip(*self.looks[start:], strict=True)
            least = accumulate(offs, min)
            stood += [one for time, one in zip(times, least, strict=True) if time - since >= STANDING]
        return passed + max(stood) + PLAY
