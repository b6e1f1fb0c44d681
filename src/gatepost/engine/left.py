"""What we left on a target: as the history has it, or else as it is kept for boot."""

from __future__ import annotations

from contextlib import suppress

from gatepost.engine.last import last_of
from gatepost.engine.site import Site
from gatepost.errors import StoreError
from gatepost.model.entry import Entry
from gatepost.model.plan import Cause
from gatepost.model.record import OutcomeRecord
from gatepost.planning.plan import project


def left_on(site: Site, name: str) -> tuple[Entry, ...]:
    """What was last verified on a target, as it holds it; nothing after a purge."""
    last = site.store.applied(name)
    if last is None or last.cause is Cause.PURGE:
        return ()
    found = site.store.snapshot(last.list, last.serial)
    return project(found.content, site.targets[name].capabilities)[0] if found else _kept(site, last)


def _kept(site: Site, record: OutcomeRecord) -> tuple[Entry, ...]:
    """What no serial says: there before the first: adopted, or from before the history was lost."""
    plan = site.store.plan(record.digest)
    with suppress(StoreError):
        last = last_of(site.settings.state, record.target)
        if last is not None and plan is not None and last.digest == plan.desired:
            return last.entries
    return ()
