"""``kill -9`` at every boundary of every system call of an apply, and a sample of all others: one table.

The built program runs ``apply`` against the emulated platform, stopped with
ptrace(2) at both ends of every system call that it or a program it starts
makes. At each of these points a run is killed: the process that stands there,
and, where several run, all of them in a run of its own. Afterwards the target
must hold the old or the new list, whole; the history must be whole, with all
that was in it, and hold the intent of whatever is applied; the next run must
come to the new list, recorded, and boot would load it; nothing may be left
over. With mistakes planted in the program the same judge must find violations.

A run is a child of a process that has everything loaded, which does not change
what is asked of the kernel from the first line of the command on; ``program``
rows start the interpreter anew. Exit 1 on any violation. Needs root.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path

from stage.table import machine, show
from stepping import ptrace
from stepping.emulated import Platform, platform
from stepping.judge import Verdict, judge
from stepping.marks import NAMES, START, STEPS, Cell
from stepping.places import Kernel, OnDisk, Place
from stepping.planted import MISTAKES, main_of
from stepping.site import MEMORY, Site
from stepping.tracer import Stop

PATIENCE = 30.0
"""Seconds for what a killed run leaves behind to end by itself."""
SHOWN = 5
"""Violations of a row that are printed."""
CALLS = 12
"""Kinds of calls that are printed."""
FIRST_OF_APPLY = "S7"
"""From here to the end every boundary is a point."""
CHANGING = frozenset(
    [
        "write",
        "pwrite64",
        "writev",
        "sendto",
        "sendmsg",
        "ftruncate",
        "fallocate",
        "rename",
        "renameat",
        "renameat2",
        "unlink",
        "unlinkat",
        "mkdir",
        "fsync",
        "fdatasync",
        "fcntl",
        "flock",
        "openat",
        "chmod",
        "fchmod",
        "fchown",
        "vfork",
        "clone",
        "clone3",
        "execve",
        "exit_group",
    ]
)
"""Calls after which something outside the process may differ: points at both their ends."""


@dataclass(frozen=True, slots=True)
class Point:
    """One place to kill at."""

    number: int
    everyone: bool
    """All processes at once, not only the one that stands there."""


@dataclass
class Row:
    """What came of the kills of one target."""

    target: str
    verdicts: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    steps: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    missed: int = 0

    def add(self, stop: Stop, point: Point, verdict: Verdict) -> None:
        """Count one kill."""
        self.calls[f"{stop.program} {stop.call}"] += 1
        self.steps[stop.step] += 1
        self.verdicts[verdict.target] += 1
        for name in ("converged", "orphans", "lost", "overdue"):
            self.verdicts[name] += bool(getattr(verdict, name))
        if verdict.wrong:
            whom = "all" if point.everyone else stop.program
            self.wrong.append(f"{self.target}, {stop.step}, killed {whom} at {stop.name}: {verdict.wrong}")

    def merge(self, other: Row) -> None:
        """With what another worker found."""
        for mine, theirs in ((self.verdicts, other.verdicts), (self.calls, other.calls)):
            mine.update(theirs)
        self.steps.update(other.steps)
        self.wrong += other.wrong
        self.missed += other.missed

    @property
    def is_planted(self) -> bool:
        """Whether something must be found."""
        return self.target.startswith("planted")

    @property
    def points(self) -> int:
        """Kills that were done."""
        return sum(self.steps.values())

    def cells(self) -> dict[str, object]:
        """Of the table."""
        said = self.verdicts
        return {
            "target": self.target,
            "points": self.points,
            "old": said["old"],
            "new": said["new"],
            "other": said["other"],
            "converged": self.points - said["converged"],
            "orphans": said["orphans"] + said["overdue"],
            "lost records": said["lost"],
            "violations": len(self.wrong),
        }


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of the table."""

    name: str
    place: Callable[[Path], Place]
    has_old: bool = True
    program: tuple[str, ...] = ()
    mistake: str = ""
    """Planted: kills must find it."""

    def site(self, folder: Path, found: Platform, cell: Cell) -> Site:
        """Not yet prepared."""
        home, main = folder / "site", main_of(self.mistake)
        place = self.place(home)
        return Site(self.name, home, found, place, cell, self.has_old, main=main, program=self.program)


