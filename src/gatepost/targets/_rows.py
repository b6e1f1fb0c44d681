"""Entries as they stand in a target's own files."""

from __future__ import annotations

import msgspec

from gatepost.model.address import Family, Prefix, parse_v4, parse_v6
from gatepost.model.entry import Domain, Entry, PortRange, Protocol


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """An entry, but for its note."""

    value: str
    protocol: Protocol | None = None
    ports: tuple[PortRange, ...] = ()
    necessary: bool | None = None

    @classmethod
    def of(cls, entry: Entry) -> Row:
        """Everything but the note."""
        return cls(str(entry.value), entry.protocol, entry.ports, entry.necessary)

    def entry(self) -> Entry:
        """Raises OSError or ValueError where somebody edited the file."""
        return Entry(_value(self.value), self.protocol, self.ports, self.necessary)


def _value(text: str) -> Prefix | Domain:
    return _prefix(text) if "/" in text else Domain(text.removeprefix("*."), tree=text.startswith("*."))


def _prefix(text: str) -> Prefix:
    address, _, length = text.partition("/")
    family, parse = (Family.V6, parse_v6) if ":" in address else (Family.V4, parse_v4)
    return Prefix(family, parse(address), int(length))
