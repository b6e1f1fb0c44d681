"""Is this address or domain allowed, by which entry, from which source, since when?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gatepost.engine.report import JSON, time_text
from gatepost.engine.site import Site
from gatepost.errors import UsageError
from gatepost.model.address import Prefix
from gatepost.model.content import Serial
from gatepost.model.entry import Direction, Domain, Entry
from gatepost.model.record import Hit


@dataclass(frozen=True, slots=True)
class ListAnswer:
    """One list's answer."""

    list: str
    direction: Direction | None
    serial: Serial | None
    allowed: bool
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class CheckAnswer:
    """All lists' answers; allowed if any asked list allows it."""

    value: Prefix | Domain
    at: datetime
    lists: tuple[ListAnswer, ...]
    on_target: bool | None = None
    """Whether the device asked for holds it; None where none was asked."""

    @property
    def allowed(self) -> bool:
        """Whether any of the lists allows it."""
        return any(one.allowed for one in self.lists)


def covers(entry: Entry, value: Prefix | Domain) -> bool:
    """Whether an entry holds all of a value."""
    match entry.value, value:
        case Prefix() as outer, Prefix() as inner:
            return (
                outer.family is inner.family and outer.network <= inner.network and inner.last <= outer.last
            )
        case Domain() as outer, Domain() as inner:
            return outer == inner or (outer.tree and inner.name.endswith(f".{outer.name}"))
    return False


def ask(
    site: Site, value: Prefix | Domain, *, lists: Sequence[str] = (), at: datetime | None = None
) -> CheckAnswer:
    """Answer from the history. Raises UsageError for a list that is not known."""
    known = {*site.settings.lists, *site.store.lists()}
    for name in lists:
        if name not in known:
            msg = f"there is no list {name!r} ({', '.join(sorted(known)) or 'none'})"
            raise UsageError(msg)
    asked = tuple(sorted({*lists} or known))
    hits = site.store.covering(value, at, asked)
    answers = tuple(_answer(site, name, value, at, hits) for name in asked)
    holding = tuple(one for one in answers if one.hits)
    return CheckAnswer(value, at or site.clock.now(), holding or answers)


def _answer(
    site: Site, name: str, value: Prefix | Domain, at: datetime | None, hits: Sequence[Hit]
) -> ListAnswer:
    serial = site.store.serial_at(name, at)
    settings = site.settings.lists.get(name)
    return ListAnswer(
        list=name,
        direction=settings.allowlist.direction if settings else None,
        serial=serial,
        allowed=serial is not None and bool(site.store.in_force(value, name, serial)),
        hits=tuple(hit for hit in hits if hit.list == name),
    )


def check_document(answer: CheckAnswer) -> JSON:
    """``check --json``."""
    device = {} if answer.on_target is None else {"on_target": answer.on_target}
    return {
        "value": bare(answer.value),
        "at": time_text(answer.at),
        "allowed": answer.allowed,
        **device,
        "lists": [_list_document(one) for one in answer.lists],
    }


def bare(value: Prefix | Domain) -> str:
    """As people write it: a host without its length."""
    text = str(value)
    return text.partition("/")[0] if isinstance(value, Prefix) and value.size == 1 else text


def _list_document(one: ListAnswer) -> JSON:
    return {
        "list": one.list,
        "direction": one.direction.value if one.direction else None,
        "serial": one.serial,
        "allowed": one.allowed,
        "entries": [
            {
                "value": str(hit.listed.entry.value),
                "source": hit.listed.source,
                "since": time_text(hit.listed.since),
                "serial": hit.serial,
                "state": hit.state.value,
                "protocol": hit.listed.entry.protocol.value if hit.listed.entry.protocol else None,
                "ports": [list(ports) for ports in hit.listed.entry.ports],
                "note": hit.listed.entry.note,
            }
            for hit in one.hits
        ],
    }
