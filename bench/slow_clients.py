"""Good clients of `gatepost run` beside thousands of connections that say nothing, or a byte at a time.

Prints how long `/v1/check` takes with and without them, in one run on one machine; half of the connections
never send anything, half send the head of a request a byte at a time. They are held for the whole time.
"""

from __future__ import annotations

import http.client
import os
import re
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

QUICK = "--quick" in sys.argv
SLOW = 500 if QUICK else 5_000
ASKED = 300 if QUICK else 10_000
TARGET_MS = 100.0
SITE = """
[store]
url = "sqlite:///h.db"
[server]
listen = "127.0.0.1:0"
[sources.one]
kind = "static"
direction = "ingress"
entries = ["101.126.59.0/24"]
[lists.webhooks]
direction = "ingress"
sources = ["one"]
"""


def start(folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """The service, and its port."""
    configuration = folder / "gatepost.toml"
    configuration.write_text(SITE, encoding="utf-8")
    command = [sys.executable, "-m", "gatepost", "run", "--config", str(configuration)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    seen = b""
    while not (found := re.search(rb"serving http://127\.0\.0\.1:([0-9]+)\n(?s:.*)serial=1", seen)):
        data = os.read(process.stderr.fileno() if process.stderr else -1, 65536)
        if not data:
            sys.exit(f"it ended: {seen.decode()}")
        seen += data
    return process, int(found[1])


def wait_until_read(port: int) -> None:
    """The server sees within a second what was applied."""
    body = b""
    while b'"ready":true' not in body:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        client.request("GET", "/readyz")
        body = client.getresponse().read()


def ask(port: int) -> list[float]:
    """Milliseconds of each answer, sorted; one connection, one request after the other."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    times = []
    for number in range(ASKED):
        began = time.perf_counter()
        client.request("GET", f"/v1/check?value=101.126.59.{number % 256}")
        answer = client.getresponse()
        body = answer.read()
        times.append((time.perf_counter() - began) * 1000)
        if answer.status != http.client.OK or b'"allowed":true' not in body:
            sys.exit(f"not answered: {answer.status}")
    return sorted(times)


class Crowd:
    """Connections that are opened again when they are sent away."""

    def __init__(self, port: int) -> None:
        self.port, self.over = port, threading.Event()
        self.members = [self.join() for _ in range(SLOW)]
        self.again = 0
        self.thread = threading.Thread(target=self.trickle)
        self.thread.start()

    def join(self) -> socket.socket:
        """One more."""
        made = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        made.settimeout(0)
        return made

    def trickle(self) -> None:
        """Half of them say a byte of a head, round after round; who was sent away comes again."""
        head = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"x" * 10_000
        sent = 0
        while not self.over.wait(0.5):
            for place, one in enumerate(self.members):
                try:
                    if place % 2:
                        one.send(head[sent : sent + 1])
                    if one.recv(1) == b"":
                        one.close()
                        self.members[place] = self.join()
                        self.again += 1
                except BlockingIOError:
                    continue
                except OSError:
                    with suppress(OSError):
                        self.members[place] = self.join()
                        self.again += 1
            sent += 1

    def leave(self) -> None:
        """All at once."""
        self.over.set()
        self.thread.join()
        for one in self.members:
            one.close()


def told(name: str, times: list[float]) -> str:
    """One line of the table."""
    half, most = times[len(times) // 2], times[len(times) * 99 // 100]
    return f"{name:<28}{half:>10.2f} ms{most:>10.2f} ms"


def main() -> int:
    """Exit 1 where good clients wait longer than they should."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with tempfile.TemporaryDirectory() as folder:
        process, port = start(Path(folder))
        try:
            wait_until_read(port)
            alone = ask(port)
            crowd = Crowd(port)
            try:
                beside = ask(port)
            finally:
                crowd.leave()
        finally:
            process.terminate()
            process.wait(30)
    print(f"{ASKED:,} requests of /v1/check{'median':>11}{'99 of 100':>13}")
    print(told("alone", alone))
    print(told(f"beside {SLOW:,} slow and idle", beside))
    print(f"sent away and come again: {crowd.again:,}")
    return 0 if beside[len(beside) * 99 // 100] < TARGET_MS else 1


if __name__ == "__main__":
    sys.exit(main())
