"""Purge and adopt: what a person decides about a place, never gatepost by itself."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from gatepost.engine.applying import settle
from gatepost.engine.last import Last, forget_last, keep_last, last_of
from gatepost.engine.pending import unconfirmed_until
from gatepost.engine.protecting import refuse_cut
from gatepost.engine.site import Site
from gatepost.engine.state import alone
from gatepost.errors import GatepostError, StoreCorrupt, StoreError, UsageError, VerifyFailed
from gatepost.model.content import Serial
from gatepost.model.plan import Cause, Current, Outcome, Plan, PlanStatus, Result, Word
from gatepost.model.record import WordRecord
from gatepost.planning import guard
from gatepost.planning.put_back import plan_away, plan_kept


async def plan_purge(site: Site, name: str) -> Plan:
    """What would be removed from a target; nothing but ours.

    Held where it cuts off what is protected, and while the last change waits to be confirmed: what takes
    that back would put there again what was purged, here or on the other targets of that change.
    Raises TargetError.
    """
    await settle(site)
    plan = _away(site, name, await site.targets[name].current())
    return _held_while_waiting(site, await refuse_cut(site, plan, ()))


def _held_while_waiting(site: Site, plan: Plan) -> Plan:
    place = site.targets[plan.target].place
    reasons = guard.unconfirmed(plan.target, unconfirmed_until(site.settings.state, plan.target, place))
    return replace(plan, status=PlanStatus.HELD, reasons=(*plan.reasons, *reasons)) if reasons else plan


def _away(site: Site, name: str, current: Current) -> Plan:
    applied = site.store.applied(name)
    return plan_away(
        name, site.settings.targets[name].list, applied.serial if applied else Serial(0), current
    )


async def purge(site: Site, plan: Plan) -> Result:
    """Remove what is ours from one target, just as planned; recorded before and after."""
    async with alone(site):
        plan = _held_while_waiting(site, plan) if plan.status is not PlanStatus.HELD else plan
        if plan.status is PlanStatus.HELD:
            return Result(plan, Outcome.HELD)
        intent = site.store.record_intent(plan, site.clock.now(), Cause.PURGE)
        try:
            await _remove(site, plan)
        except GatepostError as error:
            site.store.record_outcome(intent, site.clock.now(), Outcome.FAILED, verified=False)
            return Result(plan, Outcome.FAILED, error=error)
        site.store.record_outcome(intent, site.clock.now(), Outcome.APPLIED, verified=True, generation=0)
        return Result(plan, Outcome.APPLIED, verified=True)


async def _remove(site: Site, plan: Plan) -> None:
    """Forgotten first, so that no boot brings back what is gone; kept again where it did not go."""
    state, kept = site.settings.state, None
    with suppress(StoreCorrupt):
        kept = last_of(state, plan.target)
    forget_last(state, plan.target)
    try:
        await site.targets[plan.target].purge(
            Current(plan.generation, plan.remove, plan.current, mixed=plan.mixed)
        )
    except GatepostError:
        if kept is not None:
            keep_last(state, kept)
        raise
    await _require_gone(site, plan)


async def _require_gone(site: Site, plan: Plan) -> None:
    seen = await site.targets[plan.target].current()
    if seen.generation or seen.entries:
        msg = f"{site.targets[plan.target].place} still holds {len(seen.entries)} entries of ours"
        raise VerifyFailed(msg)


def _record_adopted(site: Site, name: str, current: Current) -> None:
    """From now on this is what we left there: missed where it goes, and loaded at boot."""
    now, list_ = site.clock.now(), site.settings.targets[name].list
    plan = plan_kept(name, list_, current)
    site.store.record_plan(plan, now)
    site.store.record_unchanged(plan, now)
    place = site.targets[name].place
    with suppress(StoreError):  # it is adopted all the same; the next apply keeps what is there then
        keep_last(
            site.settings.state, Last(name, list_, plan.serial, now, place, current.digest, current.entries)
        )


async def adopt(site: Site, name: str, *, who: str, why: str) -> Current:
    """Make what is at a target's place ours, content unchanged; the first plan after it shows what differs.

    Raises UsageError without a reason or where it is ours already, TargetError where it cannot be.
    """
    if not why.strip():
        msg = "say why: the next person will ask"
        raise UsageError(msg, hint="Add --why TEXT.")
    async with alone(site):
        current = await site.targets[name].adopt()
        if current.entries and site.store.applied(name) is None:
            _record_adopted(site, name, current)
    site.store.record_word(WordRecord(current.digest, Word.APPROVE, who, why.strip(), site.clock.now()))
    return current
