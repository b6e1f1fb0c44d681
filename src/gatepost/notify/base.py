"""The door of the channels: one class a way to tell people."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from gatepost.model.event import Event

Words = Callable[[str], str]
"""An English text to the receiver's language; an unknown one comes back as it is."""


def english(text: str) -> str:
    """The texts as they stand in the code."""
    return text


@dataclass(frozen=True, slots=True)
class Rate:
    """At most so many messages in any so many seconds."""

    messages: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Message:
    """What one sending says."""

    events: tuple[Event, ...]
    """In their order; several where they were collected."""
    words: Words = english
    console: str | None = None
    """Public address of our console, without a slash at its end; None where it has none."""
    left_out: int = 0
    """Earlier events that were never sent."""
    brief: bool = False
    """Whether to leave out all but the headlines: the platform refused the whole text."""

    @property
    def id(self) -> str:
        """The same for the same events, however often they are sent; 32 characters."""
        told = "\n".join(one.id for one in self.events) + str(self.brief)
        return hashlib.sha256(told.encode()).hexdigest()[:32]


class Channel(ABC):
    """A way to tell people: renders a message for its platform and sends it, once.

    A channel *must* let no text of an event become syntax of its platform,
    *must* stay within the platform's size of a message, and *must* raise a
    :class:`gatepost.errors.GatepostError` where the message was not taken: one
    that is ``transient``, or a RequestRejected where the message itself is at
    fault. It *must not* wait to keep its rates or try again: who calls it does.
    """

    kind: ClassVar[str]
    """Name in the configuration, and of the module it is found in."""
    platforms: ClassVar[frozenset[str]] = frozenset()
    """Platforms whose accounts it sends with; empty where it has its own address."""
    rates: ClassVar[tuple[Rate, ...]]
    """The platform's limits, for one receiver."""
    receiver: ClassVar[tuple[str, ...]]
    """The configuration keys that name the receiver, beside the account."""
    reference: ClassVar[str]
    """The platform's page this follows."""

    Options: ClassVar[type]
    """Frozen dataclass of the kind's own configuration keys; its fields have docstrings."""

    def __init__(self, options: Any, client: Any) -> None:
        """``client``: the account's client, or the plain HTTP client where there is no account."""
        self.options = options
        self.client = client

    @classmethod
    def hosts(cls, options: Any) -> frozenset[str]:  # noqa: ARG003 - most options name no host
        """Hosts that the plain HTTP client must be allowed to ask. Raises ConfigInvalid."""
        return frozenset()

    async def check(self, words: Words) -> tuple[str, ...]:  # noqa: ARG002 - most receivers cannot be checked
        """What is wrong with the receiver, one sentence each; sends nothing. Raises FetchError leaves."""
        return ()

    @abstractmethod
    async def send(self, message: Message) -> tuple[str, ...]:
        """Send it; what the owner should know of how it went, one sentence each."""
