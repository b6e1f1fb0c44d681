"""Confirm or revert: a change is taken back by itself unless a person confirms it.

Before the change, what each target holds is written to ``pending/ID.armed.json``
and a process is started that outlives us. Whoever comes first renames that file:
``confirm`` to ``.confirmed``, the timer to ``.reverting``; the other one finds
nothing and does nothing. The file alone is enough to take the change back, so a
full disk or a broken history cannot keep it from happening; what was done is
put into the history as soon as that can be written again. What boot loads stays
what was there before until somebody confirms. A reboot ends the time at once,
and so does a wiped target: whoever cut himself off and pulled the plug gets back
what was there before.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

import msgspec

from gatepost.engine.last import Last, forget_last, is_kept, keep_confirmed, keep_for_good
from gatepost.engine.left import left_on
from gatepost.engine.pending import (
    ARMED,
    CONFIRMED,
    REVERTED,
    REVERTING,
    SPOKEN,
    Part,
    Pending,
    all_in,
    aside,
    claim,
    counted_in,
    is_over,
    path_of,
    pending_folder,
    spoken_in,
    waiting,
    write,
)
from gatepost.engine.site import Site
from gatepost.engine.state import folder, if_alone_in, state_errors
from gatepost.errors import GatepostError, StalePlan, StoreUnavailable, UsageError, VerifyFailed
from gatepost.kit.clock import Clock
from gatepost.model.content import Serial
from gatepost.model.plan import Cause, Current, Outcome, Plan, PlanStatus, Result, Word
from gatepost.model.record import Failure, WordRecord
from gatepost.planning.canonical import without
from gatepost.planning.digest import digest_entries
from gatepost.planning.put_back import plan_away, plan_back
from gatepost.store.encode import PLAN, wire_entry
from gatepost.targets.base import Target

if TYPE_CHECKING:  # the SQL library is loaded only where a store is opened
    from gatepost.store import Store

DONE = (Outcome.REVERTED, Outcome.UNCHANGED)
LEAST, MOST = timedelta(seconds=5), timedelta(days=1)
"""Bounds of the time to confirm."""

STARTING = timedelta(minutes=2)
"""More than a timer may take until it is ready: its time cannot end before it has begun."""

StartTimer = Callable[[str, timedelta], Awaitable[str]]
"""Starts what calls ``revert ID`` after a while, whatever becomes of us; gives how, in words."""


@dataclass(frozen=True, slots=True)
class Armed:
    """What a person is told: until when to confirm, and who takes it back otherwise."""

    id: str
    until: datetime
    timer: str


async def arm(
    site: Site, plans: Sequence[Plan], within: timedelta, *, who: str, start: StartTimer
) -> Armed | None:
    """Note what the targets hold and start the timer; None where no plan changes anything.

    A wiped target is to hold again what was verified there, so filling it with just that needs no word.
    The time is a person's: it begins when the timer is ready, which on a busy machine takes seconds.

    Raises UsageError for a time out of bounds, StalePlan, TargetError, StoreUnavailable.
    """
    if not LEAST <= within <= MOST:
        msg = f"a time to confirm is {LEAST.seconds} seconds to {MOST.days} day"
        raise UsageError(msg, hint="Write a time such as 90s, 10m or 1h.")
    changed = [await _part(site, plan) for plan in plans if plan.status is PlanStatus.CHANGES]
    parts = [part for part in changed if part.desired != digest_entries(part.before())]
    place = folder(site.settings.state, "pending")
    if not parts or place is None:
        return None
    id_ = token_hex(4)
    write(place, _pending(site, id_, who, parts, STARTING + within), ARMED)
    try:
        timer = await start(id_, within)
        pending = _pending(site, id_, who, parts, within)
        write(place, pending, ARMED)
    except BaseException:  # also whoever gave up waiting for it
        path_of(place, id_, ARMED).unlink(missing_ok=True)
        raise
    return Armed(id_, pending.until, timer)


def _pending(site: Site, id_: str, who: str, parts: Sequence[Part], within: timedelta) -> Pending:
    """With its time counted from now."""
    now = site.clock.now()
    boot, ends = counted_in(site.clock, within)
    return Pending(id_, who, now, now + within, tuple(parts), boot=boot, ends=ends)


async def _part(site: Site, plan: Plan) -> Part:
    current = await site.targets[plan.target].current()
    if (current.generation, current.digest) != (plan.generation, plan.current):
        msg = f"{site.targets[plan.target].place} moved since the plan was made"
        raise StalePlan(msg)
    applied = site.store.applied(plan.target)
    wiped = not current.generation and not current.entries
    before, add, remove = current.entries, plan.add, plan.remove
    if wiped:
        before = left_on(site, plan.target)
        add, remove = without(plan.add, before), without(before, plan.add)
    return Part(
        target=plan.target,
        list=applied.list if applied else plan.list,
        serial=applied.serial if applied else 0,
        generation=current.generation,
        entries=tuple(map(wire_entry, before)),
        plan=plan.digest,
        desired=plan.desired,
        add=tuple(map(wire_entry, add)),
        remove=tuple(map(wire_entry, remove)),
        place=site.targets[plan.target].place,
    )


def disarm(site: Site, armed: Armed) -> None:
    """Nothing was changed, so nothing waits."""
    place = folder(site.settings.state, "pending")
    if place is not None:
        path_of(place, armed.id, ARMED).unlink(missing_ok=True)


def confirm(state: Path | None, id_: str | None, *, who: str, at: datetime) -> tuple[Pending, ...]:
    """A change stays for good. Without an id: the one, or all, that wait.

    Who said so, and when, is put into the history by the next run that writes it. By its id also one
    that should be taken back and could not be: what of it is there stays.
    Raises UsageError where nothing waits, or where it is being taken back at this moment.
    """
    armed = [one for one in all_in(state, ARMED) if id_ in (None, one.id)]
    done = [one for one in armed if claim(state, one.id, CONFIRMED)]
    done += [one for one in all_in(state, REVERTING) if id_ == one.id and _is_kept_after_all(state, one)]
    if not done:
        msg = f"nothing waits to be confirmed{f' as {id_}' if id_ else ''}: it was confirmed, or taken back"
        raise UsageError(msg, hint="`gatepost status` shows what is applied.")
    for one in done:
        with suppress(StoreUnavailable):  # a full disk is no reason to take back what a person confirmed
            spoken = msgspec.structs.replace(one, confirmed_by=who, confirmed_at=at)
            write(pending_folder(state), spoken, SPOKEN)
        _end_confirmed(state, one)
    return tuple(done)


def _end_confirmed(state: Path | None, pending: Pending) -> None:
    keep_confirmed(state, pending)
    path_of(pending_folder(state), pending.id, CONFIRMED).unlink(missing_ok=True)


def _is_kept_after_all(state: Path | None, pending: Pending) -> bool:
    """Whether a person's word could end the tries to take it back; not while one is at work."""
    place = pending_folder(state)
    with if_alone_in(state) as free:
        if free:
            keep_confirmed(state, pending)
            path_of(place, pending.id, REVERTING).rename(path_of(place, pending.id, REVERTED))
        return free


