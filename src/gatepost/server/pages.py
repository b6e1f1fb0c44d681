"""Long bodies in the kernel's own memory, which it sends without a copy (sendfile(2), memfd_create(2))."""

from __future__ import annotations

import os
import socket
from contextlib import suppress

LEAST = 65_536
"""Bytes from which on a body is sent so; below it a copy costs less than one more call."""


class Pages:
    """A body whose pages are made when it is first sent so, and given back with the last that knows it."""

    __slots__ = ("_body", "_file")

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._file: int | None = None

    def __del__(self) -> None:
        if self._file is not None:
            os.close(self._file)

    def send(self, place: int, family: int, head: bytes) -> int:
        """How many bytes of head and body the connection with this number took; it never waits.

        What it did not take is left to whoever asks, and so is telling what is
        wrong with a connection that takes nothing.
        """
        sent = 0
        with suppress(OSError):
            file = self._made()
            connection = socket.SocketType(
                family, socket.SOCK_STREAM, 0, place
            )  # the plain one: half the cost
            try:
                sent = connection.send(head, socket.MSG_MORE | socket.MSG_NOSIGNAL)
                if sent == len(head):
                    sent += os.sendfile(place, file, 0, len(self._body))
            finally:
                connection.detach()  # it belongs to the event loop
        return sent

    def _made(self) -> int:
        """Raises OSError."""
        if self._file is None:
            file = os.memfd_create("gatepost")
            try:
                with open(file, "wb", closefd=False) as pages:
                    pages.write(self._body)
            except BaseException:
                os.close(file)
                raise
            self._file = file
        return self._file


def pages_of(body: bytes) -> Pages | None:
    """Of a body for which they are worth it, where the system has them."""
    return Pages(body) if len(body) >= LEAST and hasattr(os, "memfd_create") else None
