"""Plans to an earlier content: judged by nothing but what no approval lets through."""

from __future__ import annotations

from dataclasses import replace

from gatepost.model.content import Serial
from gatepost.model.entry import Entry
from gatepost.model.plan import Current, Plan, PlanStatus
from gatepost.planning import guard
from gatepost.planning.canonical import without
from gatepost.planning.digest import digest_entries, digest_plan
from gatepost.planning.plan import PlanRequest, is_changed, left_there, taken_away


def plan_back(target: str, list_: str, serial: Serial, current: Current, desired: tuple[Entry, ...]) -> Plan:
    """The changes to what a target held before; held, for good, where that may never be applied."""
    reasons = (*guard.empty(target, desired), *guard.floor(target, desired))
    wanted = digest_entries(desired)
    same = wanted == current.digest and not current.mixed
    free = PlanStatus.IN_STEP if same else PlanStatus.CHANGES
    plan = Plan(
        target=target,
        list=list_,
        serial=serial,
        status=PlanStatus.HELD if reasons else free,
        generation=current.generation,
        current=current.digest,
        desired=wanted,
        add=without(desired, current.entries),
        remove=without(current.entries, desired),
        leaving=(),
        reasons=reasons,
        awaits=(),
        notes=(),
        digest="",
        mixed=current.mixed,
    )
    return replace(plan, digest=digest_plan(plan))


def plan_refill(request: PlanRequest, held: Plan, serial: Serial) -> Plan:
    """A target that was wiped, or is to be repaired, gets what was last verified there where more is held.

    Gives ``held`` itself where that is not so, or where that content may not be applied, or is not confirmed.
    """
    wiped = not request.current.generation and bool(taken_away(request))
    undone = wiped or (request.repair and is_changed(request))
    if held.status is not PlanStatus.HELD or not undone or request.unconfirmed is not None:
        return held
    back = plan_back(held.target, held.list, serial, request.current, left_there(request))
    if back.status is PlanStatus.HELD:
        return held
    why = " ".join(dict.fromkeys(reason.message for reason in held.reasons))
    what = f"serial {serial}" if serial else "what was there before the first serial"
    told = replace(back, notes=(f"Filled again with {what}; serial {held.serial} is held: {why}",))
    return replace(told, digest=digest_plan(told))


def plan_kept(target: str, list_: str, current: Current) -> Plan:
    """What a person made ours as it is: before any serial, and nothing to change."""
    plan = plan_back(target, list_, Serial(0), current, current.entries)
    kept = replace(plan, status=PlanStatus.IN_STEP, desired=current.digest, reasons=())
    return replace(kept, digest=digest_plan(kept))


def plan_away(target: str, list_: str, serial: Serial, current: Current) -> Plan:
    """The removal of everything of ours, as a person asked for it."""
    plan = plan_back(target, list_, serial, current, ())
    away = replace(plan, status=PlanStatus.CHANGES, reasons=())
    return replace(away, digest=digest_plan(away))
