"""The gate before an ASGI application: HTTP and websockets, at the outermost layer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from gatepost.gate.answers import Answer, refusal, self_test
from gatepost.gate.gate import Gate, Standing
from gatepost.gate.verdict import KEY, Refusal, Verdict
from gatepost.model.incoming import Incoming

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_NOBODY: tuple[str, int | None] = ("", None)
"""Where the server names no peer."""
_POLICY_VIOLATION = 1008
"""Close code of a websocket, RFC 6455 §7.4.1; before it is accepted servers answer 403."""


class AsgiGate:
    """Lets a request through to ``app``, with its verdict in ``scope["gatepost"]``, or answers itself.

    Other scopes than HTTP, websocket and lifespan are refused: what is not understood is not let in.
    """

    def __init__(self, app: App, gate: Gate) -> None:
        """``app`` as the server calls it; put the gate around everything else."""
        self.app = app
        self.gate = gate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the application's lifespan."""
        gate = self.gate
        standing = gate.standing
        if standing.peer_is_all and scope["type"] == "http":  # the short way, for whoever is let in
            peer, port = scope.get("client") or _NOBODY
            verdict = standing.memo.get(peer) or standing.meet(peer, port)
            if verdict.match is not None and port != 0:
                gate.counts.allowed += 1
                scope[KEY] = verdict
                await self.app(scope, receive, send)
                return
        if scope["type"] not in ("http", "websocket"):
            await self._other(scope, receive, send)
            return
        policy = standing.policy
        if policy.self_test is not None and scope["path"] == policy.self_test:
            await _answer(scope, send, self_test(gate, standing, *_seen(scope, standing)))
            return
        if not policy.paths.all and not policy.paths.guards(*_path(scope)):
            gate.counts.unguarded += 1
            await self.app(scope, receive, send)
            return
        verdict = _judge(standing, scope)
        if verdict.match is not None and gate.check is None:
            gate.counts.allowed += 1
            scope[KEY] = verdict
            await self.app(scope, receive, send)
        else:
            await self._examine(standing, verdict, scope, receive, send)

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            msg = "a gate knows HTTP, websockets and lifespan only"
            raise NotImplementedError(msg)
        await self.app(scope, receive, send)

    async def _examine(
        self, standing: Standing, verdict: Verdict, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """A refusal, or a callback whose signature counts too."""
        if verdict.match is not None:
            await self._checked(standing, verdict, scope, receive, send)
            return
        self.gate.counts.refuse(str(verdict.refusal))
        if verdict.refusal is Refusal.UNLISTED and await self._is_genuine(standing, scope, receive):
            self.gate.report_unlisted(verdict)
        await _answer(scope, send, refusal(standing, verdict.refusal))

    async def _checked(
        self, standing: Standing, verdict: Verdict, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """A listed client: let in where the signature holds, with the body to be read again."""
        gate = self.gate
        incoming = await _incoming(standing, scope, receive)
        why = Refusal.TOO_LARGE if incoming is None else Refusal.SIGNATURE
        if incoming is None or gate.check is None or not gate.check.is_genuine(incoming, gate.now()):
            gate.counts.refuse(why)
            await _answer(scope, send, refusal(standing, why))
            return
        gate.counts.allowed += 1
        scope[KEY] = verdict
        await self.app(scope, _Again(incoming.body, receive), send)

    async def _is_genuine(self, standing: Standing, scope: Scope, receive: Receive) -> bool:
        """Whether an unlisted client signs rightly; at most a few bodies are read at once."""
        gate = self.gate
        if gate.check is None or not gate.check.is_signed(_request(scope, b"")) or not gate.may_examine():
            return False
        try:
            incoming = await _incoming(standing, scope, receive)
        finally:
            gate.examined()
        return incoming is not None and gate.check.is_genuine(incoming, gate.now())


def _judge(standing: Standing, scope: Scope) -> Verdict:
    peer, port = scope.get("client") or _NOBODY
    if not standing.reads_header:
        verdict = standing.memo.get(peer)
        if verdict is None or port == 0:
            verdict = standing.meet(peer, port)
        return verdict
    wanted = standing.wanted
    lines = [value for name, value in scope["headers"] if name == wanted]
    key = (peer, *lines)
    verdict = standing.memo.get(key)
    if verdict is None or port == 0:
        verdict = standing.learn(key, peer, port, [line.decode("latin-1") for line in lines])
    return verdict


def _seen(scope: Scope, standing: Standing) -> tuple[str, int | None, list[str]]:
    """The connection's other end, and all lines of the header that counts."""
    peer, port = scope.get("client") or _NOBODY
    lines = [line.decode("latin-1") for name, line in scope["headers"] if name == standing.wanted]
    return peer, port, lines if standing.reads_header else []


def _path(scope: Scope) -> tuple[str, str, str]:
    raw = scope.get("raw_path") or b""
    return scope["path"], raw.decode("latin-1"), scope.get("root_path") or ""


def _request(scope: Scope, body: bytes) -> Incoming:
    headers = tuple((bytes(name), bytes(value)) for name, value in scope["headers"])
    return Incoming(scope.get("method", "GET"), scope.get("query_string") or b"", headers, body)


async def _incoming(standing: Standing, scope: Scope, receive: Receive) -> Incoming | None:
    """The whole request; None where its body is too large, cut off, or a websocket's."""
    if scope["type"] != "http":
        return None
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if len(body) > standing.policy.max_body:
            return None
        more = message.get("more_body", False)
    return _request(scope, bytes(body))


class _Again:
    """The body that was read for its signature, once more, then whatever comes."""

    __slots__ = ("_body", "_receive")

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


async def _answer(scope: Scope, send: Send, answer: Answer) -> None:
    head: Message = {
        "status": answer.status,
        "headers": [(name.encode(), value.encode()) for name, value in answer.headers],
    }
    if scope["type"] == "http":
        body = b"" if scope.get("method") == "HEAD" else answer.body
        await send({"type": "http.response.start", **head})
        await send({"type": "http.response.body", "body": body})
    elif "websocket.http.response" in (scope.get("extensions") or {}):
        await send({"type": "websocket.http.response.start", **head})
        await send({"type": "websocket.http.response.body", "body": answer.body})
    else:
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
