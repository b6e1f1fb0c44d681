"""What the store remembers beside the nouns themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gatepost.errors import GatepostError
from gatepost.model.content import Listed, Serial, State
from gatepost.model.entry import Entry
from gatepost.model.plan import Cause, Outcome, Word


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as it is remembered: the contract's error object."""

    kind: str
    message: str
    transient: bool
    hint: str
    code: int | None = None
    links: tuple[str, ...] = ()
    log_id: str | None = None
    retry_after: float | None = None
    """Seconds that the platform says to wait."""

    @classmethod
    def of(cls, error: GatepostError) -> Failure:
        """An error that was raised."""
        return cls(
            kind=error.kind,
            message=error.message,
            transient=error.transient,
            hint=error.next_step,
            code=error.code,
            links=error.links,
            log_id=error.log_id,
            retry_after=error.retry_after,
        )

    @property
    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "kind": self.kind,
            "code": self.code,
            "message": self.message,
            "transient": self.transient,
            "hint": self.hint,
            "links": list(self.links),
            "log_id": self.log_id,
        }


@dataclass(frozen=True, slots=True)
class Unread:
    """A target that could not be read when it was last looked at: nobody knows what is in force there."""

    target: str
    at: datetime
    """Since when."""
    failure: Failure


@dataclass(frozen=True, slots=True)
class Attempt:
    """The last try to fetch a source, and the last that gave a whole answer."""

    source: str
    at: datetime
    failure: Failure | None
    failures: int
    """Tries in a row that gave no whole answer."""
    succeeded_at: datetime | None
    accepted_at: datetime | None
    """When an answer was last accepted, changed or not."""
    changed_at: datetime | None
    """When the accepted answer last differed from the one before."""


@dataclass(frozen=True, slots=True)
class SerialRecord:
    """One line of a list's history."""

    list: str
    serial: Serial
    at: datetime
    digest: str
    entries: int
    """Entries in force."""
    added: int
    removed: int
    """Entries in force that came and went since the serial before."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A listed entry that covers a value asked for, on a list at a time."""

    list: str
    listed: Listed
    serial: Serial
    """At which the entry came in."""

    @property
    def state(self) -> State:
        """Short for ``listed.state``."""
        return self.listed.state


@dataclass(frozen=True, slots=True)
class Departure:
    """How a listed entry stood on a list before it left it."""

    hit: Hit
    began: datetime
    """From when on it was in the state that ``hit`` tells."""
    ended: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """All that a list holds now."""

    serial: Serial
    hits: tuple[Hit, ...]
    """Listed entries in any state, in the order in which they are shown."""
    effective: tuple[Entry, ...]
    """Entries in force."""


@dataclass(frozen=True, slots=True)
class WordRecord:
    """A person's word on a held plan: it covers exactly this digest."""

    digest: str
    word: Word
    who: str
    """What the person is shown by; of one whom a login provider vouches for it may change."""
    why: str
    at: datetime
    subject: str = ""
    """Issuer and lasting name, where a login provider vouches for the person."""


@dataclass(frozen=True, slots=True)
class OutcomeRecord:
    """What became of one apply."""

    target: str
    list: str
    digest: str
    serial: Serial
    generation: int
    """That the target has, or should have got."""
    intended_at: datetime
    at: datetime | None
    """None where we died between intent and outcome."""
    outcome: Outcome | None
    verified: bool
    failure: Failure | None
    cause: Cause = Cause.SYNC
