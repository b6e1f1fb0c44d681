"""A list's history: how large it was when, and what lies between any two serials."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from gatepost.engine.report import serial_document, time_text
from gatepost.model.content import Serial
from gatepost.server.api import Name, time_of
from gatepost.server.console_page import place, show
from gatepost.server.desk import Desk
from gatepost.server.entries import Number, difference_document, require_list
from gatepost.server.route import Asked, Reply

SHOWN = 500
"""Serials in the table; the chart and the forms know no others."""


class PastParams(Struct, forbid_unknown_fields=True, rename={"first": "from", "second": "to"}):
    """Two serials to be compared, or a moment."""

    name: Name
    first: Number | None = None
    second: Number | None = None
    at: Annotated[str, Meta(max_length=64)] = ""


def history(desk: Desk, asked: Asked) -> Reply:
    """The page."""
    params: PastParams = asked.params
    name = params.name
    require_list(desk, name)
    serials = [serial_document(one) for one in desk.site.store.serials(name)]
    delta = _delta(desk, params)
    query = {"from": params.first, "to": params.second, "at": params.at}
    return show(
        desk,
        asked,
        "history.html",
        place(f"/lists/{name}/history", **query),
        twin=place(f"/v1/diff/{name}", **{"from": params.first, "to": params.second})
        if delta
        else f"/v1/history/{name}",
        list=name,
        serials=serials[-SHOWN:],
        older=max(0, len(serials) - SHOWN),
        delta=delta,
        at=params.at,
        then=_then(desk, params),
    )


def _delta(desk: Desk, params: PastParams) -> dict[str, Any] | None:
    """None where not both serials are named."""
    if params.first is None or params.second is None:
        return None
    return difference_document(desk, params.name, params.first, params.second)


def _then(desk: Desk, params: PastParams) -> dict[str, Any] | None:
    """The serial in force at a moment; its number is None before the first."""
    if not params.at:
        return None
    at = time_of(params.at)
    serial: Serial | None = desk.site.store.serial_at(params.name, at)
    return {"at": time_text(at), "serial": serial}
