"""Requests that come again the same to the byte: answered from memory, before anything is parsed.

A firewall that polls and an application that asks about its clients send the same
head each time. Parsing it, building a scope and starting a task costs ten times
what the answer does. Whoever answers such a request may leave here how to answer
it again; that gives None as soon as the answer could be another one, and the
request then goes the whole way. Only heads of a few plain fields are kept: no
cookie, no body, nothing of the connection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gatepost.server.pages import Pages

Scope = MutableMapping[str, Any]

RAW = "gatepost.raw"
"""In a scope: the bytes of the whole request, where they came as one."""
AGAIN = "gatepost.again"
"""In a scope, after it was answered: how to answer the same request again."""
MOST = 4096
"""Requests remembered; then all are forgotten, so that a flood of others costs no memory."""
RAW_MOST = 1024
"""Bytes of a request that is remembered."""
PLAIN = frozenset(
    (
        *(b"host", b"user-agent", b"authorization", b"if-none-match", b"if-modified-since"),
        *(b"accept", b"accept-encoding", b"accept-language", b"cache-control", b"pragma"),
    )
)
"""Header fields of a request that is remembered."""


class Answer(NamedTuple):
    """Bytes of an answer, apart from its date."""

    status: int
    head: bytes
    """All other fields, and the empty line."""
    body: bytes
    pages: Pages | None = None
    """The body once more, where it is long."""


Again = Callable[[str], Answer | None]
"""Answers, and counts, once more, for a client's address; None where it may be another answer by now."""


@dataclass(slots=True)
class Repeats:
    """What is remembered, by the bytes of the request."""

    _known: dict[bytes, Again] = field(default_factory=dict)
    _own: object = None
    _date: bytes = b""

    def find(self, raw: bytes, client: str) -> Answer | None:
        """The answer, counted; None where the request must go the whole way."""
        again = self._known.get(raw)
        if again is None:
            return None
        answer = again(client)
        if answer is None:
            del self._known[raw]
        return answer

    def date(self, own: list[tuple[bytes, bytes]]) -> bytes:
        """The server's own fields as bytes; another list each second, so they are joined once a second."""
        if self._own is not own:
            self._own, self._date = own, _lines(own)
        return self._date

    def keep(self, scope: Scope, again: Again) -> None:
        """Remember how to answer this request, if it is a plain one."""
        raw = scope.get(RAW)
        if raw is None or len(raw) > RAW_MOST or scope["method"] != "GET" or scope["http_version"] != "1.1":
            return
        if any(name not in PLAIN for name, _ in scope["headers"]):
            return
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[raw] = again


def is_whole(data: bytes) -> bool:
    """Whether it is the head of one request, and nothing else."""
    return data.endswith(b"\r\n\r\n") and data.count(b"\r\n\r\n") == 1


def answer(
    status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes, pages: Pages | None = None
) -> Answer:
    """Of what ASGI would be sent."""
    return Answer(status, _lines(headers) + b"\r\n", body, pages)


def _lines(fields: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"".join(b"%b: %b\r\n" % each for each in fields)
