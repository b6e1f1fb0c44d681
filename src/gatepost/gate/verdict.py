"""What a gate says of a request, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from gatepost.gate.client_address import Doubt
from gatepost.gate.listing import Edition, Match
from gatepost.model.incoming import Incoming

KEY = "gatepost"
"""Where an allowed request carries its verdict: ``scope["gatepost"]``, ``environ["gatepost"]``."""


class Refusal(StrEnum):
    """Why an address, though known, is not let in."""

    NOT_LOADED = "not-loaded"
    """There is no list yet: closed, never open."""
    UNLISTED = "unlisted"
    SIGNATURE = "signature"
    """Listed, and the callback's own signature does not hold."""
    TOO_LARGE = "too-large"
    """A body too large to be checked."""


class Verdict(NamedTuple):
    """Said of every request to a guarded path. ``match`` is the why; without one the request is refused."""

    client: str | None
    """Canonical address; None where it is in doubt."""
    match: Match | None
    refusal: Refusal | Doubt | None
    edition: Edition | None
    """The list that was asked; None before the first."""


@dataclass(frozen=True, slots=True)
class Unlisted:
    """A callback whose signature holds came from an address that is not on the list.

    Either the platform calls from a new address that it has not published, or
    somebody who knows the secret calls from elsewhere. A person decides.
    """

    platform: str
    client: str
    list: str
    command: str
    """One line for a shell that pins the address."""


class Check(Protocol):
    """Whether a request is signed as its platform signs: what stands beside the address."""

    @property
    def platform(self) -> str:
        """Its name, for people."""
        ...

    def is_signed(self, incoming: Incoming) -> bool:
        """Whether it carries a signature at all: a look at header and query, before the body is read."""
        ...

    def is_genuine(self, incoming: Incoming, now: float) -> bool:
        """Whether the signature holds. ``now`` in seconds since 1970, UTC. Raises nothing."""
        ...


def pin_command(list_: str, client: str, platform: str) -> str:
    """The line that puts an address on a list until the platform lists it itself.

    Safe to paste: an address from its integer, a list's name and a platform's name.
    """
    why = f"calls with a valid {platform} signature, unlisted"
    return f"gatepost pin {list_} {client} --why '{why}'"
