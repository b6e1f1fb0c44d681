"""Faults at every step of an apply: one table of fault by step, each cell a count of trials.

The built program runs ``apply`` against the emulated platform, stopped with
ptrace(2) at both ends of every system call. At points of each step something
goes wrong: a call gives an error, once or from then on; a signal comes; a
program that was started is missing, hangs, or does nothing; somebody else
writes; the clock jumps. Every trial must end in time, with success or a typed
error; the target must hold the old or the new list (or what somebody else put
there); nothing may be applied that was not recorded; what is not ours must be
as it was; and the next, undisturbed run must come to the new list, with
nothing left over. The faults of the platforms are the cases of the test suite.

Exit 1 on any violation. Needs root.
"""

from __future__ import annotations

import argparse
import errno
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from stage.table import machine, show
from stepping import clocks, disturbing, ptrace, vendors
from stepping.disturbing import Disturbance, Failing, Hanging, Meddling, Missing, Signalled
from stepping.emulated import Platform, platform
from stepping.judge import Verdict, judge
from stepping.marks import NAMES, START, Cell
from stepping.places import Kernel, OnDisk, Place
from stepping.site import MEMORY, Site
from stepping.tracer import OverdueError, Stop, Trace, alarm

PATIENT, IMPATIENT = 5, 2
"""Seconds that a program, or the kernel, may take to answer."""
QUESTIONS = 4
"""Times as many trials as at a step: a clock is asked at several."""
REPAIR = "repair = true"
"""For somebody else's changes: without it a person would have to approve that they are undone."""


def errors() -> Iterator[Failing]:
    """Errors of the system, each once and lasting."""
    writes = disturbing.WRITES | disturbing.NAMES_CHANGED | {"openat"}
    for name, number, calls in (
        ("ENOSPC", errno.ENOSPC, writes),
        ("EDQUOT", errno.EDQUOT, writes),
        ("EROFS", errno.EROFS, disturbing.NAMES_CHANGED | {"openat"}),
        ("EIO", errno.EIO, disturbing.ON_FILES | disturbing.NAMES_CHANGED | {"openat"}),
        ("EMFILE", errno.EMFILE, disturbing.HANDLES),
        ("ENOMEM", errno.ENOMEM, disturbing.STARTS),
        ("EAGAIN", errno.EAGAIN, disturbing.STARTS),
        ("EPERM", errno.EPERM, frozenset({"openat", "connect", "socket", "sendto", "sendmsg", "execve"})),
    ):
        yield Failing(f"{name}, once", number, calls)
        yield Failing(f"{name}, lasting", number, calls, lasting=True)


SIGNALS = (
    Signalled("SIGTERM", (signal.SIGTERM,)),
    Signalled("SIGINT", (signal.SIGINT,)),
    Signalled("SIGINT twice", (signal.SIGINT, signal.SIGINT), quietly=False),
    Signalled("SIGHUP", (signal.SIGHUP,)),
)
SECOND = Meddling("a second writer", disturbing.second_writer, may_differ=False)
IN_KERNEL = (
    Meddling("an element added by hand", disturbing.add_element),
    Meddling("an element removed by hand", disturbing.remove_element),
    Meddling("the table deleted", disturbing.delete_table),
    Meddling("a table of another owner", disturbing.foreign_table),
    Meddling("a set of another type", disturbing.foreign_type),
)
ON_DISK = (
    Meddling("a line added by hand", disturbing.add_line),
    Meddling("the file deleted", disturbing.delete_file),
)
LYING = Meddling("nft says done and does nothing", disturbing.lying_nft, may_differ=False)


@dataclass(frozen=True, slots=True)
class Set:
    """One target with what is done to it."""

    target: str
    disturbances: tuple[Disturbance, ...]
    options: str = ""
    timeout: int = PATIENT

    def place(self, home: Path) -> Place:
        """Where its list takes effect."""
        if self.target == "file":
            return OnDisk(home, self.timeout)
        return Kernel(self.target, self.timeout)


