"""A target that is not as we left it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gatepost.model.entry import Entry


@dataclass(frozen=True, slots=True)
class Drift:
    """What others changed on a target since our last verified write."""

    target: str
    list: str
    at: datetime
    """When it was first seen."""
    digest: str
    """Of what is there now."""
    added: tuple[Entry, ...]
    """There now, and not by us."""
    removed: tuple[Entry, ...]
    """Put there by us, and gone."""
    empty: bool
    """Whether nothing at all is left where we left something: whoever relies on the list is cut off."""
    suspects: tuple[str, ...]
    """Who could have done it, one sentence each."""
    wide: bool = False
    """Whether so much was let in that the list means little any more: wider than it may ever be
    unasked, or more than it names by far."""
    unread: bool = False
    """Whether something is there that could not be read, so that more may be let in, or still be."""

    @property
    def urgent(self) -> bool:
        """Whether the list has lost its meaning there: nobody it names is let in, or nearly everybody is."""
        return self.empty or self.wide
