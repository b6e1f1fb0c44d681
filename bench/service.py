"""In a running service: from a platform's change to the kernel, from a stranger's change to the notice.

``python bench/service.py [--quick]``. `gatepost run` is a process of its own, asks the emulator (another
one) each minute, the shortest interval there is, and keeps an nftables set of 1,000 addresses. Several
such services run side by side, each in a network namespace of its own; the platform changes at moments
spread over the interval. *To the kernel* is from the platform's change to the kernel's new generation;
*of which ours* from the request that the platform answered with it. Then ``nft`` adds an element to the
set, as a stranger would: *to the notice* is from the start of that command to the line on the service's
standard error. To reach: all notices within a second. Exit 1 where one is missed. Needs root.
"""

from __future__ import annotations

import json
import os
import select
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rig.standing import INSIDE, Platform, addresses, configuration, enter, platform

from gatepost.kit import nftables_answers as answers
from gatepost.kit import nftables_messages as messages
from gatepost.kit.netlink import Netlink

QUICK = "--quick" in sys.argv
SERVICES = 2 if QUICK else 4
CHANGES = 1 if QUICK else 3
STRANGERS = 3 if QUICK else 5
SIZE = 1_000
NEW = 5
INTERVAL = 60.0
TARGET = 1.0
LOOK = 0.002
"""Seconds between two looks at the kernel's generation."""
PATIENCE = 3 * INTERVAL
ONE = "--one"
SET = ("inet", "gatepost", "edge_v4")
CHANGED = "from a platform's change to the kernel"
OURS = "of which since the platform was asked"
NOTICED = "from a stranger's change to the notice"
MOMENTS = (0.1, 1.35, 0.6, 1.85, 0.35)
"""Seconds before a stranger comes: nobody knows when the service looks."""


class Service:
    """`gatepost run`, and what it writes."""

    def __init__(self, configuration: Path) -> None:
        command = [sys.executable, "-m", "gatepost", "run", "--config", str(configuration)]
        environment = os.environ | {"XDG_STATE_HOME": str(configuration.parent), "LANG": "C.UTF-8"}
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, env=environment)
        self.seen = ""

    def wait_for(self, words: str) -> float:
        """The moment they came; what was written before is forgotten."""
        place = self.process.stderr.fileno() if self.process.stderr else -1
        end = time.monotonic() + PATIENCE
        while words not in self.seen:
            if not select.select([place], [], [], end - time.monotonic())[0]:
                sys.exit(f"no {words!r} in {self.seen!r}")
            data = os.read(place, 65536)
            if not data:
                sys.exit(f"it ended: {self.seen}")
            self.seen += data.decode()
        self.seen = ""
        return time.time()

    def stop(self) -> None:
        """And wait for its end."""
        self.process.terminate()
        self.process.wait()


class Kernel:
    """The generation of this namespace's ruleset."""

    def __init__(self) -> None:
        self._link = Netlink()

    def generation(self) -> int:
        """Now."""
        return answers.generation(self._link.ask(messages.get_generation())).number

    def wait_beyond(self, number: int) -> float:
        """The moment it was another one."""
        end = time.monotonic() + PATIENCE
        while self.generation() == number:
            if time.monotonic() > end:
                sys.exit("the change never came to the kernel")
            passes(LOOK)
        return time.time()


def passes(seconds: float) -> None:
    """Let real time pass: how long a running service takes is what is measured here."""
    select.select([], [], [], seconds)


def one(phase: float) -> dict[str, list[float]]:
    """All of one service; ``phase``: where in the interval its first change falls, from 0 to 1."""
    with platform() as far, tempfile.TemporaryDirectory() as folder:
        far.publish(addresses(SIZE))
        service = Service(configuration(Path(folder), far.url, every="1m"))
        try:
            service.wait_for(" applied ")
            changes = [changed(far, phase + number / CHANGES, number) for number in range(CHANGES)]
            notices = [noticed(service, number) for number in range(STRANGERS)]
        finally:
            service.stop()
    whole, ours = zip(*changes, strict=True)
    return {CHANGED: [*whole], OURS: [*ours], NOTICED: notices}


def changed(far: Platform, phase: float, number: int) -> tuple[float, float]:
    """Seconds from a change to the kernel, and from the platform's answer."""
    passes(phase % 1 * INTERVAL)
    kernel = Kernel()
    before = kernel.generation()
    began = time.time()
    far.publish(addresses(SIZE, NEW * (number + 1)))
    there = kernel.wait_beyond(before)
    require(number)
    return there - began, there - far.last_asked()


def require(number: int) -> None:
    """What is in the kernel now is the list with its newest address."""
    listed = subprocess.run(["nft", "list", "set", *SET], check=True, capture_output=True, text=True).stdout
    newest = addresses(1, SIZE + NEW * (number + 1) - 1)[0]
    if newest not in listed.split() and f"{newest}," not in listed.split():
        sys.exit("the kernel holds something else")


def noticed(service: Service, number: int) -> float:
    """Seconds from a stranger's command to the service's line on it."""
    passes(MOMENTS[number % len(MOMENTS)])
    began = time.time()
    subprocess.run(["nft", "add", "element", *SET, f"{{ 9.9.9.{2 * number} }}"], check=True)
    return service.wait_for("edge: changed by somebody else") - began


def together() -> dict[str, list[float]]:
    """The figures of all services, which run side by side."""
    commands = [[sys.executable, *sys.argv, ONE, str(number / SERVICES)] for number in range(SERVICES)]
    running = [
        subprocess.Popen(["unshare", "-n", *each, INSIDE], stdout=subprocess.PIPE) for each in commands
    ]
    told = [each.communicate()[0] for each in running]
    if any(each.returncode for each in running):
        sys.exit("a service did not do what it should")
    found: dict[str, list[float]] = {}
    for each in map(json.loads, told):
        for name, values in each.items():
            found.setdefault(name, []).extend(values)
    return found


def report(found: dict[str, list[float]]) -> int:
    """One table and the verdict."""
    print(f"{SERVICES} services, {SIZE:,} addresses each, asked every {INTERVAL:g} s and up to a tenth later")
    print(f"  {'seconds':52} {'median':>8} {'worst':>8} {'times':>6}")
    for name, values in found.items():
        print(f"  {name:52} {statistics.median(values):8.2f} {max(values):8.2f} {len(values):6}")
    worst = max(found[NOTICED])
    missed = "" if worst <= TARGET else "  MISSED"
    print(f"to reach, {NOTICED}: within {TARGET:g} s; worst {worst:.2f} s{missed}")
    return int(worst > TARGET)


def main() -> int:
    """One service, or all of them."""
    if ONE not in sys.argv:
        return report(together()) if not os.geteuid() else enter() or 0
    enter()
    print(json.dumps(one(float(sys.argv[sys.argv.index(ONE) + 1]))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
