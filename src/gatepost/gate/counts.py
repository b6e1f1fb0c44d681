"""What a gate counted: plain numbers, for any collector."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping


class Counts:
    """Requests by outcome, since the gate was made. Only ever grows.

    ``+=`` on an attribute is one step between two points at which CPython
    changes threads, so counts are exact with its global lock.
    """

    __slots__ = ("_refused", "allowed", "unguarded", "unlisted_signed")

    def __init__(self) -> None:
        self.allowed = 0
        self.unguarded = 0
        """To paths that are not guarded."""
        self.unlisted_signed = 0
        """Refused by address though the signature held."""
        self._refused: Counter[str] = Counter()

    def refuse(self, why: str) -> None:
        """Count a refusal."""
        self._refused[why] += 1

    @property
    def refused(self) -> Mapping[str, int]:
        """By reason."""
        return dict(self._refused)
