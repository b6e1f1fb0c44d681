"""The two addresses of a login by a provider: where it begins, and where people come back to."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated
from urllib.parse import urlsplit

import anyio.from_thread
from msgspec import Meta, Struct

from gatepost.errors import GatepostError
from gatepost.kit.secret import Secret
from gatepost.refusals import (
    LoginRequired,
    LoginUnproven,
    NothingThere,
    ProviderFailed,
    RequestForged,
    RoleMissing,
    TooManyAtOnce,
    TooManyLogins,
)
from gatepost.server import entrances
from gatepost.server.console_page import render
from gatepost.server.console_words import _
from gatepost.server.desk import Desk
from gatepost.server.entrances import Who
from gatepost.server.head import cookie
from gatepost.server.logging_in import place_of, session_cookie
from gatepost.server.oidc import BACK, START, Oidc
from gatepost.server.oidc_flow import COOKIE, COOKIE_TLS, LASTS, Flow
from gatepost.server.oidc_person import Person
from gatepost.server.route import HTML, Asked, Reply, Route
from gatepost.server.sessions import Vouched


class BeginParams(Struct, forbid_unknown_fields=True):
    """Where from."""

    next: Annotated[str, Meta(max_length=512)] = "/"


class BackParams(Struct):
    """What the provider sends along (RFC 6749, 4.1.2; RFC 9207); what else it adds is not looked at."""

    state: Annotated[str, Meta(max_length=128)] = ""
    code: Annotated[str, Meta(max_length=2048)] = ""
    error: Annotated[str, Meta(max_length=200)] = ""
    iss: Annotated[str, Meta(max_length=200)] | None = None


def begin(desk: Desk, asked: Asked) -> Reply:
    """Off to the provider, with a state that this browser alone can bring back."""
    oidc = _oidc(desk)
    flow, sealed = oidc.flows.begin(place_of(asked.params.next))
    way = anyio.from_thread.run(oidc.provider.way, flow, _redirect(desk, asked))
    # Lax: the provider's page leads back here, and a strict cookie would stay behind
    kept = f"{_cookie_name(desk)}={sealed}; Path=/; HttpOnly; SameSite=Lax; Max-Age={LASTS:.0f}"
    secure = "; Secure" if desk.settings.https else ""
    headers = {"set-cookie": kept + secure, "location": way, "referrer-policy": "no-referrer"}
    return Reply(b"", "text/plain; charset=utf-8", 303, headers)


def come_back(desk: Desk, asked: Asked) -> Reply:
    """Let in whoever the provider vouches for; what is refused is written down like a wrong password.

    Whoever brings no login that began here, or another one, shuts nobody out and fills no book: any page
    could send a browser so. That the provider fails is nobody's fault.
    """
    oidc = _oidc(desk)
    kept = cookie(asked.head, _cookie_name(desk))
    try:
        flow = oidc.flows.finish(kept, asked.params.state)
    except RequestForged as error:
        desk.metrics.login("refused")
        if oidc.flows.knows(kept):
            with suppress(TooManyLogins):
                oidc.forgeries.enter("", asked.address)
                _note(desk, asked, error)
        raise
    oidc.arrivals.enter("", asked.address)
    try:
        person = _vouched(desk, oidc, asked, flow)
    except GatepostError as error:
        failed = isinstance(error, ProviderFailed)
        desk.metrics.login("failed" if failed else "refused")
        if failed:
            oidc.arrivals.withdraw("", asked.address)
        _note(desk, asked, error)
        raise
    oidc.arrivals.forgive("", asked.address)
    return _let_in(desk, asked, person, flow.next)


def _note(desk: Desk, asked: Asked, error: GatepostError) -> None:
    """In the book at the door."""
    who = Who("", why=error.kind)
    desk.entrances.note(entrances.REFUSED, who, asked.address, desk.site.clock.now())


def _vouched(desk: Desk, oidc: Oidc, asked: Asked, flow: Flow) -> Person:
    params: BackParams = asked.params
    oidc.provider.check_sender(params.iss)
    if params.error or not params.code:
        denied = params.error == "access_denied"
        msg = _("the provider let nobody in: access_denied") if denied else _("the provider let nobody in")
        raise LoginRequired(msg, hint=_("Log in at the provider with an account that may use this server."))
    arrival = (Secret(params.code), flow, _redirect(desk, asked))
    return anyio.from_thread.run(oidc.provider.vouched, *arrival)


def _let_in(desk: Desk, asked: Asked, person: Person, next_: str) -> Reply:
    """A page that goes on by itself: a browser sends the strict cookie only from one of ours."""
    provider = desk.settings.oidc
    assert provider is not None  # noqa: S101 - whoever came back was sent there
    now = desk.site.clock.now()
    issuer = provider.options.issuer
    if (old := desk.door.session_id(asked.head)) is not None:
        desk.sessions.end(old)
    vouched = Vouched(issuer, person.subject, person.role)
    id_, session = desk.sessions.begin(person.name, provider.mark, now, vouched)
    who = Who(person.name, f"{issuer} {person.subject}")
    desk.entrances.note(entrances.LOGIN, who, asked.address, now)
    desk.metrics.login("good")
    headers = {
        "set-cookie": session_cookie(desk, id_, session),
        "refresh": f"0; url={next_}",
        "referrer-policy": "no-referrer",  # the address of this page holds a code, though a used one
    }
    return Reply(render(asked.head, "arrived.html", "/", now, name=person.name, next=next_), headers=headers)


def _oidc(desk: Desk) -> Oidc:
    if desk.oidc is None:
        msg = _("no login provider is configured")
        raise NothingThere(msg, hint=_("Log in at /login; a provider is configured by [server.oidc]."))
    return desk.oidc


def _redirect(desk: Desk, asked: Asked) -> str:
    """Our own address, as the provider knows it: `url`, else the name the browser uses, a checked one."""
    if desk.settings.options.url is not None:
        parts = urlsplit(desk.settings.options.url)
        return f"{parts.scheme}://{parts.netloc}{BACK}"
    host = asked.head.get(b"host", b"").decode("latin-1").lower()
    return f"{'https' if desk.settings.tls else 'http'}://{host}{BACK}"


def _cookie_name(desk: Desk) -> str:
    return COOKIE_TLS if desk.settings.https else COOKIE


OIDC_ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        START,
        None,
        begin,
        HTML,
        "Begin a login at the provider.",
        asks=BeginParams,
        refusals=(NothingThere, TooManyAtOnce, ProviderFailed),
        statuses={303: "To the provider"},
    ),
    Route(
        "GET",
        BACK,
        None,
        come_back,
        HTML,
        "Where the provider sends people back to: begins a session, and goes on to a page.",
        asks=BackParams,
        refusals=(
            NothingThere,
            LoginRequired,
            RoleMissing,
            RequestForged,
            LoginUnproven,
            TooManyLogins,
            TooManyAtOnce,
            ProviderFailed,
        ),
    ),
)
"""Rows for anybody: the way in."""