def _place_of(mistake: str) -> Callable[[Path], Place]:
    return OnDisk if mistake in ("written in place", "pending not announced") else lambda _: Kernel("nft")


PROGRAM = (sys.executable, "-m", "gatepost")
SCENARIOS = (
    Scenario("nft", lambda _: Kernel("nft")),
    Scenario("nft, first apply", lambda _: Kernel("nft"), has_old=False),
    Scenario("nft, program", lambda _: Kernel("nft"), program=PROGRAM),
    Scenario("netlink", lambda _: Kernel("netlink")),
    Scenario("netlink, first apply", lambda _: Kernel("netlink"), has_old=False),
    Scenario("netlink, program", lambda _: Kernel("netlink"), program=PROGRAM),
    Scenario("file", OnDisk),
    Scenario("file, first apply", OnDisk, has_old=False),
    Scenario("file, program", OnDisk, program=PROGRAM),
    *(Scenario(f"planted: {name}", _place_of(name), mistake=name) for name in MISTAKES),
)


def survey(site: Site) -> list[tuple[Stop, int]]:
    """Every boundary of an undisturbed run, and how many processes there were at it."""
    trace = site.start()
    found = [(stop, len({*trace.living.values()})) for stop in trace.stops()]
    if trace.code != 0 or site.place.state() != site.new:
        sys.exit(f"{site.name}: the traced run ended with {trace.code}: {site.said(trace.code)}")
    site.reset()
    return found


def chosen(stops: Sequence[tuple[Stop, int]], early: int, most: int, seed: int) -> list[Point]:
    """Boundaries of the apply (all, if not more than ``most``), and ``early`` ones of those before it."""
    dice = random.Random(seed)
    late = [Point(stop.number, everyone=whole) for stop, living in stops for whole in _ways(stop, living)]
    soon = [Point(stop.number, everyone=False) for stop, _ in stops if not _is_late(stop)]
    return [
        *(late if len(late) <= most else dice.sample(late, most)),
        *dice.sample(soon, min(early, len(soon))),
    ]


def _chosen_for(scenario: Scenario, stops: Sequence[tuple[Stop, int]], order: Order) -> list[Point]:
    """A planted mistake is looked for where it is made: at calls that change something, from S10 on."""
    if not scenario.mistake:
        most = order.most if scenario.has_old else min(order.most, order.first)
        return chosen(stops, order.early, most, order.seed)
    during = [one for one in stops if _counts(scenario, one[0])]
    counted = [(replace(stop, number=place), living) for place, (stop, living) in enumerate(during, 1)]
    return chosen(counted, 0, order.planted, order.seed)


def _counts(scenario: Scenario, stop: Stop) -> bool:
    """Whether a point is counted up to here: runs differ a little before it."""
    if not scenario.mistake:
        return True
    calls = frozenset({"write"}) if scenario.mistake == "written in place" else CHANGING
    return stop.step in ("S10", "S11") and stop.call in calls


def _is_late(stop: Stop) -> bool:
    return stop.step in NAMES and NAMES.index(stop.step) >= NAMES.index(FIRST_OF_APPLY)


def _ways(stop: Stop, living: int) -> Iterator[bool]:
    if _is_late(stop) and (stop.entering or stop.call in CHANGING):
        yield False
        if living > 1 and stop.call in CHANGING:
            yield True


def kill(scenario: Scenario, site: Site, point: Point) -> tuple[Stop, Verdict] | None:
    """One run, killed there; nothing where it ended before."""
    trace = site.start()
    place = 0
    for stop in trace.stops():
        place += _counts(scenario, stop)
        if place == point.number:
            trace.kill(signal.SIGKILL, *(() if point.everyone else (stop.process,)))
            verdict = judge(site, trace, PATIENCE)
            site.reset()
            return stop, verdict
    site.reset()
    return None


