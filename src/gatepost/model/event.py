"""What people are told: one thing that happened, or that lasts, or that is over."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gatepost.model.reason import Reason
from gatepost.model.record import Failure, WordRecord


class EventKind(StrEnum):
    """What sort of thing it is; `on` of a notifier names these."""

    CHANGE = "change"
    """A list has a new serial."""
    HELD = "held"
    """A guard stopped an answer or a plan, which waits for a person."""
    FAILED = "failed"
    """A source, a target or the service itself does not do its work."""
    STALE = "stale"
    """A list's last good answer is too old."""
    DRIFT = "drift"
    """Somebody else changed a target."""
    APPLIED = "applied"
    """A target was changed and read back."""
    REVERTED = "reverted"
    """A change was taken back because nobody confirmed it."""
    TEST = "test"
    """Somebody wants to see whether messages arrive."""


LASTING = frozenset({EventKind.HELD, EventKind.FAILED, EventKind.STALE, EventKind.DRIFT})
"""Kinds that last until they are over; the others happen once."""


class About(StrEnum):
    """What a subject is."""

    LIST = "list"
    SOURCE = "source"
    """Of one list: ``list/source``, since lists judge by their own guards."""
    TARGET = "target"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Shown:
    """Some values of many."""

    values: tuple[str, ...] = ()
    """The first of them, canonical."""
    total: int = 0

    @property
    def more(self) -> int:
        """How many are not shown."""
        return self.total - len(self.values)

    def first(self, most: int) -> Shown:
        """Fewer of them, of as many."""
        return Shown(self.values[:most], self.total)


NOTHING = Shown()


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event; plain data, so that it can wait on a disk."""

    kind: EventKind
    about: About
    name: str
    """Of the subject, as configured."""
    at: datetime
    mark: str = ""
    """What makes it this one: with the same mark it is the same event, still lasting."""
    over: bool = False
    """Whether it says that a lasting one came to its end."""
    list: str = ""
    digest: str = ""
    """What a person approves or rejects, or what was applied."""
    serial: int | None = None
    previous: int | None = None
    entries: int | None = None
    """Entries in force after it."""
    added: Shown = NOTHING
    removed: Shown = NOTHING
    reasons: tuple[Reason, ...] = ()
    failure: Failure | None = None
    rejection: WordRecord | None = None
    """Of what is held: that somebody rejected it before this was told."""
    suspects: tuple[str, ...] = ()
    """Who may have done it, one sentence each; words of the host."""
    empty: bool = False
    """Of a drift: nothing is left there."""
    wide: bool = False
    """Of a drift: far more is let in than the list names."""

    @property
    def key(self) -> str:
        """What it is the last word on."""
        return f"{self.kind} {self.about} {self.name}"

    @property
    def id(self) -> str:
        """The same for one event however often it is sent; 32 characters."""
        told = f"{self.key}\n{self.mark}\n{self.over}\n{self.at.isoformat()}"
        return hashlib.sha256(told.encode()).hexdigest()[:32]

    @property
    def may_be_approved(self) -> bool:
        """Whether a person's word lifts what holds it."""
        held = self.kind is EventKind.HELD and not self.over and bool(self.digest)
        return held and not any(reason.absolute for reason in self.reasons)
