"""Untrusted text to entries: a pattern first, then integers, and never a repair."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gatepost.model.address import Prefix
from gatepost.model.entry import Domain, Entry, Quarantined, RawEntry


@dataclass(frozen=True, slots=True)
class Rules:
    """What a source's text may mean beyond addresses and networks."""

    wildcards: bool = False
    """Whether ``a.b.c.*`` is declared by the platform."""
    ranges: bool = False
    """Whether ``a-b`` is declared by the platform."""
    special: str = "quarantine"
    """``quarantine`` or ``allow`` special-purpose space; as Limits.special."""
    host_bits: str = "quarantine"
    """``quarantine`` or ``mask``; as Limits.host_bits."""


@dataclass(frozen=True, slots=True)
class Normalised:
    """Entries sorted by key and unique, and what was withheld, sorted."""

    entries: tuple[Entry, ...]
    quarantined: tuple[Quarantined, ...]


def normalise(raw: Iterable[RawEntry], rules: Rules) -> Normalised:
    """All entries of an answer.

    Raises SchemaMismatch where a value is not text, ValuesRefused where a protocol
    is blank or ports are an empty list: blank is not any.
    """
    raise NotImplementedError


def parse_value(text: str) -> Prefix | Domain:
    """What an owner writes: an address or network, a domain or ``*.domain``.

    Raises ValueError with the reason word of a quarantine.
    """
    raise NotImplementedError
