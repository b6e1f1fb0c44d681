"""A source's answers: fetched, accepted, held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gatepost.model.entry import Direction, Entry, Quarantined, RawEntry
from gatepost.model.reason import Reason


@dataclass(frozen=True, slots=True)
class Fetched:
    """A source's whole raw answer; untrusted. A partial answer is an error, never this."""

    entries: tuple[RawEntry, ...]
    requests: int
    """HTTP requests it took, token calls included."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer of one source, normalised; ``entries`` sorted by key and unique."""

    source: str
    kind: str
    direction: Direction
    fetched_at: datetime
    requests: int
    entries: tuple[Entry, ...]
    quarantined: tuple[Quarantined, ...]
    provenance: str
    """Digest of platform, host, account and parameters: another provenance is another source."""
    reckoned_at: datetime | None = None
    """``fetched_at`` by the reckoning of time that passed; None: they are the same."""

    @property
    def counted_at(self) -> datetime:
        """The moment that a grace is counted by."""
        return self.reckoned_at or self.fetched_at


@dataclass(frozen=True, slots=True)
class Presence:
    """How one entry stands in its source's accepted history."""

    entry: Entry
    since: datetime
    """When it was first accepted (again, after it had been gone and released)."""
    absent: int = 0
    """Complete accepted answers in a row without it."""
    gone_at: datetime | None = None
    """When the absences were complete, as counted (:attr:`Answer.counted_at`): the grace starts here."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A source's last good answer and what is still kept of earlier ones."""

    source: str
    at: datetime
    digest: str
    """Of ``entries``, by :func:`gatepost.planning.digest.digest_entries`."""
    provenance: str
    entries: tuple[Entry, ...]
    """As answered."""
    presences: tuple[Presence, ...]
    """Sorted by entry key: every entry answered, absent or in grace. Released ones are gone."""
    approved: bool = False
    """Whether a person approved this very answer: older baselines end here."""
    reckoned_at: datetime | None = None
    """Of the answer."""

    @property
    def counted_at(self) -> datetime:
        """The moment that a grace is counted by."""
        return self.reckoned_at or self.at


@dataclass(frozen=True, slots=True)
class Baseline:
    """An earlier accepted answer that guards measure against."""

    name: str
    """``last``, ``7d`` or ``30d``."""
    entries: tuple[Entry, ...]
    at: datetime | None = None
    """The moment it was in force. What has been in force ever since, grace included, was so then."""


@dataclass(frozen=True, slots=True)
class HeldAnswer:
    """An answer stopped by a guard; the last accepted one stays in force."""

    source: str
    at: datetime
    digest: str
    """Over source, provenance, the accepted digest it was judged against and the entries."""
    entries: tuple[Entry, ...]
    added: tuple[Entry, ...]
    removed: tuple[Entry, ...]
    reasons: tuple[Reason, ...]
