"""The frames of netlink, and what becomes of refusals, silence and nonsense."""

from __future__ import annotations

import errno
import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.errors import NetlinkFailed
from gatepost.kit import nftables_answers
from gatepost.kit.netlink import Netlink
from gatepost.kit.netlink_messages import Message, answers, attribute, attributes, nested
from gatepost.kit.nftables_messages import get_generation, new_table
from rigs.netlink import Scripted

ACKNOWLEDGED, REFUSED = 0, -errno.ENOENT


def verdict(code: int, sequence: int, *, told: bytes = b"") -> bytes:
    """An answer to one message: done, or a number below zero, perhaps with words."""
    words = attribute(1, told + b"\0") if told else b""
    length = 36 + len(words)
    head = struct.pack("=IHHII", length, 2, 0x100 | (0x200 if told else 0), sequence, 7)
    return head + struct.pack("=iIHHII", code, 20, 0, 0, sequence, 7) + words


def generation_told(sequence: int, number: int) -> bytes:
    body = attribute(1, number.to_bytes(4, "big"))
    return struct.pack("=IHHII", 20 + len(body), 0xA0F, 0, sequence, 7) + bytes(4) + body


def commit(*script: bytes | OSError | None, room: int = 1 << 20) -> Scripted:
    """Two tables in one batch; the messages are numbered 1 to 4, the frame included."""
    wire = Scripted(*script, room=room)
    with Netlink(wire) as link:
        link.commit([new_table("a"), new_table("b")], 5)
    return wire


def test_batch():
    """A batch is one datagram: its frame with the generation, its messages, an answer to the last."""
    wire = commit(verdict(ACKNOWLEDGED, 3))
    assert wire.closed
    begin, first, second, end = answers(wire.sent[0])
    assert (begin.kind, begin.payload) == (0x10, bytes.fromhex("0000000a") + attribute(1, b"\0\0\0\5"))
    assert [each.flags for each in (begin, first, second, end)] == [0x1, 0x601, 0x605, 0x1]
    assert [each.sequence for each in (begin, first, second, end)] == [1, 2, 3, 4]
    assert dict(attributes(second.body))[1] == b"b\0"
    assert (end.kind, end.payload) == (0x11, bytes.fromhex("0000000a"))


@pytest.mark.parametrize(
    ("script", "code", "places"),
    [
        ([verdict(REFUSED, 2)], errno.ENOENT, (0,)),
        ([verdict(-errno.EEXIST, 3), verdict(ACKNOWLEDGED, 3)], errno.EEXIST, (1,)),
        ([verdict(-errno.EBUSY, 1), verdict(ACKNOWLEDGED, 3)], errno.EBUSY, (-1,)),
        ([verdict(REFUSED, 2) + verdict(-errno.EINVAL, 3)], errno.ENOENT, (0, 1)),
        ([verdict(-errno.EPERM, 1)], errno.EPERM, (-1,)),
        ([verdict(-errno.ERESTART, 1)], errno.ERESTART, (-1,)),
        ([], errno.ETIMEDOUT, ()),
        ([verdict(REFUSED, 77)], errno.ETIMEDOUT, ()),
        ([OSError(errno.ENOBUFS, "")], errno.ENOBUFS, ()),
        ([OSError(errno.EINTR, "")], errno.EINTR, ()),
        ([b"\x10\0\0\0"], errno.EBADMSG, ()),
    ],
    ids=lambda value: errno.errorcode.get(value) if isinstance(value, int) else None,
)
def test_refusals(script, code, places):
    """Any refusal beats the answer that was asked for; silence and lost answers are never taken for done."""
    with pytest.raises(NetlinkFailed) as caught:
        commit(*script)
    assert (caught.value.code, caught.value.places) == (code, places)


def test_too_large():
    """What does not fit is not sent."""
    wire = Scripted(room=100)
    with Netlink(wire) as link, pytest.raises(NetlinkFailed) as caught:
        link.commit([new_table("a" * 40)] * 3)
    assert (caught.value.code, wire.sent) == (errno.EMSGSIZE, [])


def test_words_of_the_kernel():
    """The kernel's words are quoted, made fit to show."""
    with pytest.raises(NetlinkFailed, match=r"message 1: No such file or directory \(no\\x1b\[31m\)"):
        commit(verdict(REFUSED, 2, told=b"no\x1b[31m"))


def test_no_socket():
    """A socket that cannot be opened is told with the kernel's number."""

    def opener(*, groups=()):  # noqa: ARG001 - none is joined
        raise OSError(errno.EAFNOSUPPORT, "")

    with pytest.raises(NetlinkFailed, match="cannot open") as caught, Netlink(opener):
        pass
    assert caught.value.code == errno.EAFNOSUPPORT


def test_answers_to_others():
    """Answers to earlier questions are passed over."""
    wire = Scripted(generation_told(9, 1), generation_told(1, 2))
    with Netlink(wire) as link:
        assert nftables_answers.generation(link.ask(get_generation())).number == 2


def listed(sequence: int, body: bytes, flags: int = 2, kind: int = 0xA09) -> bytes:
    """One answer of a listing."""
    length = 20 + len(body)
    return struct.pack("=IHHII", length, kind, flags, sequence, 7) + bytes(4) + body


def test_listing():
    """A listing ends with its last answer and says whether anything changed meanwhile."""
    end = struct.pack("=IHHIIi", 20, 3, 2, 1, 7, 0)
    torn = listed(1, b"", flags=0x12)
    for script, expected in (([listed(1, b"") + end], False), ([torn, end], True)):
        with Netlink(Scripted(*script)) as link:
            assert link.dump(Message(0xA0A)) == ([b""], expected)
    with Netlink(Scripted(listed(1, b""))) as link, pytest.raises(NetlinkFailed) as caught:
        link.dump(Message(0xA0A))
    assert caught.value.code == errno.ETIMEDOUT, "a listing without an end is no listing"


@given(st.lists(st.tuples(st.integers(0, 0x3FFF), st.binary(max_size=40))))
def test_attributes(pairs):
    """What is encoded is what is read, in order."""
    assert [*attributes(b"".join(attribute(kind, payload) for kind, payload in pairs))] == pairs
    inner = nested(1, *(attribute(kind, payload) for kind, payload in pairs))
    assert [[*attributes(payload)] for _, payload in attributes(inner)] == [pairs]


READERS = {
    "generation": nftables_answers.generation,
    "objects": nftables_answers.table_found,
    "set": nftables_answers.set_found,
    "rule": nftables_answers.rule_found,
    "ranges4": lambda body: nftables_answers.ranges([body], 4),
    "ranges16": lambda body: nftables_answers.ranges([body], 16),
    "marks": lambda body: nftables_answers.marks([body]),
}
NESTS = st.recursive(
    st.binary(max_size=20),
    lambda inner: st.lists(st.tuples(st.integers(0, 20), inner), max_size=4).map(
        lambda pairs: b"".join(attribute(kind, payload) for kind, payload in pairs)
    ),
)


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@given(st.data())
def test_nonsense(reader, data):
    """Bytes without sense are refused in two known ways, whatever they are."""
    with suppress(NetlinkFailed, ValueError):
        reader(data.draw(NESTS))


@given(st.binary(max_size=80))
def test_nonsense_in_frames(data):
    """A datagram without sense is refused, never half read for ever."""
    with suppress(NetlinkFailed):
        assert len([*answers(data)]) <= len(data) // 16
