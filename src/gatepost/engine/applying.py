"""Carry plans out: intent first, one transaction, read back, record."""

from __future__ import annotations

from gatepost.engine.acceptance import recompose
from gatepost.engine.confirming import settle_pending
from gatepost.engine.last import Last, is_kept, keep_last
from gatepost.engine.left import left_on
from gatepost.engine.pending import unconfirmed_until
from gatepost.engine.protecting import refuse_cut
from gatepost.engine.site import Site
from gatepost.engine.state import if_alone
from gatepost.errors import GatepostError, StalePlan, TargetError, UsageError, VerifyFailed
from gatepost.model.entry import Entry
from gatepost.model.plan import Cause, Current, Outcome, Plan, PlanStatus, Result, Word
from gatepost.model.record import Failure, OutcomeRecord
from gatepost.planning import guard
from gatepost.planning.digest import digest_entries, digest_plan
from gatepost.planning.plan import project, release


async def carry_out(site: Site, plan: Plan, cause: Cause = Cause.SYNC) -> Result:
    """Apply one plan as it is; a failure is a result, so that the other targets go on."""
    match plan.status:
        case PlanStatus.IN_STEP:
            _note_in_step(site, plan, cause)
            return Result(plan, Outcome.UNCHANGED, verified=True, error=await _keep_again(site, plan))
        case PlanStatus.HELD:
            return Result(plan, Outcome.HELD)
        case PlanStatus.CHANGES:
            return await _change(site, plan, cause)


def _note_in_step(site: Site, plan: Plan, cause: Cause) -> None:
    """Record what was read, where the history says otherwise: after a lost race or a lost history."""
    last = site.store.last_outcome(plan.target)
    right = last is not None and last.verified and last.outcome in (Outcome.APPLIED, Outcome.UNCHANGED)
    same = last is not None and (last.list, last.serial) == (plan.list, plan.serial)
    if not right or not same or cause is not Cause.SYNC:
        site.store.record_unchanged(plan, site.clock.now(), cause)


async def _change(site: Site, plan: Plan, cause: Cause) -> Result:
    intent = site.store.record_intent(plan, site.clock.now(), _standing(site, plan) or cause)
    try:
        seen = await _write_and_read_back(site, plan)
    except GatepostError as error:
        site.store.record_outcome(
            intent, site.clock.now(), Outcome.FAILED, verified=False, failure=Failure.of(error)
        )
        return Result(plan, Outcome.FAILED, error=error)
    site.store.record_outcome(
        intent, site.clock.now(), Outcome.APPLIED, verified=True, generation=seen.generation
    )
    site.store.end_drift(plan.target, site.clock.now())
    return Result(plan, Outcome.APPLIED, verified=True, error=_keep(site, plan, seen))


def _standing(site: Site, plan: Plan) -> Cause | None:
    """Why what is filled again was there: put back on purpose, it goes on waiting for a word."""
    applied = site.store.applied(plan.target)
    return applied.cause if applied is not None and _is_refill(site, plan, applied) else None


def _is_refill(site: Site, plan: Plan, applied: OutcomeRecord) -> bool:
    before = site.store.plan(applied.digest)
    same = (applied.list, applied.serial) == (plan.list, plan.serial)
    return before is not None and same and before.desired == plan.desired


def _keep(site: Site, plan: Plan, seen: Current) -> GatepostError | None:
    """For boot: what is there now, once it was read back; that it cannot be kept undoes nothing."""
    place = site.targets[plan.target].place
    last = Last(plan.target, plan.list, plan.serial, site.clock.now(), place, seen.digest, seen.entries)
    try:
        keep_last(site.settings.state, last)
    except GatepostError as error:
        return error
    return None


async def _keep_again(site: Site, plan: Plan) -> GatepostError | None:
    """For boot, where a run that changed the target died before it was kept."""
    state, place = site.settings.state, site.targets[plan.target].place
    if state is None or is_kept(state, plan.target, place, plan.desired):
        return None
    try:
        seen = await site.targets[plan.target].current()
    except GatepostError as error:
        return error
    return _keep(site, plan, seen) if seen.digest == plan.desired and not seen.mixed else None


async def _write_and_read_back(site: Site, plan: Plan) -> Current:
    target = site.targets[plan.target]
    desired = _content_of(site, plan)
    await target.apply(plan, desired)
    seen = await target.current()
    if seen.digest != plan.desired or seen.mixed or seen.generation <= plan.generation:
        msg = (
            f"{target.place}: after the change it holds generation {seen.generation} with "
            f"{len(seen.entries)} entries, not generation {plan.generation + 1} with {len(desired)}"
        )
        raise VerifyFailed(msg)
    return seen


def _content_of(site: Site, plan: Plan) -> tuple[Entry, ...]:
    """What a plan makes its target hold: of its serial, or what was there before there was one."""
    snapshot = site.store.snapshot(plan.list, plan.serial)
    if snapshot is not None:
        return project(snapshot.content, site.targets[plan.target].capabilities)[0]
    left = left_on(site, plan.target)
    if not left or digest_entries(left) != plan.desired:
        msg = f"serial {plan.serial} of {plan.list} is no longer in the history"
        raise StalePlan(msg)
    return left


