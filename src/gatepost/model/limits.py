"""Guard and absence settings, with the defaults of the contract (§6)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from gatepost.model.address import Family, Prefix


@dataclass(frozen=True, slots=True)
class Limits:
    """Settings of ``[guards]`` and ``[lists.NAME.guards]``; shares are fractions of 1."""

    max_removed: float = 0.30
    """Share of addresses, each family by itself, that may go at once."""
    max_removed_entries: int = 2
    """And at least more than this many entries must go before it is held."""
    max_added: float = 1.00
    max_added_entries: int = 8
    max_churn: float = 0.50
    """Share of addresses not common to old and new."""
    new_family: str = "hold"
    """``hold`` or ``allow``: the first address of a family, or a family gone."""
    widest_v4: int = 16
    """Shortest IPv4 prefix length that passes without approval."""
    widest_v6: int = 32
    widest_known: float = 0.0
    """Share of a list that wide prefixes, no wider than its widest, may bring without approval."""
    special: str = "quarantine"
    """``quarantine`` or ``allow`` IANA special-purpose space."""
    quarantine: float = 0.05
    """Share of odd entries (and always one) beyond which the whole answer is refused."""
    max_addresses_v4: int = 1 << 24
    """Sum of IPv4 addresses of a list after merging; more is held."""
    max_addresses_v6: int = 1 << 112
    host_bits: str = "quarantine"
    """``quarantine`` or ``mask`` a network written with host bits set."""
    baselines: tuple[timedelta, ...] = (timedelta(days=7), timedelta(days=30))
    """Ages of earlier accepted answers that shrink, growth, churn and family are also measured against."""
    absences: int = 3
    """Complete fetches without an entry before it counts as removed."""
    grace: timedelta = timedelta(days=7)
    """And it stays applied that much longer."""
    counted_grace: timedelta = timedelta(days=30)
    """And at most that much longer still while a device that counts saw it used within the grace."""


FLOOR_V4 = 8
"""A wider IPv4 prefix is refused whatever is approved."""
FLOOR_V6 = 16
FLOOR = {Family.V4: FLOOR_V4, Family.V6: FLOOR_V6}


def is_too_wide(prefix: Prefix) -> bool:
    """Whether it is wider than anything that could be approved."""
    return prefix.length < FLOOR[prefix.family]
