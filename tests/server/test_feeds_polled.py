"""Pollers that behave like the devices', against the server on a port."""

from __future__ import annotations

import base64
import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import anyio
import anyio.from_thread
import pytest
import uvicorn

from gatepost.kit.secret import Secret
from gatepost.server.consumers import Consumer, Consumers
from gatepost.server.feeds import Feeds
from rigs.devices import fortigate, opn_sense, pan_os
from rigs.feeding import WIDE, Press, Ticking

TOKEN, NEXT = "the token of the edge", "the next token of the edge"


@contextmanager
def on_a_port(app: Feeds) -> Iterator[int]:
    """The port."""
    config = uvicorn.Config(app, port=0, log_config=None, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: anyio.run(server.serve), daemon=True)
    ready = threading.Event()
    server.startup = _telling(server.startup, ready)  # type: ignore[method-assign]  # says when it listens
    thread.start()
    assert ready.wait(30)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(30)


def _telling(startup, ready):
    async def started(sockets=None):
        await startup(sockets)
        ready.set()

    return started


@dataclass
class Device:
    """Any of them: one connection a poll, credentials in the URL, the last good list kept."""

    port: int
    path: str
    read: object
    token: str = TOKEN
    kept: list = field(default_factory=list)
    etag: str = ""
    enforcing: bool = True

    def request(self, method="GET", **headers):
        """One, and all of its answer."""
        if self.token:
            word = base64.b64encode(f"edge:{self.token}".encode()).decode()
            headers["Authorization"] = f"Basic {word}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(
            method, self.path, headers={name.replace("_", "-"): headers[name] for name in headers}
        )
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer, body

    def poll(self) -> int:
        """PAN-OS: a failed login stops enforcement, anything else that fails keeps the last list."""
        answer, body = self.request(**({"If_None_Match": self.etag} if self.etag else {}))
        if answer.status == 401:
            self.enforcing = False
        if answer.status == 200:
            self.kept, self.etag = self.read(body), answer.headers["ETag"]
            self.enforcing = True
        return answer.status


@pytest.fixture
def place(tmp_path):
    """A server on a port, and what feeds it."""
    clock = Ticking()
    press = Press(tmp_path / "feed", clock)
    feeds = press.feeds(consumers=Consumers([Consumer("edge", (Secret(TOKEN),))], clock=clock))
    with on_a_port(feeds) as port:
        yield port, press, feeds, clock


def publish(press, clock, wanted):
    """And let a second pass for the server."""
    anyio.run(press.publish, wanted)
    clock.jump += 1.5


def test_pan_os(place):
    """PAN-OS gets the list, then 304, then the next list, and keeps it through an outage."""
    port, press, feeds, clock = place
    device = Device(port, "/v1/lists/webhooks.edl", pan_os)
    assert (device.poll(), device.kept, device.enforcing) == (503, [], True)
    publish(press, clock, WIDE)
    assert [device.poll(), device.poll()] == [200, 304]
    assert len(device.kept) == 257
    publish(press, clock, WIDE[1:])
    assert (device.poll(), len(device.kept)) == (200, 256)
    feeds.consumers.replace(None)
    assert (device.poll(), len(device.kept), device.enforcing) == (503, 256, True)


def test_a_token_is_exchanged(place):
    """No poll of a device is refused while its token is exchanged in the right order; a wrong one is."""
    port, press, feeds, clock = place
    publish(press, clock, WIDE)
    device = Device(port, "/v1/lists/webhooks.edl", pan_os)
    assert device.poll() == 200
    feeds.consumers.replace([Consumer("edge", (Secret(TOKEN), Secret(NEXT)))])
    assert device.poll() == 304
    device.token = NEXT
    assert device.poll() == 304
    feeds.consumers.replace([Consumer("edge", (Secret(NEXT),))])
    assert (device.poll(), device.enforcing) == (304, True)
    device.token = TOKEN
    assert (device.poll(), device.enforcing) == (401, False)


def test_forti_gate(place):
    """FortiGate reads the whole list each time, also compressed, or the list of one family."""
    port, press, _, clock = place
    device = Device(port, "/v1/lists/webhooks.fortinet", fortigate)
    publish(press, clock, WIDE)
    answer, body = device.request(Accept_Encoding="gzip")
    assert (answer.status, answer.headers["Content-Encoding"]) == (200, "gzip")
    assert int(answer.headers["Content-Length"]) == len(body)
    assert device.poll() == 200
    device.path = "/v1/lists/webhooks.fortinet?family=6"
    assert device.poll() == 200
    assert len(device.kept) == 1


def test_opn_sense_and_junos(place):
    """HEAD tells by tag and date whether to fetch; both agree with the list that is then fetched."""
    port, press, _, clock = place
    publish(press, clock, WIDE)
    device = Device(port, "/v1/lists/webhooks.juniper", opn_sense)
    head, nothing = device.request("HEAD")
    got, body = device.request()
    assert nothing == b""
    for name in ("ETag", "Last-Modified", "Content-Length", "Content-Type"):
        assert head.headers[name] == got.headers[name]
    assert len(device.read(body)) == 257
    publish(press, clock, WIDE[1:])
    later, _ = device.request("HEAD", If_Modified_Since=got.headers["Last-Modified"])
    assert (later.status, later.headers["ETag"] != head.headers["ETag"]) == (200, True)
    same, _ = device.request("HEAD", If_Modified_Since=later.headers["Last-Modified"])
    assert same.status == 304


def test_without_credentials(place):
    """A device that forgot its credentials is told how to give them."""
    port, press, _, clock = place
    publish(press, clock, WIDE)
    device = Device(port, "/v1/lists/webhooks.txt", opn_sense, token="")
    answer, _ = device.request()
    assert answer.status == 401
    assert answer.headers.get_all("WWW-Authenticate") == [
        'Basic realm="gatepost", charset="UTF-8"',
        'Bearer realm="gatepost"',
    ]
