"""Where a gate's list is kept: the door of the file, the feed and the store."""

from __future__ import annotations

from typing import Protocol

from gatepost.gate.listing import Listing


class Origin(Protocol):
    """A place that is looked at again and again, by one thread."""

    place: str
    """For people; without secrets."""
    every: float
    """Seconds between two looks, unless the owner says otherwise."""
    is_local: bool
    """Whether the first look is quick enough to wait for it at the start."""

    def look(self, *, whole: bool) -> Listing | None:
        """The list; None where it is as it was last time, unless the ``whole`` list is asked for.

        Raises ListUnavailable, and leaves of AnswerRefused, FetchError and StoreError.
        """
        ...
