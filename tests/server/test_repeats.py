"""Requests that come again the same to the byte: answered as the long way does, counted, and never of old."""

from __future__ import annotations

import gc
import re
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import anyio
import anyio.lowlevel
import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatepost.config.server_keys import ServerOptions, ServerSettings
from gatepost.kit.secret import Secret
from gatepost.server.app import Server
from gatepost.server.connection import Connection
from gatepost.server.consumers import Consumer, Consumers
from gatepost.server.desk import Desk
from gatepost.server.feeds import Made
from gatepost.server.lookup import Lookup, look_up
from gatepost.server.repeats import AGAIN, MOST, RAW, RAW_MOST, Repeats, answer
from gatepost.server.serve import serving
from rigs.feeding import WIDE, Press, Ticking
from rigs.plans import entries
from rigs.serving import TEN, bearer, house, people

pytestmark = pytest.mark.anyio

ANYWHERE = ServerSettings(ServerOptions(listen="127.0.0.1:0"))
FEED = "/v1/lists/webhooks.txt"
CHECK = f"/v1/check?value={TEN[0]}"


@dataclass
class Watched:
    """A server that tells what came the long way."""

    server: Server
    long: list[str] = field(default_factory=list)

    @property
    def repeats(self):
        """Of the server itself."""
        return self.server.repeats

    async def __call__(self, scope, receive, send):
        """Note it, and pass it on."""
        self.long.append(scope["path"])
        await self.server(scope, receive, send)


@dataclass
class Line:
    """One connection, read answer by answer."""

    stream: anyio.abc.ByteStream
    rest: bytes = b""

    async def ask(self, *heads: bytes) -> bytes:
        """Send them as one, and read one answer, without its date."""
        await self.stream.send(b"".join(heads))
        return await self.read()

    async def read(self) -> bytes:
        """The next answer."""
        while b"\r\n\r\n" not in self.rest:
            self.rest += await self.stream.receive()
        head, _, self.rest = self.rest.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        wanted = int(length[1]) if length else 0
        while len(self.rest) < wanted:
            self.rest += await self.stream.receive()
        body, self.rest = self.rest[:wanted], self.rest[wanted:]
        return re.sub(rb"date: [^\r]*\r\n", b"", head + b"\r\n") + b"\r\n" + body


def head(path: str, *fields: str, method: str = "GET", version: str = "1.1") -> bytes:
    """Of a request."""
    lines = [f"{method} {path} HTTP/{version}", "Host: 127.0.0.1", *fields]
    return "\r\n".join([*lines, "", ""]).encode()


@dataclass
class Place:
    """A server on a port, its feed, and a way to it."""

    app: Watched
    desk: Desk
    press: Press
    clock: Ticking
    url: str

    @asynccontextmanager
    async def line(self):
        """A connection to it."""
        parts = urlsplit(self.url)
        async with await anyio.connect_tcp(parts.hostname, parts.port) as stream:
            with anyio.fail_after(30):
                yield Line(stream)

    async def learn(self, line: Line, raw: bytes) -> None:
        """Ask until it is answered from memory; what is written down meanwhile lets some go the long way."""
        seen = -1
        while len(self.app.long) > seen:
            seen = len(self.app.long)
            await line.ask(raw)

    async def publish(self, *texts: str) -> None:
        """Another version, which is looked for at once."""
        await self.press.publish(entries(*texts))
        self.clock.jump += 2


@asynccontextmanager
async def place(folder, server=ANYWHERE, consumers=None, protocol=Connection):
    """With ten addresses in the history, and a wide feed."""
    clock = Ticking()
    with house(folder, clock, server) as made:
        await made.cycle(*TEN)
        press = Press(folder / "feed", clock)
        await press.publish(WIDE)
        more = {"consumers": consumers} if consumers else {}
        desk = Desk.of(made.site, wake=lambda _: None, feeds=press.feeds(**more))
        app = Watched(Server(desk))
        async with serving(desk, app, protocol=protocol) as url:
            app.long.clear()
            yield Place(app, desk, press, clock, url)


@pytest.mark.parametrize("path", [FEED, CHECK])
async def test_the_second_is_as_the_first_and_comes_the_short_way(tmp_path, path):
    """Status, fields and body; only the time of a check may differ."""
    async with place(tmp_path) as one, one.line() as line:
        first, second, third = [await line.ask(head(path)) for _ in range(3)]
        assert first.startswith(b"HTTP/1.1 200 OK\r\n")
        at = rb'"at":"[^"]*"'
        assert re.sub(at, b"", first) == re.sub(at, b"", second) == re.sub(at, b"", third)
        assert one.app.long == [path.partition("?")[0]]


