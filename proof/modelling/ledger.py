"""What an outsider would keep count of: which address may leave, and why. Shares no code with the planner."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gatepost.model.entry import Entry

ABSENCES = 3
GRACE = timedelta(days=7)

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
    gone_at: dict[str, datetime] = field(default_factory=dict)
    excused: set[str] = field(default_factory=set)
    """May leave because a person said so, or because they came by another hand."""

    def accepted(self, answer: Addresses, at: datetime) -> None:
        """A whole answer was accepted."""
        for one in answer:
            self.missed[one] = 0
            self.gone_at.pop(one, None)
        for one in self.missed.keys() - answer:
            self.missed[one] += 1
            if self.missed[one] == ABSENCES:
                self.gone_at[one] = at

    def may_leave(self, one: str, now: datetime) -> bool:
        """Whether its absences are complete and its grace is over, or somebody excused it."""
        gone = self.gone_at.get(one)
        return one in self.excused or (gone is not None and now - gone >= GRACE)
