"""A site in memory: one list, one source, one target, all doing as they are told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gatepost.config.settings import ListSettings, Settings, SourceSettings, TargetSettings
from gatepost.engine.cycle import CycleReport, apply_cycle, plan_cycle
from gatepost.engine.site import Site
from gatepost.model.content import Allowlist
from gatepost.model.entry import Direction
from gatepost.model.limits import Limits
from gatepost.platforms.base import Bounds
from gatepost.store import Store
from gatepost.testing import FrozenClock, MemorySource, MemoryTarget, raw

TEN = tuple(f"101.126.59.{n}" for n in range(10))


@dataclass
class World:
    """A site, and handles on what surrounds it."""

    site: Site
    clock: FrozenClock
    sources: dict[str, MemorySource]
    target: MemoryTarget

    def answer(self, *values: str, source: str = "events") -> None:
        """What the source says from now on."""
        self.sources[source].answer = raw(*values)

    async def plan(self) -> CycleReport:
        """A cycle that changes nothing but the store."""
        return await plan_cycle(self.site, tuple(self.site.settings.lists.values()))

    async def apply(self) -> CycleReport:
        """A whole cycle."""
        return await apply_cycle(self.site, await self.plan())

    async def days(self, count: float, *, every: timedelta = timedelta(hours=6)) -> CycleReport:
        """Cycles at an interval until so many days have passed."""
        end = self.clock.now() + timedelta(days=count)
        report = await self.apply()
        while self.clock.now() < end:
            self.clock.advance(every)
            report = await self.apply()
        return report

    def with_list(self, **changes: Any) -> World:
        """The same world under a changed configuration of its list."""
        settings = self.site.settings
        one = settings.lists["webhooks"]
        lists = {"webhooks": replace(one, allowlist=replace(one.allowlist, **changes))}
        return replace(self, site=replace(self.site, settings=replace(settings, lists=lists)))

    def with_target(self, **changes: Any) -> World:
        """The same world under a changed configuration of its target."""
        settings = self.site.settings
        targets = {"edge": replace(settings.targets["edge"], **changes)}
        return replace(self, site=replace(self.site, settings=replace(settings, targets=targets)))

    @property
    def held_there(self) -> list[str]:
        """Values on the target."""
        return [str(entry.value) for entry in self.target.entries]


def source_settings(name: str) -> SourceSettings:
    """A source in memory."""
    hour = timedelta(hours=1)
    return SourceSettings(
        name=name,
        plugin=MemorySource,
        options=MemorySource.Options(),
        account=None,
        direction=Direction.INGRESS,
        every=hour,
        stale_after=24 * hour,
        bounds=Bounds(),
        deadline=5.0,
    )


@pytest.fixture
def make_world(clock: FrozenClock, tmp_path: Path) -> Iterator[Callable[..., World]]:
    """Build a world of so many sources."""
    stores = []

    def make(*names: str, limits: Limits | None = None) -> World:
        sources = {name: MemorySource(MemorySource.Options(), raw(*TEN)) for name in names or ("events",)}
        allowlist = Allowlist("webhooks", Direction.INGRESS, tuple(sources))
        settings = Settings(
            path=tmp_path / "gatepost.toml",
            store_url="sqlite://",
            cache=tmp_path,
            state=tmp_path / "state",
            sources={name: source_settings(name) for name in sources},
            lists={"webhooks": ListSettings(allowlist, limits or Limits())},
            targets={"edge": TargetSettings("edge", MemoryTarget, MemoryTarget.Options(), "webhooks")},
        )
        target = MemoryTarget("edge", MemoryTarget.Options())
        store = Store.open(f"sqlite:///{tmp_path / 'history.db'}")
        stores.append(store)

        @asynccontextmanager
        async def open_source(one: SourceSettings) -> AsyncIterator[MemorySource]:
            yield sources[one.name]

        return World(Site(settings, store, clock, open_source, {"edge": target}), clock, sources, target)

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    """One list, one source of ten addresses, one target."""
    return make_world()
