"""Confirm or revert: a change is taken back by itself unless a person confirms it.

Before the change, what each target holds is written to ``pending/ID.armed.json``
and a timer is started that outlives us. Whoever comes first renames that file:
``confirm`` to ``.confirmed``, the timer to ``.reverting``; the other one finds
nothing and does nothing. The file alone is enough to take the change back, so a
full disk or a broken history cannot keep it from happening; what was done is
put into the history as soon as that can be written again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

import msgspec

from gatepost.engine.last import Last, forget_last, keep_last
from gatepost.engine.site import Site
from gatepost.engine.state import folder, state_errors
from gatepost.errors import GatepostError, StalePlan, StoreCorrupt, UsageError, VerifyFailed
from gatepost.kit.files import read_regular, write_atomic
from gatepost.model.content import Serial
from gatepost.model.entry import Entry
from gatepost.model.plan import Cause, Current, Outcome, Plan, PlanStatus, Result
from gatepost.model.record import Failure
from gatepost.planning.digest import digest_entries
from gatepost.planning.put_back import plan_away, plan_back
from gatepost.store.encode import PLAN, WireEntry, entry_of_wire, wire_entry
from gatepost.targets.base import Target

if TYPE_CHECKING:  # the SQL library is loaded only where a store is opened
    from gatepost.store import Store

ARMED, REVERTING, REVERTED = "armed", "reverting", "reverted"
DONE = (Outcome.REVERTED, Outcome.UNCHANGED)
SIZE_MAX = 1 << 30
LEAST, MOST = timedelta(seconds=5), timedelta(days=1)
"""Bounds of the time to confirm."""

StartTimer = Callable[[str, timedelta], Awaitable[str]]
"""Starts what calls ``revert ID`` after a while, whatever becomes of us; gives how, in words."""


class _Part(msgspec.Struct, frozen=True):
    """One target: what it held, and the plan that was to change it."""

    target: str
    list: str
    serial: int
    """Of what it held."""
    generation: int
    entries: tuple[WireEntry, ...]
    plan: str
    """Digest of the plan that is to be confirmed."""
    desired: str
    """Digest of what that plan makes the target hold."""

    def before(self) -> tuple[Entry, ...]:
        """What it held."""
        return tuple(map(entry_of_wire, self.entries))


class Pending(msgspec.Struct, frozen=True):
    """One apply that waits to be confirmed."""

    id: str
    who: str
    armed_at: datetime
    until: datetime
    parts: tuple[_Part, ...]
    returns: dict[str, msgspec.Raw] = {}
    """By target: the plan that takes it back, written down before it is carried out."""
    done: tuple[str, ...] = ()
    """Targets that hold again what they held."""
    failures: dict[str, Failure] = {}
    """By target: why it was not taken back."""


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

    Raises UsageError for a time out of bounds, StalePlan, TargetError, StoreUnavailable.
    """
    if not LEAST <= within <= MOST:
        msg = f"a time to confirm is {LEAST.seconds} seconds to {MOST.days} day"
        raise UsageError(msg)
    parts = [await _part(site, plan) for plan in plans if plan.status is PlanStatus.CHANGES]
    place = folder(site.settings.state, "pending")
    if not parts or place is None:
        return None
    now = site.clock.now()
    pending = Pending(token_hex(4), who, now, now + within, tuple(parts))
    _write(place, pending, ARMED)
    try:
        timer = await start(pending.id, within)
    except GatepostError:
        _path(place, pending.id, ARMED).unlink(missing_ok=True)
        raise
    return Armed(pending.id, pending.until, timer)


async def _part(site: Site, plan: Plan) -> _Part:
    current = await site.targets[plan.target].current()
    if (current.generation, current.digest) != (plan.generation, plan.current):
        msg = f"{site.targets[plan.target].place} moved since the plan was made"
        raise StalePlan(msg)
    applied = site.store.applied(plan.target)
    wire = tuple(map(wire_entry, current.entries))
    serial = applied.serial if applied else 0
    return _Part(plan.target, plan.list, serial, current.generation, wire, plan.digest, plan.desired)


def disarm(site: Site, armed: Armed) -> None:
    """Nothing was changed, so nothing waits."""
    place = folder(site.settings.state, "pending")
    if place is not None:
        _path(place, armed.id, ARMED).unlink(missing_ok=True)


def waiting(state: Path | None) -> tuple[Pending, ...]:
    """Everything that waits to be confirmed or to be taken back, oldest first."""
    found = [one for status in (ARMED, REVERTING) for one in _all(state, status)]
    return tuple(sorted(found, key=lambda one: one.armed_at))


def waiting_targets(state: Path | None) -> Mapping[str, datetime]:
    """Until when the last change of a target may still be taken back."""
    return {part.target: one.until for one in waiting(state) for part in one.parts}


def confirm(state: Path | None, id_: str | None) -> tuple[Pending, ...]:
    """A change stays for good. Without an id: the one, or all, that wait.

    Raises UsageError where nothing waits, or where it is being taken back already.
    """
    armed = [one for one in _all(state, ARMED) if id_ in (None, one.id)]
    done = [one for one in armed if _claim(state, one.id, "confirmed")]
    if not done:
        msg = f"nothing waits to be confirmed{f' as {id_}' if id_ else ''}: it was confirmed, or taken back"
        raise UsageError(msg, hint="`gatepost status` shows what is applied.")
    for one in done:
        _path(_folder(state), one.id, "confirmed").unlink(missing_ok=True)
    return tuple(done)