async def revert(state: Path | None, targets: Mapping[str, Target], id_: str) -> tuple[Result, ...]:
    """Put back what each target held, unless it was confirmed. No history is needed.

    What is going to be put back is on disk before it is, where the disk takes it. What
    somebody else changed meanwhile stays changed; where a target cannot be written
    now, the change goes on waiting and the next run tries again.
    """
    claim(state, id_, REVERTING)
    pending = next((one for one in all_in(state, REVERTING) if one.id == id_), None)
    if pending is None:
        return ()
    place = pending_folder(state)
    steps = [await _prepared(targets, part) for part in pending.parts]
    returns = pending.returns | {
        step.plan.target: msgspec.Raw(PLAN.to_json(step.plan)) for step in steps if step.outcome not in DONE
    }
    pending = msgspec.structs.replace(pending, returns=returns)
    with suppress(StoreUnavailable):  # a full disk is no reason to leave a change that locks somebody out
        write(place, pending, REVERTING)
    parts = {part.target: part for part in pending.parts}
    results = [await _put_back(targets, step, parts[step.plan.target]) for step in steps]
    results = [_kept(pending, state, targets, result) for result in results]
    done = tuple(one.plan.target for one in results if one.outcome in DONE and one.plan.target in returns)
    failures = {
        one.plan.target: Failure.of(one.error)
        for one in results
        if one.outcome not in DONE and one.error is not None
    }
    with suppress(StoreUnavailable):  # as above; what the history lacks is told by what was applied
        write(place, msgspec.structs.replace(pending, done=done, failures=failures), REVERTING)
    if not failures:
        path_of(place, id_, REVERTING).rename(path_of(place, id_, REVERTED))
    return tuple(results)


async def _prepared(targets: Mapping[str, Target], part: Part) -> Result:
    """What is to be done to one target; with an outcome where nothing is."""
    serial = Serial(part.serial)
    try:
        current = await known(targets, part).current()
    except GatepostError as error:
        return Result(_returning(part), Outcome.FAILED, error=error)
    back = part.back(current)
    plan = (
        plan_back(part.target, part.list, serial, current, back)
        if back
        else plan_away(part.target, part.list, serial, current)
    )
    if plan.desired == plan.current and not current.mixed:
        return Result(plan, Outcome.UNCHANGED, verified=True)
    return Result(plan)


def _returning(part: Part) -> Plan:
    """The plan that takes it back where nothing came between."""
    current = Current(part.generation + 1, (), part.desired)
    return plan_back(part.target, part.list, Serial(part.serial), current, part.before())


