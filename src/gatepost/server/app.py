"""The server as one ASGI application: the door, then feeds, the quick check, and the rows of API and console.

Whatever goes wrong becomes an answer here: a problem document, never a traceback.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from functools import cache, partial
from typing import Any
from urllib.parse import parse_qsl

import anyio
import anyio.to_thread
import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Router, compile_path
from starlette.routing import Route as StarletteRoute

from gatepost.errors import GatepostError, cut
from gatepost.model.role import Role
from gatepost.refusals import MethodRefused, NothingThere, RequestInvalid
from gatepost.server.body import whole_body
from gatepost.server.checking import Quick, send_body
from gatepost.server.client import Clients
from gatepost.server.console import CONSOLE, error_page
from gatepost.server.desk import Desk
from gatepost.server.door import SAFE, check_csrf, require
from gatepost.server.feed_request import client_of
from gatepost.server.feed_table import PREFIXES as FEEDS
from gatepost.server.head import head_of
from gatepost.server.hints import PATH as HINTS
from gatepost.server.identity import Identity
from gatepost.server.logging_in import log_in
from gatepost.server.oidc_login import begin, come_back
from gatepost.server.problems import problem, surprise
from gatepost.server.query import converted
from gatepost.server.queue import Queue, Receive
from gatepost.server.repeats import AGAIN, Again, Answer, Repeats
from gatepost.server.route import HTML, Asked, Reply, Route
from gatepost.server.table import ROUTES
from gatepost.server.verifying import Verifying

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Run = Callable[[Callable[[], Reply], Asked, Receive], Awaitable[Reply]]
"""Runs a handler beside the event loop, once it may."""

ROWS: tuple[Route, ...] = (*ROUTES, *CONSOLE)

WORKERS = 4
"""Threads in which handlers run: the history is one file, more would only wait for it."""
TRAVELLERS = 4
"""Threads of their own, for each way, where logins wait for a provider: nobody else waits for it then."""

FORM = "application/x-www-form-urlencoded"
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
API_POLICY = "default-src 'none'; frame-ancestors 'none'"

_WHO = "gatepost.who"
_HEAD = "gatepost.head"


class Server:
    """The application."""

    def __init__(self, desk: Desk, *, feeds: App | None = None) -> None:
        """``feeds`` is asked instead of the desk's own."""
        self._desk, self._feeds = desk, feeds or desk.feeds
        self._quick = Quick(desk.present, desk.site.clock)
        self._feeds_role = feeds_role(desk)
        self._clients = Clients(desk.settings.trust)
        self.repeats = Repeats()
        """Asked before this application, by whoever speaks HTTP for it."""
        workers = _threads(WORKERS)
        apart: Mapping[object, Run] = {
            log_in: Verifying(desk.logins, desk.metrics).run,
            begin: Queue(TRAVELLERS, desk.metrics).run,
            come_back: Queue(TRAVELLERS, desk.metrics).run,
        }
        rows: list[BaseRoute] = [
            StarletteRoute(
                route.path,
                _endpoint(desk, route, apart.get(route.handler, workers)),
                methods=[route.method],
            )
            for route in ROWS
        ]
        self._router = Router(rows, redirect_slashes=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        sent = _Sent(send)
        try:
            await self._answer(scope, receive, sent)
        except Exception as error:
            if sent.begun:
                raise
            await self._refuse(scope, receive, sent, _as_error(error, scope))
        route, status = _route_name(scope), sent.status
        self._desk.metrics.answered(route, status)
        if AGAIN in scope:
            self.repeats.keep(scope, self._counted(scope[AGAIN], route))

    def _counted(self, again: Again, route: str) -> Again:
        answered = self._desk.metrics.answered

        def counted(client: str) -> Answer | None:
            answer = again(client)
            if answer is not None:
                answered(route, answer.status)
            return answer

        return counted

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = head_of(scope)
        scope["client"] = (self._clients.of(scope), 0)
        door, path = self._desk.door, scope["path"]
        door.check_host(head)
        if scope["method"] not in SAFE:
            door.check_origin(head)
        if self._feeds is not None and path.startswith(FEEDS):
            require(door.identify(head) if self._feeds_role else None, self._feeds_role)
            await self._feeds(scope, receive, send)
            return
        if self._desk.hints is not None and path.startswith(HINTS):
            await self._desk.hints(scope, receive, send)
            return
        who = door.identify(head)
        if path == "/v1/check" and scope["method"] in ("GET", "HEAD"):
            require(who, Role.VIEWER)
            body = self._quick.find(scope["query_string"])
            if body is not None:
                again = self._quick.again(scope["query_string"])
                await send_body(send, body, head=scope["method"] == "HEAD")
                scope[AGAIN] = again
                return
        scope[_WHO], scope[_HEAD] = who, head
        scope["app"] = self  # Starlette then raises what it would answer itself
        await self._router(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, error: GatepostError) -> None:
        """A browser gets a page, everyone else a problem document."""
        status, body, headers = problem(error)
        made = dict(headers)
        if isinstance(error, MethodRefused):
            made["allow"] = ", ".join(sorted(_methods(scope["path"])))
        accept = next((value for name, value in scope["headers"] if name == b"accept"), b"")
        if b"text/html" in accept:
            heads, who = dict(scope["headers"]), scope.get(_WHO)
            page = error_page(self._desk, error, scope["path"], _wanted(scope), heads, who)
            body, made["content-type"] = page, HTML
        response = Response(body, status)
        response.headers.update({**_guarding(made["content-type"]), **made})
        await response(scope, receive, send)


def feeds_role(desk: Desk) -> Role | None:
    """Who may fetch feeds: where consumers are configured, the feeds ask for their credentials themselves."""
    settings = desk.settings
    open_ = not settings.login or bool(settings.consumers) or settings.options.open_feeds
    return None if open_ else Role.VIEWER


def _wanted(scope: Scope) -> str:
    """Where somebody goes once they are let in: the page they asked for, or the one that their form names."""
    query = scope["query_string"].decode("latin-1")
    if scope["method"] in SAFE:
        return f"{scope['path']}?{query}" if query else str(scope["path"])
    return next((value for name, value in parse_qsl(query) if name == "next"), "/")


def _methods(path: str) -> set[str]:
    """Of all rows at a path."""
    found = {one.method for one in ROWS if _pattern(one.path).fullmatch(path)}
    return found | ({"HEAD"} if "GET" in found else set())


class _Sent:
    """Passes messages on, and remembers whether an answer has begun."""

    __slots__ = ("_send", "begun", "status")

    def __init__(self, send: Send) -> None:
        self._send, self.begun, self.status = send, False, 500

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun, self.status = True, message["status"]
        await self._send(message)


def _threads(most: int) -> Run:
    limiter = anyio.CapacityLimiter(most)

    async def run(work: Callable[[], Reply], _: Asked, __: Receive) -> Reply:
        return await anyio.to_thread.run_sync(work, limiter=limiter)

    return run


def _endpoint(desk: Desk, route: Route, run: Run) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        who = require(request.scope[_WHO], route.role)
        asked = await _asked(request, route, who)
        return _response(await run(partial(_handled, desk, route, asked), asked, request.receive))

    return answer


def _handled(desk: Desk, route: Route, asked: Asked) -> Reply:
    """Beside the event loop: the handler's document as bytes."""
    found = route.handler(desk, asked)
    if isinstance(found, Reply):
        return found
    if isinstance(route.answer, type) and not isinstance(found, route.answer):
        found = msgspec.convert(found, route.answer)
    return Reply(msgspec.json.encode(found), "application/json")


async def _asked(request: Request, route: Route, who: Identity) -> Asked:
    params = _params(request, route)
    body = None
    told = request.headers.get("x-csrf-token")
    if route.body is not None:
        members = await _members(request)
        told = told if told is not None else members.pop("csrf", None)
    if route.method not in SAFE and route.role is not None:
        check_csrf(request.scope[_WHO], told if isinstance(told, str) else None)
    if route.body is not None:
        body = converted(members, route.body)
    return Asked(params, body, who, client_of(request.scope), request.scope[_HEAD])


def _params(request: Request, route: Route) -> Any:
    query = _pairs(request.scope["query_string"])
    found: dict[str, Any] = {}
    many = {one for one in route.asks.__struct_fields__ if one == "list"}
    for key, value in query:
        if key in many:
            found.setdefault(key, []).append(value)
        elif key in found or key in request.path_params:
            msg = f"the parameter {cut(key, 40)!r} is there twice"
            raise RequestInvalid(msg)
        else:
            found[key] = value
    return converted({**found, **request.path_params}, route.asks)


def _pairs(raw: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError:
        msg = "the query is no list of name=value in UTF-8"
        raise RequestInvalid(msg) from None


async def _members(request: Request) -> dict[str, Any]:
    """The body's members: JSON, or a form."""
    data = await whole_body(request.receive)
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media == FORM:
        return dict(_pairs(data))
    if media != "application/json":
        msg = f"the body is application/json or {FORM}"
        raise RequestInvalid(msg)
    try:
        found = msgspec.json.decode(data or b"{}")
    except (msgspec.MsgspecError, ValueError, RecursionError):
        msg = "the body is no JSON"
        raise RequestInvalid(msg) from None
    if not isinstance(found, dict):
        msg = "the body is no JSON object"
        raise RequestInvalid(msg)
    return found


def _response(reply: Reply) -> Response:
    response = Response(reply.body, reply.status, media_type=None)
    response.headers.update({"content-type": reply.media, **_guarding(reply.media), **reply.headers})
    return response


def _guarding(media: str) -> dict[str, str]:
    """Headers that every answer of ours has."""
    page = media == HTML
    return {
        "cache-control": "no-store",
        "content-security-policy": PAGE_POLICY if page else API_POLICY,
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
        # no "no-referrer": with it browsers send `Origin: null` from our own forms
        "referrer-policy": "same-origin",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }


def _as_error(error: Exception, scope: Scope) -> GatepostError:
    match error:
        case GatepostError():
            return error
        case HTTPException(status_code=404):
            msg = f"there is no page {cut(scope['path'], 120)!r}"
            return NothingThere(msg)
        case HTTPException(status_code=405):
            return MethodRefused(f"{cut(scope['method'], 20)} is not for this page")
    return surprise(error)


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return compile_path(path)[0]


def _route_name(scope: Scope) -> str:
    """The row's path, never the request's: names of metrics stay few."""
    route = scope.get("route")
    path = scope["path"]
    if path.startswith(FEEDS):
        return "feeds"
    if path.startswith(HINTS):
        return "hints"
    if path == "/v1/check":
        return "/v1/check"
    return str(getattr(route, "path", "none"))
