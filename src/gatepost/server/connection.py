"""HTTP connections that do not wait for ever: a head must come whole, and in time.

uvicorn times only what is idle between two requests. A connection that says
nothing, or says it a byte at a time, is closed here; one whose client does not
read is ended by the kernel (TCP_USER_TIMEOUT, tcp(7), set on the listener).
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from gatepost.server.client import peer_address
from gatepost.server.pages import Pages
from gatepost.server.repeats import RAW, Answer, Repeats, is_whole

HEAD_WITHIN = 15.0
"""Seconds in which the head of a request must have come, from its first byte or the connection's begin."""
UNREAD_WITHIN = 30_000
"""Milliseconds for which a client may leave unread, or unacknowledged, what it was sent."""
BACKLOG = 2048
"""Connections that wait to be accepted: many devices poll in the same second."""
COPIED_MOST = 16_384
"""Bytes of a body that are rather joined with the head than handed over apart."""
NONE = Repeats()
"""Of an application that leaves nothing to repeat."""


class Connection(HttpToolsProtocol):
    """uvicorn's own, with an end to waiting."""

    head_within: ClassVar[float] = HEAD_WITHIN

    _timer: asyncio.TimerHandle | None = None
    _is_half = False
    """Whether a head has begun that is not whole."""
    _raw: bytes | None = None
    _repeated_at = 0.0
    _place = -1
    """The socket's number, where what is sent goes into it as it is; -1 where it is encrypted."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The first head is waited for from now on."""
        super().connection_made(transport)  # type: ignore[arg-type]  # uvicorn narrows it to Transport
        if self.limit_concurrency is not None and len(self.connections) > self.limit_concurrency:
            self.transport.abort()  # uvicorn would keep it, and refuse what it asks
            return
        self._repeats: Repeats = getattr(self.app, "repeats", NONE)
        self._client = peer_address(self.client)
        if transport.get_extra_info("sslcontext") is None and (place := transport.get_extra_info("socket")):
            self._place = place.fileno()
        self._wait()

    def data_received(self, data: bytes) -> None:
        """What was asked before, to the byte, is answered at once; a head that begins is waited for anew."""
        fresh = not self._is_half and self._is_between()
        if fresh and not self.flow.write_paused and not self.transport.is_closing():
            answer = self._repeats.find(data, self._client)
            if answer is not None:
                self._repeat(answer)
                return
        if self._timer is None and self._is_between():
            self._wait()
        self._raw = data if fresh and is_whole(data) else None
        super().data_received(data)

    def on_message_begin(self) -> None:
        """A head begins."""
        self._is_half = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._stop()
        scope: Any = self.scope
        scope[RAW] = self._raw
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """And so is the request."""
        self._is_half = False
        super().on_message_complete()

    def timeout_keep_alive_handler(self) -> None:
        """Nothing came for long enough; what was repeated since the timer began counts as well."""
        left = self._repeated_at + self.timeout_keep_alive - self.loop.time()
        if left <= 0:
            super().timeout_keep_alive_handler()
        else:
            self.timeout_keep_alive_task = self.loop.call_later(left, self.timeout_keep_alive_handler)

    def _repeat(self, answer: Answer) -> None:
        """As uvicorn ends an answer, but for a timer that is not begun anew each time."""
        self._stop()
        date = self._repeats.date(self.server_state.default_headers)
        head = b"".join((STATUS_LINE[answer.status], date, answer.head))
        if answer.pages is not None and self._place >= 0:
            self._hand_over(head, answer.body, answer.pages)
        elif len(answer.body) > COPIED_MOST:
            self.transport.writelines((head, answer.body))
        else:
            self.transport.write(head + answer.body)
        self.server_state.total_requests += 1
        self._repeated_at = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _hand_over(self, head: bytes, body: bytes, pages: Pages) -> None:
        """To the kernel, past the transport while that holds nothing back; what is left goes through it."""
        transport, sent = self.transport, 0
        if not transport.get_write_buffer_size():
            sent = pages.send(self._place, head)
        if sent < len(head):
            transport.writelines((head[sent:], body))
        elif left := len(head) + len(body) - sent:
            transport.write(memoryview(body)[-left:])

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._stop()
        super().connection_lost(exc)

    def _is_between(self) -> bool:
        """Whether no request is being answered."""
        cycle: Any = self.cycle  # None before the first, whatever uvicorn's annotation says
        return cycle is None or bool(cycle.response_complete)

    def _wait(self) -> None:
        self._timer = self.loop.call_later(self.head_within, self._end)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            self.transport.close()


def listener(host: str, port: int) -> socket.socket:
    """A listening socket that others' connections inherit their limits from. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        limit(made)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind((host, port))
        made.listen(BACKLOG)
    except BaseException:
        made.close()
        raise
    return made


def limit(made: socket.socket) -> None:
    """Have the kernel end connections of it whose clients do not read. Raises OSError."""
    _set(made, socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", UNREAD_WITHIN)


def _set(made: socket.socket, level: int, name: str, value: Any) -> None:
    """An option that only some systems have."""
    if hasattr(socket, name):
        made.setsockopt(level, getattr(socket, name), value)
