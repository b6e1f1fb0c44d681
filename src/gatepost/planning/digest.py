"""Digests: equal content, equal digest; and no two contents share the bytes that are digested.

Every field is written with its length in front (a netstring), so no text, from
wherever it comes, can pretend to be two fields.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Iterator
from hashlib import sha256

from gatepost.model.address import PACKED_SHIFT, Family, Prefix, format_packed
from gatepost.model.content import Delta
from gatepost.model.entry import Entry
from gatepost.model.plan import Plan
from gatepost.model.reason import Reason

_LAST: deque[tuple[tuple[Entry, ...], str]] = deque(maxlen=6)
"""Lists and their digests. Most of their entries are the very same objects, which makes comparing cheap."""
_MANY = 100
"""From so many changes on, sorting all is cheaper than putting each in its place."""


def digest_entries(entries: Iterable[Entry]) -> str:
    """``sha256:…`` over value, protocol and ports of each entry.

    Order, repeats, necessity and notes never count. A list that is equal to one of
    the last ones, as that of a target is after it was written, is only compared.
    """
    listed = tuple(entries)
    for known, digest in tuple(_LAST):
        if known == listed:
            return digest
    digest = _digest(sorted(set(_lines(listed))))
    _LAST.appendleft((listed, digest))
    return digest


class RunningDigest:
    """Of a list that changes a little at a time: what :func:`digest_entries` says of it, without the work."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._fields: list[str] = []
        """As they are digested, in the same order."""

    def shift(self, delta: Delta) -> None:
        """``removed`` are in the list, ``added`` are not."""
        if len(delta.added) + len(delta.removed) > _MANY:
            gone = set(_lines(delta.removed))
            stay = (line for line in self._lines if line not in gone)
            self._lines = sorted([*stay, *_lines(delta.added)])
            self._fields = [_joined([line]) for line in self._lines]
            return
        for line in _lines(delta.removed):
            place = bisect_left(self._lines, line)
            del self._lines[place], self._fields[place]
        for line in _lines(delta.added):
            place = bisect_left(self._lines, line)
            self._lines.insert(place, line)
            self._fields.insert(place, _joined([line]))

    def __str__(self) -> str:
        """Of what is in the list now."""
        return _hashed("".join(self._fields))


def digest_held(source: str, provenance: str, accepted: str, held: str) -> str:
    """Of a held answer: who sent it, and the digests of what it was judged against (or empty) and of it."""
    return _digest(["held", source, provenance, accepted, held])


def digest_plan(plan: Plan) -> str:
    """Over everything a plan says but its status and its own digest."""
    head = [plan.target, plan.list, str(plan.serial), str(plan.generation), plan.current, plan.desired]
    groups = [
        [*head, "mixed"] if plan.mixed else head,
        [entry_line(entry) for entry in plan.add],
        [entry_line(entry) for entry in plan.remove],
        [entry_line(entry) for entry in plan.leaving],
        [_reason_line(reason) for reason in plan.reasons],
        plan.awaits,
        plan.notes,
    ]
    return _digest(["plan", *map(_joined, groups)])


def entry_line(entry: Entry) -> str:
    """``value|protocol|ports``, as digested and shown: ``203.0.113.7/32|tcp|443-443,8000-8010``."""
    ports = ",".join(f"{first}-{last}" for first, last in entry.ports)
    return f"{entry.value}|{entry.protocol or ''}|{ports}"


def _lines(entries: Iterable[Entry]) -> Iterator[str]:
    """The line of each, in any order; addresses without protocol and ports are written many at once."""
    packed: dict[Family, list[int]] = {family: [] for family in Family}
    for entry in entries:
        value = entry.value
        if isinstance(value, Prefix) and entry.protocol is None and not entry.ports:
            packed[value.family].append(value.network << PACKED_SHIFT | value.length)
        else:
            yield entry_line(entry)
    for family, numbers in packed.items():
        yield from (f"{text}||" for text in format_packed(family, numbers))


def _reason_line(reason: Reason) -> str:
    fields = (reason.guard, reason.measured, reason.limit, reason.message, reason.subject)
    return _joined([*fields, "absolute" if reason.absolute else ""])


def _joined(fields: Iterable[str]) -> str:
    return "".join(f"{len(field)}:{field}," for field in fields)


def _digest(fields: Iterable[str]) -> str:
    return _hashed(_joined(fields))


def _hashed(text: str) -> str:
    return "sha256:" + sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