def refuse_overtaken(site: Site, plan: Plan) -> None:
    """Raise StalePlan where its list, or the word on it, became another one since it was made in this run."""
    latest, applied = site.store.latest(plan.list), site.store.applied(plan.target)
    refill = applied is not None and _is_refill(site, plan, applied)
    if plan.status is not PlanStatus.CHANGES or refill:
        return
    if latest is None or latest.serial != plan.serial:
        msg = f"{plan.list} is at serial {latest.serial if latest else 'none'} by now, not {plan.serial}"
        raise StalePlan(msg)
    _refuse_put_back(site, plan)
    known = site.store.plan(plan.digest)
    if known is not None and with_word(site, known).status is PlanStatus.HELD:
        msg = f"the word on the plan {plan.digest} is no approval any more"
        raise StalePlan(msg)


async def ready(site: Site, plan: Plan) -> Plan:
    """A plan made earlier, if all of it is still true; a held one released where a person approved it.

    Whether it is held is read from the history: a file's word on that is not
    covered by its digest. Raises UsageError, StalePlan or TargetError.
    """
    if digest_plan(plan) != plan.digest:
        msg = f"the plan {plan.digest} was changed since it was made"
        raise UsageError(msg, hint="Run `gatepost plan` again.")
    target = site.targets.get(plan.target)
    if target is None:
        msg = f"the plan is for the target {plan.target!r}, which is not configured"
        raise UsageError(msg, hint="Run `gatepost plan` again.")
    configured = site.settings.targets[plan.target].list
    if configured != plan.list:
        msg = f"the plan is for the list {plan.list!r}, but {plan.target} now holds {configured!r}"
        raise StalePlan(msg)
    await settle(site)
    known = site.store.plan(plan.digest)
    if known is None:
        msg = f"the history does not know the plan {plan.digest}"
        raise StalePlan(msg)
    desired = _desired(site, plan)
    _refuse_moved(plan, await target.current(), target.place)
    _refuse_put_back(site, known)
    return await refuse_cut(site, with_word(site, known), desired, left_on(site, plan.target))


def _desired(site: Site, plan: Plan) -> tuple[Entry, ...]:
    """What a plan is for, if that is still what its list holds, or what was last verified there."""
    applied, latest = site.store.applied(plan.target), site.store.latest(plan.list)
    if applied is not None and _is_refill(site, plan, applied):
        return left_on(site, plan.target)
    if latest is None or latest.serial != plan.serial:
        now_at = latest.serial if latest else "none"
        msg = f"{plan.list} is at serial {now_at}, the plan was made for {plan.serial}"
        raise StalePlan(msg)
    if recompose(site, site.settings.lists[plan.list]).digest != latest.content.digest:
        msg = f"{plan.list} would hold something else today: its pins, exclusions or sources changed"
        raise StalePlan(msg)
    return project(latest.content, site.targets[plan.target].capabilities)[0]


def _refuse_moved(plan: Plan, current: Current, place: str) -> None:
    if (current.generation, current.digest) != (plan.generation, plan.current):
        msg = (
            f"{place} moved since the plan was made: it is at generation {current.generation} "
            f"with {len(current.entries)} entries, the plan knew generation {plan.generation}"
        )
        raise StalePlan(msg)


def _refuse_put_back(site: Site, plan: Plan) -> None:
    """What was taken back, rolled back or begun since a plan was made stands against it as well."""
    last, changes = site.store.applied(plan.target), bool(plan.add or plan.remove)
    place = site.targets[plan.target].place
    until = unconfirmed_until(site.settings.state, plan.target, place) if changes else None
    reasons = guard.unconfirmed(plan.target, until)
    if last is not None and not _is_refill(site, plan, last):
        reasons += guard.standing(plan.target, last.cause, last.at, changes=changes)
    new = [reason for reason in reasons if reason not in plan.reasons]
    if new:
        msg = f"since the plan was made something stands against it: {new[0].message}"
        raise StalePlan(msg)


def with_word(site: Site, plan: Plan) -> Plan:
    """A held plan released where a person approved exactly this digest; else as it is."""
    word = site.store.word(plan.digest)
    if plan.status is PlanStatus.HELD and word is not None and word.word is Word.APPROVE:
        return release(plan)
    return plan


def _is_done(site: Site, record: OutcomeRecord, current: Current) -> bool:
    """Whether a target holds just what an intent meant it to hold."""
    if record.cause is Cause.PURGE:
        return not (current.generation or current.entries or current.mixed or current.unread)
    plan = site.store.plan(record.digest)
    if plan is None or current.mixed:
        return False
    return current.generation >= record.generation and current.digest == plan.desired


async def settle(site: Site) -> None:
    """What a run that died left open is closed; while another one is at work it is left to that one."""
    with if_alone(site) as free:
        if free:
            await settle_unfinished(site)
            await settle_pending(site)


async def settle_unfinished(site: Site) -> tuple[OutcomeRecord, ...]:
    """After a crash between intent and outcome: ask the target what is true, and record that."""
    settled = []
    for intent, record in site.store.unfinished():
        target = site.targets.get(record.target)
        try:
            current = None if target is None else await target.current()
            happened = current is not None and _is_done(site, record, current)
        except TargetError:
            continue
        outcome = Outcome.APPLIED if happened else Outcome.FAILED
        there = current.generation if happened and current is not None else None
        site.store.record_outcome(intent, site.clock.now(), outcome, verified=happened, generation=there)
        settled.append(record)
    return tuple(settled)
