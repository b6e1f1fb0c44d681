"""JSON that two readers could understand differently is refused, whatever it costs an attacker to write."""

from __future__ import annotations

import json
import time
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.errors import GatepostError, NotJson, SchemaMismatch, TooLarge
from gatepost.kit.json import DEPTH_MAX, decode_json


class Page(msgspec.Struct):
    """One page of a list, as an example."""

    ip_list: list[str]
    has_more: bool
    page_token: str | None = None


GOOD = b'{"ip_list": ["a"], "has_more": false}'


@pytest.mark.parametrize(
    ("body", "leaf"),
    [
        (b'{"ip_list": ["a"], "has_more": true, "has_more": false}', NotJson),
        (b'{"ip_list": ["a"], "has_more": false, "x": {"k": 1, "k": 1}}', NotJson),
        (b'{"ip_list": ["a"], "has_more": false, "\\u0061": 1, "a": 1}', NotJson),
        (b'{"ip_list": ["a"], "has_more": NaN}', NotJson),
        (b'{"ip_list": ["a"], "has_more": false, "x": -Infinity}', NotJson),
        (b'{"ip_list": ["a"], "has_more": false, "x": 1e999}', NotJson),
        (b'{"ip_list": ["\\ud800"], "has_more": false}', NotJson),
        (b'{"ip_list": ["\xff"], "has_more": false}', NotJson),
        (b'{"ip_list": ["\xed\xa0\x80"], "has_more": false}', NotJson),
        (GOOD.decode().encode("utf-16"), NotJson),
        (b"\xef\xbb\xbf\xef\xbb\xbf" + GOOD, NotJson),
        (GOOD + b"x", NotJson),
        (GOOD + GOOD, NotJson),
        (GOOD[:-1], NotJson),
        (b"{'ip_list': []}", NotJson),
        (b'{"ip_list": ["a"], "has_more": false, "x": ' + b"9" * 5000 + b"}", TooLarge),
        (b"[" * 100_000 + b"]" * 100_000, TooLarge),
        (b'{"a":' * 100_000, TooLarge),
        (b'{"ip_list": ["a"], "has_more": "false"}', SchemaMismatch),
        (b'{"ip_list": ["a"], "has_more": 0}', SchemaMismatch),
        (b'{"ip_list": ["a"]}', SchemaMismatch),
        (b'{"has_more": false}', SchemaMismatch),
        (b'{"ip_list": "a", "has_more": false}', SchemaMismatch),
        (b'{"ip_list": [1], "has_more": false}', SchemaMismatch),
        (b'{"ip_list": null, "has_more": false}', SchemaMismatch),
        (b"[]", SchemaMismatch),
    ],
)
def test_abuse_is_refused(body, leaf):
    """A8, A12, A13, A14: each kind of abuse is a named refusal, never a crash and never a guess."""
    with pytest.raises(leaf):
        decode_json(body, Page)


@pytest.mark.parametrize("body", [GOOD, b"\xef\xbb\xbf" + GOOD, GOOD[:-1] + b', "new": {"deep": [1, 2.5]}}'])
def test_good_is_taken(body):
    """A12, A14: one byte order mark and keys we do not know are no harm."""
    assert decode_json(body, Page) == Page(["a"], has_more=False)


def test_depth_is_exact():
    """A13: the deepest nesting allowed passes, one more does not; brackets in text do not count."""
    assert decode_json(b"[" * DEPTH_MAX + b"]" * DEPTH_MAX, list)
    with pytest.raises(TooLarge):
        decode_json(b"[" * (DEPTH_MAX + 1) + b"]" * (DEPTH_MAX + 1), list)
    text = "[{" * 200 + '\\"' + "9" * 40
    assert decode_json(json.dumps([text]).encode(), list[str]) == [text]


@pytest.mark.parametrize("piece", [b'"', b'\\"', b'"\\', b'["', b"[1,", b"\\", b'"a":'])
def test_two_mebibytes_of_anything_take_little_time(piece):
    """A13: no body within the size bound takes more than linear time to refuse."""
    begun = time.monotonic()
    with pytest.raises(GatepostError):
        decode_json((b'["' + piece * (1 << 21))[: 1 << 21], Page)
    assert time.monotonic() - begun < 5


@given(st.binary(max_size=200) | st.text(alphabet='{}[]":,\\0e.-tfn ', max_size=80).map(str.encode))
def test_never_anything_but_a_refusal(body):
    """Any bytes at all give a value of the type or one of our errors."""
    with suppress(GatepostError):
        assert isinstance(decode_json(body, dict[str, int]), dict)


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
_LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _TEXTS


@given(
    st.recursive(
        _LEAVES,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
        max_leaves=20,
    )
)
def test_good_json_is_read_as_everyone_reads_it(value):
    """What the standard library writes comes back equal."""
    assert decode_json(json.dumps(value).encode(), object) == value