def sets() -> Iterator[Set]:
    """Everything that is done."""
    for target in ("nft", "netlink", "file"):
        yield Set(target, (*errors(), *SIGNALS))
        yield Set(target, (SECOND, *(ON_DISK if target == "file" else IN_KERNEL)), REPAIR)
    yield Set("nft", (Missing(), LYING))
    yield Set("nft", (Hanging("nft hangs"), disturbing.Silent()), timeout=IMPATIENT)
    yield Set("netlink", (disturbing.Silent(),), timeout=IMPATIENT)
    yield Set("file", (Hanging("check or reload hangs"),), timeout=IMPATIENT)


@dataclass
class Row:
    """One fault on one target."""

    fault: str
    target: str
    trials: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    bad: Counter[str] = field(default_factory=Counter)

    def add(self, step: str, where: str, wrong: str) -> None:
        """Count one trial."""
        self.trials[step] += 1
        if wrong:
            self.bad[step] += 1
            self.wrong.append(f"{self.fault}, {self.target}, {step}, at {where}: {wrong}")

    def merge(self, other: Row) -> None:
        """With what another worker found."""
        self.trials.update(other.trials)
        self.bad.update(other.bad)
        self.wrong += other.wrong

    def tell(self, seconds: float) -> None:
        """That it is done, for who waits."""
        head = f"{self.fault}, {self.target}: {self.trials.total()} in {seconds:.0f} s"
        print(head, *self.wrong, sep="\n  ", file=sys.stderr)

    def cells(self) -> dict[str, object]:
        """Of the table: a number of trials is a pass."""
        counted = {step: self._cell(step) for step in (START, *NAMES)}
        return (
            {"fault, target": ", ".join(filter(None, (self.fault, self.target)))}
            | counted
            | {"trials": self.trials.total()}
        )

    def _cell(self, step: str) -> str:
        if not self.trials[step]:
            return "-"
        return f"{self.trials[step]}, {self.bad[step]} WRONG" if self.bad[step] else str(self.trials[step])


@dataclass(frozen=True, slots=True)
class Order:
    """What one worker is to do: every so-manieth trial."""

    only: tuple[str, ...]
    cell: int
    """Trials of each fault at each step, at most."""
    most: int
    """And of each fault in all."""
    seed: int
    part: int
    parts: int

    def wants(self, fault: str, target: str) -> bool:
        """Whether it is among those asked for."""
        return not self.only or any(text in f"{fault}, {target}" for text in self.only)


def survey(site: Site, disturbances: Sequence[Disturbance]) -> dict[str, dict[str, list[int]]]:
    """Where each can be done in an undisturbed run, by fault and step: the how-manieth fitting boundary."""
    trace = site.start()
    found: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    seen: Counter[str] = Counter()
    for stop in trace.stops():
        for one in disturbances:
            if one.fits(trace, stop):
                seen[one.name] += 1
                found[one.name][stop.step].append(seen[one.name])
    if trace.code != 0 or site.place.state() != site.new:
        sys.exit(f"{site.name}: the traced run ended with {trace.code}: {site.said(trace.code)}")
    site.reset()
    return found


def trial(site: Site, one: Disturbance, number: int) -> tuple[Stop, Verdict] | None:
    """One run, disturbed at that fitting boundary; nothing where it ended before."""
    trace = site.start()
    going = trace.stops()
    done = None
    fitting = (stop for stop in going if one.fits(trace, stop))
    for stop in islice(fitting, number - 1, number):
        after, left = struck(site, one, trace, stop, going)
        done = stop, judge(site, trace, left, after, allowed=one.allowed)
    site.reset()
    return done


def struck(
    site: Site, one: Disturbance, trace: Trace, stop: Stop, going: Iterator[Stop]
) -> tuple[disturbing.After, float]:
    """Do it; what to look at afterwards, and the seconds that the run has left to end in."""
    end = time.monotonic() + one.patience
    try:
        with alarm(one.patience):
            after = one.strike(site, trace, stop, going)
    except OverdueError:
        after = disturbing.nothing
    return after, max(end - time.monotonic(), 0.01)


