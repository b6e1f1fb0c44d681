"""Untrusted text to entries: a pattern first, then integers, and never a repair.

Equal answers give equal entries, whatever their order and repeats. What is odd
is withheld with a reason word; what makes the whole answer untrustworthy is raised.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from gatepost.errors import SchemaMismatch, ValuesRefused, cut
from gatepost.model.address import Family, Prefix, parse_v4
from gatepost.model.entry import (
    Domain,
    Entry,
    EntryKey,
    PortRange,
    Protocol,
    Quarantined,
    RawEntry,
    RawType,
)
from gatepost.model.limits import is_too_wide
from gatepost.model.plain import KEPT, plain
from gatepost.planning import span, special
from gatepost.planning.domain import parse_domain
from gatepost.planning.odd import Odd, Oddity
from gatepost.planning.parse import TEXT_MAX, parse_prefix, parse_range, parse_wildcard

PORT_MAX = 65_535
PORTS_MAX = 64
"""Port ranges that one entry may name."""

_NOTHING = (None, None, None, None)
"""Protocol, ports, necessity and note of an item that says no more than its value."""
_QUAD = re.compile(r"(?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2})", re.ASCII)

_NECESSITY = {True: 2, None: 1, False: 0}
"""Of repeats the greatest wins: what is needed once is needed; unknown is not unneeded."""


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
    """``quarantine`` or ``mask``; as Limits.host_bits. A masked entry's note says what was written."""


@dataclass(frozen=True, slots=True)
class Normalised:
    """Entries sorted by key and unique, and what was withheld, sorted and unique."""

    entries: tuple[Entry, ...]
    quarantined: tuple[Quarantined, ...]


def normalise(raw: Iterable[RawEntry], rules: Rules) -> Normalised:
    """All entries of an answer.

    Raises SchemaMismatch where a value is not text, ValuesRefused where a protocol
    is blank or ports are an empty list: blank is not any.
    """
    entries: dict[EntryKey, Entry] = {}
    odd: set[tuple[str, str]] = set()
    for item in raw:
        _check_shape(item)
        try:
            for entry in _entries_of(item, rules):
                known = entries.setdefault(entry.key, entry)
                if known is not entry:
                    entries[entry.key] = _joined(known, entry)
        except Odd as reason:
            odd.add((cut(item.value), str(reason)))
    return Normalised(
        tuple(entries[key] for key in sorted(entries)),
        tuple(Quarantined(text, reason) for text, reason in sorted(odd)),
    )


def parse_value(text: str) -> Prefix | Domain:
    """What an owner writes: an address or network, a domain or ``*.domain``.

    Special-purpose space is the owner's own affair and passes. Raises
    Odd, a ValueError, with the word of a quarantine.
    """
    if ":" in text or re.fullmatch(r"[0-9./ ]*", text):
        return parse_prefix(text)
    return parse_prefix(text) if "/" in text else parse_domain(text)


def _check_shape(item: RawEntry) -> None:
    """Refuse the whole answer for what its schema should never have let through."""
    if type(item.value) is not str:
        msg = f"a value is {type(item.value).__name__} where text is documented"
        raise SchemaMismatch(msg)
    if item.protocol is not None and not item.protocol.strip():
        msg = f"the protocol of {cut(item.value)} is blank; blank is not any"
        raise ValuesRefused(msg)
    if item.ports == ():
        msg = f"the ports of {cut(item.value)} are an empty list; empty is not any"
        raise ValuesRefused(msg)


def _entries_of(item: RawEntry, rules: Rules) -> Iterable[Entry]:
    """The entries one raw item means, all or none."""
    said = (item.protocol, item.ports, item.necessary, item.note)
    if item.type is RawType.ADDRESS and said == _NOTHING and len(item.value) <= TEXT_MAX:
        known = _ordinary(item.value)
        if known is not None:
            return (known,)
    protocol, ports = _parse_protocol(item.protocol), _parse_ports(item.ports)
    note = item.note
    if item.type is RawType.ADDRESS:
        values: list[Prefix | Domain] = [*_parse_addresses(item.value, rules)]
        note = note or _mask_note(item.value, rules)
    else:
        values = [parse_domain(item.value, tree=item.type is RawType.DOMAIN_TREE)]
    return (Entry(value, protocol, ports, item.necessary, note) for value in values)


@lru_cache(KEPT)
def _ordinary(text: str) -> Entry | None:
    """An address or network that every rule lets pass as it stands; None where the rules must be asked.

    Nearly all are that, and were read before.
    """
    try:
        value = Prefix(Family.V4, parse_v4(text), 32) if _QUAD.fullmatch(text) else parse_prefix(text)
    except (Odd, OSError):
        return None
    if special.is_sample(value) or special.touches_special(value):
        return None
    return plain(value.family, value.network, value.length)


def _parse_addresses(text: str, rules: Rules) -> list[Prefix]:
    wildcard = parse_wildcard(text)
    if wildcard is not None:
        return _judged([wildcard], rules, None if rules.wildcards else Oddity.WILDCARD)
    prefixes = parse_range(text)
    if prefixes is not None:
        return _judged(prefixes, rules, None if rules.ranges else Oddity.RANGE)
    return _judged([parse_prefix(text, mask=rules.host_bits == "mask")], rules, None)


def _judged(prefixes: list[Prefix], rules: Rules, refusal: Oddity | None) -> list[Prefix]:
    """Refuse shapes the platform does not declare, sample values and special-purpose space."""
    if refusal is not None:
        raise Odd(refusal)
    if any(map(special.is_sample, prefixes)):
        raise Odd(Oddity.SAMPLE)
    if rules.special != "allow" and any(map(_is_special, prefixes)):
        raise Odd(Oddity.SPECIAL)
    return prefixes


def _is_special(prefix: Prefix) -> bool:
    """Special-purpose in whole or in part.

    One that is only partly special and wider than the hard floor (0.0.0.0/0) is
    left to the floor: there it refuses the whole answer, not just itself.
    """
    if special.inside_special(prefix):
        return True
    return not is_too_wide(prefix) and special.touches_special(prefix)


def _mask_note(text: str, rules: Rules) -> str | None:
    """What a network was written as before its host bits were cleared."""
    if rules.host_bits != "mask" or "/" not in text:
        return None
    try:
        parse_prefix(text)
    except Odd:
        return f"written {text.strip(' ')}"
    return None


def _parse_protocol(text: str | None) -> Protocol | None:
    if text is None:
        return None
    try:
        return Protocol(text.strip(" ").lower())
    except ValueError:
        raise Odd(Oddity.PROTOCOL) from None


def _parse_ports(ports: tuple[PortRange, ...] | None) -> tuple[PortRange, ...]:
    """Sorted, disjoint, not touching; empty (any) only where the API knows no ports."""
    if ports is None:
        return ()
    if len(ports) > PORTS_MAX:
        raise Odd(Oddity.TOO_MANY_PORTS)
    for first, last in ports:
        if type(first) is not int or type(last) is not int or not 1 <= first <= last <= PORT_MAX:
            raise Odd(Oddity.PORT)
    return tuple(span.merge(ports))


def _joined(one: Entry, other: Entry) -> Entry:
    """One entry of two with the same key, whichever came first."""
    necessary = max(one.necessary, other.necessary, key=_NECESSITY.__getitem__)
    notes = [note for note in (one.note, other.note) if note is not None]
    return replace(one, necessary=necessary, note=min(notes, default=None))