def known(targets: Mapping[str, Target], part: Part) -> Target:
    """The target of a part, whatever it is called by now. Raises UsageError where none is in its place."""
    found = next((one for name, one in targets.items() if part.is_on(name, one.place)), None)
    if found is None:
        place = part.place or part.target
        msg = f"no target is configured any more in the place of {part.target}, {place}"
        raise UsageError(msg, hint="Configure one there again; `gatepost status` says what waits.")
    return found


async def _put_back(targets: Mapping[str, Target], step: Result, part: Part) -> Result:
    if step.outcome is not None:
        return step
    target = known(targets, part)
    try:
        current = await target.current()
        back = part.back(current)
        await (target.apply(step.plan, back) if back else target.empty(current))
        seen = await target.current()
        if seen.digest != step.plan.desired or seen.mixed:
            msg = f"{target.place} does not hold what was put back"
            raise VerifyFailed(msg)
    except GatepostError as error:
        return Result(step.plan, Outcome.FAILED, error=error)
    return Result(step.plan, Outcome.REVERTED, verified=True)


def _kept(pending: Pending, state: Path | None, targets: Mapping[str, Target], result: Result) -> Result:
    """For boot: what is there again, not what nobody confirmed; that it cannot be kept undoes nothing."""
    if result.outcome not in DONE:
        return result
    plan, name = result.plan, result.plan.target
    part = next(part for part in pending.parts if part.target == name)
    before, place = part.before(), known(targets, part).place
    try:
        with state_errors():
            aside(pending_folder(state), pending.id, name).unlink(missing_ok=True)
        last = Last(name, plan.list, plan.serial, pending.until, place, digest_entries(before), before)
        _keep_before(state, last)
    except GatepostError as error:
        return replace(result, error=error)
    return result


def _keep_before(state: Path | None, last: Last) -> None:
    """Where it is not what boot loads anyway: that was left alone while the change waited."""
    if not last.entries:
        forget_last(state, last.target)
    elif not is_kept(state, last.target, last.place, last.digest):
        keep_for_good(state, last)


def absorb(store: Store, state: Path | None, now: datetime) -> None:
    """Put what was taken back, and what was confirmed, into the history. Raises StoreError."""
    spoken = {one.id: one for one in spoken_in(state)}
    for pending in all_in(state, REVERTED):
        for part in pending.parts:
            if _was_taken_back(store, pending, part, kept=pending.id in spoken):
                store.record_reverted(part.plan, now)
                written = pending.returns.get(part.target)
                _record(store, PLAN.from_json(bytes(written)) if written else _returning(part), now)
        path_of(pending_folder(state), pending.id, REVERTED).unlink(missing_ok=True)
    for one in spoken.values():
        _record_spoken(store, one)
        path_of(pending_folder(state), one.id, SPOKEN).unlink(missing_ok=True)


def _record_spoken(store: Store, pending: Pending) -> None:
    at = pending.confirmed_at or pending.armed_at
    for part in (one for one in pending.parts if one.target not in pending.done):
        store.record_word(WordRecord(part.plan, Word.CONFIRM, pending.confirmed_by, "", at))


def _was_taken_back(store: Store, pending: Pending, part: Part, *, kept: bool) -> bool:
    """As was written down; or, where the disk was full, as the history knows of what was applied.

    ``kept``: a person confirmed it after all, so what was not written down was not taken back.
    """
    if part.target in pending.failures or (kept and part.target not in pending.done):
        return False
    applied = store.applied(part.target)
    return part.target in pending.done or (applied is not None and applied.digest == part.plan)


def _record(store: Store, plan: Plan, now: datetime) -> None:
    """Where nothing is left there is no generation either."""
    generation = 0 if plan.desired == digest_entries(()) else None
    intent = store.record_intent(plan, now, Cause.REVERT)
    store.record_outcome(intent, now, Outcome.APPLIED, verified=True, generation=generation)


async def settle_pending(site: Site) -> tuple[Result, ...]:
    """What a timer that died should have done, and what was done without the history. Raises StoreError."""
    state = site.settings.state
    results = await take_back_due(state, site.targets, site.clock)
    absorb(site.store, state, site.clock.now())
    return results


async def take_back_due(
    state: Path | None, targets: Mapping[str, Target], clock: Clock
) -> tuple[Result, ...]:
    """Take back what nobody confirmed in time, before a reboot, or before a target was wiped."""
    for one in all_in(state, CONFIRMED):  # whoever confirmed it died on the way
        _end_confirmed(state, one)
    results: list[Result] = []
    for one in waiting(state):
        if is_over(one, clock) or await _is_wiped(state, targets, one):
            results += await revert(state, targets, one.id)
    return tuple(results)


async def _is_wiped(state: Path | None, targets: Mapping[str, Target], pending: Pending) -> bool:
    """Whether any of its targets holds nothing at all, where something was or was put by the change."""
    for part in pending.parts:
        written = bool(part.entries) or aside(pending_folder(state), pending.id, part.target).exists()
        if not written:
            continue
        with suppress(GatepostError):
            current = await known(targets, part).current()
            if not current.generation and not current.entries:
                return True
    return False
