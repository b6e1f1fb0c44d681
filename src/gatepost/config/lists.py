"""``[lists.NAME]``: sources, pins, exclusions and guards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from gatepost.config.accounts import unread
from gatepost.config.guards import LIST_KEYS, SOURCE_KEYS, read_keys, read_limits
from gatepost.config.settings import ListSettings, SourceSettings
from gatepost.config.tables import direction_of, named, table_in
from gatepost.config.toml import Document, KeyPath
from gatepost.config.values import convert
from gatepost.errors import cut
from gatepost.model.address import Prefix
from gatepost.model.content import Allowlist, Override
from gatepost.model.entry import Direction, Domain
from gatepost.model.limits import FLOOR_V4, FLOOR_V6, Limits, is_too_wide
from gatepost.planning.normalise import parse_value

TOO_WIDE = f"wider than /{FLOOR_V4} (IPv4) or /{FLOOR_V6} (IPv6) is refused, whatever is approved"


def read_lists(document: Document, defaults: Limits) -> dict[str, ListSettings]:
    """All lists; raises ConfigInvalid."""
    return {name: _list(document, name, one, defaults) for name, one in named(document, "lists")}


def _list(document: Document, name: str, table: Mapping[str, Any], defaults: Limits) -> ListSettings:
    where: KeyPath = ("lists", name)
    document.only(table, ("direction", "sources", "pin", "exclude", "only_necessary", "guards"), where)
    guards = table_in(document, table, (*where, "guards"))
    document.only(guards, [*LIST_KEYS, *SOURCE_KEYS], (*where, "guards"))
    read_keys(document, (*where, "guards"), guards, SOURCE_KEYS)
    sources = convert(document, (*where, "sources"), table.get("sources", []), tuple[str, ...], unread)
    pins = _pins(document, (*where, "pin"), table.get("pin", []))
    if not sources and not pins:
        document.refuse(where, "a list needs at least one source or pin")
    allowlist = Allowlist(
        name=name,
        direction=direction_of(document, where, table, frozenset(Direction)),
        sources=sources,
        pins=pins,
        exclusions=_overrides(document, (*where, "exclude"), table.get("exclude", [])),
        only_necessary=convert(
            document, (*where, "only_necessary"), table.get("only_necessary", False), bool, unread
        ),
    )
    return ListSettings(allowlist, read_limits(document, (*where, "guards"), guards, defaults))


def _pins(document: Document, where: KeyPath, rows: Any) -> tuple[Override, ...]:
    """None that is too wide: it would hold every plan of its list."""
    found = _overrides(document, where, rows)
    for number, one in enumerate(found):
        if isinstance(one.value, Prefix) and is_too_wide(one.value):
            document.refuse((*where, number, "value"), TOO_WIDE)
    return found


def _overrides(document: Document, where: KeyPath, rows: Any) -> tuple[Override, ...]:
    if not isinstance(rows, list):
        document.refuse(where, 'expected a list such as [{ value = "203.0.113.7", why = "canary" }]')
    return tuple(_override(document, (*where, n), row) for n, row in enumerate(rows))


def _override(document: Document, where: KeyPath, row: Any) -> Override:
    value, why = value_and_why(document, where, row, "until")
    return Override(value, why, _until(document, (*where, "until"), row.get("until")))


def value_and_why(document: Document, where: KeyPath, row: Any, *others: str) -> tuple[Prefix | Domain, str]:
    """What an owner names, and the reason; ``others``: keys that may stand beside. Raises ConfigInvalid."""
    if not isinstance(row, dict):
        document.refuse(where, 'expected { value = "…", why = "…" }')
    document.only(row, ("value", "why", *others), where)
    if not isinstance(row.get("why"), str) or not row["why"].strip():
        document.refuse((*where, "why"), "say why, for the person who reads this in a year")
    text = row.get("value")
    if not isinstance(text, str):
        document.refuse((*where, "value"), "expected an address, network or domain in quotes")
    try:
        return parse_value(text), row["why"]
    except ValueError as error:
        document.refuse((*where, "value"), f"not an address, network or domain ({cut(str(error))})")


def _until(document: Document, where: KeyPath, value: Any) -> datetime | None:
    """The moment in UTC; one that UTC cannot say is refused here, not where it is compared."""
    match value:
        case None:
            return None
        case datetime():
            try:
                return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
            except OverflowError:
                document.refuse(where, "the date is out of range")
        case date():
            return first_moment(value)
    return document.refuse(where, "expected a date such as 2027-01-01")


def first_moment(day: date) -> datetime:
    """Of a day in UTC: what is meant where a date alone is written."""
    return datetime.combine(day, time(), UTC)


def check_lists(
    document: Document, lists: Mapping[str, ListSettings], sources: Mapping[str, SourceSettings]
) -> None:
    """Each list's sources exist and have its direction; raises ConfigInvalid."""
    for one in lists.values():
        for name in one.allowlist.sources:
            where = ("lists", one.name, "sources")
            if name not in sources:
                known = ", ".join(sorted(sources)) or "none"
                document.refuse(where, f"there is no source {cut(repr(name))} ({known})")
            if sources[name].direction is not one.allowlist.direction:
                document.refuse(
                    where,
                    f"the source {name!r} is {sources[name].direction}, the list {one.allowlist.direction}: "
                    "mixing them would open the wrong way",
                )
