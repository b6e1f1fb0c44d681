"""From what a target holds to what it shall hold: a value, judged, with a digest.

Differences are differences of address sets, not of text, so sets that let in
the same plan nothing. What left after absences and grace was judged when its
answers were accepted; what leaves for any other reason (an exclusion, a source
or pin taken off the list, somebody else's entries) is judged here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from gatepost.model.address import Prefix
from gatepost.model.answer import HeldAnswer
from gatepost.model.content import Allowlist, Content, Snapshot, State
from gatepost.model.entry import Entry
from gatepost.model.limits import Limits
from gatepost.model.plan import Capabilities, Cause, Current, Plan, PlanStatus
from gatepost.model.protect import Protected
from gatepost.model.reason import Reason
from gatepost.planning import guard, protect
from gatepost.planning.canonical import canonical, differences, without
from gatepost.planning.digest import digest_entries, digest_plan
from gatepost.planning.measure import Comparison, compare
from gatepost.planning.necessity import with_necessity


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """All a plan is made from."""

    target: str
    allowlist: Allowlist
    snapshot: Snapshot
    previous: Content | None
    """Last applied and verified there."""
    current: Current
    capabilities: Capabilities
    held: tuple[HeldAnswer, ...]
    missing: tuple[str, ...]
    """Sources never accepted so far; with any, a plan that removes is held (guard ``incomplete``)."""
    limits: Limits
    intended: frozenset[str] = frozenset()
    """Digests of all that we may have left there; empty where drift is not to be judged."""
    repair: bool = False
    """Whether what others put there may go without a word."""
    cause: Cause = Cause.SYNC
    """Of the last verified write."""
    since: datetime | None = None
    """When that was."""
    unconfirmed: datetime | None = None
    """Until when the last write waits to be confirmed."""
    kept: tuple[Entry, ...] = ()
    """What was last verified there, where the history has no content of it."""
    known: bool = True
    """Whether the history knows that it was ever written by this name, or nobody is to be asked."""
    protected: tuple[Protected, ...] = ()
    """What stays let in where it is let in now, whatever the list says."""


def project(content: Content, capabilities: Capabilities) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """What a target should hold, canonical, and one sentence on each thing it cannot hold."""
    able = _within(content.effective, capabilities)
    desired = content.effective if able == [*content.effective] else canonical(able)
    if capabilities.necessity:
        desired = with_necessity(desired, content.listed)
    return desired, tuple(_notes(content.effective, capabilities))


def make_plan(request: PlanRequest) -> Plan:
    """The changes for one target, judged.

    Held where a guard stands against its own changes, or where nothing but held answers is open:
    what other sources of the list accepted does not wait for the word on one of them.
    """
    desired, notes = project(request.snapshot.content, request.capabilities)
    wanted = digest_entries(desired)
    same = wanted == request.current.digest
    add, remove = ((), ()) if same else differences(request.current.entries, desired)
    open_answers = [held for held in request.held if not _is_absolute(held.reasons)]
    own = _reasons(request, desired, add, remove)
    mixed = request.current.mixed
    waiting = tuple(reason for held in request.held for reason in held.reasons)
    plan = Plan(
        target=request.target,
        list=request.allowlist.name,
        serial=request.snapshot.serial,
        status=PlanStatus.HELD if own or (waiting and same) else _status(add, remove, mixed=mixed),
        generation=request.current.generation,
        current=request.current.digest,
        desired=wanted,
        add=add,
        remove=remove,
        leaving=_leaving(open_answers),
        reasons=(*waiting, *own),
        awaits=tuple(sorted(held.digest for held in open_answers)),
        notes=notes,
        digest="",
        mixed=mixed,
    )
    return replace(plan, digest=digest_plan(plan))


def release(plan: Plan) -> Plan:
    """The plan after approval: free, unless a reason is absolute."""
    if plan.status is not PlanStatus.HELD or _is_absolute(plan.reasons):
        return plan
    return replace(plan, status=_status(plan.add, plan.remove, mixed=plan.mixed))


def _status(add: tuple[Entry, ...], remove: tuple[Entry, ...], *, mixed: bool) -> PlanStatus:
    return PlanStatus.CHANGES if add or remove or mixed else PlanStatus.IN_STEP


def _is_absolute(reasons: Iterable[Reason]) -> bool:
    return any(reason.absolute for reason in reasons)


def _leaving(held: Iterable[HeldAnswer]) -> tuple[Entry, ...]:
    entries = {entry.key: entry for answer in held for entry in answer.removed}
    return tuple(entries[key] for key in sorted(entries))


def _within(entries: Iterable[Entry], capabilities: Capabilities) -> list[Entry]:
    """Entries as far as a target can hold them, one by one."""
    able = (entry for entry in entries if _is_able(entry, capabilities))
    return [entry if capabilities.ports or entry.is_plain else Entry(entry.value) for entry in able]


def _is_able(entry: Entry, capabilities: Capabilities) -> bool:
    if isinstance(entry.value, Prefix):
        return entry.value.family in capabilities.families
    return capabilities.domains


def _notes(entries: tuple[Entry, ...], capabilities: Capabilities) -> Iterable[str]:
    prefixes = [entry.value for entry in entries if isinstance(entry.value, Prefix)]
    for family in sorted({prefix.family for prefix in prefixes} - capabilities.families):
        left_out = sum(prefix.family is family for prefix in prefixes)
        yield f"This target holds no IPv{family}: left out {_counted(left_out)}."
    if not capabilities.domains and len(entries) > len(prefixes):
        yield f"This target holds no domains: left out {_counted(len(entries) - len(prefixes))}."
    served = sum(bool(entry.protocol or entry.ports) and _is_able(entry, capabilities) for entry in entries)
    if served and not capabilities.ports:
        yield f"This target keeps no protocols and ports: on every port, it lets in {_counted(served)}."


def _counted(number: int) -> str:
    return "1 entry" if number == 1 else f"{number} entries"


def _reasons(
    request: PlanRequest, desired: tuple[Entry, ...], add: tuple[Entry, ...], remove: tuple[Entry, ...]
) -> tuple[Reason, ...]:
    target, limits = request.target, request.limits
    pins = [one.entry for one in request.snapshot.content.listed if one.state is State.PINNED]
    before = request.previous.effective if request.previous else ()
    away = taken_away(request)
    written = request.current.generation or int(bool(request.kept))
    current = request.current.entries
    holds = canonical([*current, *away]) if away else current
    remove = canonical([*remove, *without(away, desired)]) if away else remove
    foreign = _foreign(request)
    lost = without(remove, [*_released(request), *foreign]) if remove else ()
    ours = without(holds, foreign) if foreign else holds
    return (
        *guard.empty(target, desired),
        *guard.floor(target, desired),
        *protect.protected(target, request.allowlist, remove, desired, request.protected),
        *guard.widest(target, pins, before, limits),
        *guard.total(target, desired, current, limits),
        *guard.max_entries(target, desired, request.capabilities.max_entries),
        *guard.max_ranges(target, desired, request.capabilities.max_ranges),
        *guard.shrink(target, [_loss(request, ours, lost)] if lost else [], limits),
        *guard.incomplete(target, remove, request.missing),
        *guard.history(target, remove, written, known=request.previous is not None),
        *(() if request.known or remove else guard.stranger(target, add, request.current.generation)),
        *_about_the_target(request, changes=bool(add or remove)),
    )


def left_there(request: PlanRequest) -> tuple[Entry, ...]:
    """What was last verified there, as this target holds it."""
    return project(request.previous, request.capabilities)[0] if request.previous else request.kept


def is_changed(request: PlanRequest) -> bool:
    """Whether others changed what we left there."""
    current, purged = request.current, request.cause is Cause.PURGE
    known = request.previous is not None or bool(request.kept)
    if not known or purged or current.mixed or current.digest in request.intended:
        return False
    return digest_entries(left_there(request)) != current.digest


def taken_away(request: PlanRequest) -> tuple[Entry, ...]:
    """What others removed of what we left: a change is judged as if it were still there."""
    return without(left_there(request), request.current.entries) if is_changed(request) else ()


def _about_the_target(request: PlanRequest, *, changes: bool) -> tuple[Reason, ...]:
    """What became of it since we wrote it."""
    stands = request.cause in guard.PUT_BACK and not changes
    left = _left(request, stands=stands)
    return (
        *(guard.drift(request.target, request.current, left) if changes or stands else ()),
        *guard.standing(request.target, request.cause, request.since, changes=changes),
        *(guard.unconfirmed(request.target, request.unconfirmed) if changes else ()),
    )


def _left(request: PlanRequest, *, stands: bool) -> frozenset[str]:
    """Digests that are no drift; what was put back is undone by nobody without a word, repaired or not."""
    if stands and request.repair and left_there(request):
        return frozenset({digest_entries(left_there(request))})
    return request.intended


def _loss(request: PlanRequest, holds: tuple[Entry, ...], lost: tuple[Entry, ...]) -> Comparison:
    """What is lost of what the target holds: addresses as it holds them, entries as they are listed."""
    listed = _within(_in_force(request.previous), request.capabilities)
    written = (*listed, *without(holds, listed))
    by_address = compare("held", holds, without(holds, lost))
    by_entry = compare("held", written, without(written, lost))
    measures = zip(by_address.measures, by_entry.measures, strict=True)
    counted = tuple(replace(each, gone_entries=other.gone_entries) for each, other in measures)
    return replace(by_address, measures=counted)


def _in_force(content: Content | None) -> Iterable[Entry]:
    listed = content.listed if content else ()
    return (one.entry for one in listed if one.state is not State.EXCLUDED)


def _foreign(request: PlanRequest) -> tuple[Entry, ...]:
    """What others put there, where that is undone without a word."""
    if not request.repair or request.previous is None:
        return ()
    return without(request.current.entries, left_there(request))


def _released(request: PlanRequest) -> list[Entry]:
    """What left because its grace ran out: no longer listed, while its source still is."""
    listed = {(one.source, one.entry.key) for one in request.snapshot.content.listed}
    before = request.previous.listed if request.previous else ()
    gone = (
        one.entry
        for one in before
        if one.source in request.allowlist.sources and (one.source, one.entry.key) not in listed
    )
    return _within(gone, request.capabilities)
