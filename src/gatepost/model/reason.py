"""Why a guard stopped something."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """What one guard found.

    ``message`` is one whole English sentence, made from numbers and canonical
    addresses alone, so it can be shown anywhere.
    """

    guard: str
    measured: str
    limit: str
    message: str
    subject: str = ""
    """The source, target or family it speaks of."""
    absolute: bool = False
    """Refused whatever is approved (hard floors)."""
