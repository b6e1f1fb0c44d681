"""What a cycle's report means for an exit code (contract §2)."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

from gatepost.engine.cycle import CycleReport, is_failed
from gatepost.model.content import Serial
from gatepost.model.plan import Outcome, PlanStatus, Result


class Exit(IntEnum):
    """Exit codes of every command."""

    DONE = 0
    FAILED = 1
    CHANGES = 2
    HELD = 3
    STALE = 4
    DENIED = 5


def exit_of(report: CycleReport) -> Exit:
    """The most urgent thing first: failed, held, incomplete, waiting, done."""
    if report.unplanned or any(is_failed(result) for result in report.results):
        return Exit.FAILED
    statuses = {result.plan.status for result in report.results}
    if any(turn.held for turn in report.turns) or PlanStatus.HELD in statuses or _is_refilled(report):
        return Exit.HELD
    if any(turn.errors or turn.stale for turn in report.turns) or any(map(is_unkept, report.results)):
        return Exit.STALE
    if PlanStatus.CHANGES in statuses and not report.applied:
        return Exit.CHANGES
    return Exit.DONE


def _is_refilled(report: CycleReport) -> bool:
    """Whether a target got what it held before, because a newer serial of its list is held."""
    newest = {turn.settings.name: turn.snapshot.serial for turn in report.turns if turn.snapshot}
    return any(result.plan.serial < newest.get(result.plan.list, Serial(0)) for result in report.results)


def is_unkept(result: Result) -> bool:
    """Whether a target is right, and what is to be loaded there at boot could not be written down."""
    return result.outcome in (Outcome.APPLIED, Outcome.UNCHANGED) and result.error is not None


def exit_of_results(results: Sequence[Result]) -> Exit:
    """Of plans by themselves, carried out."""
    outcomes = {result.outcome for result in results}
    if Outcome.FAILED in outcomes:
        return Exit.FAILED
    if Outcome.HELD in outcomes:
        return Exit.HELD
    return Exit.STALE if any(map(is_unkept, results)) else Exit.DONE
