"""A server of raw bytes, for faults that no HTTP library would send."""

from __future__ import annotations

import ssl
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
import pytest
from anyio.streams.tls import TLSListener

from gatepost.kit.http import Http, HttpSettings

TLS = Path(__file__).with_name("tls")


@asynccontextmanager
async def _serving(answer, certificate=None):
    seen = []

    async def handle(stream):
        with suppress(anyio.BrokenResourceError, anyio.EndOfStream, anyio.ClosedResourceError):
            async with stream:
                seen.append(await stream.receive())
                await (stream.send(answer) if isinstance(answer, bytes) else answer(stream))

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610 - not Django's
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(TLS / f"{certificate}.pem")
        listener = TLSListener(listener, context)
    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, handle)
        yield port, seen
        group.cancel_scope.cancel()


@pytest.fixture
def serving():
    """A server on loopback of given bytes, or of what a function sends; yields its port and what it got."""
    return _serving


@pytest.fixture
def http(clock):
    """Makes an Http; keywords are settings, but ``transport`` and ``resolve``."""

    def make(*hosts, transport=None, resolve=None, **settings):
        return Http(HttpSettings(frozenset(hosts), **settings), clock, transport, resolve)

    return make


@pytest.fixture
def tls():
    """Directory of the test certificates."""
    return TLS
