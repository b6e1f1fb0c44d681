"""Hear what others approve, on the command line or at another server: no such word waits for a cycle."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from gatepost.engine.approval import lists_waiting_for
from gatepost.engine.site import Site
from gatepost.errors import StoreError

EVERY = 5.0
"""Seconds between two looks into the history; each is one small query."""


@dataclass(slots=True)
class Hearing:
    """Which approvals were heard already."""

    site: Site
    number: int
    """Of the last word that was."""

    @classmethod
    def of(cls, site: Site) -> Hearing:
        """From now on: what was approved before is for the turns that are due. Raises StoreError."""
        return cls(site, site.store.newest_approval())

    def is_news(self) -> bool:
        """Whether anybody approved anything since; a history that cannot be read tells nothing new."""
        with suppress(StoreError):
            return self.site.store.newest_approval() > self.number
        return False

    def lists(self) -> set[str]:
        """Lists that go on by what was approved since last time. Raises StoreError."""
        approved = self.site.store.approved_since(self.number)
        self.number = max(approved, default=self.number)
        return {name for digest in approved.values() for name in lists_waiting_for(self.site, digest)}
