"""The service manager: tell it how we are (sd_notify(3)), take the socket it holds (sd_listen_fds(3))."""

from __future__ import annotations

import os
import socket
from contextlib import suppress

READY, STOPPING, WATCHDOG = "READY=1", "STOPPING=1", "WATCHDOG=1"
FIRST_HANDED = 3
"""Number of the first descriptor that is handed over."""


def notify(*states: str) -> None:
    """Send states; silent where nobody listens."""
    place = os.environ.get("NOTIFY_SOCKET", "")
    if not place.startswith(("/", "@")):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        sender.connect("\0" + place[1:] if place.startswith("@") else place)
        sender.sendall("\n".join(states).encode())


def watchdog_seconds() -> float | None:
    """How often it wants to hear from us at the latest (sd_watchdog_enabled(3)); None: it does not watch."""
    told, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
    if not told.isdigit() or int(told) == 0 or pid not in ("", str(os.getpid())):
        return None
    return int(told) / 1e6


def handed_socket() -> socket.socket | None:
    """The first socket that was opened for this very process; None where there is none. Raises OSError."""
    told = os.environ.get("LISTEN_FDS", "")
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or not told.isdigit() or int(told) == 0:
        return None
    os.set_inheritable(FIRST_HANDED, False)  # noqa: FBT003 - the standard library's signature
    return socket.socket(fileno=FIRST_HANDED)
