"""Is a target still as we left it? If not: what differs, and who could have done it."""

from __future__ import annotations

from gatepost.engine.site import Site
from gatepost.model.drift import Drift
from gatepost.model.plan import Current
from gatepost.planning.canonical import without
from gatepost.planning.plan import project


async def look(site: Site, name: str) -> Drift | None:
    """Read a target and compare; raises TargetError where it cannot be read."""
    return await judge(site, name, await site.targets[name].current())


async def judge(site: Site, name: str, current: Current) -> Drift | None:
    """Compare what was read with what we left, and note it in the history."""
    if _is_ours(site, name, current):
        site.store.end_drift(name, site.clock.now())
        return None
    known = site.store.drift(name)
    if known is not None and known.digest == current.digest:
        return known
    drift = await _seen(site, name, current)
    site.store.record_drift(drift)
    return drift


def _is_ours(site: Site, name: str, current: Current) -> bool:
    """What we never wrote, what we are writing and what we may have left is no drift; a place wiped is."""
    intended = site.store.intended(name)
    return not intended or current.mixed or current.digest in intended


async def _seen(site: Site, name: str, current: Current) -> Drift:
    target = site.targets[name]
    applied = site.store.applied(name)
    snapshot = site.store.snapshot(applied.list, applied.serial) if applied else None
    left = project(snapshot.content, target.capabilities)[0] if snapshot else ()
    return Drift(
        target=name,
        list=site.settings.targets[name].list,
        at=site.clock.now(),
        digest=current.digest,
        added=without(current.entries, left),
        removed=without(left, current.entries),
        empty=bool(left) and not current.entries,
        suspects=await target.suspects(),
    )
