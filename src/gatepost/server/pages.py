"""Long answers in the kernel's own memory, which it sends without a copy (sendfile(2), memfd_create(2))."""

from __future__ import annotations

import os
from errno import EMFILE
from typing import ClassVar

LEAST = 65_536
"""Bytes from which on a body is sent so; below it a copy costs less than one more call."""
MOST = 64
"""Files of all bodies together: connections and whoever applies lists need some too."""


class Pages:
    """A body behind its head: one file, made when the same head goes out again, gone with who knows it.

    The head has a date, so within a second all answers share the file, and in the next it is made anew.
    """

    __slots__ = ("_body", "_file", "_head", "_length", "_seen")

    _files: ClassVar[set[int]] = set()
    """Of all bodies."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._file = -1
        self._head = self._seen = b""
        """Of the file; and of the last answer."""
        self._length = 0

    def __del__(self) -> None:
        if self._file >= 0:
            self._close(self._file)

    def send(self, place: int, head: bytes) -> int:
        """How many bytes of head and body the connection with this number took; it never waits.

        What it did not take is left to whoever asks, and so is telling what is
        wrong with a connection that takes nothing.
        """
        try:
            if head != self._head:
                if head != self._seen:
                    self._seen = head
                    return 0
                self._make(head)
            return os.sendfile(place, self._file, 0, self._length)
        except OSError:
            return 0

    def _make(self, head: bytes) -> None:
        """Raises OSError, and then has what it had."""
        if len(self._files) >= MOST and self._file < 0:
            raise OSError(EMFILE, os.strerror(EMFILE))
        file = os.memfd_create("gatepost")
        try:
            with open(file, "wb", closefd=False) as pages:
                pages.writelines((head, self._body))
        except BaseException:
            os.close(file)
            raise
        before, self._file = self._file, file
        self._files.add(file)
        self._head, self._length = head, len(head) + len(self._body)
        if before >= 0:
            self._close(before)  # what is still on its way keeps its pages

    def _close(self, file: int) -> None:
        self._files.discard(file)
        os.close(file)


def pages_of(body: bytes) -> Pages | None:
    """Of a body for which they are worth it, where the system has them."""
    return Pages(body) if len(body) >= LEAST and hasattr(os, "memfd_create") else None
