"""Plans: what would change on one target, as a value that can be shown, stored and signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gatepost.errors import GatepostError
from gatepost.model.address import Family, Prefix
from gatepost.model.content import Serial
from gatepost.model.entry import Entry
from gatepost.model.reason import Reason


class Granularity(StrEnum):
    """The smallest write of a target."""

    ENTRY = "entry"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a target can hold; the planner leaves out the rest and says so."""

    families: frozenset[Family] = frozenset(Family)
    domains: bool = False
    ports: bool = False
    """Whether protocol and ports are kept; else only the address is."""
    necessity: bool = False
    """Whether it tells what the platform can do without; that alone is no change to be applied."""
    max_entries: int = 100_000
    max_ranges: Mapping[Family, int] = field(default_factory=dict)
    """Runs of addresses without a gap that the place can hold, of families for which it has a limit."""
    granularity: Granularity = Granularity.ENTRY


@dataclass(frozen=True, slots=True)
class Current:
    """What a target holds of ours, as read from it."""

    generation: int
    """Number of our last write, kept in the target itself; 0 where we never wrote."""
    entries: tuple[Entry, ...]
    """Canonical, as :class:`gatepost.model.content.Content.effective`."""
    digest: str
    """Of ``entries``; a target that was changed by others gives what is really there, or of its bytes
    where these say more than the entries."""
    mixed: bool = False
    """Whether a write in several parts was cut off: the content lies between two generations
    until the next apply completes it."""
    unread: bool = False
    """Whether others left something there, beside ``entries``, of which nobody can tell what it lets in."""


@dataclass(frozen=True, slots=True)
class Counted:
    """Packets that a device counted on a prefix since the entry was put there."""

    prefix: Prefix
    packets: int


class PlanStatus(StrEnum):
    """What a plan says."""

    IN_STEP = "in_step"
    CHANGES = "changes"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Plan:
    """The changes for one target, made from a known current and a known serial."""

    target: str
    list: str
    serial: Serial
    status: PlanStatus
    generation: int
    """Of the target when the plan was made; applying raises it by one."""
    current: str
    """Digest of what the target held."""
    desired: str
    """Digest of what it shall hold."""
    add: tuple[Entry, ...]
    remove: tuple[Entry, ...]
    leaving: tuple[Entry, ...]
    """Would leave after absences and grace if the held answers were approved."""
    reasons: tuple[Reason, ...]
    awaits: tuple[str, ...]
    """Digests of held answers that approving this plan approves."""
    notes: tuple[str, ...]
    """What the target cannot hold, one sentence each."""
    digest: str
    """``sha256:…`` over all that is said here: what a person approves and `apply --digest` names."""
    mixed: bool = False
    """Whether a write was cut off between two generations, and this plan completes it."""


class Outcome(StrEnum):
    """What became of a plan."""

    APPLIED = "applied"
    UNCHANGED = "unchanged"
    HELD = "held"
    FAILED = "failed"
    REVERTED = "reverted"


class Cause(StrEnum):
    """Why a target was written."""

    SYNC = "sync"
    """Its list changed."""
    ROLLBACK = "rollback"
    """A person wanted an earlier serial back."""
    REVERT = "revert"
    """Nobody confirmed the change before."""
    PURGE = "purge"
    """A person wanted what is ours gone."""


class Word(StrEnum):
    """A person's word on a plan: a held one is approved or rejected, an applied one confirmed."""

    APPROVE = "approve"
    REJECT = "reject"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True)
class Result:
    """A plan and what applying it gave."""

    plan: Plan
    outcome: Outcome | None = None
    verified: bool = False
    error: GatepostError | None = None
