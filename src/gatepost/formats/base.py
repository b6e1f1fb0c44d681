"""The door of the formats: entries in, bytes out.

The functions below the door are the only way an entry becomes syntax.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

import msgspec

from gatepost.model.address import Family, Prefix
from gatepost.model.entry import Domain, Entry
from gatepost.model.plan import Capabilities

NAME = re.compile(r"(?=.{1,253}\Z)(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)+(?![0-9]+\Z)(?!-)[a-z0-9-]{2,63}(?<!-)")
"""LDH labels, the last one no number, so that no address passes for a name (RFC 1123 §2.1)."""
LIST = re.compile(r"[a-z0-9-]{1,40}")
WAY = r"(?:DIRECT|(?:PROXY|HTTPS|SOCKS|SOCKS4|SOCKS5) [A-Za-z0-9.-]{1,253}:[1-9][0-9]{0,4})"
WAYS = re.compile(rf"{WAY}(?:; {WAY}){{0,9}}")
"""What a proxy auto-configuration may answer; browsers try each in turn."""


class Collapse(StrEnum):
    """How the addresses of a list are written."""

    NONE = "none"
    """As the list has them: those of each port by themselves."""
    CIDR = "cidr"
    """As the fewest prefixes that hold the same addresses, and no other."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """Ways to a proxy, as browsers write them: ``PROXY proxy.example.com:3128; DIRECT``.

    Raises ValueError for any other text.
    """

    ways: str

    def __post_init__(self) -> None:
        """Refuse what is not of that form: it is put into a script."""
        if not WAYS.fullmatch(self.ways):
            msg = (
                'a proxy is written like "PROXY proxy.example.com:3128" or "HTTPS a.example.com:443; DIRECT"'
            )
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Edition:
    """What a rendering is made of: typed values only, so no free text can enter a device's syntax."""

    list: str
    """Configured name, ``[a-z0-9-]{1,40}``."""
    serial: int
    at: datetime
    """When this serial was accepted."""
    entries: tuple[Entry, ...]
    """Canonical, as Content.effective."""
    family: Family | None = None
    """The only family whose prefixes are meant to be here; None: all there are."""
    proxy: Proxy | None = None
    """Where unlisted hosts are reached, for formats that say so."""


class Format(ABC):
    """A text format that devices and programs read; its bytes depend on the edition alone."""

    name: ClassVar[str]
    """How configuration and URLs call it; also the file ending, which may have a dot in it."""
    media_type: ClassVar[str]
    capabilities: ClassVar[Capabilities]
    needs_proxy: ClassVar[bool] = False
    """Whether it can be made only where the edition has a proxy."""
    document: ClassVar[Any] = None
    """Type of the document, where it is JSON: what is written, and how it is described."""

    @abstractmethod
    def render(self, edition: Edition) -> bytes:
        """The whole file, ending with a newline. Raises ValueError for what cannot be written."""


def collapses(able: Capabilities) -> tuple[Collapse, ...]:
    """How the addresses of a format can be had; not merged where it tells ports, which merging would lose."""
    if not able.families:
        return ()
    return (Collapse.NONE,) if able.ports else (Collapse.NONE, Collapse.CIDR)


def prefixes(entries: Iterable[Entry]) -> Iterator[Prefix]:
    """Each prefix once, in the order of the entries."""
    found = (entry.value for entry in entries)
    yield from dict.fromkeys(value for value in found if isinstance(value, Prefix))


def domains(entries: Iterable[Entry]) -> Iterator[Domain]:
    """Each domain once, in the order of the entries."""
    found = (entry.value for entry in entries)
    yield from dict.fromkeys(value for value in found if isinstance(value, Domain))


def value_text(value: Prefix | Domain) -> str:
    """Canonical text; raises ValueError for a domain that is not letters, digits, hyphens and dots."""
    if isinstance(value, Domain) and not NAME.fullmatch(value.name):
        msg = "a domain that is not in A-label form reached a renderer"
        raise ValueError(msg)
    return str(value)


def list_text(name: str) -> str:
    """A list's configured name; raises ValueError for any other text."""
    if not LIST.fullmatch(name):
        msg = "a list's name that configuration would refuse reached a renderer"
        raise ValueError(msg)
    return name


def lines(values: Iterable[str]) -> bytes:
    """One a line, each line ended."""
    return "".join(f"{value}\n" for value in values).encode("ascii")


def json_lines(document: Any) -> bytes:
    """A JSON document, one member or value a line, in ASCII as all that is in it."""
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"
