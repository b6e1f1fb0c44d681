"""Lines of access logs: who and when, and nothing a stranger writes into them changes that."""

from __future__ import annotations

import io
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.engine.access_log import (
    LINE_MOST,
    Fields,
    LogFormat,
    lines,
    moment_in,
    probe,
    reader_of,
    value_in,
)
from gatepost.model.entry import Direction

IN, OUT = Direction.INGRESS, Direction.EGRESS
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)

NGINX = b'203.0.113.9 - - [05/Jan/2026:20:00:00 +0800] "POST /hook HTTP/1.1" 200 2 "-" "curl"'
HAPROXY = (
    b"Jan  5 12:00:00 lb haproxy[7]: 203.0.113.9:4711 [05/Jan/2026:12:00:00.123] in~ app/1 "
    b'0/0/1/2/3 200 2 - - ---- 1/1/0/0/0 0/0 "GET / HTTP/1.1"'
)
HAPROXY_V6 = b"2001:db8::7:4711 [05/Jan/2026:12:00:00.123] in app/1 0/0/1 12 -- 1/1/0/0/0 0/0"
CONNTRACK = (
    b"tcp      6 431999 ESTABLISHED src=203.0.113.9 dst=198.51.100.1 sport=4711 dport=443 "
    b"src=198.51.100.1 dst=203.0.113.9 sport=443 dport=4711 [ASSURED] mark=0 use=1"
)
PROC = b"ipv4     2 " + CONNTRACK
JSON = b'{"time":"2026-01-05T20:00:00+08:00","client":{"ip":"203.0.113.9:4711"},"status":200}'
ALL = {
    LogFormat.NGINX: NGINX,
    LogFormat.HAPROXY: HAPROXY,
    LogFormat.CONNTRACK: PROC,
    LogFormat.JSON: JSON,
}


def seen(format_: LogFormat, line: bytes, direction: Direction = IN, fields: Fields | None = None):
    """Who and when, as values."""
    found = reader_of(format_, direction, fields or Fields())(line)
    return found and (str(value_in(found[0])), moment_in(found[1]))


def test_each_format():
    """The client and the moment of a line of each format."""
    assert seen(LogFormat.NGINX, NGINX) == ("203.0.113.9/32", NOON)
    assert seen(LogFormat.JSON, JSON) == ("203.0.113.9/32", NOON)
    assert seen(LogFormat.CONNTRACK, CONNTRACK) == ("203.0.113.9/32", None)
    assert seen(LogFormat.CONNTRACK, PROC, OUT) == ("198.51.100.1/32", None)
    assert seen(LogFormat.CONNTRACK, b"[1767614400.5] " + CONNTRACK)[1].replace(microsecond=0) == NOON
    local = datetime(2026, 1, 5, 12).astimezone(UTC)
    assert seen(LogFormat.HAPROXY, HAPROXY) == ("203.0.113.9/32", local)
    assert seen(LogFormat.HAPROXY, HAPROXY_V6) == ("2001:db8::7/128", local)


@pytest.mark.parametrize("format_", ALL)
def test_the_format_is_found(format_):
    """Among lines that tell nothing, the format of those that do; none where none does."""
    assert probe([b"", b"#Software: x", ALL[format_], ALL[format_]], IN, Fields()) is format_
    assert probe([b"", b"garbage", b"{}"], IN, Fields()) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"203.0.113.9", "203.0.113.9/32"),
        (b"::ffff:203.0.113.9", "203.0.113.9/32"),
        (b"[2001:db8::1]:443", "2001:db8::1/128"),
        (b"api.example.com", "api.example.com"),
        (b"203.0.113.9, 10.0.0.1", "None"),
        (b"010.1.2.3", "None"),
        (b"203.0.113.0/24", "None"),
        (b"*.example.com", "None"),
        (b"fe80::1%eth0", "None"),
        (b"-", "None"),
        ("２０３.0.113.9".encode(), "None"),
    ],
)
def test_what_a_client_is(text, value):
    """One address, whatever stands around it, or a name; a chain, a network or anything odd is nobody."""
    assert str(value_in(text)) == value


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 400])
def test_numbers_that_are_no_json_hide_nobody(number):
    """Who came is read beside them; a line that ends within is skipped, and nothing is raised."""
    read = reader_of(LogFormat.JSON, IN, Fields())
    line = f'{{"took": {number}, "ip": "9.9.9.9", "ts": {number}}}'.encode()
    who, when = read(line)
    assert who == b"9.9.9.9"
    assert moment_in(when) is None
    assert read(line[:-1]) is None
    assert read(b"[" * 60_000) is None