async def test_unchanged_is_told_the_short_way_too(tmp_path):
    """A poller with the newest version gets 304 each time, without a body."""
    async with place(tmp_path) as one, one.line() as line:
        tag = re.search(rb"etag: ([^\r]*)", await line.ask(head(FEED)))[1].decode()
        asked = head(FEED, f"If-None-Match: {tag}", "User-Agent: curl/8.5.0")
        answers = {await line.ask(asked) for _ in range(3)}
        assert len(answers) == 1
        assert answers.pop().startswith(b"HTTP/1.1 304 Not Modified\r\n")
        assert len(one.app.long) == 2


async def test_what_comes_the_short_way_is_counted(tmp_path):
    """In the feed's counts, in the metrics, and as what the consumer has."""
    async with place(tmp_path) as one, one.line() as line:
        for _ in range(4):
            await line.ask(head(FEED))
        assert one.desk.feeds.counts["webhooks", "txt", 200] == 4
        (row,) = one.desk.feeds.fetched()
        assert (row.consumer, row.serial) == ("address 127.0.0.1", 1)
        async with httpx2.AsyncClient() as client:
            metrics = (await client.get(f"{one.url}/metrics")).text
        assert re.search(r'http_requests_total\{code="200",route="feeds"\} 4', metrics), metrics
        assert len([path for path in one.app.long if path == FEED]) == 1


async def test_a_new_version_is_never_missed(tmp_path):
    """As soon as another version is served, the same bytes get that."""
    async with place(tmp_path) as one, one.line() as line:
        before = [await line.ask(head(FEED)) for _ in range(2)]
        other = head(FEED, "User-Agent: another")
        assert {await line.ask(other) for _ in range(2)} == {*before}
        await one.publish("61.0.0.0/24")
        after = [await line.ask(head(FEED)) for _ in range(2)]
        assert before[0] == before[1] != after[0] == after[1]
        assert after[0].endswith(b"61.0.0.0/24\n")
        assert await line.ask(other) == after[0]


async def test_a_list_that_moved_is_never_missed(tmp_path):
    """Nor is what the lists hold, for a check."""
    clock = Ticking()
    with house(tmp_path, clock, ANYWHERE) as made:
        await made.cycle(*TEN)
        app = Watched(made.server)
        async with serving(made.desk, app) as url:
            one = Place(app, made.desk, Press(tmp_path, clock), clock, url)
            async with one.line() as line:
                asked = head("/v1/check?value=101.126.59.200")
                assert b'"allowed":false' in await line.ask(asked)
                assert b'"allowed":false' in await line.ask(asked)
                await made.cycle(*TEN, "101.126.59.200")
                assert b'"allowed":true' in await line.ask(asked)


async def test_credentials_that_ended_open_nothing(tmp_path):
    """After a rotation the same bytes with the old token are refused, as often as they come."""
    consumers = Consumers((Consumer("fw1", (Secret("the old token of fw1"),)),))
    async with place(tmp_path, consumers=consumers) as one, one.line() as line:
        asked = head(FEED, "Authorization: Bearer the old token of fw1")
        assert [(await line.ask(asked))[9:12] for _ in range(2)] == [b"200", b"200"]
        assert len(one.app.long) == 1
        consumers.replace([Consumer("fw1", (Secret("the new token of fw1"),))])
        assert [(await line.ask(asked))[9:12] for _ in range(2)] == [b"401", b"401"]
        new = head(FEED, "Authorization: Bearer the new token of fw1")
        assert (await line.ask(new))[9:12] == b"200"


async def test_who_may_not_is_refused_each_time(tmp_path):
    """A check without a login, or with a wrong one, is never answered for somebody else's right one."""
    async with place(tmp_path, people(listen="127.0.0.1:0")) as one, one.line() as line:
        right, wrong = (
            head(CHECK, f"Authorization: {token}") for token in (bearer("vera")["authorization"], "Bearer no")
        )
        for _ in range(2):
            assert (await line.ask(right))[9:12] == b"200"
            assert (await line.ask(wrong))[9:12] == b"401"
            assert (await line.ask(head(CHECK)))[9:12] == b"401"
        assert len(one.app.long) == 5


