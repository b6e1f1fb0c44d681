"""HTTP connections that do not wait for ever: a head must come whole, and in time.

uvicorn times only what is idle between two requests. A connection that says
nothing, or says it a byte at a time, is closed here; one whose client does not
read is ended by the kernel (TCP_USER_TIMEOUT, tcp(7), set on the listener).
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_WITHIN = 15.0
"""Seconds in which the head of a request must have come, from its first byte or the connection's begin."""
UNREAD_WITHIN = 30_000
"""Milliseconds for which a client may leave unread, or unacknowledged, what it was sent."""
BACKLOG = 2048


class Connection(HttpToolsProtocol):
    """uvicorn's own, with an end to waiting."""

    head_within: ClassVar[float] = HEAD_WITHIN

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The first head is waited for from now on."""
        super().connection_made(transport)  # type: ignore[arg-type]  # uvicorn narrows it to Transport
        self._wait()

    def data_received(self, data: bytes) -> None:
        """A head that begins after an answer is waited for anew."""
        if self._timer is None and self._is_between():
            self._wait()
        super().data_received(data)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._stop()
        super().on_headers_complete()

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
