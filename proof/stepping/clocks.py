"""The same apply on a clock that jumps, or stops, the k-th time it is asked."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import anyio

from gatepost.cli.building import build_site
from gatepost.config import load
from gatepost.engine.cycle import CycleReport, apply_cycle, plan_cycle
from gatepost.engine.exits import exit_of
from gatepost.engine.report import cycle_document
from gatepost.engine.site import Site
from gatepost.errors import GatepostError
from gatepost.kit.clock import SystemClock
from gatepost.store import Store
from stepping.marks import Cell

JUMPS: dict[str, timedelta | None] = {
    "clock -1 y": timedelta(days=-365),
    "clock -1 d": timedelta(days=-1),
    "clock -2 s": timedelta(seconds=-2),
    "clock stands still": None,
    "clock +1 d": timedelta(days=1),
    "clock +1 y": timedelta(days=365),
}


@dataclass
class JumpingClock(SystemClock):
    """The machine's own, until it jumps; ``jump`` None: until it stands still."""

    cell: Cell
    at: int
    jump: timedelta | None
    stood: datetime | None = None

    def now(self) -> datetime:
        """Counted, for there may be one trial for each time it is asked."""
        asked = self.cell.asked(self.at)
        if not self.at or asked < self.at:
            return super().now()
        self.stood = self.stood or super().now()
        return self.stood if self.jump is None else super().now() + self.jump


def run(cell: Cell, at: int, jump: timedelta | None) -> int:
    """One cycle as the command line would run it, but for the clock."""
    clock = JumpingClock(cell, at, jump)
    settings = load(Path("gatepost.toml"))
    try:
        with Store.open(settings.store_url, clock=clock) as store:
            report = anyio.run(partial(_cycle, build_site(settings, store, clock)))
    except GatepostError as error:
        sys.stderr.write(f"{error.kind}: {error.message}\n")
        return 1
    sys.stdout.write(json.dumps(cycle_document(report)))
    sys.stdout.flush()
    return int(exit_of(report))


async def _cycle(site: Site) -> CycleReport:
    return await apply_cycle(site, await plan_cycle(site, tuple(site.settings.lists.values())))
