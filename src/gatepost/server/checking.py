"""``GET /v1/check`` for one address or name and the present: from memory, its answer made once a version.

Raw ASGI: nothing stands between the server and two dictionary look-ups. What it
cannot answer so (networks, other times, anything odd) it leaves to the route.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from gatepost.engine.asking import check_document
from gatepost.engine.report import time_text
from gatepost.kit.clock import Clock
from gatepost.planning.normalise import parse_value
from gatepost.server.desk import Present
from gatepost.server.lookup import Lookup
from gatepost.server.published import Headers
from gatepost.server.repeats import Again, Answer, answer

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

REMEMBERED = 16_384
"""Answers remembered; then all are forgotten, so that a flood of addresses costs no memory."""
QUERY_MOST = 400
"""Bytes of a query that is answered here."""

Pieces = tuple[bytes, bytes]
"""The answer before and after its time."""

HEADERS = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]


class Quick:
    """Answers by query."""

    def __init__(self, present: Present, clock: Clock) -> None:
        """``present`` is looked at for each answer: a new version forgets all."""
        self._present, self._clock = present, clock
        self._lookup: Lookup | None = None
        self._edition = 0
        self._known: dict[bytes, Pieces] = {}
        self._second, self._time = -1, b""

    def again(self, query: bytes) -> Again:
        """The same question, until a list moved; only the time of the answer is another."""
        edition, (before, after) = self._edition, self._known[query]
        first = answer(200, *_whole(before + self._now() + after))

        def again(_client: str) -> Answer | None:
            if self._present.lookup is not self._lookup or self._edition != edition:
                return None
            return first._replace(body=before + self._now() + after)

        return again

    def find(self, query: bytes) -> bytes | None:
        """The whole body; None where the route must answer."""
        if self._present.lookup is not self._lookup:
            self._lookup, self._known = self._present.lookup, {}
            self._edition += 1
        pieces = self._known.get(query)
        if pieces is None:
            pieces = self._made(query)
            if pieces is None:
                return None
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[query] = pieces
        return pieces[0] + self._now() + pieces[1]

    def _now(self) -> bytes:
        now = self._clock.now()
        second = int(now.timestamp())
        if second != self._second:
            self._second, self._time = second, (time_text(now) or "").encode()
        return self._time

    def _made(self, query: bytes) -> Pieces | None:
        if len(query) > QUERY_MOST or self._lookup is None:
            return None
        try:
            pairs = parse_qsl(
                query.decode("ascii"), keep_blank_values=True, strict_parsing=True, max_num_fields=20
            )
            names = [value for key, value in pairs if key == "list"]
            (text,) = [value for key, value in pairs if key != "list"]
            value = parse_value(text)
        except ValueError:
            return None
        if ("value", text) not in pairs:
            return None
        answer = self._lookup.answer(value, names, self._clock.now())
        return None if answer is None else _pieces(check_document(answer))


def _pieces(document: dict[str, Any]) -> Pieces:
    """The document in two, its time left out; members keep their order."""
    before = {"value": document.pop("value")}
    document.pop("at")
    return msgspec.json.encode(before)[:-1] + b',"at":"', b'",' + msgspec.json.encode(document)[1:]


async def send_body(send: Send, body: bytes, *, head: bool) -> None:
    """Status 200."""
    headers, body = _whole(body)
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else body})


def _whole(body: bytes) -> tuple[Headers, bytes]:
    return [*HEADERS, (b"content-length", b"%d" % len(body))], body
