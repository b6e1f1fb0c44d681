"""A whole warm cycle: fetch over loopback HTTP, accept, plan, apply to the kernel, read back, record.

``python bench/warm.py [--quick]``. The platform is the emulator in a process of its own, the target an
nftables set in a network namespace of its own, reached over netlink, the history SQLite on disk. Warm:
token, history and the socket to the kernel are there, as in a running service. Each change is of at most
10 addresses, half of them new. Beside it, taking turns: the same cycle where nothing changed, and
``nft -f`` loading the whole list into a set, which is what a script would do after its fetch. The second
table is where the time goes, each step with what it records. Needs root.
"""

from __future__ import annotations

import gc
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio
from rig.figures import show
from rig.standing import Platform, addresses, configuration, enter, platform

from gatepost.cli.building import build_site
from gatepost.cli.main import COLLECT_AFTER
from gatepost.config import load
from gatepost.engine.acceptance import take_in
from gatepost.engine.applying import settle
from gatepost.engine.counting import prefixes_in_use
from gatepost.engine.cycle import CycleReport, apply_cycle, plan_cycle, plan_targets
from gatepost.engine.elapsed import take_look
from gatepost.engine.fetching import fetch_sources
from gatepost.engine.site import Site
from gatepost.kit.clock import SystemClock
from gatepost.model.plan import Outcome, Result
from gatepost.store import Store

QUICK = "--quick" in sys.argv
SIZES = (10, 1_000) if QUICK else (10, 1_000, 10_000)
ROUNDS = 5 if QUICK else 11
CHANGED, UNCHANGED, BY_NFT = "a cycle with a change", "a cycle without", "nft -f, the list whole"
STEPS = (FETCH, JUDGE, PLAN, APPLY, REST) = (
    "fetch, over loopback",
    "normalise, judge, accept, compose",
    "read the set, plan, judge",
    "apply, read back",
    "settle and prune, before it",
)


@dataclass
class Times:
    """Seconds by what was done."""

    wall: dict[str, list[float]] = field(default_factory=dict)
    cpu: dict[str, list[float]] = field(default_factory=dict)

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Time the block."""
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        self.wall.setdefault(name, []).append(time.perf_counter() - wall)
        self.cpu.setdefault(name, []).append(time.process_time() - cpu)

    def medians(self, *names: str) -> dict[str, float]:
        """Of wall time."""
        return {name: statistics.median(self.wall[name]) for name in names}


class Bench:
    """One size."""

    def __init__(self, size: int, site: Site, far: Platform) -> None:
        self.size, self.site, self.far = size, site, far
        self.lists = tuple(site.settings.lists.values())
        self.change = max(1, min(5, size // 10))
        self.at = 0
        self.times = Times()

    def publish(self, *, changed: bool) -> None:
        """The platform's list: as it was, or some gone and as many others there, in turns."""
        if changed:
            self.at = self.change - self.at
        self.far.publish(addresses(self.size, self.at))

    async def cycle(self, name: str, expected: Outcome) -> None:
        """As the service does it."""
        with self.times.of(name):
            report = await apply_cycle(self.site, await plan_cycle(self.site, self.lists))
        check(report, expected)

    async def steps(self) -> None:
        """The same, step by step."""
        site, times = self.site, self.times
        with times.of(REST):
            await settle(site)
            seen = take_look(site)
            site.store.prune(seen.sure, site.settings.keep, site.settings.max_bytes)
        with times.of(FETCH):
            got = await fetch_sources(site.open_source, site.clock, site.settings.sources.values())
        with times.of(JUDGE):
            used = await prefixes_in_use(site, self.lists, seen)
            turns = tuple(take_in(site, one, got, seen, used[one.name]) for one in self.lists)
        with times.of(PLAN):
            plans, unplanned = await plan_targets(site, turns)
        with times.of(APPLY):
            results = tuple(map(Result, plans))
            report = await apply_cycle(site, CycleReport(got, turns, results, unplanned, look=seen))
        check(report, Outcome.APPLIED)

    def load(self) -> None:
        """Into a set beside ours, emptied in the same transaction."""
        text = ", ".join(addresses(self.size, self.at))
        with self.times.of(BY_NFT):
            nft(f"flush set inet bench whole\nadd element inet bench whole {{ {text} }}\n")

    async def run(self) -> None:
        """All take turns; the first of each does not count."""
        nft("add table inet bench\nadd set inet bench whole { type ipv4_addr; flags interval; }\n")
        self.publish(changed=False)
        await self.cycle("first", Outcome.APPLIED)
        for number in range(ROUNDS + 1):
            self.publish(changed=True)
            await self.cycle(CHANGED, Outcome.APPLIED)
            await self.cycle(UNCHANGED, Outcome.UNCHANGED)
            self.load()
            self.publish(changed=True)
            await self.steps()
            if not number:
                self.times = Times()

    def report(self) -> None:
        """Two tables, and processor time."""
        times = self.times
        title = f"{self.size:,} addresses, a change of {2 * self.change}, medians of {ROUNDS}"
        show(title, times.medians(CHANGED, UNCHANGED, BY_NFT), CHANGED)
        cpu = {name: statistics.median(times.cpu[name]) * 1e3 for name in (CHANGED, UNCHANGED)}
        print(f"  processor time of gatepost alone: {cpu[CHANGED]:.4g} ms, {cpu[UNCHANGED]:.4g} ms")
        steps = times.medians(*STEPS)
        whole = sum(steps.values())
        print(f"  {'step by step':44} {'ms':>10}  {'share':>8}")
        for name, value in steps.items():
            print(f"  {name:44} {value * 1e3:10.4g}  {value / whole:8.0%}")


def check(report: CycleReport, expected: Outcome) -> None:
    """What was measured is what it is called."""
    found = [result.outcome for result in report.results]
    if found != [expected] or report.unplanned:
        errors = [str(error) for turn in report.turns for error in turn.errors.values()]
        sys.exit(f"{found}, not {expected}: {errors} {report.unplanned} {report.results}"[:2000])


def nft(text: str) -> None:
    """One transaction."""
    subprocess.run(["nft", "-f", "-"], input=text, text=True, check=True, capture_output=True)


def main() -> int:
    """Each size with a history and a kernel that know nothing of the one before."""
    gc.set_threshold(COLLECT_AFTER)
    for size in SIZES:
        subprocess.run(["nft", "flush", "ruleset"], check=True)
        with platform() as far, tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            settings = replace(
                load(configuration(place, far.url)), cache=place / "tokens", state=place / "state"
            )
            with Store.open(settings.store_url) as store:
                bench = Bench(size, build_site(settings, store, SystemClock()), far)
                anyio.run(bench.run)
            bench.report()
    return 0


if __name__ == "__main__":
    code = enter()
    sys.exit(main() if code is None else code)
