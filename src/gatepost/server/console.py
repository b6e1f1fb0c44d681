"""The console: pages for people, as rows of the route table.

Every page is made of the same documents as the JSON that it links to.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta, Struct

from gatepost.errors import GatepostError, UsageError, cut
from gatepost.model.role import Role
from gatepost.refusals import LoginRequired, NothingThere, TooManyAtOnce, TooManyLogins
from gatepost.server import (
    api,
    console_deeds,
    console_files,
    console_lists,
    console_now,
    console_past,
    console_plans,
)
from gatepost.server.console_page import COOKIE, THEMES, Look, render
from gatepost.server.console_words import LANGUAGES, Words, _
from gatepost.server.desk import Desk
from gatepost.server.door import NEEDED
from gatepost.server.identity import Identity
from gatepost.server.logging_in import LoginParams, place_of
from gatepost.server.oidc import BACK, START
from gatepost.server.problems import status_of
from gatepost.server.route import HTML, Asked, Reply, Route

YEAR = 31_536_000
HEADINGS: Mapping[int, str] = {
    400: _("This cannot be asked so"),
    403: _("This is not allowed"),
    404: _("There is nothing here"),
    405: _("This cannot be asked so"),
    409: _("This cannot be done now"),
    413: _("This is too much at once"),
    503: _("This cannot be answered now"),
}
"""What an error's page is called, by status; the error's own name stands below."""


class LookParams(Struct, forbid_unknown_fields=True):
    """What is to be changed of how pages look, and where to go then."""

    language: Annotated[str, Meta(max_length=2)] = ""
    theme: Annotated[str, Meta(max_length=5)] = ""
    next: Annotated[str, Meta(max_length=512)] = "/"


def look(desk: Desk, asked: Asked) -> Reply:
    """Remember language and theme in a cookie of their own; nothing else depends on it."""
    params: LookParams = asked.params
    before = Look.of(asked.head)
    chosen = Look(
        params.language if params.language in LANGUAGES else before.language,
        params.theme if params.theme in THEMES else before.theme,
    )
    secure = "; Secure" if desk.settings.tls else ""
    cookie = f"{COOKIE}={chosen.text}; Path=/; Max-Age={YEAR}; HttpOnly; SameSite=Lax{secure}"
    headers = {"set-cookie": cookie, "location": place_of(params.next)}
    return Reply(b"", "text/plain; charset=utf-8", 303, headers)


def login_form(desk: Desk, asked: Asked) -> Reply:
    """The form; it works without a script."""
    return Reply(_login_page(desk, asked.head, place_of(asked.params.next)))


def error_page(
    desk: Desk,
    error: GatepostError,
    place: str,
    wanted: str,
    head: Mapping[bytes, bytes],
    who: Identity | None = None,
) -> bytes:
    """An error for a person; where a login is missing, or failed at its provider, the ways in with it.

    ``wanted``: where they are to go once they are let in. ``who``: that asks, where it is known.
    """
    words = Words(Look.of(head).language)
    message = cut(words(error.message), 600) if error.message != NEEDED else ""
    if place in (START, BACK) and not isinstance(error, NothingThere):
        return _login_page(desk, head, "/", message, error.next_step)
    if isinstance(error, LoginRequired | TooManyLogins | TooManyAtOnce):
        return _login_page(desk, head, place_of(wanted), message)
    heading = HEADINGS.get(status_of(error), _("This went wrong"))
    matter = {
        "error": error,
        "message": message,
        "heading": heading,
        "who": who,
        "login": desk.settings.login,
    }
    return render(head, "error.html", place_of(wanted), datetime.now(UTC), **matter)


def _login_page(desk: Desk, head: Mapping[bytes, bytes], next_: str, told: str = "", step: str = "") -> bytes:
    """The provider's way in, and the form where it can let somebody in."""
    oidc = desk.settings.oidc
    form = oidc is None or any(one.line is not None for one in desk.users.by_name.values())
    provider = None if oidc is None else oidc.title
    matter = {"next": next_, "told": told, "step": step, "form": form, "provider": provider}
    return render(head, "login.html", "/login", desk.site.clock.now(), **matter)


def _page(path: str, handler: object, summary: str, asks: type[Struct] | None = None) -> Route:
    refusals = (NothingThere,) if "{" in path else ()
    more = {"asks": asks} if asks else {}
    return Route("GET", path, Role.VIEWER, handler, HTML, summary, refusals=refusals, **more)  # type: ignore[arg-type]  # handlers are checked where they stand


CONSOLE: tuple[Route, ...] = (
    _page("/", console_now.now, "How everything stands, and what to do first."),
    _page("/lists", console_lists.lists, "All lists."),
    _page("/lists/{name}", console_lists.one_list, "What a list holds.", console_lists.ListParams),
    _page("/lists/{name}/history", console_past.history, "A list over time.", console_past.PastParams),
    _page("/check", console_lists.check, "Why something is allowed, or not.", console_lists.CheckParams),
    _page("/plans", console_plans.plans, "What would change, and what waits."),
    _page("/targets", console_deeds.targets, "Targets, feeds and consumers."),
    _page("/audit", console_deeds.audit, "Who did what."),
    Route(
        "POST",
        "/plans/{digest}/approve",
        Role.APPROVER,
        console_plans.approve,
        HTML,
        "The form of the page of plans: approve.",
        asks=api.DigestParams,
        body=api.WordBody,
        refusals=(NothingThere, UsageError),
        statuses={303: "Back to the page"},
    ),
    Route(
        "POST",
        "/plans/{digest}/reject",
        Role.APPROVER,
        console_plans.reject,
        HTML,
        "The form of the page of plans: reject.",
        asks=api.DigestParams,
        body=api.WordBody,
        refusals=(NothingThere, UsageError),
        statuses={303: "Back to the page"},
    ),
    Route("GET", "/login", None, login_form, HTML, "The form to log in.", asks=LoginParams),
    Route("GET", "/look", None, look, HTML, "Language and theme.", asks=LookParams, statuses={303: "Back"}),
    Route(
        "GET",
        "/static/{name}",
        None,
        console_files.file,
        "application/octet-stream",
        "A file that pages need.",
        asks=console_files.FileParams,
        refusals=(NothingThere,),
    ),
)
"""Rows beside those of the API."""