def test_members_of_json():
    """Named members, in objects and with dots in their own name; a number, a list or nothing is nobody."""
    line = b'{"a": {"b": "203.0.113.9"}, "x.y": "203.0.113.8", "n": 7, "l": [], "ts": 1767614400000}'
    assert seen(LogFormat.JSON, line, IN, Fields("a.b")) == ("203.0.113.9/32", NOON)
    assert seen(LogFormat.JSON, line, IN, Fields("x.y", "nope")) == ("203.0.113.8/32", None)
    assert seen(LogFormat.JSON, line, IN, Fields("n")) == ("None", NOON)
    assert seen(LogFormat.JSON, line, IN, Fields("l")) is None
    assert seen(LogFormat.JSON, b'["a"]') is None
    assert seen(LogFormat.JSON, b"[" * 60_000) is None


def test_what_a_client_writes_into_its_line_moves_nothing():
    """A line's own client stands before all that a client chooses: user, request, agent."""
    forged = b"9.9.9.9:1 [05/Jan/2026:12:00:00.123] src=9.9.9.9 dst=9.9.9.9 "
    assert seen(LogFormat.NGINX, NGINX.replace(b"curl", forged))[0] == "203.0.113.9/32"
    assert seen(LogFormat.HAPROXY, HAPROXY.replace(b"GET /", forged))[0] == "203.0.113.9/32"
    assert seen(LogFormat.CONNTRACK, CONNTRACK + b" " + forged)[0] == "203.0.113.9/32"


def test_long_lines_are_skipped_whole():
    """A line without an end takes no memory and hides no other line; its rest is no line of its own."""
    long = b"x" * LINE_MOST + b"\n" + NGINX
    file = io.BytesIO(b"a\n" + b"y" * (3 * LINE_MOST) + b"\n" + NGINX + b"\r\n" + long)
    found = list(lines(file))
    assert [len(line) for line in found] == [1, 0, len(NGINX), LINE_MOST, len(NGINX)]
    assert list(lines(io.BytesIO(b"y" * (3 * LINE_MOST)))) == [b""]


def test_blank_lines_are_none():
    """A log that ends in one, or has them between, is read whole all the same."""
    assert list(lines(io.BytesIO(b"\na\n \t\r\n\nb\n\n"))) == [b"a", b"b"]


@pytest.mark.parametrize("text", [b"[", b" [", b"1", b"1:", b"src=1 ", b" 1.1.1.1:1 [", b"01/Jan/"])
@pytest.mark.parametrize("format_", LogFormat)
def test_no_line_takes_long(format_, text):
    """The longest line, made of what patterns look for, is done in less than a tenth of a second."""
    line = (text * LINE_MOST)[:LINE_MOST]
    reader = reader_of(format_, IN, Fields())
    began = time.process_time()
    reader(line)
    assert time.process_time() - began < 0.1


@given(st.binary(max_size=300), st.sampled_from(list(LogFormat)))
def test_nothing_breaks_a_reader(line, format_):
    """Whatever bytes: somebody or nobody, never an error."""
    for text in (line, ALL[format_][:40] + line, line + ALL[format_]):
        found = reader_of(format_, IN, Fields())(text)
        if found:
            value_in(found[0])
            moment_in(found[1])


@pytest.mark.parametrize("text", [b"99/Jan/2026:12:00:00 +0000", b"05/Foo/2026:12:00:00 +0000", b"soon", b""])
def test_no_moment(text):
    """What is no time is no moment."""
    assert moment_in(text) is None
