from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.server.conditions import choose, date_text, is_unchanged

ALL = ("identity", "gzip", "zstd")
AT = datetime(2026, 1, 5, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        (b"", "identity"),
        (b"gzip", "gzip"),
        (b"GZIP", "gzip"),
        (b"x-gzip", "gzip"),
        (b"gzip, deflate, br", "gzip"),
        (b"gzip, zstd", "zstd"),
        (b"gzip;q=1.0, zstd;q=0.5", "gzip"),
        (b"gzip;q=0.5, zstd;q=0.501", "zstd"),
        (b"gzip;q=0", "identity"),
        (b"gzip;q=0, zstd;q=0.000", "identity"),
        (b"identity, gzip;q=0.5", "identity"),
        (b"identity;q=0.5, gzip;q=0.5", "gzip"),
        (b"identity;q=0", "identity"),
        (b"identity;q=0, gzip;q=0.001", "gzip"),
        (b"*", "identity"),
        (b"*;q=0, gzip", "gzip"),
        (b"br", "identity"),
        (b"gzip;q=2", "identity"),
        (b"gzip;q=x", "identity"),
        (b"gzip;q=0.5555", "identity"),
        (b" gzip ; q=0.9 , , zstd ; q=0.1", "gzip"),
    ],
)
def test_the_best_encoding(header, chosen):
    """The encoding is the best that the client names, and plain where it names none."""
    assert choose(header, ALL) == chosen


def test_an_encoding_that_is_not_there():
    """What was not made, since it would be longer, is not chosen."""
    assert choose(b"gzip, zstd", ("identity",)) == "identity"


@given(st.binary(max_size=80))
def test_any_header(header):
    """Whatever a client sends, it gets one of the encodings."""
    assert choose(header, ALL) in ALL
    assert is_unchanged(b'"a"', AT, header, header) in (True, False)


@given(st.binary(max_size=30), st.lists(st.sampled_from([b'"b"', b'W/"c"', b'"a,b"', b""]), max_size=4))
def test_a_tag_among_others(junk, others):
    """A tag is found among others whatever they are, and never in one that only contains it."""
    header = b", ".join([*others, b'"tag"'])
    assert is_unchanged(b'"tag"', AT, header, None)
    assert not is_unchanged(b'"ta"', AT, header, None)
    assert is_unchanged(b'"tag"', AT, junk.replace(b'"', b"") + b', W/"tag"', None)


@pytest.mark.parametrize(
    ("since", "unchanged"),
    [
        (b"Mon, 05 Jan 2026 08:00:00 GMT", True),
        (b"Monday, 05-Jan-26 08:00:00 GMT", True),
        (b"Mon Jan  5 08:00:00 2026", True),
        (b"Mon, 05 Jan 2026 10:00:00 +0200", True),
        (b"Mon, 05 Jan 2026 07:59:59 GMT", False),
        (b"Mon, 05 Jan 2026 08:00:01 GMT", False),
        (b"Sun, 22 Nov 2099 08:00:00 GMT", False),
        (b"", False),
        (b"Mon, 99 Jan 2026 08:00:00 GMT", False),
        (b"\xff", False),
    ],
)
def test_dates(since, unchanged):
    """All three forms of a date are read (RFC 9110 5.6.7); what is none, or of another clock, is ignored."""
    assert is_unchanged(b'"a"', AT, None, since) is unchanged


def test_a_date_as_sent():
    """The date that is sent is one that is understood."""
    assert is_unchanged(b'"a"', AT, None, date_text(AT))
