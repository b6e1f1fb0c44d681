"""Two gateposts, one history, one device, and everything that can happen to them."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gatepost.config.settings import ListSettings, Settings, SourceSettings, TargetSettings
from gatepost.engine.site import Site
from gatepost.kit.clock import Uptime
from gatepost.model.content import Allowlist, Override
from gatepost.model.entry import Direction, Entry
from gatepost.model.limits import Limits
from gatepost.model.plan import Outcome, Plan
from gatepost.model.record import Failure
from gatepost.planning.normalise import parse_value
from gatepost.platforms.base import Bounds
from gatepost.store import Store
from gatepost.testing import FrozenClock, MemorySource, MemoryTarget, raw

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
EVERY = timedelta(hours=1)
STALE = timedelta(hours=24)
VALUES = (
    *(f"101.126.59.{n}" for n in range(0, 24, 2)),
    "203.0.112.16/28",
    "203.0.112.64/29",
    "2400:da00::/126",
    "2400:da00::10/128",
)
"""What the platform may list: few addresses, so that each can be followed by itself."""
HOSTILE = ("0.0.0.0/0", "0.0.0.0/1", "::/0", "127.0.0.2", "10.0.0.1", "010.8.8.8", "1.2.3.4/33", "8.0.0.0/7")
PIN, EXCLUDED = "203.0.114.7", VALUES[2]
UNTIL = START + timedelta(days=30)
"""When these end, where there are any."""
FOREIGN = ("198.51.99.7", "198.51.99.9")
"""What somebody puts in by hand."""


class KilledError(BaseException):
    """The process ends here, whatever it was doing."""


@dataclass
class Fuse:
    """Where the process is going to be killed: before or after the named step; nowhere if None."""

    step: str | None = None
    after: bool = False

    def burn(self, step: str, *, after: bool) -> None:
        """Die here if this is the place; a fuse burns once."""
        if (self.step, self.after) == (step, after):
            self.step = None
            raise KilledError


class MortalTarget(MemoryTarget):
    """A device, seen by processes that may die around a write."""

    def __init__(self, name: str, options: Any) -> None:
        super().__init__(name, options)
        self.fuse = Fuse()
        self.recorded: set[str] = set()
        """Digests of plans that were on disk before they were carried out."""
        self.unrecorded: list[str] = []

    async def apply(self, plan: Plan, desired: tuple[Entry, ...]) -> None:
        """Die before, write, or die after."""
        self.fuse.burn("apply", after=False)
        if plan.digest not in self.recorded:
            self.unrecorded.append(plan.digest)
        await super().apply(plan, desired)
        self.fuse.burn("apply", after=True)


class MortalStore(Store):
    """A history that notes what it recorded, and a process that may die around it."""

    fuse = Fuse()
    device: MortalTarget

    def record_intent(self, plan: Plan, at: datetime, *rest: Any) -> int:
        """Die before or after the intent is on disk."""
        self.fuse.burn("intent", after=False)
        made = super().record_intent(plan, at, *rest)
        self.device.recorded.add(plan.digest)
        self.fuse.burn("intent", after=True)
        return made

    def record_outcome(
        self,
        intent_id: int,
        at: datetime,
        outcome: Outcome,
        *,
        verified: bool,
        failure: Failure | None = None,
        generation: int | None = None,
    ) -> None:
        """Die before or after the outcome is on disk."""
        self.fuse.burn("outcome", after=False)
        super().record_outcome(
            intent_id, at, outcome, verified=verified, failure=failure, generation=generation
        )
        self.fuse.burn("outcome", after=True)


STEPS = ("intent", "apply", "outcome")


class WorldClock(FrozenClock):
    """A host's clocks, and what no host knows: how much time really passed, and how often it came up."""

    def __init__(self, start: datetime) -> None:
        super().__init__(start)
        self.reboots = 0

    def reboot(self, away: timedelta = timedelta()) -> None:
        """Counted."""
        super().reboot(away)
        self.reboots += 1

    @property
    def off(self) -> timedelta:
        """How far the wall clock is ahead of the truth."""
        return self.now() - START - timedelta(seconds=self.monotonic())


class GullibleClock(WorldClock):
    """Planted: whoever sets the wall clock sets the uptime as well, so that every jump is taken for time."""

    def uptime(self) -> Uptime:
        """What no kernel would say."""
        found = super().uptime()
        return Uptime(found.boot, found.passed + self.off)


@dataclass
class World:
    """All of it; ``restart`` replaces one of the two gateposts."""

    place: Path
    clock: WorldClock
    source: MemorySource
    device: MortalTarget
    sites: list[Site]
    runner: asyncio.Runner
    repair: bool
    limits: Limits
    overrides: bool

    def restart(self, which: int) -> None:
        """A new process on the same disk."""
        self.sites[which].store.close()
        self.sites[which] = _site(self)

    def close(self) -> None:
        """End both, and leave nothing."""
        for site in self.sites:
            site.store.close()
        self.runner.close()
        shutil.rmtree(self.place)


def make_world(
    place: Path, template: Path, clock: WorldClock, *, repair: bool, limits: Limits, overrides: bool
) -> World:
    """A world on a fresh copy of an empty history."""
    shutil.copytree(template, place, dirs_exist_ok=True)
    source = MemorySource(MemorySource.Options(), raw(*VALUES[:8]))
    device = MortalTarget("edge", MemoryTarget.Options())
    world = World(place, clock, source, device, [], asyncio.Runner(), repair, limits, overrides)
    world.sites += [_site(world), _site(world)]
    return world


def make_template(place: Path) -> Path:
    """An empty history, made once: making one takes longer than using it."""
    Store.open(f"sqlite:///{place / 'history.db'}").close()
    return place


def _site(world: World) -> Site:
    store = MortalStore.open(f"sqlite:///{world.place / 'history.db'}", clock=world.clock)
    store.fuse, store.device = Fuse(), world.device

    @asynccontextmanager
    async def open_source(_: SourceSettings) -> AsyncIterator[MemorySource]:
        yield world.source

    return Site(_settings(world), store, world.clock, open_source, {"edge": world.device})


def _settings(world: World) -> Settings:
    source = SourceSettings(
        name="events",
        plugin=MemorySource,
        options=MemorySource.Options(),
        account=None,
        direction=Direction.INGRESS,
        every=EVERY,
        stale_after=STALE,
        bounds=Bounds(),
        deadline=5.0,
    )
    allowlist = Allowlist("webhooks", Direction.INGRESS, ("events",))
    if world.overrides:
        pins, exclusions = ((Override(parse_value(one), "told to", UNTIL),) for one in (PIN, EXCLUDED))
        allowlist = replace(allowlist, pins=pins, exclusions=exclusions)
    target = TargetSettings("edge", MemoryTarget, MemoryTarget.Options(), "webhooks", repair=world.repair)
    return Settings(
        path=world.place / "gatepost.toml",
        store_url=f"sqlite:///{world.place / 'history.db'}",
        cache=world.place,
        state=world.place / "state",
        sources={"events": source},
        lists={"webhooks": ListSettings(allowlist, world.limits)},
        targets={"edge": target},
    )


def failing(site: Site, fuse: Fuse) -> Site:
    """The same gatepost with a place to die; whoever holds the device's fuse dies there too."""
    store = site.store
    if isinstance(store, MortalStore):
        store.fuse = fuse
    device = site.targets["edge"]
    if isinstance(device, MortalTarget):
        device.fuse = fuse
    return replace(site)
