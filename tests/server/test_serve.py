"""On a port: it refuses what it cannot be, waits for nobody for ever, and finishes what it began."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import httpx2
import pytest

from gatepost.config.server_keys import ServerOptions, ServerSettings
from gatepost.errors import ServerUnavailable
from gatepost.kit.clock import SystemClock
from gatepost.server import connection
from gatepost.server.app import Server
from gatepost.server.connection import Connection
from gatepost.server.serve import serving
from rigs.serving import TEN, house, people

pytestmark = pytest.mark.anyio

TLS = Path(__file__).parent.parent / "kit" / "tls"
ANYWHERE = ServerSettings(ServerOptions(listen="127.0.0.1:0"))


def at(url: str) -> tuple[str, int]:
    """Host and port of a base URL."""
    parts = urlsplit(url)
    return parts.hostname, parts.port


async def test_a_port_in_use_is_told(tmp_path):
    """With the address and the system's word for it; nothing is left open."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        listen = ServerSettings(ServerOptions(listen=f"127.0.0.1:{port}"))
        with house(tmp_path, SystemClock(), listen) as made, pytest.raises(ServerUnavailable) as told:
            async with serving(made.desk, made.server):
                pass
    assert f"127.0.0.1:{port}: Address already in use" in told.value.message


HANDED = """
import os, socket, sys
from gatepost.kit.systemd import handed_socket
place = socket.create_server((sys.argv[1], 0))
os.dup2(place.fileno(), 3)
os.environ.update(LISTEN_PID=str(os.getpid() + int(sys.argv[2])), LISTEN_FDS="1")
made = handed_socket()
print(made and made.getsockname() == place.getsockname())
"""


@pytest.mark.parametrize(("others", "got"), [(0, "True"), (1, "None")])
def test_a_socket_is_handed_over(others, got):
    """By the variables of sd_listen_fds(3); one for another process is left alone."""
    command = [sys.executable, "-c", HANDED, "127.0.0.1", str(others)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == got


REACH = """
import os, socket, sys
place = socket.create_server((sys.argv[1], 0))
os.dup2(place.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv(sys.executable, [sys.executable, "-m", "gatepost", "run", "--config", sys.argv[2]])
"""


def test_a_socket_of_another_place_is_refused(tmp_path):
    """A unit that listens where the configuration does not say would go round its TLS and login."""
    configuration = tmp_path / "gatepost.toml"
    configuration.write_text('[store]\nurl = "sqlite:///h.db"\n[server]\nlisten = "127.0.0.1:0"\n')
    command = [sys.executable, "-c", REACH, "127.0.0.2", str(configuration)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "the socket handed over is not at 127.0.0.1:0" in done.stderr


async def test_a_certificate_that_is_none_is_told(tmp_path):
    """With both files named."""
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("no PEM")
    options = ServerOptions(listen="127.0.0.1:0", certificate=tmp_path / "cert.pem", key=tmp_path / "key.pem")
    with (
        house(tmp_path, SystemClock(), ServerSettings(options)) as made,
        pytest.raises(ServerUnavailable) as told,
    ):
        async with serving(made.desk, made.server):
            pass
    assert "cert.pem" in told.value.message


async def test_requests_in_flight_are_answered_at_the_end(tmp_path):
    """Stopping waits for them, and takes no new ones."""
    begun, go_on = threading.Event(), threading.Event()

    async def feeds(_scope, _receive, send):
        begun.set()
        assert await anyio.to_thread.run_sync(go_on.wait, 10)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"all of it"})

    with house(tmp_path, SystemClock(), ANYWHERE) as made:
        app = Server(made.desk, feeds=feeds)
        answers = []

        async def ask(url):
            async with httpx2.AsyncClient() as client:
                answers.append((await client.get(f"{url}/v1/version")).text)

        async with anyio.create_task_group() as group, serving(made.desk, app) as url:
            group.start_soon(ask, url)
            await anyio.to_thread.run_sync(begun.wait)
            threading.Timer(0.2, go_on.set).start()
        assert answers == ["all of it"]
        with pytest.raises(OSError):  # noqa: PT011 - whatever the system calls it: nobody listens
            socket.create_connection(at(url), timeout=1).close()


