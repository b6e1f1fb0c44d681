"""Serve an application on a port: uvicorn within our own event loop, our own signals, our own end."""

from __future__ import annotations

import logging
import resource
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import anyio
import anyio.to_thread
import uvicorn

from gatepost.config.server_keys import ServerSettings
from gatepost.errors import ServerUnavailable, StoreError, cut
from gatepost.kit.systemd import handed_socket
from gatepost.server.app import App
from gatepost.server.connection import BACKLOG, Connection, limit, listener
from gatepost.server.desk import Desk
from gatepost.server.lookup import look_up

CONNECTIONS_MOST = 10_000
FILES_KEPT = 256
"""Open files that connections never get: whoever applies lists needs some."""
KEEP_ALIVE = 15
"""Seconds for which a connection may be idle between two requests."""
GRACE = 5
"""Seconds for requests that are being answered when we stop."""
LOOK_EVERY = 1.0
"""Seconds after which a change of the history is seen, whoever made it."""

logging.getLogger("uvicorn").addHandler(logging.NullHandler())  # what goes wrong is raised
logging.getLogger("uvicorn").propagate = False


@asynccontextmanager
async def serving(desk: Desk, app: App, *, protocol: type[Connection] = Connection) -> AsyncIterator[str]:
    """Listen, and keep what is in memory up to date; gives the base URL, ready for requests.

    Raises ServerUnavailable where it cannot listen, and into the block where the
    server ends by itself. On leaving, requests in flight are answered first.
    """
    settings = desk.settings
    await _look(desk)
    with _listening(settings) as place:
        server = _server(app, settings, protocol)
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        await server.startup(sockets=[place])
        host, port = place.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(_watched, server)
                group.start_soon(_keep_looking, desk)
                yield f"{'https' if settings.tls else 'http'}://{shown}:{port}"
                group.cancel_scope.cancel()
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None
        finally:
            with anyio.CancelScope(shield=True), anyio.move_on_after(GRACE + 2):
                await server.shutdown(sockets=[place])


def _listening(settings: ServerSettings) -> socket.socket:
    """The socket of a service manager, if it is where we are to listen; else one of our own."""
    host, port = settings.address
    try:
        handed = handed_socket()
        if handed is None:
            return listener(host, port)
        limit(handed)
        there = handed.getsockname()[:2]
    except OSError as error:
        msg = f"cannot listen on {settings.options.listen}: {error.strerror or type(error).__name__}"
        raise ServerUnavailable(msg) from None
    if there[0] != host or port not in (0, there[1]):
        handed.close()
        msg = f"the socket handed over is not at {settings.options.listen}"
        raise ServerUnavailable(
            msg, hint="Give ListenStream= of the socket unit and listen in [server] the same."
        )
    return handed


def _server(app: App, settings: ServerSettings, protocol: type[Connection]) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=_connections(),
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
        ssl_context_factory=_tls(settings),
    )
    return uvicorn.Server(config)


def _tls(settings: ServerSettings) -> Callable[..., ssl.SSLContext] | None:
    if not settings.tls:
        return None
    certificate, key = settings.options.certificate, settings.options.key
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(str(certificate), str(key), password=lambda: b"")
    except (OSError, ssl.SSLError) as error:
        msg = f"certificate {certificate} and key {key} cannot be used: {cut(str(error))}"
        raise ServerUnavailable(msg, hint="Name a PEM chain and its key, without a passphrase.") from None
    return lambda *_: context


def _connections() -> int:
    """As many as there are open files for, after asking for more of them."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS_MOST + FILES_KEPT
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        with suppress(OSError, ValueError):  # a service manager may forbid it
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            soft = most
    limit = CONNECTIONS_MOST if soft == resource.RLIM_INFINITY else min(CONNECTIONS_MOST, soft - FILES_KEPT)
    return max(16, limit)


async def _watched(server: uvicorn.Server) -> None:
    """Its own loop keeps the date; it has no reason to end."""
    await server.main_loop()
    msg = "the server ended by itself"
    raise ServerUnavailable(msg)


async def _keep_looking(desk: Desk) -> None:
    while True:
        await desk.site.clock.sleep(LOOK_EVERY)
        await _look(desk)


async def _look(desk: Desk) -> None:
    """So that no request waits for it. A history that cannot be read leaves what is known."""
    if desk.feeds is not None:
        await desk.feeds.look()
    try:
        desk.present.lookup = await anyio.to_thread.run_sync(look_up, desk.site, desk.present.lookup)
    except StoreError:
        return