def tried(site: Site, disturbances: Sequence[Disturbance], order: Order) -> Iterator[Row]:
    """Every fault of one target, this worker's share."""
    wanted = [one for one in disturbances if order.wants(one.name, site.name)]
    found = survey(site, wanted) if wanted else {}
    for one in wanted:
        row, began = Row(one.name, site.name), time.monotonic()
        for number in _share(found[one.name], order):
            if (done := trial(site, one, number)) is not None:
                row.add(done[0].step, done[0].name, done[1].wrong)
        row.tell(time.monotonic() - began)
        yield row


def _share(points: dict[str, list[int]], order: Order, times: int = 1) -> list[int]:
    dice, most = random.Random(order.seed), order.cell * times
    chosen = [number for step in points.values() for number in dice.sample(step, min(most, len(step)))]
    chosen = dice.sample(chosen, min(order.most, len(chosen)))
    return chosen[order.part :: order.parts]


def clock_rows(site: Site, order: Order) -> Iterator[Row]:
    """The clock jumps when it is asked, once in each trial."""
    _clocked(site, 0, None)
    questions = {"": [*range(1, site.cell.questions + 1)]}
    for name, jump in clocks.JUMPS.items():
        if order.wants(name, site.name):
            row, began = Row(name, site.name), time.monotonic()
            for at in _share(questions, order, QUESTIONS):
                row.add(*_clocked(site, at, jump))
            row.tell(time.monotonic() - began)
            yield row


def _clocked(site: Site, at: int, jump: timedelta | None) -> tuple[str, str, str]:
    """One trial: the step at which it was asked for the time, and what was wrong."""
    trace = replace(site, main=partial(clocks.run, site.cell, at, jump)).start()
    verdict = judge(site, trace, 30)
    site.reset()
    return site.cell.noted, f"question {at}", verdict.wrong


def vendor_row(folder: Path) -> Row:
    """The platforms' own faults."""
    row = Row("a platform's fault, A1 to A15", "memory")
    for step, case, wrong in vendors.outcomes(folder):
        row.add(step, case, wrong)
    return row


def work(order: Order) -> list[Row]:
    """In a process, a network and a folder of its own."""
    ptrace.adopt_orphans()
    ptrace.leave_network()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        with platform() as found:
            for number, one in enumerate(sets()):
                rows += _of_set(one, Path(folder) / str(number), found, order)
        if order.part == 0 and order.wants("a platform's fault", "memory"):
            rows.append(vendor_row(Path(folder)))
    return rows


def _of_set(one: Set, home: Path, found: Platform, order: Order) -> list[Row]:
    wanted = any(order.wants(each.name, one.target) for each in one.disturbances)
    has_clock = one.options == REPAIR and any(order.wants(name, one.target) for name in clocks.JUMPS)
    if not (wanted or has_clock):
        return []
    site = Site(one.target, home, found, one.place(home), Cell(), options=one.options)
    site.prepare()
    return [*tried(site, one.disturbances, order), *(clock_rows(site, order) if has_clock else ())]


def asked(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="TEXT", help="part of FAULT, TARGET; _ for a space"
    )
    parser.add_argument("--cell", type=int, default=4, help="trials of each fault at each step, at most")
    parser.add_argument("--most", type=int, default=10_000, help="trials of each fault, at most")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Print the table."""
    ptrace.require_machine()
    wanted = asked(arguments)
    began = time.monotonic()
    only = tuple(text.replace("_", " ") for text in wanted.only)
    parts = range(wanted.workers)
    orders = [Order(only, wanted.cell, wanted.most, wanted.seed, part, wanted.workers) for part in parts]
    with ProcessPoolExecutor(len(orders), get_context("fork")) as pool:
        found = list(pool.map(work, orders))
    rows = merged([row for part in found for row in part])
    print(f"faults: {time.monotonic() - began:.0f} s, seed {wanted.seed}; {machine('nft')}\n")
    show([row.cells() for row in rows])
    for row in rows:
        for text in row.wrong:
            print(f"WRONG {text}")
    return int(any(row.wrong for row in rows))


def merged(rows: Sequence[Row]) -> list[Row]:
    """One row for each fault and target, and the sum of all."""
    found: dict[tuple[str, str], Row] = {}
    whole = Row("all", "")
    for row in rows:
        found.setdefault((row.fault, row.target), Row(row.fault, row.target)).merge(row)
        whole.merge(replace(row, wrong=[]))
    return [*found.values(), whole]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
