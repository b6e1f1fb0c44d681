"""Accept a whole answer, or hold it; and keep what it no longer names until that is certain.

An entry leaves only after it was absent from several accepted answers in a row
*and* its grace ran out, seen twice: one jump of the clock never ends a grace.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from gatepost.errors import EmptyAnswer, ValuesRefused
from gatepost.model.address import Prefix
from gatepost.model.answer import Accepted, Answer, Baseline, HeldAnswer, Presence
from gatepost.model.entry import Entry
from gatepost.model.limits import Limits
from gatepost.model.reason import Reason
from gatepost.planning import guard
from gatepost.planning.diff import diff
from gatepost.planning.digest import digest_entries, digest_held
from gatepost.planning.measure import compare


def accept(
    answer: Answer,
    previous: Accepted | None,
    baselines: tuple[Baseline, ...],
    limits: Limits,
    *,
    approved: bool,
    used: tuple[Prefix, ...] = (),
) -> Accepted | HeldAnswer:
    """Judge one answer against the last accepted one and older baselines.

    A first answer has nothing to be measured against; width, sum and quarantine
    still judge it. The last accepted answer, come again from the same place, passes. ``approved``
    lets everything pass but what is absolute. ``used``: prefixes on which a device
    still counts packets; they stay longer than the grace, though not for ever.

    Raises EmptyAnswer for an empty answer where nothing was ever accepted, and
    ValuesRefused for too many odd values and prefixes under the hard floor.
    """
    _refuse_values(answer, limits)
    if not answer.entries:
        return _held_empty(answer, previous)
    if previous is not None and _is_same(answer, previous):
        return _accepted(answer, _presences(answer, previous, limits, used), approved=False)
    reasons = _reasons(answer, previous, baselines, limits)
    if reasons and not approved:
        return _held(answer, previous, reasons)
    return _accepted(answer, _presences(answer, previous, limits, used), approved=approved and bool(reasons))


def _is_same(answer: Answer, previous: Accepted) -> bool:
    return previous.provenance == answer.provenance and previous.digest == digest_entries(answer.entries)


def _refuse_values(answer: Answer, limits: Limits) -> None:
    for reason in (*guard.quarantine(answer, limits), *guard.floor(answer.source, answer.entries)):
        raise ValuesRefused(reason.message)


def _held_empty(answer: Answer, previous: Accepted | None) -> HeldAnswer:
    if previous is None:
        msg = f"{answer.source}: a whole answer without one usable entry"
        raise EmptyAnswer(msg)
    return _held(answer, previous, guard.empty(answer.source, answer.entries))


def _reasons(
    answer: Answer, previous: Accepted | None, baselines: tuple[Baseline, ...], limits: Limits
) -> tuple[Reason, ...]:
    subject, entries = answer.source, answer.entries
    known: tuple[Entry, ...] = previous.entries if previous else ()
    reasons = (
        *guard.widest(subject, entries, known, limits),
        *guard.total(subject, entries, known, limits),
        *guard.ports(subject, entries, known),
    )
    if previous is None:
        return reasons
    measured = {"last": previous.entries} | {each.name: each.entries for each in baselines}
    comparisons = [compare(name, old, entries) for name, old in measured.items()]
    for judge in (guard.shrink, guard.growth, guard.churn, guard.family):
        reasons += judge(subject, comparisons, limits)
    return reasons + guard.provenance(answer, previous)


def _held(answer: Answer, previous: Accepted | None, reasons: tuple[Reason, ...]) -> HeldAnswer:
    changes = diff(previous.entries if previous else (), answer.entries)
    judged_against = previous.digest if previous else ""
    return HeldAnswer(
        source=answer.source,
        at=answer.fetched_at,
        digest=digest_held(answer.source, answer.provenance, judged_against, answer.entries),
        entries=answer.entries,
        added=changes.added,
        removed=changes.removed,
        reasons=reasons,
    )


def _accepted(answer: Answer, presences: Iterable[Presence], *, approved: bool) -> Accepted:
    ordered = sorted(presences, key=lambda presence: presence.entry.key)
    return Accepted(
        source=answer.source,
        at=answer.fetched_at,
        digest=digest_entries(answer.entries),
        provenance=answer.provenance,
        entries=answer.entries,
        presences=tuple(ordered),
        approved=approved,
    )


def _presences(
    answer: Answer, previous: Accepted | None, limits: Limits, used: tuple[Prefix, ...]
) -> Iterator[Presence]:
    known = {presence.entry.key: presence for presence in previous.presences} if previous else {}
    for entry in answer.entries:
        seen = known.pop(entry.key, None)
        yield Presence(entry, since=seen.since if seen else answer.fetched_at)
    for presence in known.values():
        missed = _missed(presence, answer.fetched_at, limits)
        grace = limits.grace + (limits.counted_grace if _is_used(missed.entry, used) else timedelta())
        if previous is None or not _is_over(missed, previous.at, answer.fetched_at, grace):
            yield missed


def _missed(presence: Presence, at: datetime, limits: Limits) -> Presence:
    """One more accepted answer without it."""
    absent = presence.absent + 1
    gone_at = at if presence.gone_at is None and absent >= limits.absences else presence.gone_at
    return Presence(presence.entry, presence.since, absent, gone_at)


def _is_used(entry: Entry, used: tuple[Prefix, ...]) -> bool:
    value = entry.value
    return isinstance(value, Prefix) and any(
        one.family is value.family and one.network <= value.last and value.network <= one.last for one in used
    )


def _is_over(presence: Presence, before: datetime, at: datetime, grace: timedelta) -> bool:
    """Whether the grace has ended, by this answer's time and, where there is a grace, by the one before."""
    if presence.gone_at is None:
        return False
    end = presence.gone_at + grace
    return at >= end and (before >= end or not grace)
