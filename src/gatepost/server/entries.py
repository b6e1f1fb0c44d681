"""What a list holds, entry by entry, at any serial or moment, and what lies between two serials."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from gatepost.engine.report import delta_document, entry_document, time_text
from gatepost.errors import cut
from gatepost.model.content import Listed, Serial, Snapshot
from gatepost.planning.diff import diff
from gatepost.refusals import NothingThere, RequestInvalid
from gatepost.server.api import Name, time_of
from gatepost.server.desk import Desk
from gatepost.server.route import Asked

SERIAL_MOST = 2**31 - 1

Number = Annotated[int, Meta(ge=1, le=SERIAL_MOST, description="A serial of the list.")]


class EntriesParams(Struct, forbid_unknown_fields=True):
    """A list, now or then."""

    name: Name
    serial: Number | None = None
    at: Annotated[str, Meta(max_length=64, description="A time, RFC 3339; without: now.")] | None = None


class DiffParams(Struct, forbid_unknown_fields=True, rename={"first": "from", "second": "to"}):
    """Two serials of a list."""

    name: Name
    first: Number
    second: Number


def entries(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Listed entries in any state; what is in force is made of them."""
    params: EntriesParams = asked.params
    return entries_document(desk, params.name, snapshot_of(desk, params.name, params.serial, params.at))


def entries_document(desk: Desk, name: str, found: Snapshot | None) -> dict[str, Any]:
    """One list with its entries; a list without content has neither serial nor entries."""
    settings = desk.site.settings.lists.get(name)
    return {
        "list": name,
        "direction": settings.allowlist.direction.value if settings else None,
        "serial": found.serial if found else None,
        "at": time_text(found.at) if found else None,
        "entries": [listed_document(one) for one in found.content.listed] if found else [],
    }


def listed_document(one: Listed) -> dict[str, Any]:
    """One entry with where it comes from."""
    return {
        **entry_document(one.entry),
        "source": one.source,
        "since": time_text(one.since),
        "state": one.state.value,
    }


def snapshot_of(desk: Desk, name: str, serial: int | None, at: str | None) -> Snapshot | None:
    """A list's content; None for one that has none yet. Raises NothingThere, RequestInvalid."""
    require_list(desk, name)
    store = desk.site.store
    if serial is None and at is None:
        return store.latest(name)
    wanted = serial if serial is not None else store.serial_at(name, _past(desk, at or ""))
    found = store.snapshot(name, Serial(wanted)) if wanted is not None else None
    if found is None:
        msg = f"there is no serial {serial} of {name!r}" if serial else f"{name!r} held nothing at that time"
        raise NothingThere(msg, hint="/v1/history names the serials there are.")
    return found


def _past(desk: Desk, at: str) -> datetime:
    """Raises RequestInvalid for a moment that has yet to come: no serial is of then."""
    moment = time_of(at)
    if moment.replace(microsecond=0) > desk.site.clock.now():
        msg = f"{cut(at, 40)!r} has yet to come: nobody knows what the list holds then"
        raise RequestInvalid(
            msg, hint="Leave `at` out for today; /v1/check?at= foresees what ends until then."
        )
    return moment


def require_list(desk: Desk, name: str) -> None:
    """Raise NothingThere for a list that is neither configured nor remembered."""
    if name not in {*desk.site.settings.lists, *desk.site.store.lists()}:
        msg = f"there is no list {name!r}"
        raise NothingThere(msg)


def difference(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Of what was in force, as ``diff --json``."""
    params: DiffParams = asked.params
    return difference_document(desk, params.name, params.first, params.second)


def difference_document(desk: Desk, name: str, first: int, second: int) -> dict[str, Any]:
    """Between two serials of a list. Raises NothingThere."""
    sides = [snapshot_of(desk, name, serial, None) for serial in (first, second)]
    before, after = (side.content.effective if side else () for side in sides)
    return delta_document(name, first, second, diff(before, after))
