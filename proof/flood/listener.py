"""Take the stamped packets and say for how long none came through; until standard input ends.

``python -m flood.listener``. A gap is the time between the sending of two
packets that arrived where some between them did not: a machine that pauses makes
no gap, a filter that drops does. Ends with one line of JSON.
"""

from __future__ import annotations

import json
import select
import socket
import sys
from dataclasses import dataclass, field

from flood.sender import STAMP

BUFFER = 128 * 1024 * 1024
"""Bytes of stamped packets that may wait."""
SO_RCVBUFFORCE = 33
"""Linux: a receive buffer beyond the system's limit, for root (socket(7))."""


@dataclass(slots=True)
class Gaps:
    """What was seen of each sender and family."""

    last: dict[tuple[str, int], tuple[int, int]] = field(default_factory=dict)
    step: int = 2
    """Numbers from one packet of a family to its next: the families take turns."""
    longest: int = 0
    stamped: int = 0

    def see(self, sender: str, data: bytes) -> None:
        """One packet that came through."""
        family, number, at = STAMP.unpack(data)
        before = self.last.get((sender, family))
        self.last[sender, family] = (number, at)
        self.stamped += 1
        if before and number - before[0] > self.step:
            self.longest = max(self.longest, at - before[1])


def bound(port: int, buffer: int) -> socket.socket:
    """Both families."""
    opened = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    opened.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, buffer)
    opened.bind(("::", port))
    opened.setblocking(False)  # noqa: FBT003 - the library's own form
    return opened


def drain(source: socket.socket, gaps: Gaps) -> None:
    """All that waits."""
    while True:
        try:
            data, address = source.recvfrom(64)
        except BlockingIOError:
            return
        gaps.see(address[0], data)


def listen() -> Gaps:
    """Until standard input ends."""
    gaps = Gaps()
    with bound(9, 0), bound(10, BUFFER) as stamped:  # nobody reads the first: it answers nothing
        print("ready", flush=True)
        while sys.stdin not in (ready := select.select([sys.stdin, stamped], [], [])[0]):
            if stamped in ready:
                drain(stamped, gaps)
        drain(stamped, gaps)
    return gaps


if __name__ == "__main__":
    found = listen()
    print(json.dumps({"longest_ms": found.longest / 1e6, "stamped": found.stamped}))
