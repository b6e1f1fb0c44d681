"""Netlink, as far as nftables needs it: one socket, questions and batches; no process is started.

A batch is one transaction: all its messages go in one datagram, the kernel
takes all or none, and answers once. The kernel works while we send, so the
answer lies ready when the call returns. The bytes are those of
:mod:`gatepost.kit.netlink_messages`, what they say to nftables is in
:mod:`gatepost.kit.nftables_messages`.

Reference: net/netlink/af_netlink.c and net/netfilter/nfnetlink.c of the kernel.
"""

from __future__ import annotations

import errno
import os
import select
import socket
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from types import TracebackType
from typing import NoReturn, Protocol, Self

from gatepost.errors import NetlinkFailed
from gatepost.kit.netlink_messages import (
    ACK,
    DONE,
    DUMP,
    ERROR,
    Answer,
    Message,
    Refusal,
    answers,
    batch_size,
    framed,
    refusal,
    refused_with,
)

_NETLINK_NETFILTER = 12
_SOL_NETLINK = 270
_ADD_MEMBERSHIP, _CAP_ACK, _EXT_ACK = 1, 10, 11
_SO_SNDBUFFORCE, _SO_RCVBUFFORCE = 32, 33
_DATAGRAM_MAX = 1 << 16
"""Bytes; the kernel sends no more than 32 KiB at once."""
_OVERHEAD = 32
"""Bytes of the send buffer that a message cannot use."""
_BUFFER_MAX = (1 << 30) - 1


class Wire(Protocol):
    """The seam: one socket of the netfilter subsystems."""

    port: int
    """By which the kernel names it to others."""

    def room(self, size: int) -> int:
        """The most bytes that one datagram may have, after an attempt to make it ``size``."""
        ...

    def send(self, data: bytes) -> None:
        """One datagram to the kernel. Raises OSError."""
        ...

    def receive(self, patience: float) -> bytes | None:
        """One datagram of the kernel's; None where none came in so many seconds. Raises OSError."""
        ...

    def close(self) -> None:
        """At the end."""
        ...


class Opener(Protocol):
    """Opens a wire."""

    def __call__(self, *, groups: Sequence[int] = ()) -> Wire:
        """``groups`` are joined: what the kernel tells them is received. Raises OSError."""
        ...


class SystemWire:
    """A socket of this machine's kernel, in our network namespace."""

    def __init__(self, *, groups: Sequence[int] = (), send_max: int | None = None) -> None:
        """``groups`` are joined; ``send_max`` bounds a datagram further. Raises OSError."""
        self._send_max = send_max
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER)
        try:
            self._settle(groups)
        except OSError:
            self._socket.close()
            raise

    def _settle(self, groups: Sequence[int]) -> None:
        for option in (_CAP_ACK, _EXT_ACK):
            with suppress(OSError):  # a kernel without it says less
                self._socket.setsockopt(_SOL_NETLINK, option, 1)
        self._socket.bind((0, 0))
        self.port = self._socket.getsockname()[0]
        if groups:
            with suppress(OSError):  # only the kernel's own root may; the default holds some hundred changes
                self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 1 << 22)
        for group in groups:
            self._socket.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, group)

    def fileno(self) -> int:
        """To wait for it."""
        return self._socket.fileno()

    def room(self, size: int) -> int:
        """See :meth:`Wire.room`: beyond the machine's limit where we have the right."""
        for option in (_SO_SNDBUFFORCE, socket.SO_SNDBUF):
            if self._granted() < size:
                with suppress(OSError):
                    self._socket.setsockopt(socket.SOL_SOCKET, option, min(size, _BUFFER_MAX))
        return min(self._granted(), self._send_max or _BUFFER_MAX)

    def _granted(self) -> int:
        return self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) - _OVERHEAD

    def send(self, data: bytes) -> None:
        """See :meth:`Wire.send`."""
        self._socket.sendto(data, (0, 0))

    def receive(self, patience: float) -> bytes | None:
        """See :meth:`Wire.receive`: datagrams of other processes are not looked at."""
        while True:
            try:
                data, _, flags, source = self._socket.recvmsg(_DATAGRAM_MAX, 0, socket.MSG_DONTWAIT)
            except BlockingIOError:
                if patience <= 0 or not self._wait(patience):
                    return None
                continue
            if flags & socket.MSG_TRUNC:
                raise OSError(errno.EMSGSIZE, "the kernel sent more than was asked for")
            if source[0] == 0:
                return data

    def _wait(self, patience: float) -> bool:
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(patience * 1e3))

    def close(self) -> None:
        """See :meth:`Wire.close`."""
        self._socket.close()


