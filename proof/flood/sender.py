"""Send UDP over IPv4 and IPv6, evenly, until standard input ends.

``python -m flood.sender V4 V6 PACKETS-A-SECOND``. Every so many packets one goes to port 10 with
its number and the time it was sent, so that whoever gets them can say for how
long nothing came through.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import sys
import time
from contextlib import suppress

BURST = 32
"""Packets to port 9 for one to port 10, of each family."""
NICE = 10
"""So that what is proved runs, and not only the flood."""
STAMP = struct.Struct("!BQQ")
"""Family, number, nanoseconds on a clock that stands still while the sender does."""
PAUSE = 1.0
"""Seconds between two bursts from which on the sender stood still: nothing could come through then."""


def connected(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    """A socket that sends to one place."""
    opened = socket.socket(family, socket.SOCK_DGRAM)
    opened.connect((address, port))
    return opened


def flood(addresses: dict[int, str], rate: float) -> None:
    """Until standard input ends; a machine too slow for the rate gets as many as it can send."""
    families = {4: socket.AF_INET, 6: socket.AF_INET6}
    ends = [
        (number, connected(families[number], to, 9), connected(families[number], to, 10))
        for number, to in addresses.items()
    ]
    sequence, paused, due, last = 0, 0.0, 0.0, time.monotonic()
    while not select.select([sys.stdin], [], [], max(0.0, due - time.monotonic()))[0]:
        now = time.monotonic()
        paused, last = paused + (now - last if now - last > PAUSE else 0.0), now
        due = now + len(ends) * (BURST + 1) / rate
        for number, many, stamped in ends:
            sequence += 1
            burst(many, stamped, STAMP.pack(number, sequence, int((time.monotonic() - paused) * 1e9)))


def burst(many: socket.socket, stamped: socket.socket, stamp: bytes) -> None:
    """Some packets, the last of them stamped."""
    with suppress(ConnectionRefusedError):
        for _ in range(BURST):
            many.send(b"x")
        stamped.send(stamp)


if __name__ == "__main__":
    os.nice(NICE)
    print("ready", flush=True)
    flood({4: sys.argv[1], 6: sys.argv[2]}, float(sys.argv[3]))
