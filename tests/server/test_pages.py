"""Long feeds, which the kernel sends from its own pages: whole, in their order, whoever reads how slowly."""

from __future__ import annotations

import gc
import re
import socket
import ssl
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import SocketStream

from gatepost.config.server_keys import ServerOptions, ServerSettings
from gatepost.server.app import Server
from gatepost.server.connection import Connection
from gatepost.server.desk import Desk
from gatepost.server.pages import LEAST, MOST, Pages, pages_of
from gatepost.server.serve import serving
from rigs.feeding import Press, Ticking
from rigs.plans import entries
from rigs.serving import house

pytestmark = pytest.mark.anyio

TLS = Path(__file__).parent.parent / "kit" / "tls"
FEED, BRIEF = "/v1/lists/webhooks.txt", "/v1/version"
LINES = 4_500
"""Some 66,000 bytes: what is left of an answer after a part has gone does not yet make uvicorn wait."""
ASKED = b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n"


def wide(first: int):
    """4,500 addresses, none beside another."""
    return entries(*(f"{first}.{n >> 12}.{n >> 4 & 255}.{(n & 15) * 16}/32" for n in range(LINES)))


class Narrow(Connection):
    """With next to no room on the way."""

    def connection_made(self, transport):
        """At once."""
        super().connection_made(transport)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)


@asynccontextmanager
async def place(folder, protocol=Connection, **options):
    """A server of one long feed: its port, how to publish another version, and its clock."""
    clock = Ticking()
    server = ServerSettings(ServerOptions(listen="127.0.0.1:0", **options))
    with house(folder, clock, server) as made:
        press = Press(folder / "feed", clock)
        await press.publish(wide(61))
        desk = Desk.of(made.site, wake=lambda _: None, feeds=press.feeds())
        async with serving(desk, Server(desk), protocol=protocol) as url:
            yield int(url.rpartition(":")[2]), press, clock


async def answer_of(stream, rest=b""):
    """The next answer's tag and body, and what came behind it; each piece read is a small one."""
    while b"\r\n\r\n" not in rest:
        rest += await stream.receive()
    head, _, rest = rest.partition(b"\r\n\r\n")
    pieces, wanted = [rest], int(re.search(rb"content-length: (\d+)", head)[1])
    while (have := sum(map(len, pieces))) < wanted:
        pieces.append(await stream.receive(min(wanted - have, 10_000)))
    whole = b"".join(pieces)
    return re.search(rb'etag: "([0-9a-f]+)"', head)[1].decode(), whole[:wanted], whole[wanted:]


def pages_open() -> int:
    """Files of pages that this process has."""
    gc.collect()
    found = 0
    for each in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the directory's own
            found += str(each.readlink()).startswith("/memfd:gatepost")
    return found


async def test_each_answer_is_the_body_of_its_tag(tmp_path):
    """The first goes the long way, those after it from the pages: the same bytes."""
    async with place(tmp_path) as (port, _, _), await anyio.connect_tcp("127.0.0.1", port) as stream:
        with anyio.fail_after(60):
            for _ in range(20):
                await stream.send(ASKED % FEED.encode())
                tag, body, rest = await answer_of(stream)
                assert (tag, body.count(b"\n"), rest) == (sha256(body).hexdigest(), LINES, b"")
        assert pages_open() == 1


@pytest.mark.parametrize("protocol", [Connection, Narrow])
async def test_who_reads_late_misses_nothing(tmp_path, protocol):
    """Forty answers, short between long, asked for before the first is read: whole, and in their order."""
    async with place(tmp_path, protocol) as (port, _, _), await narrow(port) as stream:
        with anyio.fail_after(60):
            for path in (FEED, BRIEF):
                await stream.send(ASKED % path.encode())
                await answer_of(stream)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_ask_all, stream)
                rest, seen = b"", []
                for _ in range(40):
                    tag, body, rest = await answer_of(stream, rest)
                    assert tag == sha256(body).hexdigest()
                    seen.append(len(body) >= LEAST)
    assert seen == [True, False] * 20


async def narrow(port):
    """A connection that takes little at a time."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.connect(("127.0.0.1", port))
    return await SocketStream.from_socket(made)


async def _ask_all(stream):
    """Each as a piece of its own, as a client that does not wait sends it."""
    for number in range(40):
        await stream.send(ASKED % (BRIEF if number % 2 else FEED).encode())
        await anyio.lowlevel.checkpoint()


async def test_over_tls_nothing_goes_past_the_encryption(tmp_path):
    """The same body, by a connection that decrypts."""
    trusting = ssl.create_default_context(cafile=TLS / "ca.pem")
    async with place(tmp_path, certificate=TLS / "good.pem", key=TLS / "good.pem") as (port, _, _):
        async with await anyio.connect_tcp("localhost", port, ssl_context=trusting) as stream:
            with anyio.fail_after(60):
                for _ in range(3):
                    await stream.send(ASKED % FEED.encode())
                    tag, body, _ = await answer_of(stream)
                    assert tag == sha256(body).hexdigest()
        assert pages_open() == 0


async def test_pages_go_with_their_version(tmp_path):
    """One file for what is served now, none when nobody serves."""
    async with place(tmp_path) as (port, press, clock), await anyio.connect_tcp("127.0.0.1", port) as stream:
        with anyio.fail_after(90):
            for first in (62, 63, 64):
                await press.publish(wide(first))
                clock.jump += 2
                body = b""
                while not body.startswith(b"%d." % first):
                    await stream.send(ASKED % FEED.encode())
                    tag, body, _ = await answer_of(stream)
                    assert tag == sha256(body).hexdigest()
                while not pages_open():  # a request that looks for a newer version goes the long way
                    await stream.send(ASKED % FEED.encode())
                    await answer_of(stream)
                assert pages_open() == 1
    assert pages_open() == 0


def test_a_connection_that_takes_nothing_is_left_to_its_owner():
    """Closed, or full: no error, and nothing counted as sent."""
    pages = Pages(b"x" * LEAST)
    ours, theirs = socket.socketpair()
    theirs.close()
    place = ours.fileno()
    assert [pages.send(place, b"head") for _ in range(3)] == [0, 0, 0]
    ours.close()
    assert pages.send(place, b"head") == 0


def test_a_head_that_goes_out_again_is_the_one_that_is_sent():
    """The first of a head is left to a copy; what is still on its way when the next comes keeps its own."""
    pages, heads = Pages(b"x" * LEAST), (b"of this second", b"of the next")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 * LEAST)
        for head in heads:
            assert [pages.send(ours.fileno(), head) for _ in range(2)] == [0, len(head) + LEAST]
        ours.shutdown(socket.SHUT_WR)
        with theirs.makefile("rb") as read:
            assert read.read() == b"".join(head + b"x" * LEAST for head in heads)


def test_bodies_together_have_only_so_many_files():
    """Those that come later are left to a copy until others are gone."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(0)
        some = [Pages(b"x" * LEAST) for _ in range(MOST + 1)]
        for one in (*some, *some):
            one.send(ours.fileno(), b"head")
        assert pages_open() == MOST
        del some[0]
        some[-1].send(ours.fileno(), b"head")
        assert pages_open() == MOST
    some.clear()
    del one
    assert pages_open() == 0


def test_short_bodies_have_no_pages():
    """A copy costs less."""
    assert pages_of(b"x" * (LEAST - 1)) is None
    assert pages_of(b"x" * LEAST) is not None
