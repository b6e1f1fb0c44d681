"""An earlier serial once more, as a new one: through the hard floors, and kept until a person's word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gatepost.config.settings import ListSettings
from gatepost.engine.applying import carry_out, settle
from gatepost.engine.elapsed import look
from gatepost.engine.proposing import propose, targets_of
from gatepost.engine.site import Site
from gatepost.engine.state import alone
from gatepost.errors import UsageError
from gatepost.model.content import Content, Serial, Snapshot
from gatepost.model.plan import Cause, Outcome, Plan, PlanStatus, Result, Word
from gatepost.model.record import SerialRecord, WordRecord
from gatepost.planning.compose import again
from gatepost.planning.plan import release


def earlier(site: Site, one: ListSettings, serial: Serial) -> Content:
    """What a list held at a serial, under today's exclusions. Raises UsageError where that is not known."""
    found = site.store.snapshot(one.name, serial)
    if found is None:
        msg = f"there is no serial {serial} of {one.name!r}"
        raise UsageError(msg, hint="`gatepost history LIST` shows the serials there are.")
    content = again(found.content, one.allowlist, look(site).believed)
    if not content.effective:
        msg = f"serial {serial} of {one.name} would be empty under today's exclusions"
        raise UsageError(msg, hint="An empty list is never applied.")
    return content


async def preview(site: Site, one: ListSettings, content: Content) -> tuple[Plan, ...]:
    """What rolling back would change on each target; records nothing."""
    latest = site.store.latest(one.name)
    serial = Serial((latest.serial if latest else 0) + 1)
    snapshot = Snapshot(one.name, serial, site.clock.now(), content)
    return tuple([await propose(site, one, snapshot, each) for each in targets_of(site, one.name)])


async def roll_back(
    site: Site, one: ListSettings, content: Content, *, who: str, why: str
) -> tuple[Result, ...]:
    """Number the earlier content anew and apply it to all targets of the list; each with the word.

    Where a guard that no word lifts stands against any of the plans, nothing is numbered or changed.
    Raises UsageError without a reason, TargetError where a target cannot be read.
    """
    if not why.strip():
        msg = "say why: the next person will ask"
        raise UsageError(msg, hint="Add --why TEXT.")
    await settle(site)
    async with alone(site):
        refused = [plan for plan in await preview(site, one, content) if not _may_be_released(plan)]
        if refused:
            return tuple(Result(plan, Outcome.HELD) for plan in refused)
        snapshot = site.store.record_content(one.name, content, site.clock.now())
        plans = [await propose(site, one, snapshot, each) for each in targets_of(site, one.name)]
        return tuple([await _carry_out(site, plan, who, why) for plan in plans])


@dataclass(frozen=True, slots=True)
class RolledBack:
    """What a rollback did, or tried, on one target."""

    target: str
    list: str
    digest: str
    """Of the plan, which carries the word of whoever wanted it."""
    serial: Serial
    """That the earlier content got."""
    back_to: Serial | None
    """Which first held just that; None where none did, as exclusions changed or the history is shorter."""


def rolled_back(site: Site, most: int) -> tuple[RolledBack, ...]:
    """The last rollbacks, newest first. Raises StoreError."""
    done = site.store.caused(Cause.ROLLBACK, most)
    known = {name: site.store.serials(name) for name in {one.list for one in done}}
    return tuple(
        RolledBack(one.target, one.list, one.digest, one.serial, _first(known[one.list], one.serial))
        for one in done
    )


def _first(serials: Sequence[SerialRecord], serial: Serial) -> Serial | None:
    """The first serial with the content of another."""
    digests = {one.serial: one.digest for one in serials}
    same = (one for one, digest in digests.items() if one < serial and digest == digests.get(serial))
    return min(same, default=None)


def _may_be_released(plan: Plan) -> bool:
    return release(plan).status is not PlanStatus.HELD


async def _carry_out(site: Site, plan: Plan, who: str, why: str) -> Result:
    now = site.clock.now()
    site.store.record_plan(plan, now)
    site.store.record_word(WordRecord(plan.digest, Word.APPROVE, who, why.strip(), now))
    released = release(plan)
    if released.status is PlanStatus.HELD:
        return Result(released, Outcome.HELD)
    return await carry_out(site, released, Cause.ROLLBACK)
