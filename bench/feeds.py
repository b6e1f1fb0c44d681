"""A 10,000-line feed over HTTP, whole and 304, and ``/v1/check``, beside nginx; and no body but its tag's.

``python bench/feeds.py [--quick]``. Both servers have one core, wrk another: `gatepost run` as it is, and
nginx with one worker, ``gzip_static`` and a ``geo`` of the same addresses. They take turns, the median of
the turns' ratios counts. To reach: whole at least 0.9 times nginx, 304 and check at least 0.4 times. Then
versions change under readers of ``gatepost.server.feeds``, and each body is compared with its tag. Exit 1
where a target is missed or a body is not what its tag says. Needs wrk and nginx.
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path
from threading import Event, Thread

import anyio
from rig.feeding import LINES, addresses, free_port, publish, serve, write_site

JOBS = ("whole", "gzip", "304", "check")
TARGETS = {"whole": 0.9, "304": 0.4, "check": 0.4}
CONNECTIONS = 32
READERS = 4


def rate(url: str, seconds: float, *headers: str, core: str = "1") -> float:
    """Requests a second; ends the program where wrk saw an error."""
    flags = [part for each in headers for part in ("-H", each)]
    command = ["taskset", "-c", core, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s", *flags, url]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Socket errors" in told or "Non-2xx" in told:
        sys.exit(f"{url}: {told}")
    found = re.search(r"Requests/sec:\s+([0-9.]+)", told)
    return float(found[1]) if found else 0.0


def head(port: int, path: str, **headers: str) -> tuple[int, str]:
    """Status and tag."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={name.replace("_", "-"): headers[name] for name in headers})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.headers["ETag"]


def wait_for(port: int, path: str) -> None:
    """Until it answers 200."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            if head(port, path)[0] == 200:  # noqa: PLR2004 - HTTP's own number
                return
        except OSError:
            Event().wait(0.05)
    sys.exit(f"nothing answers on {port}")


def compared(ours: list[float], theirs: list[float]) -> float:
    """Of two that took turns: each turn by itself, since a busy machine changes its speed in between."""
    return statistics.median(mine / other for mine, other in zip(ours, theirs, strict=True))


Job = tuple[str, tuple[str, ...]]
"""A path, and headers."""


def jobs(port: int, file: str, check: str) -> dict[str, Job]:
    """What is asked of one server."""
    tag = head(port, file)[1]
    return {
        "whole": (file, ()),
        "gzip": (file, ("Accept-Encoding: gzip",)),
        "304": (file, (f"If-None-Match: {tag}",)),
        "check": (f"{check}?value={addresses(1)[LINES // 2]}", ()),
    }


def measure(ours: int, nginx: int, rounds: int, seconds: float) -> bool:
    """Print the table; whether the targets are reached."""
    asked = {
        ("gatepost", ours): jobs(ours, "/v1/lists/edge.txt", "/v1/check"),
        ("nginx", nginx): jobs(nginx, "/edge.txt", "/check"),
    }
    rates: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for job in JOBS:
            for (name, port), known in asked.items():
                path, fields = known[job]
                rates.setdefault((job, name), []).append(
                    rate(f"http://127.0.0.1:{port}{path}", seconds, *fields)
                )
    found = {key: statistics.median(values) for key, values in rates.items()}
    print(f"{LINES:,} lines, {CONNECTIONS} connections, medians of {rounds} x {seconds:g} s, a core each")
    print(f"  {'requests a second':20} {'gatepost':>10} {'nginx':>10} {'x nginx':>8}")
    ratios = {job: compared(rates[job, "gatepost"], rates[job, "nginx"]) for job in JOBS}
    for job, ratio in ratios.items():
        print(f"  {job:20} {found[job, 'gatepost']:10,.0f} {found[job, 'nginx']:10,.0f} {ratio:8.2f}")
    for job, target in TARGETS.items():
        missed = "" if ratios[job] >= target else "  MISSED"
        print(f"to reach, {job}: >= {target:g} x nginx; {ratios[job]:.2f}{missed}")
    return all(ratios[job] >= target for job, target in TARGETS.items())


def read_while_changing(port: int, folder: Path, versions: int) -> bool:
    """Whether every body that readers got while versions changed was the one of its tag."""
    stop, seen, wrong = Event(), [], []

    def read() -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=300)
        while not stop.is_set():
            connection.request("GET", "/v1/lists/edge.txt", headers={"Accept-Encoding": "gzip"})
            answer = connection.getresponse()
            body = answer.read()
            seen.append(answer.headers["Gatepost-Serial"])
            if answer.headers["ETag"] != f'"{sha256(body).hexdigest()}"':
                wrong.append(seen[-1])
        connection.close()

    readers = [Thread(target=read) for _ in range(READERS)]
    for each in readers:
        each.start()
    for serial in range(2, versions + 2):
        anyio.run(publish, folder, serial)
        Event().wait(1.1)
    stop.set()
    for each in readers:
        each.join()
    met = len(set(seen))
    print(
        f"while {versions} versions came: {len(seen):,} bodies of {met} of them, {len(wrong)} not their tag's"
    )
    return not wrong and len(set(seen)) > 1


def main() -> int:
    """Both servers, the table, the readers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short rounds, to see that it runs")
    parser.add_argument("--serve", metavar="FOLDER:PORT", help="be the server, which this starts by itself")
    told = parser.parse_args()
    if told.serve:
        serve(*told.serve.rsplit(":", 1))
        return 0
    if missing := [name for name in ("wrk", "nginx", "taskset") if not shutil.which(name)]:
        print(f"left out: {', '.join(missing)} is missing")
        return 1
    rounds, seconds, versions = (1, 1.0, 2) if told.quick else (11, 1.0, 8)
    with tempfile.TemporaryDirectory() as name:
        return run(Path(name), rounds, seconds, versions)


def run(place: Path, rounds: int, seconds: float, versions: int) -> int:
    """In a directory of its own."""
    place.chmod(0o755)
    ours, other = free_port(), free_port()
    write_site(place, ours, other)
    service = [sys.executable, "-m", "gatepost", "run", "-q", "--config", str(place / "gatepost.toml")]
    nginx = ["nginx", "-p", str(place), "-e", str(place / "error.log"), "-c", str(place / "nginx.conf")]
    with running(service):
        wait_for(ours, "/v1/lists/edge.txt")
        with running(nginx):
            wait_for(other, "/edge.txt")
            good = measure(ours, other, rounds, seconds)
    folder, alone = place / "changing", free_port()
    anyio.run(publish, folder, 1)
    with running([sys.executable, __file__, "--serve", f"{folder}:{alone}"]):
        wait_for(alone, "/v1/lists/edge.txt")
        return int(not (read_while_changing(alone, folder, versions) and good))


@contextmanager
def running(command: list[str]) -> Iterator[None]:
    """A server on the first core; ended at the end."""
    process = subprocess.Popen(["taskset", "-c", "0", *command])
    try:
        yield
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    sys.exit(main())
