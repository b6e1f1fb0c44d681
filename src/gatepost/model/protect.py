"""What no plan may cut off."""

from __future__ import annotations

from dataclasses import dataclass

from gatepost.model.address import Prefix
from gatepost.model.entry import Direction, Domain


@dataclass(frozen=True, slots=True)
class Protected:
    """One value that stays let in where it is let in now: the way of a person or of gatepost itself."""

    value: Prefix | Domain
    why: str
    """Whose it is, in a few words; the owner's own text for what the owner listed."""
    direction: Direction | None = None
    """Of the lists it matters to: ``ingress`` who comes to us, ``egress`` where we go; None for both."""