def kill_at(scenario: Scenario, site: Site, points: Sequence[Point]) -> Row:
    """One row's share of the kills."""
    row = Row(site.name)
    for point in points:
        done = kill(scenario, site, point)
        if done is None:
            row.missed += 1
        else:
            row.add(done[0], point, done[1])
    return row


@dataclass(frozen=True, slots=True)
class Order:
    """What one worker is to do: every so-manieth point of each scenario."""

    scenarios: tuple[str, ...]
    early: int
    most: int
    first: int
    planted: int
    seed: int
    part: int
    parts: int


def work(order: Order) -> list[Row]:
    """In a process, a network and a folder of its own."""
    ptrace.adopt_orphans()
    ptrace.leave_network()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder, platform() as found:
        return [_row(one, Path(folder), found, order) for one in SCENARIOS if one.name in order.scenarios]


def _row(scenario: Scenario, folder: Path, found: Platform, order: Order) -> Row:
    began = time.monotonic()
    home = folder / re.sub(r"\W+", "-", scenario.name)
    site = scenario.site(home, found, Cell())
    site.prepare()
    points = _chosen_for(scenario, survey(site), order)[order.part :: order.parts]
    row = kill_at(scenario, site, points)
    note = f"{row.points} points in {time.monotonic() - began:.0f} s"
    print(f"{scenario.name}: {note}, {len(row.wrong)} wrong", file=sys.stderr, flush=True)
    return row


def asked(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    names = ", ".join(one.name for one in SCENARIOS)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", action="append", metavar="ROW", help=f"one of: {names}; _ for a space")
    parser.add_argument("--most", type=int, default=10_000, help="points of the apply, at most, in each row")
    parser.add_argument("--first", type=int, default=200, help="the same in rows of a first apply")
    parser.add_argument("--early", type=int, default=40, help="points before the apply in each row")
    parser.add_argument("--planted", type=int, default=30, help="points of each planted mistake")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Print the table."""
    ptrace.require_machine()
    wanted = asked(arguments)
    asked_for = [name.replace("_", " ") for name in wanted.only or ()]
    names = tuple(asked_for or (one.name for one in SCENARIOS))
    began = time.monotonic()
    orders = [
        Order(
            names,
            early=wanted.early,
            most=wanted.most,
            first=wanted.first,
            planted=wanted.planted,
            seed=wanted.seed,
            part=part,
            parts=wanted.workers,
        )
        for part in range(wanted.workers)
    ]
    with ProcessPoolExecutor(len(orders), get_context("fork")) as pool:
        parts = list(pool.map(work, orders))
    rows = [merged(column) for column in zip(*parts, strict=True)]
    report(rows, f"{time.monotonic() - began:.0f} s, seed {wanted.seed}")
    return int(any(bool(row.wrong) != row.is_planted for row in rows))


def merged(parts: Sequence[Row]) -> Row:
    """One row of what all workers found of it."""
    whole = Row(parts[0].target)
    for part in parts:
        whole.merge(part)
    return whole


def report(rows: Sequence[Row], how: str) -> None:
    """The table, and at what the points were."""
    real = [row for row in rows if not row.is_planted]
    total = merged([Row("all"), *real])
    print(f"kill -9 at system calls: {how}; {machine('nft')}\n")
    show([row.cells() for row in (*real, total, *(row for row in rows if row.is_planted))])
    steps = (f"{step} {STEPS.get(step, 'start')} {total.steps[step]:,}" for step in (START, *NAMES))
    print("\nby step: " + ", ".join(steps))
    common = ", ".join(f"{name} {count:,}" for name, count in total.calls.most_common(CALLS))
    print(f"by call: {common}, and {max(len(total.calls) - CALLS, 0)} other kinds")
    print(f"{total.missed:,} runs ended before their point")
    for row in rows:
        print(*(f"{'found' if row.is_planted else 'WRONG'} {text}" for text in row.wrong[:SHOWN]), sep="\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
