"""One turn of the whole work, and the way of the data.

Fetch each source whole, or fail; normalise; guard, then accept, or keep the
last good; compose the lists; a new serial only where content changed; for each
target read what it holds, plan, guard; all plans guarded before any is applied;
record the intent, apply in one transaction, read back, record.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from gatepost.config.settings import ListSettings, TargetSettings
from gatepost.engine.acceptance import Turn, take_in
from gatepost.engine.applying import carry_out, refuse_overtaken, settle, with_word
from gatepost.engine.approval import standing_words
from gatepost.engine.confirming import Armed, StartTimer, arm, disarm
from gatepost.engine.counting import prefixes_in_use
from gatepost.engine.elapsed import take_look
from gatepost.engine.fetching import Got, Tell, be_silent, fetch_sources
from gatepost.engine.proposing import propose_or_refill, targets_of
from gatepost.engine.site import Site
from gatepost.engine.state import alone
from gatepost.errors import GatepostError, StalePlan
from gatepost.model.plan import Outcome, Plan, PlanStatus, Result
from gatepost.model.reckoning import Look
from gatepost.model.record import Failure, WordRecord

TOUCHED = (Outcome.APPLIED, Outcome.FAILED)
"""Outcomes after which there may be something to take back."""


@dataclass(frozen=True, slots=True)
class Unplanned:
    """A target that could not be read, so that no plan could be made."""

    target: str
    list: str
    error: GatepostError


@dataclass(frozen=True, slots=True)
class CycleReport:
    """Everything one cycle saw and did."""

    got: Mapping[str, Got]
    turns: tuple[Turn, ...]
    results: tuple[Result, ...]
    unplanned: tuple[Unplanned, ...]
    applied: bool = False
    """Whether plans were carried out, not only made."""
    look: Look | None = None
    """At the clocks, when it began; None for plans that were made earlier."""
    words: Mapping[str, WordRecord] = field(default_factory=dict)
    """Words that were said on what is held, and stand; by digest."""


async def plan_cycle(
    site: Site, lists: Sequence[ListSettings], tell: Tell = be_silent, *, only: Collection[str] | None = None
) -> CycleReport:
    """Fetch, accept, compose and plan some lists; changes nothing but the store.

    ``only`` these sources are asked, where given; of the others the last accepted answer counts.
    Failures of single sources and targets are in the report, not raised.
    """
    await settle(site)
    seen = take_look(site)
    site.store.prune(seen.sure, site.settings.keep, site.settings.max_bytes)
    names = dict.fromkeys(name for one in lists for name in one.allowlist.sources)
    wanted = {name: site.settings.sources[name] for name in names if only is None or name in only}
    got = await fetch_sources(site.open_source, site.clock, wanted.values(), tell)
    _remember(site, got)
    for one in lists:
        site.store.record_holders(one.name, _holders(site, one.name))
    used = await prefixes_in_use(site, lists, seen)
    turns = tuple(take_in(site, one, got, seen, used[one.name]) for one in lists)
    plans, unplanned = await plan_targets(site, turns)
    results = tuple(Result(plan) for plan in plans)
    held = any(turn.held for turn in turns) or any(plan.status is PlanStatus.HELD for plan in plans)
    words = standing_words(site) if held else {}
    return CycleReport(got, turns, results, unplanned, look=seen, words=words)


def _holders(site: Site, list_: str) -> set[str]:
    """A list's targets; until one of them carries it out, also those that are no longer configured.

    So whoever follows what was carried out is not left with nothing because a target has another name.
    """
    names = {target.name for target in targets_of(site, list_)}
    if not names or any(site.store.carries(name, list_) for name in names):
        return names
    return names.union(name for name in site.store.holders(list_) if name not in site.targets)


async def apply_cycle(site: Site, report: CycleReport) -> CycleReport:
    """Carry out the plans of a report, exactly these; all of them were guarded before the first.

    A plan that went stale since, while a person or another run was waited for, fails and changes nothing.
    """
    async with alone(site):
        return await _carried_out(site, _still_true(site, report))


async def apply_to_confirm(
    site: Site, report: CycleReport, within: timedelta, *, who: str, start: StartTimer
) -> tuple[CycleReport, Armed | None]:
    """The same, to be taken back unless confirmed in time; None where nothing was changed, so nothing waits.

    The way back is armed by who is alone on this host, so that it cannot come before the change itself.
    Raises what :func:`~gatepost.engine.confirming.arm` raises.
    """
    async with alone(site):
        still = _still_true(site, report)
        plans = [result.plan for result in still.results if result.outcome is None]
        armed = await arm(site, plans, within, who=who, start=start)
        done = await _carried_out(site, still)
        if armed and not any(result.outcome in TOUCHED for result in done.results):
            disarm(site, armed)
            return done, None
    return done, armed


def _still_true(site: Site, report: CycleReport) -> CycleReport:
    """With the plans that were overtaken marked as failed."""
    return replace(report, results=tuple(_judged_again(site, one) for one in report.results))


def _judged_again(site: Site, result: Result) -> Result:
    try:
        refuse_overtaken(site, result.plan)
    except StalePlan as error:
        return replace(result, outcome=Outcome.FAILED, error=error)
    return result


async def _carried_out(site: Site, report: CycleReport) -> CycleReport:
    results = [one if one.outcome else await carry_out(site, one.plan) for one in report.results]
    return replace(report, results=tuple(results), applied=True)


def _remember(site: Site, got: Mapping[str, Got]) -> None:
    for name, one in got.items():
        requests = one.fetched.requests if one.fetched else 0
        site.store.record_attempt(name, one.at, requests, Failure.of(one.error) if one.error else None)


async def plan_targets(site: Site, turns: Sequence[Turn]) -> tuple[tuple[Plan, ...], tuple[Unplanned, ...]]:
    """Plans for every target of the lists, each recorded; and the targets that could not be read."""
    plans, unplanned = [], []
    for turn in turns:
        for target in targets_of(site, turn.settings.name):
            try:
                plan = await _plan(site, turn, target)
            except GatepostError as error:
                unplanned.append(Unplanned(target.name, target.list, error))
                continue
            if plan is not None:
                plans.append(plan)
    return tuple(plans), tuple(unplanned)


async def _plan(site: Site, turn: Turn, settings: TargetSettings) -> Plan | None:
    if turn.snapshot is None:
        return None
    plan = await propose_or_refill(
        site, turn.settings, turn.snapshot, settings, held=turn.held, missing=turn.missing
    )
    site.store.record_plan(plan, site.clock.now())
    return with_word(site, plan)


def is_failed(result: Result) -> bool:
    """Whether carrying a plan out failed."""
    return result.outcome is Outcome.FAILED
