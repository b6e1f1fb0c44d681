"""The line to a caller: ASGI, and beneath it, where there is one, the connection itself.

A server that serves the emulator may put the connection's transport into the scope's extensions under
:data:`TRANSPORT`. Without it (in-process) a broken connection is a ConnectionResetError in the caller's face.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

import anyio
import anyio.lowlevel

from gatepost.emulator.state import SteppedClock

TRANSPORT = "gatepost.transport"
CHUNK = 64 * 1024

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


class Line:
    """One request's way back."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, clock: SteppedClock) -> None:
        self._transport = (scope.get("extensions") or {}).get(TRANSPORT)
        self._receive = receive
        self._send = send
        self._clock = clock

    async def read(self, limit: int) -> bytes:
        """The request's body, at most ``limit`` bytes of it."""
        body = b""
        more = True
        while more and len(body) < limit:
            message = await self._receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        return body[:limit]

    async def start(self, status: int, headers: dict[str, str]) -> None:
        """Status and headers."""
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": raw})

    async def write(self, data: bytes, *, last: bool = False) -> None:
        """A part of the body; yields to others even where nothing waits."""
        await self._send({"type": "http.response.body", "body": data, "more_body": not last})
        await anyio.lowlevel.checkpoint()

    async def whole(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """An answer as it should be."""
        await self.start(status, {**headers, "content-length": str(len(body))})
        await self.write(body, last=True)

    async def pause(self, seconds: float) -> None:
        """Wait, by the emulator's base clock."""
        await self._clock.base.sleep(seconds)
        await anyio.lowlevel.checkpoint()

    async def gone(self) -> None:
        """Wait until the caller has hung up."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def until_gone(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do it, but no longer than the caller listens."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._watch, group.cancel_scope)
            await work()
            group.cancel_scope.cancel()

    async def _watch(self, scope: anyio.CancelScope) -> None:
        await self.gone()
        scope.cancel()

    def write_raw(self, data: bytes) -> bool:
        """Bytes past HTTP; False where there is no connection to write to."""
        if self._transport is None:
            return False
        self._transport.write(data)
        return True

    def cut(self) -> None:
        """Close the connection in mid-answer."""
        if self._transport is None:
            raise ConnectionResetError
        self._transport.close()

    def reset(self) -> None:
        """Close the connection with a TCP reset."""
        if self._transport is None:
            raise ConnectionResetError
        connection = self._transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._transport.abort()
