"""Logging in and out: a password once, then a session's cookie."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from gatepost.engine.report import time_text
from gatepost.kit.password import verify
from gatepost.kit.secret import Secret
from gatepost.refusals import LoginRequired
from gatepost.server import answers, entrances
from gatepost.server.desk import Desk
from gatepost.server.entrances import Who
from gatepost.server.identity import Identity, Way, cookie_name, csrf_of
from gatepost.server.route import Asked, Reply
from gatepost.server.sessions import Session

_PLACE = re.compile(r"/(?![/\\])[A-Za-z0-9._~/%:?=&+-]{0,500}")


class LoginParams(Struct, forbid_unknown_fields=True):
    """Where to, for forms; in the address, so that a refused form knows it as well."""

    next: Annotated[str, Meta(max_length=512, description="Page of ours to go to.")] = "/"


class LoginBody(Struct, forbid_unknown_fields=True):
    """Name and password."""

    user: Annotated[str, Meta(min_length=1, max_length=64)]
    password: Annotated[str, Meta(min_length=1, max_length=1024)]


class LogoutBody(Struct, forbid_unknown_fields=True):
    """Nothing but, in a form, where to go."""

    next: Annotated[str, Meta(max_length=512)] = ""


def log_in(desk: Desk, asked: Asked) -> Any:
    """A wrong name takes as long as a wrong password, and is told the same. The limit was asked before."""
    body: LoginBody = asked.body
    user = desk.users.by_name.get(body.user)
    now = desk.site.clock.now()
    good = verify(user.line if user else None, Secret(body.password))
    if user is None or not good:
        desk.metrics.login("refused")
        desk.entrances.note(entrances.REFUSED, Who(body.user if user else ""), asked.address, now)
        msg = "name or password is wrong"
        raise LoginRequired(msg)
    desk.logins.forgive(body.user, asked.address)
    if (old := desk.door.session_id(asked.head)) is not None:
        desk.sessions.end(old)
    id_, session = desk.sessions.begin(user.name, user.mark, now)
    desk.entrances.note(entrances.LOGIN, Who(user.name), asked.address, now)
    desk.metrics.login("good")
    who = Identity(user.name, user.role, Way.SESSION, csrf_of(id_), session.expires)
    return _answer(desk, asked, who, session_cookie(desk, id_, session), asked.params.next)


def log_out(desk: Desk, asked: Asked) -> Any:
    """Ends the session of the cookie; a token has none."""
    if asked.who.way is Way.SESSION and (id_ := desk.door.session_id(asked.head)) is not None:
        desk.sessions.end(id_)
        who = Who(asked.who.name, asked.who.subject)
        desk.entrances.note(entrances.LOGOUT, who, asked.address, desk.site.clock.now())
    nobody = Identity("", asked.who.role, Way.OPEN)
    return _answer(desk, asked, nobody, f"{_cookie_start(desk, '')}; Max-Age=0", asked.body.next)


def session(desk: Desk, asked: Asked) -> answers.Session:
    """Who asks."""
    return describe(desk, asked.who)


def describe(desk: Desk, who: Identity) -> answers.Session:
    """An identity as a document."""
    return answers.Session(
        who.name,
        who.role.value,
        desk.settings.login,
        who.csrf,
        time_text(who.expires) if who.expires else None,
    )


def place_of(text: str) -> str:
    """A page of ours to go to: a path and nothing that leads elsewhere."""
    return text if _PLACE.fullmatch(text) else "/"


def _answer(desk: Desk, asked: Asked, who: Identity, cookie: str, next_: str) -> Reply:
    """A form goes on to a page, a program gets a document."""
    headers = {"set-cookie": cookie}
    if asked.head.get(b"content-type", b"").startswith(b"application/x-www-form-urlencoded"):
        return Reply(b"", "text/plain; charset=utf-8", 303, {**headers, "location": place_of(next_)})
    return Reply(msgspec.json.encode(describe(desk, who)), "application/json", 200, headers)


def session_cookie(desk: Desk, id_: str, session: Session) -> str:
    """As a header sets it."""
    seconds = int((session.expires - session.began).total_seconds())
    return f"{_cookie_start(desk, id_)}; Max-Age={seconds}"


def _cookie_start(desk: Desk, value: str) -> str:
    name = cookie_name(secure=desk.settings.https)
    secure = "; Secure" if desk.settings.https else ""
    return f"{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}"
