"""Entries: what a list is made of, before and after normalisation."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from gatepost.model.address import Prefix


class Direction(StrEnum):
    """Seen from us: *ingress*, the platform calls us; *egress*, we (or our users) call it."""

    INGRESS = "ingress"
    EGRESS = "egress"


class Protocol(StrEnum):
    """Transport of an entry; None in its place means any."""

    TCP = "tcp"
    UDP = "udp"


PortRange = tuple[int, int]
"""First and last port, both included, 1 to 65535."""


class RawType(StrEnum):
    """What a platform says a raw value is."""

    ADDRESS = "address"
    DOMAIN = "domain"
    DOMAIN_TREE = "domain_tree"
    """The domain and every name below it (WeCom's ``universal_domian``)."""


@dataclass(frozen=True, slots=True)
class RawEntry:
    """One item of a platform's answer: text as it came, not yet believed."""

    value: str
    type: RawType = RawType.ADDRESS
    protocol: str | None = None
    """As written by the platform; None where its API knows no protocol."""
    ports: tuple[PortRange, ...] | None = None
    """None where the API knows no ports; an empty tuple is an error of the answer."""
    necessary: bool | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, order=True)
class Domain:
    """A host name in A-label form; ``tree`` means every name below it (``*.name``)."""

    name: str
    tree: bool = False

    def __str__(self) -> str:
        """``name`` or ``*.name``."""
        return f"*.{self.name}" if self.tree else self.name


@dataclass(frozen=True, slots=True)
class Entry:
    """One normalised item of a list.

    ``note`` is free text of the platform: stored and shown escaped, and never
    part of identity, digest or any rendering for a target.
    """

    value: Prefix | Domain
    protocol: Protocol | None = None
    ports: tuple[PortRange, ...] = ()
    """Sorted, disjoint; empty means any port."""
    necessary: bool | None = None
    note: str | None = None
    _key: EntryKey | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def is_plain(self) -> bool:
        """Whether it is a value and nothing more."""
        return (self.protocol, self.ports, self.necessary, self.note) == (None, (), None, None)

    @property
    def key(self) -> EntryKey:
        """Identity and order: prefixes by family and number first, then domains.

        Made once: lists are sorted and walked by it again and again.
        """
        key = self._key
        if key is None:
            key = (*_place(self.value), self.protocol or "", self.ports)
            object.__setattr__(self, "_key", key)
        return key


def _place(value: Prefix | Domain) -> tuple[int, int, int, str]:
    match value:
        case Prefix(family, network, length):
            return (int(family), network, length, "")
        case Domain(name, tree):
            return (0xFF, int(tree), 0, name)


EntryKey = tuple[int, int, int, str, str, tuple[PortRange, ...]]


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A raw value that was withheld; ``reason`` is a short fixed word like ``leading-zero``."""

    text: str
    reason: str
