"""JSON in the shape that Google and others publish, codified by JAFAR."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType, field

from gatepost.formats.base import Edition, Format, json_lines, list_text, prefixes, value_text
from gatepost.model.address import Family, Prefix
from gatepost.model.entry import Entry, Protocol
from gatepost.model.moment import time_text
from gatepost.model.plan import Capabilities, Granularity


class ListedPrefix(Struct, frozen=True, omit_defaults=True):
    """One prefix, of either family."""

    ipv4: str | UnsetType = field(name="ipv4Prefix", default=UNSET)
    ipv6: str | UnsetType = field(name="ipv6Prefix", default=UNSET)


class ListedEntry(Struct, frozen=True):
    """An entry with all that a list knows of it."""

    value: str
    type: Literal["prefix", "domain"]
    protocol: Protocol | None
    ports: tuple[tuple[int, int], ...]
    """First and last of each range; none: any port."""
    necessary: bool | None


class Own(Struct, frozen=True):
    """What the shape of others has no place for."""

    list: str
    serial: int
    entries: tuple[ListedEntry, ...]


class GoogleShape(Struct, frozen=True):
    """As ``goog.json``."""

    version: Literal["1.0"] = field(name="formatVersion")
    token: str = field(name="syncToken")
    same: str = field(name="synctoken")
    """As JAFAR writes it."""
    time: str = field(name="creationTime")
    prefixes: tuple[ListedPrefix, ...]
    gatepost: Own


class Json(Format):
    """``creationTime``, ``syncToken``, ``prefixes``; what that shape has no place for is under ``gatepost``.

    Reference: https://www.gstatic.com/ipranges/goog.json and draft-illyes-webbotauth-jafar-00.
    """

    name = "json"
    media_type = "application/json"
    capabilities = Capabilities(domains=True, ports=True, granularity=Granularity.FILE)
    document = GoogleShape

    def render(self, edition: Edition) -> bytes:
        """Members in a fixed order, indented."""
        token = str(int(edition.serial))
        time = time_text(edition.at)
        found = tuple(map(_prefix, prefixes(edition.entries)))
        own = Own(list_text(edition.list), int(edition.serial), tuple(map(_entry, edition.entries)))
        return json_lines(GoogleShape("1.0", token, token, time, found, own))


def _prefix(prefix: Prefix) -> ListedPrefix:
    text = value_text(prefix)
    return ListedPrefix(ipv4=text) if prefix.family is Family.V4 else ListedPrefix(ipv6=text)


def _entry(entry: Entry) -> ListedEntry:
    return ListedEntry(
        value=value_text(entry.value),
        type="prefix" if isinstance(entry.value, Prefix) else "domain",
        protocol=entry.protocol,
        ports=tuple((int(first), int(last)) for first, last in entry.ports),
        necessary=entry.necessary,
    )
