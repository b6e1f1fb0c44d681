"""Guard each answer, then accept it or keep the last good one; then compose the list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from gatepost.config.settings import ListSettings
from gatepost.engine.elapsed import look, waits
from gatepost.engine.fetching import Got, to_answer
from gatepost.engine.site import Site
from gatepost.errors import GatepostError
from gatepost.model.address import Prefix
from gatepost.model.answer import Accepted, Answer, Baseline, HeldAnswer
from gatepost.model.content import Content, Serial, Snapshot
from gatepost.model.limits import Limits
from gatepost.model.reckoning import Look
from gatepost.model.record import Failure
from gatepost.planning.accept import accept
from gatepost.planning.baseline import moments
from gatepost.planning.compose import compose, wanted
from gatepost.planning.presence import lasting

if TYPE_CHECKING:  # the SQL library is loaded only where a store is opened
    from gatepost.store import Store


STRAY = timedelta(days=1)
"""An accepted answer this young still counts although its source was not on the list just before."""
CLOCK_PLAY = timedelta(minutes=5)
"""How far in the future a record may seem to lie before the clock is not believed."""

LATEST = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Turn:
    """One list's turn in a cycle, up to its serial."""

    settings: ListSettings
    previous: Serial | None
    """Serial before this cycle."""
    snapshot: Snapshot | None
    """None until a source of the list was accepted once."""
    held: tuple[HeldAnswer, ...]
    errors: Mapping[str, GatepostError]
    """By source: why it gave nothing this time."""
    missing: tuple[str, ...]
    """Sources never accepted so far: until then nothing is removed."""
    stale: bool


def view(list_name: str, source: str) -> str:
    """The name under which a list's acceptance of a source is kept: lists judge by their own guards."""
    return f"{list_name}/{source}"


def take_in(
    site: Site, one: ListSettings, got: Mapping[str, Got], seen: Look, used: tuple[Prefix, ...] = ()
) -> Turn:
    """Accept what may be accepted of the sources that were asked, compose, and number the content.

    What is held of a source that was not asked, or gave nothing, still waits. ``seen``: at the clocks,
    by which things end. ``used``: prefixes on which a device still counts packets.
    """
    held: list[HeldAnswer] = []
    errors: dict[str, GatepostError] = {}
    for source in one.allowlist.sources:
        try:
            verdict = judge(site.store, one, got[source], seen, used) if source in got else None
        except GatepostError as error:
            errors[source], verdict = error, None
        if source in got and got[source].error is None:
            _remember_refusal(site.store, view(one.name, source), got[source], errors.get(source))
        waiting = verdict or site.store.held(view(one.name, source))
        if isinstance(waiting, HeldAnswer):
            held.append(waiting)
    return _number(site, one, seen, tuple(held), errors)


def _remember_refusal(store: Store, name: str, got: Got, error: GatepostError | None) -> None:
    """A whole answer of which nothing may be used, until a better one comes: the source itself is well."""
    known = store.attempt(name)
    if error is not None or (known is not None and known.failure is not None):
        requests = got.fetched.requests if got.fetched else 0
        store.record_attempt(name, got.at, requests, Failure.of(error) if error else None)


def judge(
    store: Store, one: ListSettings, got: Got, seen: Look, used: tuple[Prefix, ...] = ()
) -> Accepted | HeldAnswer:
    """Guard one answer and record the verdict; raises the error of a source that gave none."""
    name = view(one.name, got.source.name)
    answer = to_answer(got, one.limits, name)
    if isinstance(answer, GatepostError):
        raise answer
    entries = wanted(one.allowlist, answer.entries)
    answer = replace(answer, entries=entries, reckoned_at=seen.reckoned)
    store.record_answer(answer)
    verdict = _weigh(store, answer, seen, one.limits, used)
    match verdict:
        case Accepted():
            store.record_accepted(verdict)
            store.clear_held(name)
        case HeldAnswer():
            store.record_held(verdict)
    return verdict


