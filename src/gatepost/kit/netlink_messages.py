"""Netlink's bytes: headers, attributes, batches, and the kernel's answers; nothing is sent here.

Reference: linux/netlink.h and linux/netfilter/nfnetlink.h.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from sys import byteorder

from gatepost.errors import NetlinkFailed, cut

REQUEST, ACK = 0x1, 0x4
DUMP = 0x300
EXCLUSIVE, CREATE = 0x200, 0x400
PLAIN = 0x100
"""In a deletion (``NLM_F_NONREC``): refuse where something is still inside."""

ERROR, DONE = 2, 3
_DUMP_INTERRUPTED = 0x10
BATCH_BEGIN, BATCH_END = 0x10, 0x11
SUBSYSTEM = 10
"""Of nftables, in the batch's frame."""
SUBSYSTEM_BITS = SUBSYSTEM << 8

_CAPPED, _TOLD = 0x100, 0x200
"""Flags of an answer that repeats no request, and that has attributes in words."""
_BATCH_GENERATION = 1
_TOLD_WORDS = 1

_HEADER = struct.Struct("=IHHII")
_SUB_HEADER = struct.Struct(">BBH")
_ATTRIBUTE = struct.Struct("=HH")
HEADERS = _HEADER.size + _SUB_HEADER.size
"""Bytes of a message before its attributes."""
NESTED = 0x8000
_KIND_BITS = 0x3FFF
ATTRIBUTE_MAX = 0xFFFF
"""Bytes of one attribute, its four of header included."""


@dataclass(frozen=True, slots=True)
class Message:
    """One request, without its place in a batch."""

    kind: int
    body: bytes = b""
    flags: int = 0
    family: int = 0
    resource: int = 0

    def encode(self, sequence: int, flags: int = 0) -> bytes:
        """With both headers; ``flags`` besides its own."""
        head = _HEADER.pack(HEADERS + len(self.body), self.kind, REQUEST | self.flags | flags, sequence, 0)
        return head + _SUB_HEADER.pack(self.family, 0, self.resource) + self.body


@dataclass(frozen=True, slots=True)
class Answer:
    """One message of the kernel's."""

    kind: int
    flags: int
    sequence: int
    port: int
    """Of the socket that caused it; 0: the kernel."""
    payload: bytes
    """After the first header."""

    @property
    def body(self) -> bytes:
        """Attributes, where the message has the second header."""
        return self.payload[_SUB_HEADER.size :]

    @property
    def interrupted(self) -> bool:
        """Whether things changed while a listing was made."""
        return bool(self.flags & _DUMP_INTERRUPTED)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the kernel refused a message."""

    code: int
    """As in :mod:`errno`."""
    message: int
    """Which of the batch, from 0; -1: the batch as a whole."""
    words: str = ""
    """The kernel's, fit to show; mostly none."""

    def __str__(self) -> str:
        """For people."""
        where = "" if self.message < 0 else f"message {self.message + 1}: "
        more = f" ({self.words})" if self.words else ""
        return f"{where}{os.strerror(self.code)}{more}"


def batch_size(messages: Sequence[Message]) -> int:
    """Bytes of a batch with its frame."""
    return 2 * HEADERS + 8 + sum(HEADERS + len(message.body) for message in messages)


def framed(messages: Sequence[Message], generation: int) -> list[Message]:
    """A batch; ``generation`` of the ruleset that it is for, 0: any."""
    expected = attribute(_BATCH_GENERATION, generation.to_bytes(4, "big")) if generation else b""
    return [
        Message(BATCH_BEGIN, expected, resource=SUBSYSTEM),
        *messages,
        Message(BATCH_END, resource=SUBSYSTEM),
    ]


def attribute(kind: int, payload: bytes) -> bytes:
    """Length, kind, payload, and zeros up to a multiple of four."""
    return _ATTRIBUTE.pack(4 + len(payload), kind) + payload + bytes(-len(payload) % 4)


def nested(kind: int, *attributes: bytes) -> bytes:
    """An attribute of attributes."""
    return attribute(kind | NESTED, b"".join(attributes))


def attributes(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and payload of each. Raises NetlinkFailed (EBADMSG) for what is cut or makes no sense."""
    at, end = 0, len(body)
    while at < end:
        if end - at < _ATTRIBUTE.size:
            raise unreadable()
        length, kind = _ATTRIBUTE.unpack_from(body, at)
        if not _ATTRIBUTE.size <= length <= end - at:
            raise unreadable()
        yield kind & _KIND_BITS, body[at + _ATTRIBUTE.size : at + length]
        at += (length + 3) & ~3


def answers(data: bytes) -> Iterator[Answer]:
    """The messages of one datagram. Raises NetlinkFailed (EBADMSG) for what is cut or makes no sense."""
    at, end = 0, len(data)
    while at < end:
        if end - at < _HEADER.size:
            raise unreadable()
        length, kind, flags, sequence, port = _HEADER.unpack_from(data, at)
        if not _HEADER.size <= length <= end - at:
            raise unreadable()
        yield Answer(kind, flags, sequence, port, data[at + _HEADER.size : at + length])
        at += (length + 3) & ~3


def refused_with(answer: Answer) -> int:
    """0: done; else as in :mod:`errno`."""
    return -int.from_bytes(answer.payload[:4], byteorder, signed=True)


def refusal(answer: Answer, first: int) -> Refusal:
    """``first`` is the number of the batch's first message."""
    return Refusal(refused_with(answer), max(answer.sequence - first, -1), _words(answer))


def _words(answer: Answer) -> str:
    """What the kernel says besides a number."""
    if not answer.flags & _TOLD:
        return ""
    repeated = _HEADER.size if answer.flags & _CAPPED else int.from_bytes(answer.payload[4:8], byteorder)
    told = dict(attributes(answer.payload[4 + ((repeated + 3) & ~3) :]))
    return cut(told.get(_TOLD_WORDS, b"").rstrip(b"\0").decode(errors="replace"))


def unreadable() -> NetlinkFailed:
    """EBADMSG."""
    return NetlinkFailed("the kernel's answer cannot be read", code=errno.EBADMSG)
