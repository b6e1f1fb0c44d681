"""What an examination of a target found: whether the right set has any effect."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How a finding is to be taken."""

    GOOD = "good"
    NOTE = "note"
    UNSURE = "unsure"
    """Nobody can tell from here whether the list has its effect."""
    WRONG = "wrong"
    """The list has no effect, or not the one that its owner thinks."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at on a target, in words, with the next step."""

    kind: str
    """A fixed word such as ``unreferenced`` or ``shadowed``; documented in docs/targets."""
    severity: Severity
    message: str
    next_step: str = ""