def _weigh(
    store: Store, answer: Answer, seen: Look, limits: Limits, used: tuple[Prefix, ...]
) -> Accepted | HeldAnswer:
    previous = store.accepted(answer.source)
    if previous is not None and previous.entries == answer.entries:
        answer = replace(answer, entries=previous.entries)  # the very object need not be measured
    earlier = baselines(store, answer.source, min(answer.fetched_at, seen.believed), limits)
    verdict = accept(answer, previous, earlier, limits, approved=False, used=used)
    if isinstance(verdict, HeldAnswer) and store.answer_approved(verdict.digest, answer.source):
        return accept(answer, previous, earlier, limits, approved=True, used=used)
    return verdict


def baselines(store: Store, name: str, at: datetime, limits: Limits) -> tuple[Baseline, ...]:
    """Earlier accepted answers to measure against, as far back as the history or the last approval."""
    start = store.approved_at(name) or store.accepted_since(name)
    found = []
    for age, moment in moments(at, start, limits):
        entries = store.baseline(name, moment)
        if entries is not None:
            found.append(Baseline(age, entries, moment))
    return tuple(found)


def _number(
    site: Site,
    one: ListSettings,
    seen: Look,
    held: tuple[HeldAnswer, ...],
    errors: Mapping[str, GatepostError],
) -> Turn:
    store, now = site.store, site.clock.now()
    before = store.latest(one.name)
    known = {source: _in_force(store, one, source, before, seen) for source in one.allowlist.sources}
    accepted = {source: good for source, good in known.items() if good is not None}
    snapshot = before
    if accepted or one.allowlist.pins:
        content = compose(one.allowlist, accepted, now, seen.believed)
        snapshot = store.record_content(one.name, content, now)
    return Turn(
        settings=one,
        previous=before.serial if before else None,
        snapshot=snapshot,
        held=held,
        errors=errors,
        missing=tuple(source for source, good in known.items() if good is None),
        stale=any(is_stale(site, one.name, source, now) for source in one.allowlist.sources),
    )


def recompose(site: Site, one: ListSettings) -> Content:
    """What a list would hold now, from what is accepted and today's settings; records nothing."""
    seen = look(site)
    return compose(one.allowlist, _accepted(site, one, seen), seen.wall, seen.believed)


def foresee(site: Site, one: ListSettings, at: datetime) -> Content:
    """What a list would hold at a moment to come, if no source said anything else until then.

    What ends by time ends as a cycle at that moment would have it: graces by what passes until then,
    dates by the clock, or where that is in doubt only once it will be believed.
    """
    seen = look(site)
    ahead = at - seen.wall
    reckoned = seen.reckoned + min(ahead, LATEST - seen.reckoned)
    believed = at if ahead >= waits(seen) else seen.believed + ahead
    accepted = {
        name: replace(good, presences=lasting(good.presences, reckoned, one.limits))
        for name, good in _accepted(site, one, seen).items()
    }
    return compose(one.allowlist, accepted, at, believed)


def _accepted(site: Site, one: ListSettings, seen: Look) -> dict[str, Accepted]:
    before = site.store.latest(one.name)
    known = {source: _in_force(site.store, one, source, before, seen) for source in one.allowlist.sources}
    return {source: good for source, good in known.items() if good is not None}


def _in_force(
    store: Store, one: ListSettings, source: str, before: Snapshot | None, seen: Look
) -> Accepted | None:
    """A source's accepted answer; one from before the source was taken off the list counts no more."""
    good = store.accepted(view(one.name, source))
    if good is None or before is None or good.at > before.at:
        return good
    listed = {each.source for each in before.content.listed}
    return good if source in listed or seen.believed - good.at <= STRAY else None


def is_stale(site: Site, list_name: str, source: str, now: datetime) -> bool:
    """Whether a list's last accepted answer of a source is older than its limit, or there is none."""
    seen = site.store.accepted(view(list_name, source))
    return seen is None or is_old(seen.at, now, site.settings.sources[source].stale_after)


def is_old(moment: datetime, now: datetime, limit: timedelta) -> bool:
    """Whether a moment is too long ago; one in the future tells nothing, so it counts as old."""
    return now - moment > limit or moment - now > CLOCK_PLAY
