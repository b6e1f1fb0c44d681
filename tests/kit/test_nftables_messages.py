"""What is told to nftables, byte for byte what ``nft`` 1.0.6 sent for the same, seen by strace."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.kit import nftables_messages as messages
from gatepost.kit.netlink_messages import ATTRIBUTE_MAX, attribute, attributes
from gatepost.kit.nftables_answers import ranges
from gatepost.kit.nftables_messages import IPV4, IPV6, MARK, Kind, SetForm, SetName

V4, GEN = SetName("gatepost", "edge_v4"), SetName("gatepost", "edge_gen")
TABLE = "0d00010067617465706f737400000000"
EDGE_V4 = TABLE + "0c000200656467655f763400"
EDGE_GEN = TABLE + "0d000200656467655f67656e00000000"
GOLDEN = {
    "new table": (messages.new_table("gatepost"), 0, 0x600, TABLE + "0800020000000000"),
    "set of marks": (
        messages.new_set("gatepost", SetForm("edge_gen", MARK, size=1), 5, exclusive=True),
        9,
        0x600,
        EDGE_GEN + "0800030000000000"
        "0800040000000013"
        "0800050000000004"
        "08000a0000000005"
        "0c0009800800010000000001"
        "0a000d000004010000000000",
    ),
    "set of ranges": (
        messages.new_set("gatepost", SetForm("edge_v4", IPV4, interval=True), 2),
        9,
        0x400,
        EDGE_V4 + "08000300000000040800040000000007080005000000000408000a00000000020a000d000004020000000000",
    ),
    "set that counts": (
        messages.new_set("gatepost", SetForm("edge_v4", IPV4, interval=True, counters=True), 4),
        9,
        0x400,
        EDGE_V4 + "0800030000000004"
        "0800040000000007"
        "0800050000000004"
        "08000a0000000004"
        "0a000d000004020000000000"
        "140011800c000100636f756e7465720004000280",
    ),
    "mark": (
        messages.new_mark(GEN, 1, "gatepost sha256:abcd"),
        12,
        0x600,
        EDGE_GEN + "30000380"
        "2c000180"
        "0c00018008000100"
        "01000000"
        "1b000600"
        "001567617465706f7374207368613235363a616263640000",
    ),
    "emptying": (messages.flush_set(V4), 14, 0, EDGE_V4),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_as_nft_says_it(name):
    """Tables, sets and marks are told to the kernel in the bytes of nft."""
    message, kind, flags, body = GOLDEN[name]
    assert (message.kind, message.flags, message.family) == (0xA00 | kind, flags, 1)
    assert message.body.hex() == body


def test_ranges_as_nft_says_them():
    """A start and an end for each range; none for the range that reaches the last address; zero leads."""
    spans = [(0x01020304, 0x01020304), (0x05000000, 0x05000007), (0xFFFFFF00, 0xFFFFFFFF)]
    made = [*messages.new_ranges(V4, IPV4, spans, empty=True)]
    elements = [element.hex() for message in made for element in listed(message)]
    end = "0800030000000001"
    assert elements == [
        end + "0c0001800800010000000000",
        "0c0001800800010001020304",
        end + "0c0001800800010001020305",
        "0c0001800800010005000000",
        end + "0c0001800800010005000008",
        "0c00018008000100ffffff000a0006000104010000000000",
    ]
    assert all((each.kind, each.flags) == (Kind.NEW_ELEMENT.code, 0x400) for each in made)


def listed(message) -> list[bytes]:
    """Elements of a message, with their padding."""
    return [
        element for kind, body in attributes(message.body) if kind == 3 for _, element in attributes(body)
    ]


@pytest.mark.parametrize(("key", "most"), [(IPV4, 1638), (IPV6, 1023)])
def test_long_lists(key, most):
    """A list is divided between ranges so that no attribute is too long."""
    spans = [(number * 4, number * 4 + 1) for number in range(1, 5001)]
    made = [*messages.new_ranges(V4, key, spans)]
    assert [len(listed(each)) // 2 for each in made] == [most] * (5000 // most) + [5000 % most]
    assert all(len(body) + 4 <= ATTRIBUTE_MAX for each in made for _, body in attributes(each.body))


def spans_of(bits: int) -> st.SearchStrategy[list[tuple[int, int]]]:
    """Ranges that do not touch, with the ends of the address space as often as not."""
    edges = st.sampled_from([0, 1, 2, (1 << bits) - 3, (1 << bits) - 2, (1 << bits) - 1])
    numbers = st.lists(edges | st.integers(0, (1 << bits) - 1), unique=True, max_size=40)
    return numbers.map(_paired)


def _paired(numbers: list[int]) -> list[tuple[int, int]]:
    ordered = sorted(numbers)
    pairs = [*zip(ordered[::2], ordered[1::2], strict=False)]
    kept = pairs[:1]
    for first, last in pairs[1:]:
        if first > kept[-1][1] + 1:
            kept.append((first, last))
    return kept


@pytest.mark.parametrize("key", [IPV4, IPV6])
@given(st.data())
def test_read_back(key, data):
    """Ranges that we write are the ranges that we read, in any order of the elements."""
    spans = data.draw(spans_of(key.length * 8))
    sent = [*messages.new_ranges(V4, key, spans, empty=data.draw(st.booleans()))]
    assert ranges([_as_listed(each.body) for each in sent], key.length) == (spans, {})
    shuffled = data.draw(st.permutations(sent))
    assert ranges([each.body for each in shuffled], key.length) == (spans, {})


def _as_listed(body: bytes) -> bytes:
    """As the kernel lists it: the key before the flags, no attribute marked as nested."""
    parts = []
    for element in [one for kind, inner in attributes(body) if kind == 3 for _, one in attributes(inner)]:
        found = dict(attributes(element))
        key = attribute(1, attribute(1, dict(attributes(found[1]))[1]))
        rest = b"".join(attribute(kind, found[kind]) for kind in (3, 6) if kind in found)
        parts.append(attribute(1, key + rest))
    return attribute(3, b"".join(parts))


def test_address_that_looks_like_an_element():
    """An address whose bytes are those of an element's header is read as an address."""
    header = bytes.fromhex("1c0001001800010014000100") + b"\0\0\0\1"
    odd = int.from_bytes(header, "big")
    spans = [(odd - 9, odd - 1), (0x2A00 << 112, 0x2A00 << 113)]
    bodies = [_as_listed(each.body) for each in messages.new_ranges(V4, IPV6, spans)]
    assert ranges(bodies, 16) == (spans, {})
