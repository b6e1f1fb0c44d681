"""What a list holds: what its sources name, with pins, without exclusions, grace included.

An exclusion beats everything, pins too: never in means never in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from gatepost.model.address import Prefix
from gatepost.model.answer import Accepted
from gatepost.model.content import Allowlist, Content, Listed, Override, State
from gatepost.model.entry import Domain, Entry
from gatepost.planning.aggregate import aggregate
from gatepost.planning.canonical import punched
from gatepost.planning.digest import digest_entries
from gatepost.planning.overlap import overlaps

PIN = "pin"
"""In the place of a source's name."""


def compose(
    allowlist: Allowlist, accepted: Mapping[str, Accepted], at: datetime, believed: datetime | None = None
) -> Content:
    """The content of a list at a moment; sources that were never accepted add nothing.

    ``believed``: the moment by which pins and exclusions end, where ``at``, the wall clock's, is not to be.

    A prefix that an exclusion covers in part stays listed, and loses these
    addresses in ``effective``. A tree (``*.name``) cannot lose a single name, so
    it is excluded whole.
    """
    today = believed or at
    excluded = [override.value for override in active(allowlist.exclusions, today)]
    holes = aggregate(value for value in excluded if isinstance(value, Prefix))
    names = [value for value in excluded if isinstance(value, Domain)]
    listed = [
        replace(one, state=State.EXCLUDED) if _is_excluded(one.entry, holes, names) else one
        for one in (*_from_sources(allowlist, accepted), *_from_pins(active(allowlist.pins, today), at))
    ]
    listed.sort(key=lambda one: (one.entry.key, one.source))
    in_force = (one.entry for one in listed if one.state is not State.EXCLUDED)
    effective = punched(in_force, holes)
    return Content(tuple(listed), effective, digest_entries(effective))


def again(content: Content, allowlist: Allowlist, at: datetime) -> Content:
    """An earlier content under today's exclusions: never in means never in, whatever comes back."""
    excluded = [override.value for override in active(allowlist.exclusions, at)]
    holes = aggregate(value for value in excluded if isinstance(value, Prefix))
    names = [value for value in excluded if isinstance(value, Domain)]
    stays = (one for one in content.effective if not _is_excluded(one, holes, names))
    effective = punched(stays, holes)
    return Content(content.listed, effective, digest_entries(effective))


def wanted(allowlist: Allowlist, entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """What a list takes of an answer, before it is judged.

    With ``only_necessary`` an entry that the platform calls unnecessary is as
    good as not answered: one that stops being necessary then leaves by
    absences and grace like any other, and cannot be talked away at once.
    """
    return tuple(one for one in entries if not (allowlist.only_necessary and one.necessary is False))


def active(overrides: Iterable[Override], at: datetime) -> tuple[Override, ...]:
    """Those that have not ended by a moment."""
    return tuple(override for override in overrides if override.until is None or at < override.until)


def is_shut_out(value: Prefix | Domain, exclusions: Iterable[Override]) -> bool:
    """Whether exclusions leave nothing of a value: neither a source nor a pin then brings it."""
    excluded = [one.value for one in exclusions]
    holes = aggregate(one for one in excluded if isinstance(one, Prefix))
    return _is_excluded(Entry(value), holes, [one for one in excluded if isinstance(one, Domain)])


def _from_sources(allowlist: Allowlist, accepted: Mapping[str, Accepted]) -> Iterator[Listed]:
    for source in allowlist.sources:
        if source not in accepted:
            continue
        for presence in accepted[source].presences:
            state = State.LISTED if presence.gone_at is None else State.GRACE
            yield Listed(presence.entry, source, presence.since, state)


def _from_pins(pins: Iterable[Override], at: datetime) -> Iterator[Listed]:
    values = dict.fromkeys(override.value for override in pins)
    return (Listed(Entry(value), PIN, at, State.PINNED) for value in values)


def _is_excluded(entry: Entry, holes: list[Prefix], names: list[Domain]) -> bool:
    match entry.value:
        case Prefix() as prefix:
            return any(_covers(hole, prefix) for hole in holes)
        case Domain() as domain:
            return any(overlaps(name, domain) for name in names)


def _covers(hole: Prefix, prefix: Prefix) -> bool:
    return hole.family is prefix.family and hole.network <= prefix.network and prefix.last <= hole.last