ODD = {
    "a cookie": head(FEED, "Cookie: a=b"),
    "a body": head(FEED, "Content-Length: 0"),
    "its connection": head(FEED, "Connection: keep-alive"),
    "a field that nobody knows": head(FEED, "X-Forwarded-For: 198.51.100.7"),
    "another method": head(FEED, method="HEAD"),
    "another version": head(FEED, "Connection: keep-alive", version="1.0"),
    "too long": head(f"{FEED}?x={'a' * RAW_MOST}"),
    "a refusal": head("/v1/lists/nothing.txt"),
    "a page": head("/"),
    "another name": head(FEED).replace(b"127.0.0.1", b"evil.example"),
}


@pytest.mark.parametrize("asked", ODD.values(), ids=ODD)
async def test_what_is_not_plain_always_goes_the_long_way(tmp_path, asked):
    """Whatever could mean something else the next time is never remembered."""
    async with place(tmp_path) as one:
        for _ in range(3):
            async with one.line() as line:
                await line.stream.send(asked)
                await line.stream.receive()
        assert len(one.app.long) == 3


@pytest.mark.parametrize("cut", [1, 3, 20, len(head(FEED)) - 4, len(head(FEED)) - 1])
async def test_a_head_in_two_pieces(tmp_path, cut):
    """Is one request, also where a piece, or both together, are what is remembered."""
    async with place(tmp_path) as one, one.line() as line:
        whole, asked = await line.ask(head(FEED)), head(FEED)
        await line.stream.send(asked[:cut])
        await anyio.wait_all_tasks_blocked()
        assert await line.ask(asked[cut:]) == whole
        assert await line.ask(asked) == whole


async def test_a_request_and_a_half_are_not_one(tmp_path):
    """What came together with the begin of another is not remembered as one, and both are answered."""
    async with place(tmp_path) as one, one.line() as line:
        asked, whole = head(FEED), await line.ask(head(FEED, "Accept: text/plain"))
        for _ in range(3):
            assert await line.ask(asked, asked[:20]) == whole
            assert await line.ask(asked[20:]) == whole