async def revert(state: Path | None, targets: Mapping[str, Target], id_: str) -> tuple[Result, ...]:
    """Put back what each target held, unless it was confirmed. No history is needed.

    What is going to be put back is on disk before it is. A target that somebody
    else wrote meanwhile is left alone; where one cannot be written now, the
    change goes on waiting and the next run tries again.
    """
    _claim(state, id_, REVERTING)
    pending = next((one for one in _all(state, REVERTING) if one.id == id_), None)
    if pending is None:
        return ()
    place = _folder(state)
    steps = [await _prepared(targets, part) for part in pending.parts]
    returns = pending.returns | {
        step.plan.target: msgspec.Raw(PLAN.to_json(step.plan)) for step in steps if step.outcome not in DONE
    }
    pending = msgspec.structs.replace(pending, returns=returns)
    _write(place, pending, REVERTING)
    parts = {part.target: part for part in pending.parts}
    results = [await _put_back(targets, step, parts[step.plan.target]) for step in steps]
    results = [_kept(pending, state, targets, result) for result in results]
    done = tuple(one.plan.target for one in results if one.outcome in DONE and one.plan.target in returns)
    failures = {
        one.plan.target: Failure.of(one.error)
        for one in results
        if one.outcome not in DONE and isinstance(one.error, GatepostError)
    }
    _write(place, msgspec.structs.replace(pending, done=done, failures=failures), REVERTING)
    if not any(_is_passing(result) for result in results):
        _path(place, id_, REVERTING).rename(_path(place, id_, REVERTED))
    return tuple(results)


def _is_passing(result: Result) -> bool:
    """Whether trying again may help: a target that moved on is not ours to take back."""
    return result.outcome is Outcome.FAILED and not isinstance(result.error, StalePlan | UsageError)


async def _prepared(targets: Mapping[str, Target], part: _Part) -> Result:
    """What is to be done to one target; with an outcome where nothing is."""
    serial, before = Serial(part.serial), part.before()
    current = Current(part.generation, (), part.desired)
    try:
        target = _known(targets, part.target)
        current = await target.current()
        if digest_entries(before) == current.digest and not current.mixed:
            plan = plan_back(part.target, part.list, serial, current, before)
            return Result(plan, Outcome.UNCHANGED, verified=True)
        if current.digest != part.desired and not current.mixed:
            msg = f"{target.place} was changed again since: it is left as it is"
            raise StalePlan(msg)
    except GatepostError as error:
        return Result(plan_back(part.target, part.list, serial, current, before), Outcome.FAILED, error=error)
    if not before:
        return Result(plan_away(part.target, part.list, serial, current))
    return Result(plan_back(part.target, part.list, serial, current, before))


def _known(targets: Mapping[str, Target], name: str) -> Target:
    if name not in targets:
        msg = f"the target {name} is no longer configured"
        raise UsageError(msg)
    return targets[name]


async def _put_back(targets: Mapping[str, Target], step: Result, part: _Part) -> Result:
    if step.outcome is not None:
        return step
    target, before = targets[part.target], part.before()
    try:
        if not before:
            await target.purge(await target.current())
            return Result(step.plan, Outcome.REVERTED, verified=True)
        await target.apply(step.plan, before)
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
    before = next(part for part in pending.parts if part.target == name).before()
    try:
        if before:
            place = targets[name].place
            keep_last(state, Last(name, plan.list, plan.serial, pending.until, place, plan.desired, before))
        else:
            forget_last(state, name)
    except GatepostError as error:
        return replace(result, error=error)
    return result


def absorb(store: Store, state: Path | None, now: datetime) -> None:
    """Put what was taken back into the history. Raises StoreError."""
    for pending in _all(state, REVERTED):
        for part in pending.parts:
            failure = pending.failures.get(part.target)
            if part.target in pending.done:
                store.record_reverted(part.plan, now)
            if part.target in pending.done or failure:
                _record(store, PLAN.from_json(bytes(pending.returns[part.target])), now, failure)
        _path(_folder(state), pending.id, REVERTED).unlink(missing_ok=True)


def _record(store: Store, plan: Plan, now: datetime, failure: Failure | None) -> None:
    intent = store.record_intent(plan, now, Cause.REVERT)
    outcome = Outcome.FAILED if failure else Outcome.APPLIED
    store.record_outcome(intent, now, outcome, verified=failure is None, failure=failure)


async def settle_pending(site: Site) -> tuple[Result, ...]:
    """What a timer that died should have done, and what was done without the history. Raises StoreError."""
    now, state = site.clock.now(), site.settings.state
    overdue = [one for one in waiting(state) if one.until <= now]
    results = [result for one in overdue for result in await revert(state, site.targets, one.id)]
    absorb(site.store, state, now)
    return tuple(results)


def _folder(state: Path | None) -> Path:
    if state is None:
        msg = "this site keeps no state, so nothing can wait to be confirmed"
        raise UsageError(msg)
    return state / "pending"


def _path(place: Path, id_: str, status: str) -> Path:
    return place / f"{id_}.{status}.json"


def _write(place: Path, pending: Pending, status: str) -> None:
    with state_errors():
        write_atomic(_path(place, pending.id, status), msgspec.json.encode(pending), mode=0o600)


def _claim(state: Path | None, id_: str, status: str) -> bool:
    """Rename from armed; whether it was we who did."""
    place = _folder(state)
    try:
        _path(place, id_, ARMED).rename(_path(place, id_, status))
    except FileNotFoundError:
        return False
    return True


def _all(state: Path | None, status: str) -> Iterator[Pending]:
    if state is None:
        return
    for path in sorted((state / "pending").glob(f"*.{status}.json")):
        with state_errors():
            data = read_regular(path, SIZE_MAX)
        if data is not None:
            yield _decoded(path, data)


def _decoded(path: Path, data: bytes) -> Pending:
    try:
        return msgspec.json.decode(data, type=Pending)
    except msgspec.DecodeError:
        msg = f"{path} is not what gatepost wrote"
        raise StoreCorrupt(msg) from None
