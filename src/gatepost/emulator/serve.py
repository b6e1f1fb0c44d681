"""Serve the emulator on loopback.

uvicorn is an extra (``gatepost[emulator]``) and is imported when something is served.
"""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import anyio

from gatepost.emulator.app import Emulator
from gatepost.emulator.line import TRANSPORT, Message, Receive, Scope, Send

if TYPE_CHECKING:
    import uvicorn

BACKLOG = 128


@dataclass(frozen=True, slots=True)
class Certificate:
    """Paths of a certificate and its key: the emulator then speaks TLS."""

    certfile: str
    keyfile: str


@asynccontextmanager
async def serving(
    emulator: Emulator,
    port: int = 0,
    host: str = "127.0.0.1",
    certificate: Certificate | None = None,
) -> AsyncIterator[str]:
    """The emulator on a port (0: any that is free); gives its base URL, ready for requests.

    On leaving, connections in use are cut. OSError where the port is taken.
    """
    with socket.create_server((host, port), backlog=BACKLOG) as listener:
        server = _server(emulator, certificate)
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        await server.startup(sockets=[listener])
        try:
            scheme = "https" if certificate else "http"
            yield f"{scheme}://{host}:{listener.getsockname()[1]}"
        finally:
            with anyio.CancelScope(shield=True):
                await server.shutdown(sockets=[listener])


def run(port: int, host: str = "127.0.0.1", *, ready: Callable[[str], None] | None = None) -> None:
    """Serve a fresh emulator until interrupted; ``ready`` is told the base URL."""

    async def forever() -> None:
        async with serving(Emulator(), port, host) as base_url:
            if ready is not None:
                ready(base_url)
            await anyio.sleep_forever()

    anyio.run(forever)


def _server(emulator: Emulator, certificate: Certificate | None) -> uvicorn.Server:
    import uvicorn  # noqa: PLC0415 - an extra, imported when used

    return uvicorn.Server(
        uvicorn.Config(
            _with_transport(emulator),
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=0,
            ssl_certfile=certificate.certfile if certificate else None,
            ssl_keyfile=certificate.keyfile if certificate else None,
        ),
    )


def _with_transport(emulator: Emulator) -> Callable[[Scope, Receive, Send], object]:
    """Hand the connection down with each request: faults of the line need it."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        transport = getattr(getattr(send, "__self__", None), "transport", None)
        scope["extensions"] = {**(scope.get("extensions") or {}), TRANSPORT: transport}
        await emulator(scope, receive, partial(_send_spelt, send))

    return app


async def _send_spelt(send: Send, message: Message) -> None:
    """Headers as the platforms spell them: their own SDK looks up ``X-Tt-Logid`` by the letter."""
    if message["type"] == "http.response.start":
        message["headers"] = [(name.title(), value) for name, value in message["headers"]]
    await send(message)
