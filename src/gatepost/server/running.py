"""The service with its server: what `gatepost run` adds to the loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import anyio
import anyio.from_thread

from gatepost.engine.cycle import CycleReport
from gatepost.engine.loop import Wake
from gatepost.engine.site import Site
from gatepost.model.drift import Drift
from gatepost.model.entry import Entry
from gatepost.server.app import Server
from gatepost.server.desk import Desk
from gatepost.server.feeding import feeds_of
from gatepost.server.hints import Hints, hints_of
from gatepost.server.metrics import Metrics
from gatepost.server.serve import serving
from gatepost.store import Store


@dataclass(slots=True)
class Beside:
    """The server's side of the loop: the loop tells it what it saw."""

    wake: Wake
    metrics: Metrics
    url: str = ""
    _before: dict[str, tuple[Entry, ...]] = field(default_factory=dict)

    def report(self, seen: CycleReport) -> None:
        """A cycle is over."""
        self.metrics.observe(seen, self._before)

    def notice(self, drift: Drift) -> None:
        """Others changed a target."""
        self.metrics.notice(drift)

    def call(self, name: str) -> None:
        """Have a list looked at now; from a thread of the server's."""
        anyio.from_thread.run_sync(self.wake.call, name)

    def timed(self, site: Site) -> Site:
        """The same site, its fetches timed."""
        return replace(site, open_source=self.metrics.timed(site.open_source, site.clock))


@asynccontextmanager
async def beside(
    site: Site, open_store: Callable[[], Store], warn: Callable[[str], None]
) -> AsyncIterator[Beside]:
    """Serve a site on a store of the server's own, so that nobody who asks waits for who applies.

    ``warn``: hears in our own words what was refused without an answer that says why.

    Raises ServerUnavailable, SecretUnavailable, ConfigInvalid, StoreError.
    """
    made = Beside(Wake(), Metrics())
    with open_store() as store:
        own = replace(site, store=store, targets=MappingProxyType(dict(site.targets)))
        feeds = feeds_of(own)
        hints = hints_of(own, made.metrics.hint, warn)
        desk = Desk.of(own, made.metrics, made.call, feeds, hints)
        await feeds.look()
        try:
            async with (
                serving(desk, Server(desk)) as url,
                _following(hints, made.wake),
            ):
                made.url = url
                yield made
        finally:
            with anyio.CancelScope(shield=True):
                await feeds.close()


@asynccontextmanager
async def _following(hints: Hints, wake: Wake) -> AsyncIterator[None]:
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(hints.follow, wake.call)
            yield
            group.cancel_scope.cancel()
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None