async def test_who_says_nothing_is_sent_away(tmp_path):
    """A connection without a head, or with half of one, is closed in time; also after an answer."""

    class Hasty(connection.Connection):
        head_within = 0.2

    with house(tmp_path, SystemClock(), ANYWHERE) as made:
        async with serving(made.desk, made.server, protocol=Hasty) as url:
            for said in (b"", b"GET /livez HT", b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "):
                stream = await anyio.connect_tcp(*at(url))
                async with stream:
                    if said:
                        await stream.send(said)
                    with anyio.fail_after(5), pytest.raises(anyio.EndOfStream):
                        await stream.receive()
            stream = await anyio.connect_tcp(*at(url))
            async with stream:
                await stream.send(b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                assert b"200 OK" in await stream.receive()
                await stream.send(b"GET /live")
                with anyio.fail_after(5), pytest.raises(anyio.EndOfStream):
                    await stream.receive()


async def test_good_clients_are_served_beside_idle_ones(tmp_path):
    """Hundreds of connections that say nothing, or half of a request, keep nobody from an answer."""
    with house(tmp_path, SystemClock(), ANYWHERE) as made:
        await made.cycle(*TEN)
        async with serving(made.desk, made.server) as url, AsyncExitStack() as idle:
            for number in range(300):
                one = await idle.enter_async_context(await anyio.connect_tcp(*at(url)))
                if number % 2:
                    await one.send(b"GET /livez HTTP/1.1\r\nHo")
            async with httpx2.AsyncClient(base_url=url) as client:
                for _ in range(50):
                    answer = await client.get("/v1/check?value=101.126.59.7")
                    assert answer.json()["allowed"]


class Few(Connection):
    """At most three at once."""

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.limit_concurrency = 3


async def test_more_connections_than_may_be_are_closed_at_once(tmp_path):
    """Those that say nothing take no file of whoever applies; once some are gone others are let in."""
    with house(tmp_path, SystemClock(), ANYWHERE) as made:
        async with serving(made.desk, made.server, protocol=Few) as url:
            some = [await anyio.connect_tcp(*at(url)) for _ in range(3)]
            await anyio.wait_all_tasks_blocked()
            for _ in range(3):
                async with await anyio.connect_tcp(*at(url)) as late:
                    with anyio.fail_after(5), pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
                        await late.receive()
            for one in some:
                await one.aclose()
            async with httpx2.AsyncClient(base_url=url) as client:
                with anyio.fail_after(5):
                    while True:
                        with suppress(httpx2.TransportError):
                            assert (await client.get("/livez")).status_code == 200
                            break


async def test_odd_bytes_are_refused(tmp_path):
    """What is no HTTP gets 400 and an end; the server goes on."""
    with house(tmp_path, SystemClock(), ANYWHERE) as made:
        async with serving(made.desk, made.server) as url:
            for odd in (
                b"\x16\x03\x01\x02\x00",
                b"GET / HTTP/9.9\r\n\r\n",
                b"GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
            ):
                stream = await anyio.connect_tcp(*at(url))
                async with stream:
                    await stream.send(odd)
                    with anyio.fail_after(5):
                        assert (await stream.receive()).startswith(b"HTTP/1.1 4")
            async with httpx2.AsyncClient(base_url=url) as client:
                assert (await client.get("/livez")).status_code == 200


async def test_it_speaks_tls(tmp_path):
    """1.2 or newer, with the certificate named."""
    options = {"listen": "127.0.0.1:0", "certificate": TLS / "good.pem", "key": TLS / "good.pem"}
    context = ssl.create_default_context(cafile=str(TLS / "ca.pem"))
    with house(tmp_path, SystemClock(), people(**options)) as made:
        async with serving(made.desk, made.server) as url:
            assert url.startswith("https://127.0.0.1:")
            port = at(url)[1]
            async with httpx2.AsyncClient(base_url=f"https://localhost:{port}", verify=context) as client:
                assert (await client.get("/livez")).status_code == 200
