"""Gates and requests in few words: listings, and applications asked without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from urllib.parse import unquote

from gatepost.gate.asgi import AsgiGate
from gatepost.gate.gate import Gate, Policy
from gatepost.gate.listing import Edition, Listing, Match
from gatepost.gate.verdict import KEY, Check, Unlisted
from gatepost.gate.wsgi import WsgiGate
from gatepost.model.address import Prefix
from gatepost.model.incoming import Incoming
from gatepost.planning.normalise import parse_value


def listing(*values: str, name: str = "webhooks", serial: int = 7) -> Listing:
    """A listing of these prefixes."""
    prefixes = [value for value in map(parse_value, values) if isinstance(value, Prefix)]
    told = ((prefix, Match(str(prefix), "feishu-events")) for prefix in prefixes)
    return Listing.of(Edition(name, serial), "sha256:" + ",".join(sorted(map(str, prefixes))), told)


def a_gate(*values: str, policy: Policy | None = None, check: Check | None = None, **options: Any) -> Gate:
    """A gate that lets these in; closed where none is named."""
    gate = Gate(policy, check=check, now=lambda: 1_700_000_000.0, **options)
    if values:
        gate.swap(listing(*values))
    return gate


@dataclass
class Signed:
    """A check whose signature is the body ``genuine`` with the header ``x-signature``."""

    platform: str = "feishu"
    asked: list[Incoming] = field(default_factory=list)

    def is_signed(self, incoming: Incoming) -> bool:
        """By its header."""
        return incoming.header(b"x-signature") is not None

    def is_genuine(self, incoming: Incoming, now: float) -> bool:
        """By its body; what was asked is kept."""
        assert now == 1_700_000_000.0
        self.asked.append(incoming)
        return self.is_signed(incoming) and incoming.body == b"genuine"


@dataclass(frozen=True)
class Answered:
    """What came back, and what the application saw."""

    status: int
    body: bytes
    headers: dict[str, str]
    seen: dict[str, Any] | None
    """Scope or environ of the application; None where it was not called."""
    read: bytes = b""
    """The body that the application read."""

    @property
    def verdict(self) -> Any:
        """As the application finds it."""
        return None if self.seen is None else self.seen.get(KEY)


Lines = Iterable[tuple[str, str]]


def ask_asgi(
    gate: Gate, path: str = "/", *, client: Any = ("101.126.59.7", 50_000), headers: Lines = (), **others: Any
) -> Answered:
    """One HTTP request, without a server."""
    chunks = others.pop("chunks", [b""])
    scope = {
        "type": "http",
        "method": "POST",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
        "client": client,
        **others,
    }
    return asyncio.run(_ask(gate, scope, list(chunks)))


async def _ask(gate: Gate, scope: dict[str, Any], chunks: list[bytes]) -> Answered:
    sent: list[Any] = []
    seen: list[Any] = []
    body = bytearray()

    async def receive() -> Any:
        if not chunks:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

    async def send(message: Any) -> None:
        sent.append(message)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)
        more = True
        while more:
            message = await receive()
            body.extend(message.get("body", b""))
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"hello"})

    await AsgiGate(app, gate)(scope, receive, send)
    headers = {name.decode(): value.decode() for name, value in sent[0].get("headers", [])}
    said = b"".join(message.get("body", b"") for message in sent)
    status = sent[0].get("status", sent[0].get("code", 0))
    return Answered(status, said, headers, seen[0] if seen else None, bytes(body))


def ask_wsgi(
    gate: Gate, path: str = "/", *, peer: str | None = "101.126.59.7", body: bytes = b"", **environ: Any
) -> Answered:
    """One request, without a server."""
    started: list[Any] = []
    seen: list[Any] = []
    read: list[bytes] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.append(environ)
        read.append(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        start_response("200 OK", [])
        return [b"hello"]

    given = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(path, "latin-1"),
        "QUERY_STRING": "",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
        **({} if peer is None else {"REMOTE_ADDR": peer}),
        **environ,
    }
    said = WsgiGate(app, gate)(given, lambda status, headers: started.append((status, headers)))
    status, headers = started[0]
    return Answered(
        int(status.split()[0]),
        b"".join(said),
        {name.lower(): value for name, value in headers},
        seen[0] if seen else None,
        read[0] if read else b"",
    )


class Told(list[Unlisted]):
    """What was told of unlisted addresses."""

    def __call__(self, event: Unlisted) -> None:
        """Keep it."""
        self.append(event)
