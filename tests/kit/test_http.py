"""Requests end, in bounded time and memory, with a whole answer or one error."""

from __future__ import annotations

import gzip
import time
import tracemalloc
import zlib

import anyio
import pytest

from gatepost.errors import (
    ConnectFailed,
    DeadlineExceeded,
    NotJson,
    TooLarge,
)
from gatepost.kit.http import HttpSettings, Reply, decode
from gatepost.kit.secret import Secret
from kit.wire_answers import CANARY, answer, failure

pytestmark = pytest.mark.anyio


def bomb(mebibytes=200):
    """A gzip of zeros: 204 kB that become 200 MiB."""
    packer, block = zlib.compressobj(9, wbits=31), bytes(1 << 20)
    return b"".join([*(packer.compress(block) for _ in range(mebibytes)), packer.flush()])


async def test_whole_answer(serving, http):
    """An answer is given whole, with its status, lower-case headers and a place without a query."""
    packed = gzip.compress(b'{"a": 1}', mtime=0)
    raw = answer(packed, "Content-Encoding: gzip", "X-Tt-Logid: L1")
    async with serving(raw) as (port, seen), http() as opened:
        reply = await opened.request("GET", f"http://127.0.0.1:{port}/x", params={"token": "t"})
    assert (reply.status, reply.body, reply.headers["x-tt-logid"]) == (200, b'{"a": 1}', "L1")
    assert reply.url == f"http://127.0.0.1:{port}/x"
    assert decode(reply, dict[str, int]) == {"a": 1}
    assert seen[0].startswith(b"GET /x?token=t HTTP/1.1\r\n")
    assert b"accept-encoding: gzip\r\n" in seen[0].lower()
    assert opened.requests == 1


async def test_a_form_is_sent_as_one(serving, http):
    """Each value escaped, so that none becomes a member of its own."""
    async with serving(answer(b"{}")) as (port, seen), http() as opened:
        form = {"code": Secret("a&b=c +%"), "n": 1}
        await opened.request("POST", f"http://127.0.0.1:{port}/x", form=form)
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert b"content-type: application/x-www-form-urlencoded\r\n" in head.lower() + b"\r\n"
    assert body == b"code=a%26b%3Dc+%2B%25&n=1"


@pytest.mark.parametrize(
    "raw",
    [
        answer(b'{"a"', length=100),
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n',
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        answer(gzip.compress(b"{}" * 999, mtime=0)[:20], "Content-Encoding: gzip"),
        answer(b"not gzip", "Content-Encoding: gzip"),
        answer(gzip.compress(b"{}", mtime=0) + b"tail", "Content-Encoding: gzip"),
    ],
)
async def test_truncated_answer_is_no_answer(serving, http, raw):
    """A2: what breaks half-way is ConnectFailed; nothing of it is used."""
    async with serving(raw) as (port, _):
        assert isinstance(await failure(http(), port), ConnectFailed)


async def test_bomb_is_stopped_in_memory(serving, http):
    """A3: 204 kB that inflate to 200 MiB are refused while never holding more than a few MiB."""
    raw = answer(bomb(), "Content-Encoding: gzip")
    async with serving(raw) as (port, _):
        tracemalloc.start()
        error = await failure(http(), port)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert isinstance(error, TooLarge)
    assert peak < 12 << 20


async def test_endless_body_is_stopped(serving, http):
    """A3: a plain body without end is refused at the cap."""

    async def pour(stream):
        await stream.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            await stream.send(b"x" * 65536)

    async with serving(pour) as (port, _):
        assert isinstance(await failure(http(max_body=1 << 20), port), TooLarge)


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip", "gzip, br"])
async def test_unasked_encoding_is_refused(serving, http, encoding):
    """A3: an encoding that was not asked for, or a nested one, is not decoded."""
    async with serving(answer(b"{}", f"Content-Encoding: {encoding}")) as (port, _):
        assert isinstance(await failure(http(), port), NotJson)


@pytest.mark.parametrize(
    "start",
    [b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: "],
    ids=["body", "header"],
)
async def test_drip_ends_at_the_total_deadline(serving, http, start):
    """A4: a server that sends a byte now and then cannot hold a request beyond its total time."""

    async def drip(stream):
        await stream.send(start)
        while True:
            await anyio.sleep(0.02)
            await stream.send(b"x")

    async with serving(drip) as (port, _):
        begun = time.monotonic()
        error = await failure(http(deadline=0.3), port)
    assert isinstance(error, DeadlineExceeded)
    assert time.monotonic() - begun < 2


async def test_endless_headers_are_stopped(serving, http):
    """A4: headers without end are cut off long before the deadline."""

    async def pour(stream):
        await stream.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            await stream.send(b"X-More: " + b"y" * 1000 + b"\r\n")

    async with serving(pour) as (port, _):
        assert isinstance(await failure(http(), port), ConnectFailed)


async def test_no_cookies(serving, http):
    """A cookie of one answer is not in the next request."""
    async with (
        serving(answer(b"{}", "Set-Cookie: a=b", "Connection: close")) as (port, seen),
        http() as opened,
    ):
        for _ in range(2):
            await opened.request("GET", f"http://127.0.0.1:{port}/")
    assert len(seen) == 2
    assert b"cookie" not in seen[1].lower()


async def test_nobody_there(http, unused_port):
    """A refused connection is ConnectFailed with the system's own words."""
    error = await failure(http(), unused_port)
    assert isinstance(error, ConnectFailed)
    assert "refused" in str(error)


@pytest.fixture
async def unused_port():
    """A port nobody listens on."""
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        return listener.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610 - not Django's


@pytest.mark.parametrize(
    ("media", "body", "good"),
    [
        ("application/json; charset=utf-8", b"{}", True),
        ("text/plain", b" \n{}", True),
        ("text/json", b"\xef\xbb\xbf{}", True),
        ("application/problem+json", b"{}", True),
        ("", b"{}", True),
        ("text/html", b"{}", False),
        ("application/octet-stream", b"{}", False),
        ("application/json", b"<html>", False),
        ("application/json", b"", False),
        ("application/json", b'"text"', False),
    ],
)
def test_media_type_and_first_byte(media, body, good):
    """A9: JSON is taken from a JSON or plain text type whose first character is a bracket."""
    reply = Reply(200, {"content-type": media} if media else {}, body, "https://h.example/x")
    if good:
        assert decode(reply, dict) == {}
    else:
        with pytest.raises(NotJson, match=r"h\.example"):
            decode(reply, dict)


@pytest.mark.parametrize(
    ("date", "off"), [("Mon, 05 Jan 2026 08:00:30 GMT", False), ("Mon, 05 Jan 2026 09:00:00 GMT", True)]
)
async def test_clock_skew_is_seen(serving, http, date, off):
    """A25: the Date header is compared with our clock, and more than 60 s is told."""
    async with serving(answer(b"{}", f"Date: {date}")) as (port, _), http() as opened:
        reply = await opened.request("GET", f"http://127.0.0.1:{port}/")
    assert reply.clock_is_off is off


@pytest.mark.parametrize("date", ["yesterday", "", "Mon, 05 Jan 2026 08:00:30"])
async def test_odd_date_is_no_skew(serving, http, date):
    """A25: a Date header that cannot be read says nothing."""
    async with serving(answer(b"{}", f"Date: {date}")) as (port, _), http() as opened:
        assert (await opened.request("GET", f"http://127.0.0.1:{port}/")).skew is None


def test_settings_show_no_secret():
    """The settings' repr shows no proxy login."""
    assert CANARY not in repr(HttpSettings(frozenset(), proxy_login=Secret(CANARY)))
