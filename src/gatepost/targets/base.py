"""The door of the targets: read what is there, carry out one plan."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from gatepost.errors import TargetRejected
from gatepost.model.address import Prefix
from gatepost.model.entry import Direction, Entry
from gatepost.model.finding import Finding
from gatepost.model.plan import Capabilities, Counted, Current, Plan


class Target(ABC):
    """One place where a list takes effect.

    A target *must* read back only what carries our mark, *must* keep the
    generation in the same place and the same transaction as the content, and
    *must* refuse with StalePlan where the generation is not the plan's. It
    *must not* compute differences of lists, judge them, or render any free
    text. It *must* leave what was there on any error.
    """

    kind: ClassVar[str]
    Options: ClassVar[type]

    @abstractmethod
    def __init__(self, name: str, options: Any) -> None:
        """``name`` is the target's in the configuration."""

    @property
    @abstractmethod
    def capabilities(self) -> Capabilities:
        """What this target can hold."""

    @property
    @abstractmethod
    def place(self) -> str:
        """Where it is, in words for people: ``nftables inet gatepost webhooks``."""

    @property
    def place_key(self) -> str:
        """By what two targets in one place are known: the same for both, however each is written."""
        return self.place

    @abstractmethod
    async def current(self) -> Current:
        """Read what is there of ours. Generation 0 and nothing where we never wrote.

        Raises TargetUnavailable, TargetForeign or TargetDormant.
        """

    @abstractmethod
    async def apply(self, plan: Plan, desired: tuple[Entry, ...]) -> None:
        """Make the target hold ``desired`` (canonical, within capabilities) at a later generation.

        One transaction, all or nothing, raises the generation by one. A device that
        cannot take it in one gets parts, additions first, each raising it and all
        read back as ``mixed`` until the last. Raises StalePlan, TargetRejected,
        TargetUnavailable, TargetForeign or TargetDormant; the content is then what it was, or mixed.
        """

    @abstractmethod
    async def purge(self, current: Current) -> None:
        """Remove what is ours, and nothing else: the place is then as if we had never been there.

        All or nothing. Raises StalePlan where the target is no longer as ``current`` says,
        TargetRejected where something of the user's still refers to it, or is in it.
        """

    async def empty(self, current: Current) -> None:
        """Take every entry of ours away and keep the place, so that what refers to it goes on working.

        Only for a first write that is taken back: afterwards :meth:`current` reads as it did
        before that write. All or nothing. Raises StalePlan where the target is no longer as
        ``current`` says, and what :meth:`purge` raises. Where nothing can be kept, a purge.
        """
        await self.purge(current)

    @abstractmethod
    async def adopt(self) -> Current:
        """Make what is at the place ours, content unchanged, where our mark is missing; gives what is there.

        Never called by itself: only a person decides that. Raises
        TargetRejected where it cannot be ours (another type of set, a file we cannot read).
        """

    async def stamp(self) -> str:
        """A text that changes whenever the content may have changed; cheap enough to ask every second.

        Empty where there is none and only :meth:`current` can tell.
        """
        return ""

    async def suspects(self) -> tuple[str, ...]:
        """Who could have changed the content since we last did, one sentence each, for people."""
        return ()

    async def counted(self) -> tuple[Counted, ...]:
        """Packets counted by prefix, where the device counts and was told to; else nothing."""
        return ()

    async def findings(self, direction: Direction) -> tuple[Finding, ...]:  # noqa: ARG002 - for those that look
        """Whether the content has the effect that it should; what was looked at and what is wrong."""
        return ()


def require_fit(desired: tuple[Entry, ...], capabilities: Capabilities) -> None:
    """Last floor before a device: raises TargetRejected for an empty list and for what it cannot hold."""
    if not desired:
        msg = "an empty list is never applied"
        raise TargetRejected(msg)
    if len(desired) > capabilities.max_entries:
        msg = f"{len(desired)} entries are more than the {capabilities.max_entries} of this target"
        raise TargetRejected(msg)
    if not all(_fits(entry, capabilities) for entry in desired):
        msg = "the plan holds entries of a kind that this target cannot hold"
        raise TargetRejected(msg)


def _fits(entry: Entry, capabilities: Capabilities) -> bool:
    if (entry.protocol or entry.ports) and not capabilities.ports:
        return False
    if isinstance(entry.value, Prefix):
        return entry.value.family in capabilities.families
    return capabilities.domains