class Netlink(AbstractContextManager["Netlink"]):
    """Questions and batches over one wire; every failure is a NetlinkFailed with the kernel's number."""

    def __init__(self, opener: Opener = SystemWire, *, patience: float = 30.0) -> None:
        """``patience``: seconds to wait for an answer that is not ready."""
        self._patience = patience
        self._sequence = 0
        with _numbered("open a netlink socket"):
            self._wire = opener()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the wire. After a change it takes as long as the kernel needs to tidy up: milliseconds."""
        self._wire.close()

    @property
    def port(self) -> int:
        """Of our socket, as the kernel names it to those who watch."""
        return self._wire.port

    def ask(self, message: Message) -> bytes:
        """The attributes of the one answer."""
        sequence = self._send([message], 0)
        for answer in self._answers(sequence, self._patience):
            if answer.kind == ERROR:
                _refuse([refusal(answer, sequence)], "the question")
            return answer.body
        raise _silent()

    def dump(self, message: Message) -> tuple[list[bytes], bool]:
        """The attributes of every answer, and whether things changed meanwhile: then ask again."""
        sequence = self._send([message], DUMP)
        found: list[bytes] = []
        torn = False
        for answer in self._answers(sequence, self._patience):
            torn = torn or answer.interrupted
            if answer.kind in {ERROR, DONE} and (code := refused_with(answer)):
                _refuse([Refusal(code, -1)], "the listing")
            if answer.kind == DONE:
                return found, torn
            found.append(answer.body)
        raise _silent()

    def room(self, messages: Sequence[Message]) -> int:
        """Bytes that one batch may have; an attempt is made to have room for all of these."""
        return self._wire.room(batch_size(messages))

    def commit(self, messages: Sequence[Message], generation: int = 0) -> None:
        """One transaction: all of it, or none.

        ``generation`` of the ruleset, where not 0, must still be the present one, else ERESTART.
        Raises NetlinkFailed: :attr:`~gatepost.errors.NetlinkFailed.code` is the first refusal's, and
        ETIMEDOUT or ENOBUFS where the answer was lost and nobody knows but the kernel.
        """
        size = batch_size(messages)
        if self._wire.room(size) < size:
            _refuse([Refusal(errno.EMSGSIZE, -1)], "the change")
        first = self._send(framed(messages, generation), 0, acknowledged=len(messages))
        refusals: list[Refusal] = []
        acknowledged = False
        for answer in self._answers(first, self._patience, to=first + len(messages) + 1, drain=True):
            if answer.kind == ERROR and refused_with(answer):
                refusals.append(refusal(answer, first + 1))
            elif answer.kind == ERROR:
                acknowledged = True
        if refusals:
            _refuse(refusals, "the change")
        if not acknowledged:
            raise _silent()

    def _send(self, messages: Sequence[Message], flags: int, *, acknowledged: int = -1) -> int:
        """Number them on and send them in one datagram; gives the first number."""
        first = self._sequence + 1
        self._sequence += len(messages)
        parts = [
            message.encode(first + at, flags | (ACK if at == acknowledged else 0))
            for at, message in enumerate(messages)
        ]
        with _numbered("send"):
            self._wire.send(b"".join(parts))
        return first

    def _answers(
        self, first: int, patience: float, *, to: int | None = None, drain: bool = False
    ) -> Iterator[Answer]:
        """To the messages numbered ``first`` to ``to``; with ``drain`` until nothing more is ready."""
        while True:
            with _numbered("receive"):
                data = self._wire.receive(patience)
            if data is None:
                return
            for answer in answers(data):
                if first <= answer.sequence <= (to or first):
                    patience = 0.0 if drain else patience
                    yield answer


def _refuse(refusals: Sequence[Refusal], what: str) -> NoReturn:
    first = refusals[0]
    msg = f"the kernel refused {what}: {first}"
    raise NetlinkFailed(msg, code=first.code, places=tuple(each.message for each in refusals))


def _silent() -> NetlinkFailed:
    return NetlinkFailed("the kernel did not answer", code=errno.ETIMEDOUT)


@contextmanager
def _numbered(what: str) -> Iterator[None]:
    """Turn an OSError into a NetlinkFailed."""
    try:
        yield
    except OSError as error:
        code = error.errno or errno.EIO
        msg = f"cannot {what}: {os.strerror(code)}"
        raise NetlinkFailed(msg, code=code) from None
