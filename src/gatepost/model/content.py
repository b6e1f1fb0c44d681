"""What a list holds at one serial, and the overrides of its owner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from gatepost.model.address import Prefix
from gatepost.model.entry import Direction, Domain, Entry

Serial = NewType("Serial", int)
"""Number of a list's content, from 1, rising by one per change."""


class State(StrEnum):
    """Why an entry is, or is not, in force."""

    LISTED = "listed"
    GRACE = "grace"
    """Gone upstream, kept for now."""
    PINNED = "pinned"
    EXCLUDED = "excluded"


@dataclass(frozen=True, slots=True)
class Override:
    """A pin (always in) or an exclusion (never in) of the list's owner."""

    value: Prefix | Domain
    why: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Allowlist:
    """A configured list, without its sources' answers."""

    name: str
    direction: Direction
    sources: tuple[str, ...]
    pins: tuple[Override, ...] = ()
    exclusions: tuple[Override, ...] = ()
    only_necessary: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry of a list with where it comes from. ``source`` is ``pin`` for pins."""

    entry: Entry
    source: str
    since: datetime
    state: State


@dataclass(frozen=True, slots=True)
class Content:
    """What a list holds: all listed entries, and what is in force of them.

    ``effective`` is canonical: merged, disjoint prefixes per protocol and ports
    (addresses of exclusions cut out), then domains; sorted by key, no notes.
    Two contents are the same when their ``digest`` (over ``effective``) is.
    """

    listed: tuple[Listed, ...]
    effective: tuple[Entry, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The content of a list at one serial, immutable."""

    list: str
    serial: Serial
    at: datetime
    content: Content


@dataclass(frozen=True, slots=True)
class Delta:
    """Difference between two sorted lists of entries; each side sorted by key."""

    added: tuple[Entry, ...]
    removed: tuple[Entry, ...]

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.added or self.removed)
