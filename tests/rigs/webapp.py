"""Web applications on real servers, and clients on chosen addresses of loopback."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM, socket
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import uvicorn


class _Server(uvicorn.Server):
    """Says when it listens, or that it will not."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.listening.set()


@contextmanager
def on_uvicorn(app: Any, **options: Any) -> Iterator[int]:
    """An ASGI application on a port of loopback, or on the Unix socket ``uds``."""
    given = {"proxy_headers": False, "log_level": "error", "host": "127.0.0.1", "port": 0, **options}
    server = _Server(uvicorn.Config(app, **given))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert server.listening.wait(20)
        address = server.servers[0].sockets[0].getsockname()
        yield 0 if isinstance(address, str) else address[1]
    finally:
        server.should_exit = True
        thread.join(20)


class _Threads(ThreadingMixIn, WSGIServer):
    """A thread a request, all of them awaited."""


class _Silent(WSGIRequestHandler):
    """Writes no log."""

    def log_message(self, *args: object) -> None:
        """Nothing."""


@contextmanager
def on_wsgiref(app: Any) -> Iterator[int]:
    """A WSGI application on a port of loopback."""
    server = make_server("127.0.0.1", 0, app, server_class=_Threads, handler_class=_Silent)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(20)
        server.server_close()


def ask(
    port: int, path: str, *lines: str, source: str = "127.0.0.1", method: str = "POST", body: bytes = b"{}"
) -> tuple[int, str]:
    """Status and text of one request from an address of loopback; ``lines`` are X-Forwarded-For."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20, source_address=(source, 0))
    try:
        connection.putrequest(method, path)
        for line in lines:
            connection.putheader("X-Forwarded-For", line)
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def ask_unix(place: Path, path: str, line: str) -> int:
    """Status of one request through a Unix socket."""
    with socket(AF_UNIX, SOCK_STREAM) as client:
        client.settimeout(20)
        client.connect(str(place))
        head = [f"POST {path} HTTP/1.1", "Host: x", f"X-Forwarded-For: {line}", "Connection: close"]
        client.sendall("\r\n".join([*head, "Content-Length: 0", "", ""]).encode())
        return int(client.recv(4_096).split()[1])