async def test_a_remembered_request_within_another_is_not_one(tmp_path):
    """Bytes that follow half a head are the rest of that head, whatever they look like."""
    async with place(tmp_path) as one, one.line() as line:
        await line.ask(head(FEED))
        await line.stream.send(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Held: ")
        await anyio.wait_all_tasks_blocked()
        assert b"webhooks" not in await line.ask(head(FEED))
        assert one.desk.feeds.counts["webhooks", "txt", 200] == 1


async def test_several_at_once_are_answered_in_their_order(tmp_path):
    """A remembered request behind one that is still being answered waits for its turn."""
    async with place(tmp_path) as one, one.line() as line:
        feed = await line.ask(head(FEED))
        first = await line.ask(head("/v1/status"), head(FEED), head("/v1/status"))
        await line.stream.send(head(FEED))
        assert first.startswith(b"HTTP/1.1 200 OK")
        assert b'"targets"' in first
        assert await line.read() == feed
        assert b'"targets"' in await line.read()
        assert await line.read() == feed


async def test_a_connection_is_idle_from_its_last_answer_on(tmp_path):
    """Who keeps asking the short way is not sent away; who stops is, in time."""

    class Hasty(Connection):
        def __init__(self, *arguments, **more):
            super().__init__(*arguments, **more)
            self.timeout_keep_alive = 0.3

    async with place(tmp_path, protocol=Hasty) as one, one.line() as line:
        whole, end = await line.ask(head(FEED)), time.monotonic() + 0.8
        while time.monotonic() < end:
            assert await line.ask(head(FEED)) == whole
        with anyio.fail_after(5), pytest.raises(anyio.EndOfStream):
            await line.read()


@dataclass
class Slow:
    """A client that does not read while something happens."""

    happens: object

    async def __call__(self, message):
        """Both parts of an answer wait here."""
        if message["type"] == "http.response.body":
            await self.happens()


def plain(path, **headers):
    """A scope of a request."""
    path, _, query = path.partition("?")
    fields = [(b"host", b"127.0.0.1"), *((key.encode(), value.encode()) for key, value in headers.items())]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": query.encode(), "headers": fields}
    return scope | {"client": ("192.0.2.1", 1), "http_version": "1.1", "scheme": "http"}


async def test_who_waits_for_a_slow_reader_pins_nothing(tmp_path):
    """What is published, or whose credentials end, while an answer goes out is never answered as before."""
    consumers = Consumers((Consumer("fw1", (Secret("the old token of fw1"),)),))
    async with place(tmp_path, consumers=consumers) as one:
        feeds, at_once = one.desk.feeds, Slow(anyio.lowlevel.checkpoint)
        who = {"authorization": "Bearer the old token of fw1"}

        async def published():
            await one.publish("61.0.9.0/24")
            await feeds(plain(FEED, **who), None, at_once)

        scope = plain(FEED, **who)
        await feeds(scope, None, Slow(published))
        assert scope[AGAIN]("192.0.2.1").body == b"61.0.9.0/24\n"

        async def rotated():
            consumers.replace([Consumer("fw2", (Secret("the new token of fw2"),))])
            await feeds(plain(FEED, authorization="Bearer the new token of fw2"), None, at_once)

        scope = plain(FEED, **who)
        await feeds(scope, None, Slow(rotated))
        assert scope[AGAIN]("192.0.2.1") is None
        refused = plain(FEED, **who)
        await feeds(refused, None, at_once)
        assert AGAIN not in refused


async def test_a_list_that_moves_while_a_check_goes_out(tmp_path):
    """The check is whole, and is not remembered for the list as it is now."""
    async with place(tmp_path) as one:
        server = one.app.server

        async def moved():
            one.desk.present.lookup = look_up(one.desk.site, Lookup.of_nothing())
            await server(plain("/v1/check?value=192.0.2.77"), None, Slow(anyio.lowlevel.checkpoint))

        scope = plain(CHECK)
        await server(scope, None, Slow(moved))
        assert scope[AGAIN]("192.0.2.1") is None


async def dripped(line):
    """Send a byte now and then, until an answer or the end comes."""
    while True:
        await line.stream.send(b"x")
        with anyio.move_on_after(0.1):
            return await line.read()


class Impatient(Connection):
    """Waits for a head no longer than a moment."""

    head_within = 0.3


async def test_half_a_head_behind_a_whole_one_is_not_waited_for_for_ever(tmp_path):
    """However slowly the rest of it drips."""
    async with place(tmp_path, protocol=Impatient) as one, one.line() as line:
        await line.ask(head(FEED), head(FEED)[:20])
        with anyio.fail_after(10), pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
            await dripped(line)


async def test_old_versions_are_not_kept(tmp_path):
    """However many requests are remembered, what they were answered from goes with its version."""
    async with place(tmp_path) as one, one.line() as line:
        for number in range(6):
            await one.publish(f"61.0.{number}.0/24")
            one.desk.present.lookup = look_up(one.desk.site, Lookup.of_nothing())
            for path in (FEED, CHECK):
                await one.learn(line, head(path, f"If-None-Match: {number}"))
        gc.collect()
        kept = [type(found) for found in gc.get_objects() if isinstance(found, (Made, Lookup))]
        assert (kept.count(Made), kept.count(Lookup)) == (1, 2), "one more is of the house's own server"


def test_a_flood_of_different_requests_is_bounded():
    """So many are remembered; then all are forgotten."""
    repeats, kept = Repeats(), answer(200, [], b"")
    for number in range(3 * MOST):
        scope = {RAW: b"%d" % number, "method": "GET", "http_version": "1.1", "headers": []}
        repeats.keep(scope, lambda _: kept)
    assert sum(repeats.find(b"%d" % number, "") is not None for number in range(3 * MOST)) <= MOST


STEPS = st.lists(st.sampled_from([FEED, CHECK, "/v1/version", "/v1/lists/no.txt", "publish"]), max_size=12)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
async def test_the_short_way_gives_what_the_long_way_gives(tmp_path_factory, steps):
    """Whatever is asked and published in whatever order: each answer is the one that a stranger gets."""
    async with place(tmp_path_factory.mktemp("repeats")) as one, one.line() as line:
        for number, step in enumerate(steps):
            if step == "publish":
                await one.publish(f"61.0.{number}.0/24")
                continue
            known, new = await line.ask(head(step)), await line.ask(head(step, f"Accept-Language: x{number}"))
            at = rb'"at":"[^"]*"'
            assert re.sub(at, b"", known) == re.sub(at, b"", new)
