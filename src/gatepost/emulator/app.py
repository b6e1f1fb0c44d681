"""The emulator as an ASGI application: ``/{feishu,lark,wechat,wecom,chat}/…`` and ``/_emulator/…``.

The same object answers on a port (:mod:`gatepost.emulator.serve`) or in-process, without sockets.
"""

from __future__ import annotations

import email.utils
from collections.abc import Mapping
from urllib.parse import parse_qsl

from gatepost.emulator.base import Answer, Call, Platform, Role, Route
from gatepost.emulator.control import Control
from gatepost.emulator.faults import FaultBook, Rule, afflicted, find
from gatepost.emulator.journal import Journal
from gatepost.emulator.line import Line, Receive, Scope, Send
from gatepost.emulator.state import Json, State
from gatepost.errors import UsageError
from gatepost.kit.clock import Clock
from gatepost.kit.discovery import plugins

BODY_MAX = 4 * 1024 * 1024
"""Bytes of a request that are read."""


class Emulator:
    """All platforms, stateful.

    ``clock`` is the base of the emulator's own clock; ``seed`` makes tokens and ids repeatable.
    """

    def __init__(self, clock: Clock | None = None, seed: str | None = None) -> None:
        found = plugins("gatepost.emulator", Platform)
        self.platforms: Mapping[str, Platform] = {platform.name: platform() for platform in found}
        self._clock, self._seed = clock, seed
        self.journal = Journal()
        self.reset()

    def reset(self) -> None:
        """Forget everything that happened or was set."""
        self.state = State(self._clock, self._seed)
        self.faults = FaultBook()
        self.journal.clear()
        for platform in self.platforms.values():
            platform.seed(self.state)
        self._control = Control(self)

    def inject(
        self, key: str, *, platform: str | None = None, count: int | None = None, **settings: Json
    ) -> int:
        """Put a fault in force by id or name; its rule's number. UsageError for one that cannot be served."""
        fault = find(key)
        if fault is None or fault.unserved:
            msg = f"no fault {key!r}" if fault is None else f"{key} cannot be served: {fault.unserved}"
            raise UsageError(msg)
        path, nth = settings.pop("path", None), settings.pop("nth", 1)
        rule = Rule(fault=fault, platform=platform, path=path, nth=nth, count=count, settings=settings)
        return self.faults.add(rule)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: HTTP and lifespan."""
        match scope["type"]:
            case "http":
                await self._http(scope, Line(scope, receive, send, self.state.clock))
            case "lifespan":
                await _lifespan(receive, send)
            case other:
                msg = f"the emulator does not speak {other}"
                raise NotImplementedError(msg)

    async def _http(self, scope: Scope, line: Line) -> None:
        prefix, _, rest = scope["path"].lstrip("/").partition("/")
        body = await line.read(BODY_MAX)
        if prefix == "_emulator" or not scope["path"].strip("/"):
            answer = self._control.answer(scope["method"], rest, body)
        elif (place := self._place(prefix, rest, scope["path"])) is None:
            answer = Answer(raw=b"no such platform\n", status=404, headers={"content-type": "text/plain"})
        else:
            answer = self._answer(self._call(scope, *place, body))
        answer.headers.setdefault("date", email.utils.formatdate(self.state.clock.now(), usegmt=True))
        await answer.send(line)

    def _place(self, prefix: str, rest: str, path: str) -> tuple[Platform, str] | None:
        """The platform a path belongs to, and the path below its prefix."""
        if platform := self.platforms.get(prefix):
            return platform, "/" + rest
        owners = (
            p for p in self.platforms.values() if any(path.startswith(start) for start in p.origin_paths)
        )
        owner = next(owners, None)
        return None if owner is None else (owner, path)

    def _call(self, scope: Scope, platform: Platform, path: str, body: bytes) -> Call:
        address = (scope.get("client") or ("127.0.0.1", 0))[0]
        return Call(
            platform=platform,
            state=self.state,
            method=scope["method"],
            path=path,
            query=dict(parse_qsl(scope["query_string"].decode(errors="replace"), keep_blank_values=True)),
            headers={
                name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
            },
            body=body,
            caller=self.state.settings["caller"] or address,
            id=self.state.mark(),
        )

    def _answer(self, call: Call) -> Answer:
        route = _route(call)
        struck = self.faults.strike(call, route.role if route else Role.OTHER)
        asked = dict(call.query)
        if struck and struck[0].before:
            struck[0].before(struck[1])
        answer = _handled(call, route)
        call.platform.finish(call, answer)
        if struck:
            answer = afflicted(*struck, answer)
            call.platform.finish(call, answer)
        call.query = asked
        self.journal.record(call, answer, struck[0].id if struck else None)
        return answer


def _route(call: Call) -> Route | None:
    for route in call.platform.routes:
        params = route.match(call.path)
        if params is not None and route.method == call.method:
            call.params = params
            return route
    return None


def _handled(call: Call, route: Route | None) -> Answer:
    if route is not None:
        return route.handler(call)
    allowed = tuple(r.method for r in call.platform.routes if r.match(call.path) is not None)
    return call.platform.unknown(call, allowed)


async def _lifespan(receive: Receive, send: Send) -> None:
    while (message := await receive())["type"] != "lifespan.shutdown":
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})
