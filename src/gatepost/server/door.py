"""Who may come in: the name the server is called by, the site a request comes from, the person who asks.

A browser can be talked into requests. Three checks, each enough by itself against
its trick: the ``Host`` must be ours (DNS rebinding), an unsafe request must come
from our own pages (``Origin``, ``Referer``, ``Sec-Fetch-Site``), and within a
session it must carry the session's token.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from urllib.parse import urlsplit

from gatepost.config.server_keys import ServerSettings
from gatepost.kit.clock import Clock
from gatepost.model.role import Role
from gatepost.refusals import LoginRequired, RequestForged, RoleMissing
from gatepost.server.head import bearer, cookie
from gatepost.server.identity import Identity, Users, Way, cookie_name, csrf_of
from gatepost.server.sessions import Session, Sessions, Vouched

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
NOBODY = Identity("nobody", Role.ADMIN, Way.OPEN)
"""Whoever asks where no login is configured."""

NEEDED = "this needs a login"
"""To whoever is not known yet; for a person at a form that is no error."""

Head = Mapping[bytes, bytes]


class Door:
    """Knows the server's names and people; asks nothing but memory, so it may stand before every request."""

    def __init__(self, settings: ServerSettings, users: Users, sessions: Sessions, clock: Clock) -> None:
        """Names are those configured, and loopback's."""
        self._users, self._sessions, self._clock = users, sessions, clock
        self._login, self._tls, self._oidc = settings.login, settings.tls, settings.oidc
        self._cookie = cookie_name(secure=settings.https)
        public = urlsplit(settings.options.url or "")
        self._origins = {f"{public.scheme}://{public.netloc.lower()}"} if public.netloc else set()
        host = settings.address[0]
        own = {f"[{host}]" if ":" in host else host, *settings.options.hosts, *LOOPBACK_NAMES}
        self._hosts = own | ({_name(public.netloc.lower())} if public.netloc else set())
        self._good: set[bytes] = set()

    def check_host(self, head: Head) -> None:
        """Raise RequestForged for a request to a name that is not ours, or to none."""
        host = head.get(b"host", b"")
        if host in self._good:
            return
        if _name(host.decode("latin-1").lower()) not in self._hosts:
            msg = "this server is not known by the name the request was sent to"
            raise RequestForged(msg)
        if len(self._good) < len(self._hosts) * 8:  # ports may follow; no flood of them is remembered
            self._good.add(host)

    def check_origin(self, head: Head) -> None:
        """Raise RequestForged for an unsafe request that another site's page sends.

        What is sent by no page at all has neither header, and no cookie that a
        browser would add.
        """
        fetch_site = head.get(b"sec-fetch-site", b"none")
        origin = head.get(b"origin")
        if origin is None and (referer := head.get(b"referer")):
            parts = urlsplit(referer.decode("latin-1"))
            origin = f"{parts.scheme}://{parts.netloc}".encode("latin-1")
        if fetch_site not in (b"none", b"same-origin") or (
            origin is not None and origin.decode("latin-1").lower() not in self._own(head)
        ):
            msg = "the request comes from a page of another site"
            raise RequestForged(msg)
        if origin is None and cookie(head, self._cookie) is not None:
            msg = "a request within a session says which page it comes from (Origin or Referer)"
            raise RequestForged(msg)

    def _own(self, head: Head) -> set[str]:
        scheme = "https" if self._tls else "http"
        return {f"{scheme}://{head.get(b'host', b'').decode('latin-1').lower()}", *self._origins}

    def identify(self, head: Head) -> Identity | None:
        """Who asks, by token or session; None for nobody known. Raises LoginRequired for a wrong token."""
        if not self._login:
            return NOBODY
        if (token := bearer(head)) is not None:
            user = self._users.of_token(token)
            if user is None:
                msg = "the token is not known"
                raise LoginRequired(msg)
            return Identity(user.name, user.role, Way.TOKEN)
        return self._of_session(cookie(head, self._cookie))

    def _of_session(self, id_: str | None) -> Identity | None:
        session = self._sessions.find(id_, self._clock.now()) if id_ else None
        if id_ is None or session is None:
            return None
        if session.vouched is not None:
            return self._vouched(id_, session, session.vouched)
        user = self._users.by_name.get(session.user)
        if user is None or user.mark != session.mark:
            return None
        return Identity(user.name, user.role, Way.SESSION, csrf_of(id_), session.expires)

    def _vouched(self, id_: str, session: Session, vouched: Vouched) -> Identity | None:
        """Somebody of the login provider, as long as it and its roles are those of the login."""
        if self._oidc is None or self._oidc.mark != session.mark:
            return None
        subject = f"{vouched.issuer} {vouched.subject}"
        return Identity(session.user, vouched.role, Way.SESSION, csrf_of(id_), session.expires, subject)

    def session_id(self, head: Head) -> str | None:
        """The id that the request's cookie names."""
        return cookie(head, self._cookie)


def require(who: Identity | None, role: Role | None) -> Identity:
    """The identity, if the role is its own; None asks for nobody. Raises LoginRequired, RoleMissing."""
    if role is None:
        return who or Identity("", Role.VIEWER, Way.OPEN)
    if who is None:
        raise LoginRequired(NEEDED)
    if not who.role.covers(role):
        msg = f"this needs the role {role.value}; {who.name} has {who.role.value}"
        raise RoleMissing(msg)
    return who


def check_csrf(who: Identity | None, told: str | None) -> None:
    """Raise RequestForged where a session's unsafe request does not carry the session's token."""
    if who is None or who.csrf is None:
        return
    if told is None or not hmac.compare_digest(who.csrf.encode(), told.encode("utf-8", "replace")):
        msg = "the session's token is missing or wrong (X-CSRF-Token)"
        raise RequestForged(msg)


def _name(host: str) -> str:
    """A Host header without its port."""
    name, colon, port = host.rpartition(":")
    return name if colon and (port.isdigit() or not port) and not host.endswith("]") else host
