"""Lists: what each holds entry by entry, and why an address or domain is let in or not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from gatepost.engine.asking import ask, check_document
from gatepost.engine.explaining_values import explain_value
from gatepost.engine.health import health_document, health_of
from gatepost.engine.report import time_text
from gatepost.errors import cut
from gatepost.model.address import Prefix
from gatepost.model.content import Listed, State
from gatepost.model.entry import Domain
from gatepost.planning.normalise import parse_value
from gatepost.server.api import VALUE_MOST, Name, time_of
from gatepost.server.console_now import list_state
from gatepost.server.console_page import place, show, words_of
from gatepost.server.desk import Desk
from gatepost.server.entries import Number, entries_document, listed_document, snapshot_of
from gatepost.server.route import Asked, Reply

SHOWN = 200
"""Entries on one page."""

Text = Annotated[str, Meta(max_length=VALUE_MOST)]
Moment = Annotated[str, Meta(max_length=64)]


class ListParams(Struct, forbid_unknown_fields=True):
    """Which list, when, and which part of it."""

    name: Name
    serial: Number | None = None
    at: Moment = ""
    find: Text = ""
    state: Annotated[str, Meta(max_length=10)] = ""
    source: Annotated[str, Meta(max_length=64)] = ""
    page: Annotated[int, Meta(ge=1, le=100_000)] = 1


class CheckParams(Struct, forbid_unknown_fields=True):
    """What is asked about."""

    value: Text = ""
    at: Moment = ""


def lists(desk: Desk, asked: Asked) -> Reply:
    """All lists, also those that only the history knows."""
    status = health_document(health_of(desk.site))
    known = {one["list"] for one in status["lists"]}
    return show(
        desk,
        asked,
        "lists.html",
        "/lists",
        twin="/v1/status",
        status=status,
        lists=status["lists"],
        former=[name for name in desk.site.store.lists() if name not in known],
        settings=desk.site.settings.lists,
        list_state=list_state,
    )


def one_list(desk: Desk, asked: Asked) -> Reply:
    """A list now, at a serial, or at a time."""
    params: ListParams = asked.params
    name = params.name
    found = snapshot_of(desk, name, params.serial, params.at or None)
    listed = found.content.listed if found else ()
    chosen = [one for one in listed if _is_wanted(one, params)]
    first = (params.page - 1) * SHOWN
    query = {"serial": params.serial, "at": params.at}
    parts = {"find": params.find, "state": params.state, "source": params.source}
    path = f"/lists/{name}"
    pages = max(1, -(-len(chosen) // SHOWN))
    return show(
        desk,
        asked,
        "list.html",
        place(path, **query, **parts, page=params.page if params.page > 1 else None),
        twin=place(f"/v1/entries/{name}", **query),
        list={**entries_document(desk, name, None), **_head(found)},
        entries=[listed_document(one) for one in chosen[first : first + SHOWN]],
        total=len(listed),
        found=len(chosen),
        first=first,
        parts=parts,
        query=query,
        states=[one.value for one in State if any(each.state is one for each in listed)],
        sources=sorted({one.source for one in listed}),
        links=[
            place(path, **query, **parts, page=n) if 1 <= n <= pages else ""
            for n in (params.page - 1, params.page + 1)
        ],
        why=_why(desk, asked) if params.find else None,
    )


def _head(found: Any) -> dict[str, Any]:
    if found is None:
        return {"effective": 0}
    return {"serial": found.serial, "at": time_text(found.at), "effective": len(found.content.effective)}


def _is_wanted(one: Listed, params: ListParams) -> bool:
    if params.state and one.state.value != params.state:
        return False
    if params.source and one.source != params.source:
        return False
    text = params.find.strip().lower()
    return not text or text in str(one.entry.value) or text in (one.entry.note or "").lower()


def _why(desk: Desk, asked: Asked) -> dict[str, Any] | None:
    """The answer of ``check`` where what is looked for is a whole address, network or domain."""
    params: ListParams = asked.params
    try:
        value = parse_value(params.find.strip())
    except ValueError:
        return None
    at = time_of(params.at) if params.at else None
    return _answer(desk, asked, value, at, [params.name])


def check(desk: Desk, asked: Asked) -> Reply:
    """Is a value let in, by what, since when; and if not, was it ever?"""
    params: CheckParams = asked.params
    text = params.value.strip()
    answer, wrong = None, ""
    if text:
        try:
            value = parse_value(text)
        except ValueError as error:
            wrong = str(error)
        else:
            answer = _answer(desk, asked, value, time_of(params.at) if params.at else None, [])
    here = place("/check", value=text, at=params.at)
    asking = "/v1/check" if params.at else "/v1/explain"
    twin = place(asking, value=text, at=params.at) if answer else None
    return show(
        desk, asked, "check.html", here, twin=twin, value=cut(text), at=params.at, answer=answer, wrong=wrong
    )


def _answer(
    desk: Desk, asked: Asked, value: Prefix | Domain, at: datetime | None, names: Sequence[str]
) -> dict[str, Any]:
    """What ``check`` says, and of the present each list's story in the language of whoever asks."""
    if at is not None:
        return {**check_document(ask(desk.site, value, lists=names, at=at)), "stories": {}}
    found = explain_value(desk.site, value, names, words_of(asked))
    stories = {one.answer.list: one.paragraph for one in found.stories}
    return {**check_document(found.check), "stories": stories}
