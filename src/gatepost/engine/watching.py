"""Look at the targets all the while: what others changed is told at once, and undone where that is wanted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from gatepost.engine.confirming import settle_pending
from gatepost.engine.drift import judge, noting_unread
from gatepost.engine.pending import is_over, waiting
from gatepost.engine.site import Site
from gatepost.engine.state import if_alone
from gatepost.errors import GatepostError
from gatepost.model.drift import Drift
from gatepost.model.plan import Result

EVERY = 0.5
"""Seconds between two looks at the stamps, so that what others change is told within one second."""
READ_EVERY = 60.0
"""Seconds after which a target is read although its stamp says nothing, or nothing new."""

Notice = Callable[[Drift], Awaitable[None]]
TakenBack = Callable[[tuple[Result, ...]], Awaitable[None]]


@dataclass(slots=True)
class Watch:
    """What was seen of each target last."""

    site: Site
    stamps: dict[str, str] = field(default_factory=dict)
    read_at: dict[str, float] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    """Digest of the drift, or text of the error, that was told last."""

    async def look(self, name: str, notice: Notice) -> bool:
        """One look at one target; whether its list should be applied again now. Raises GatepostError."""
        with noting_unread(self.site, name):
            if not await self._is_due(name):
                return False
            left = self.site.store.intended(name)
            current = await self.site.targets[name].current()
        drift = await judge(self.site, name, current, left)
        if drift is None:
            self.told.pop(name, None)
            return False
        if self.told.get(name) != drift.digest:
            self.told[name] = drift.digest
            await notice(drift)
        return self.site.settings.targets[name].repair or not current.generation

    async def _is_due(self, name: str) -> bool:
        """Whether a target is to be read: its stamp moved, or it was not read for a while."""
        stamp = await self.site.targets[name].stamp()
        now = self.site.clock.monotonic()
        fresh = now - self.read_at.get(name, -READ_EVERY) < READ_EVERY
        if fresh and (not stamp or stamp == self.stamps.get(name)):
            return False
        self.stamps[name], self.read_at[name] = stamp, now
        return True

    def is_news(self, name: str, error: GatepostError) -> bool:
        """Whether an error was not told already; it would be told at every look."""
        known, self.told[name] = self.told.get(name), error.message
        return known != error.message


async def take_back(site: Site, tell: TakenBack) -> None:
    """Do what a timer that died should have done. Raises StoreError."""
    if not any(is_over(one, site.clock) for one in waiting(site.settings.state)):
        return
    with if_alone(site) as free:
        if free:
            await tell(await settle_pending(site))
