"""Tell the service manager how we are (sd_notify(3)): a datagram to the socket it named, or nothing."""

from __future__ import annotations

import os
import socket
from contextlib import suppress

READY, STOPPING, WATCHDOG = "READY=1", "STOPPING=1", "WATCHDOG=1"


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
