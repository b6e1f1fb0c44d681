"""A list that suddenly lets far fewer in must say so more than once.

A list that was cut off half-way looks like a short list. It is taken at its
word only when it stays the same for several readings in a row; meanwhile the
last one stays. A list that grows or changes a little is taken at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from gatepost.gate.listing import Listing

MAX_REMOVED = 0.30
"""Share of the addresses of a family that may be gone at once."""
READINGS = 3
"""Equal readings in a row that make a larger loss believed."""


@dataclass(frozen=True, slots=True)
class Settling:
    """What is in force, and a list that waits to be believed. Immutable: each reading gives the next."""

    standing: Listing | None = None
    waiting: str | None = None
    """Digest of the list that waits."""
    readings: int = 0
    """How often it was read the same."""

    def read(self, offered: Listing) -> Settling:
        """After one more whole reading."""
        if self.standing is None or not is_sudden(self.standing, offered):
            return Settling(offered)
        readings = self.readings + 1 if offered.digest == self.waiting else 1
        return (
            Settling(offered) if readings >= READINGS else Settling(self.standing, offered.digest, readings)
        )


def is_sudden(old: Listing, new: Listing) -> bool:
    """Whether more of a family's addresses would go than may go at once."""
    return any((was - now) > MAX_REMOVED * was for was, now in zip(old.addresses, new.addresses, strict=True))
