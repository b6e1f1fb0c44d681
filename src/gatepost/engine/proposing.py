"""A plan for one target: read what it holds, compare with what we left, and judge the change."""

from __future__ import annotations

from dataclasses import replace

from gatepost.config.settings import ListSettings, TargetSettings
from gatepost.engine.drift import judge
from gatepost.engine.left import left_on
from gatepost.engine.pending import unconfirmed_until
from gatepost.engine.protecting import protected
from gatepost.engine.site import Site
from gatepost.model.answer import HeldAnswer
from gatepost.model.content import Snapshot
from gatepost.model.plan import Cause, Plan
from gatepost.planning.plan import PlanRequest, left_there, make_plan
from gatepost.planning.put_back import plan_refill


def targets_of(site: Site, list_name: str) -> tuple[TargetSettings, ...]:
    """The configured targets of one list."""
    return tuple(one for one in site.settings.targets.values() if one.list == list_name)


async def propose(site: Site, one: ListSettings, snapshot: Snapshot, settings: TargetSettings) -> Plan:
    """The plan to make a target hold just a snapshot of its list; not yet recorded. Raises TargetError."""
    return make_plan(await _request(site, one, snapshot, settings))


async def propose_or_refill(
    site: Site,
    one: ListSettings,
    snapshot: Snapshot,
    settings: TargetSettings,
    *,
    held: tuple[HeldAnswer, ...] = (),
    missing: tuple[str, ...] = (),
) -> Plan:
    """The same by itself, without a person: where that is held, a wiped target gets back what it held."""
    request = replace(await _request(site, one, snapshot, settings), held=held, missing=missing)
    plan, last = make_plan(request), site.store.applied(settings.name)
    if last is None or last.list != one.name or not left_there(request):
        return plan  # of another list nothing is put back: that is no serial of this one
    return plan_refill(request, plan, last.serial)


async def _request(
    site: Site, one: ListSettings, snapshot: Snapshot, settings: TargetSettings
) -> PlanRequest:
    name, target = settings.name, site.targets[settings.name]
    last = site.store.applied(name)
    before = site.store.snapshot(last.list, last.serial) if last else None
    tried = site.store.intended(name)
    current = await target.current()
    await judge(site, name, current, tried)
    tried |= site.store.intended(name)  # an apply beside us may have begun or ended while it was read
    return PlanRequest(
        target=name,
        allowlist=one.allowlist,
        snapshot=snapshot,
        previous=before.content if before else None,
        kept=() if before else left_on(site, name),
        current=current,
        capabilities=target.capabilities,
        held=(),
        missing=(),
        limits=one.limits,
        intended=frozenset() if settings.repair else tried,
        repair=settings.repair,
        cause=last.cause if last else Cause.SYNC,
        since=last.at if last else None,
        unconfirmed=unconfirmed_until(site.settings.state, name, target.place),
        known=settings.repair or site.store.last_outcome(name) is not None,
        protected=await protected(site),
    )
