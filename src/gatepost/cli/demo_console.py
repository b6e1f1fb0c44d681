"""The end of ``gatepost demo``: the service beside its console, for as long as somebody looks.

The firewall of the demo lies in a network namespace of its own, which no browser
reaches: so the socket is opened before that is entered, and handed over.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec

from gatepost.config.server_keys import LISTEN

HANDED = "GATEPOST_DEMO_SOCKET"


def is_wanted(*, told: bool | None, as_json: bool) -> bool:
    """Whether to go on serving at the end: as told, else where a person looks on."""
    able = find_spec("uvicorn") is not None and find_spec("jinja2") is not None
    return able and not as_json and (sys.stdout.isatty() if told is None else told)


def open_place() -> socket.socket:
    """The usual address, or a free port where that is taken; it outlives an exec. Raises OSError."""
    host, _, port = LISTEN.rpartition(":")
    try:
        place = socket.create_server((host, int(port)))
    except OSError:
        place = socket.create_server((host, 0))
    place.set_inheritable(True)
    return place


def handed_place() -> socket.socket | None:
    """The one that was opened before this process entered its namespace."""
    number = os.environ.get(HANDED, "")
    return socket.socket(fileno=int(number)) if number.isdigit() else None


def url_of(place: socket.socket) -> str:
    """What to open in a browser."""
    host, port = place.getsockname()
    return f"http://{host}:{port}"


async def serve(place: socket.socket, environment: Mapping[str, str], lang: str) -> int:
    """Run the service on a handed socket until we are ended; its exit code if it ends by itself."""
    import anyio  # noqa: PLC0415 - loaded with the emulator anyway

    hand_over = f'exec 3<&{place.fileno()}; LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"'
    command = ["sh", "-c", hand_over, "sh", sys.executable, "-m", "gatepost", "run", "--lang", lang]
    async with await anyio.open_process(
        command,
        stdin=subprocess.DEVNULL,
        stdout=None,
        stderr=None,
        env={**os.environ, **environment},
        pass_fds=(place.fileno(),),
    ) as process:
        try:
            return await process.wait()
        finally:
            with anyio.CancelScope(shield=True):
                if process.returncode is None:
                    process.terminate()
                await process.wait()
