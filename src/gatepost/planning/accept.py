"""Accept a whole answer, or hold it; and keep what it no longer names until that is certain.

An entry leaves only after it was absent from several accepted answers in a row
*and* its grace ran out, seen twice: one jump of the clock never ends a grace.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gatepost.errors import EmptyAnswer, ValuesRefused
from gatepost.model.address import Family, Prefix
from gatepost.model.answer import Accepted, Answer, Baseline, HeldAnswer
from gatepost.model.entry import Entry
from gatepost.model.limits import FLOOR_V4, FLOOR_V6, Limits
from gatepost.model.reason import Reason
from gatepost.planning import guard
from gatepost.planning.diff import diff
from gatepost.planning.digest import digest_held
from gatepost.planning.measure import Figures, weigh, where_new
from gatepost.planning.presence import presences

_FLOOR_RUN = {Family.V4: 1 << 32 - FLOOR_V4, Family.V6: 1 << 128 - FLOOR_V6}
"""Addresses of one prefix at the floor: only a longer run can hold a wider one."""


@dataclass(frozen=True, slots=True)
class Question:
    """One answer and all it is judged by."""

    answer: Answer
    previous: Accepted | None
    baselines: tuple[Baseline, ...]
    limits: Limits
    used: tuple[Prefix, ...] = ()
    """Prefixes on which a device still counts packets; they stay longer than the grace, not for ever."""
    figures: Callable[[Sequence[Entry]], Figures] = Figures
    """Who judges many answers in a row may remember what a list comes to."""


def accept(
    answer: Answer,
    previous: Accepted | None,
    baselines: tuple[Baseline, ...],
    limits: Limits,
    *,
    approved: bool,
    used: tuple[Prefix, ...] = (),
) -> Accepted | HeldAnswer:
    """Judge one answer against the last accepted one and older baselines: see :func:`decide`."""
    return decide(Question(answer, previous, baselines, limits, used), approved=approved)


def decide(question: Question, *, approved: bool) -> Accepted | HeldAnswer:
    """Accept an answer whole, or hold it.

    A first answer has nothing to be measured against; width, sum and quarantine
    still judge it. The last accepted answer, come again from the same place, passes. ``approved``
    lets everything pass but what is absolute.

    Raises EmptyAnswer for an empty answer where nothing was ever accepted, and
    ValuesRefused for too many odd values and prefixes under the hard floor.
    """
    answer, previous = question.answer, question.previous
    new = question.figures(answer.entries)
    for reason in _refusals(question, new):
        raise ValuesRefused(reason.message)
    if not answer.entries:
        return _held_empty(question, new)
    if previous is not None and _is_same(answer, previous, new):
        return _accepted(question, new, previous.digest, approved=False)
    reasons = _reasons(question, new)
    if reasons and not approved:
        return _held(answer, previous, reasons, new)
    return _accepted(question, new, new.digest, approved=approved and bool(reasons))


def refusals(question: Question) -> tuple[Reason, ...]:
    """Why nothing of an answer may be used, whoever approves: :func:`decide` raises ValuesRefused."""
    return _refusals(question, question.figures(question.answer.entries))


def _refusals(question: Question, new: Figures) -> tuple[Reason, ...]:
    """A list that was accepted stands above the floor; a floor is under long runs only."""
    answer, previous = question.answer, question.previous
    reasons = guard.quarantine(answer, question.limits)
    if previous is not None and answer.entries is previous.entries:
        return reasons
    if any(new.longest[family] > run for family, run in _FLOOR_RUN.items()):
        reasons += guard.floor(answer.source, answer.entries)
    return reasons


def _is_same(answer: Answer, previous: Accepted, new: Figures) -> bool:
    if previous.provenance != answer.provenance:
        return False
    return answer.entries is previous.entries or previous.digest == new.digest


def _held_empty(question: Question, new: Figures) -> HeldAnswer:
    answer = question.answer
    if question.previous is None:
        msg = f"{answer.source}: a whole answer without one usable entry"
        raise EmptyAnswer(msg)
    return _held(answer, question.previous, guard.empty(answer.source, answer.entries), new)


def _reasons(question: Question, new: Figures) -> tuple[Reason, ...]:
    answer, previous, limits = question.answer, question.previous, question.limits
    last = question.figures(previous.entries if previous else ())
    come = new.since(last.entries).added
    wide = guard.unfamiliar(come, last, limits)
    in_force = [one.entry for one in previous.presences] if wide and previous else []
    sizes = {family: (new.addresses[family], last.addresses[family]) for family in Family}
    reasons = (
        *guard.widest(answer.source, wide, in_force, limits),
        *guard.totals(answer.source, sizes, limits),
        *guard.ports(answer.source, come, last.entries),
    )
    if previous is None:
        return reasons
    return reasons + _distances(question, previous, new) + guard.provenance(answer, previous)


def _distances(question: Question, previous: Accepted, new: Figures) -> tuple[Reason, ...]:
    """How far the answer is from each baseline.

    What goes is measured by what was answered then, what comes by what was in force
    then: an entry that returns within its grace opens nothing.
    """
    subject, limits, baselines = question.answer.source, question.limits, _baselines(question, previous)
    plain = [weigh(one.name, question.figures(one.entries), new) for one in baselines]
    growth, family = guard.growth(subject, plain, limits), guard.family(subject, plain, limits)
    in_force = [_in_force(one, previous) for one in baselines] if growth or family else []
    if any(now is not one.entries for now, one in zip(in_force, baselines, strict=False)):
        then = [weigh(one.name, Figures(now), new) for now, one in zip(in_force, baselines, strict=True)]
        growth = guard.growth(subject, then, limits)
        family = guard.family(subject, map(where_new, plain, then), limits)
    return guard.shrink(subject, plain, limits) + growth + guard.churn(subject, plain, limits) + family


def _baselines(question: Question, previous: Accepted) -> list[Baseline]:
    """The last accepted list, and each older one that is another list than those before."""
    found = [Baseline("last", previous.entries, previous.at)]
    for one in question.baselines:
        if all(one.entries is not known.entries for known in found):
            found.append(one)
    return found


def _in_force(baseline: Baseline, previous: Accepted) -> tuple[Entry, ...]:
    """What was let in at a baseline's time: what was answered, and what has been in force since before."""
    at = baseline.at
    standing = [one.entry for one in previous.presences if at is not None and one.since <= at]
    more = diff(baseline.entries, standing).added
    if not more:
        return baseline.entries
    return tuple(sorted((*baseline.entries, *more), key=lambda entry: entry.key))


def _held(answer: Answer, previous: Accepted | None, reasons: tuple[Reason, ...], new: Figures) -> HeldAnswer:
    changes = new.since(previous.entries if previous else ())
    judged_against = previous.digest if previous else ""
    return HeldAnswer(
        source=answer.source,
        at=answer.fetched_at,
        digest=digest_held(answer.source, answer.provenance, judged_against, new.digest),
        entries=answer.entries,
        added=changes.added,
        removed=changes.removed,
        reasons=reasons,
    )


def _accepted(question: Question, new: Figures, digest: str, *, approved: bool) -> Accepted:
    answer, previous = question.answer, question.previous
    changes = new.since(previous.entries if previous else ())
    return Accepted(
        source=answer.source,
        at=answer.fetched_at,
        digest=digest,
        provenance=answer.provenance,
        entries=answer.entries,
        presences=presences(answer, previous, changes, question.limits, question.used),
        approved=approved,
        reckoned_at=answer.reckoned_at,
    )
