"""A list as a gate holds it: immutable, never empty, never wider than any list may be."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from gatepost.errors import EmptyAnswer, ValuesRefused
from gatepost.gate.matcher import Matcher
from gatepost.model.address import Family, Prefix
from gatepost.model.content import Content, Listed, State
from gatepost.model.limits import is_too_wide


@dataclass(frozen=True, slots=True)
class Match:
    """The entry that lets an address in, and what is known of it."""

    value: str
    """Canonical: ``101.126.59.7/32``."""
    source: str | None = None
    """Which source listed it, ``pin`` for a pin; None where the list came without sources."""
    since: datetime | None = None
    state: State | None = None


@dataclass(frozen=True, slots=True)
class Edition:
    """Which version of a list this is."""

    list: str
    serial: int | None = None
    """None where the list came as plain text."""
    at: datetime | None = None
    """When this serial was made, where the list says it."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A list in force. Equal where edition and content are."""

    edition: Edition
    digest: str
    """Of its content; two listings with one digest let the same addresses in."""
    entries: int
    addresses: tuple[int, int]
    """How many IPv4 and IPv6 addresses it lets in."""
    find: Callable[[str], Match | None] = field(repr=False, compare=False)
    """The narrowest entry that covers an address."""

    @classmethod
    def of(
        cls,
        edition: Edition,
        digest: str,
        values: Iterable[tuple[Prefix, Match]],
        *,
        source: str = "the list",
    ) -> Listing:
        """A listing of prefixes. Raises EmptyAnswer and ValuesRefused, naming ``source``."""
        known = list(values)
        prefixes = _checked([prefix for prefix, _ in known], source)
        return cls(edition, digest, len(prefixes), _addresses(prefixes), Matcher(known).find_new)

    @classmethod
    def of_content(cls, edition: Edition, content: Content) -> Listing:
        """A list of the store: what is in force, each with its source. Raises as :meth:`of`."""
        shown = [one for one in content.listed if one.state is not State.EXCLUDED]
        values = [(one.entry.value, _match(one)) for one in shown if isinstance(one.entry.value, Prefix)]
        force = [entry.value for entry in content.effective if isinstance(entry.value, Prefix)]
        prefixes = _checked(force, f"the list {edition.list}")
        find = Matcher(values, within=prefixes).find_new
        return cls(edition, content.digest, len(prefixes), _addresses(prefixes), find)


def _match(one: Listed) -> Match:
    return Match(str(one.entry.value), one.source, one.since, one.state)


def _checked(prefixes: list[Prefix], source: str) -> list[Prefix]:
    if not prefixes:
        msg = f"{source} holds no address"
        raise EmptyAnswer(msg)
    for prefix in prefixes:
        if is_too_wide(prefix):
            msg = f"{source} holds {prefix}, which is wider than any list may hold"
            raise ValuesRefused(msg)
    return list(dict.fromkeys(prefixes))


def _addresses(prefixes: list[Prefix]) -> tuple[int, int]:
    """Merged: what lies within a wider prefix counts once."""
    total = dict.fromkeys(Family, 0)
    last = dict.fromkeys(Family, -1)
    for prefix in sorted(prefixes, key=lambda each: (each.network, each.length)):
        if prefix.last > last[prefix.family]:
            total[prefix.family] += prefix.size
            last[prefix.family] = prefix.last
    return total[Family.V4], total[Family.V6]
