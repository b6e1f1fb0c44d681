"""A 10,000-line feed over HTTP, whole and 304, beside nginx serving the same file; and no body but its tag's.

``python bench/feeds.py [--quick]``. Both servers have one core, wrk another: ``gatepost.server.feeds`` on
uvicorn with uvloop and httptools, and nginx with one worker and ``gzip_static``. They take turns, the
median of the rounds counts. To reach: whole at least 0.9 times nginx, 304 at least 0.4 times. Then
versions change under readers, and each body is compared with its tag. Exit 1 where a target is missed or a
body is not what its tag says. Needs wrk and nginx.
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
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path
from threading import Event, Thread

import anyio
from rig.feeding import CONFIGURATION, LINES, free_port, publish, serve

WHOLE, UNCHANGED = 0.9, 0.4
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


def measure(ours: int, nginx: int, rounds: int, seconds: float) -> bool:
    """Print the table; whether both targets are reached."""
    places = {
        "gatepost": f"http://127.0.0.1:{ours}/v1/lists/edge.txt",
        "nginx": f"http://127.0.0.1:{nginx}/edge.txt",
    }
    jobs = {"whole": (), "gzip": ("Accept-Encoding: gzip",), "304": None}
    rates: dict[tuple[str, str], list[float]] = {}
    tags = {"gatepost": head(ours, "/v1/lists/edge.txt")[1], "nginx": head(nginx, "/edge.txt")[1]}
    for _ in range(rounds):
        for job, fields in jobs.items():
            for name, url in places.items():
                given = (f"If-None-Match: {tags[name]}",) if fields is None else fields
                rates.setdefault((job, name), []).append(rate(url, seconds, *given))
    found = {key: statistics.median(values) for key, values in rates.items()}
    print(f"{LINES:,} lines, {CONNECTIONS} connections, median of {rounds} x {seconds:g} s, a core each")
    print(f"  {'requests a second':20} {'gatepost':>10} {'nginx':>10} {'x nginx':>8}")
    ratios = {}
    for job in jobs:
        ratios[job] = found[job, "gatepost"] / found[job, "nginx"]
        print(f"  {job:20} {found[job, 'gatepost']:10,.0f} {found[job, 'nginx']:10,.0f} {ratios[job]:8.2f}")
    good = True
    for job, target in (("whole", WHOLE), ("304", UNCHANGED)):
        reached = ratios[job] >= target
        print(f"to reach, {job}: >= {target:g} x nginx; {ratios[job]:.2f}{'' if reached else '  MISSED'}")
        good &= reached
    return good


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
    rounds, seconds, versions = (1, 1.0, 2) if told.quick else (5, 2.0, 8)
    with tempfile.TemporaryDirectory() as name:
        return run(Path(name), rounds, seconds, versions)


def run(place: Path, rounds: int, seconds: float, versions: int) -> int:
    """In a directory of its own."""
    place.chmod(0o755)
    folder, ours, other = place / "feed", free_port(), free_port()
    anyio.run(publish, folder, 1)
    (place / "nginx.conf").write_text(CONFIGURATION.format(place=place, port=other))
    server = [sys.executable, __file__, "--serve", f"{folder}:{ours}"]
    nginx = ["nginx", "-p", str(place), "-e", str(place / "error.log"), "-c", str(place / "nginx.conf")]
    running = [subprocess.Popen(["taskset", "-c", "0", *each]) for each in (server, nginx)]
    try:
        wait_for(ours, "/v1/lists/edge.txt")
        wait_for(other, "/edge.txt")
        good = measure(ours, other, rounds, seconds)
        return int(not (read_while_changing(ours, folder, versions) and good))
    finally:
        for each in running:
            each.terminate()
            each.wait()


if __name__ == "__main__":
    sys.exit(main())
