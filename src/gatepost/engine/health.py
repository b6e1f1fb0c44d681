"""How old everything is, and what needs a person first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gatepost.config.settings import SourceSettings, TargetSettings
from gatepost.engine.acceptance import is_old, is_stale, view
from gatepost.engine.approval import held_answers, held_plans, own_plans, standing_words
from gatepost.engine.elapsed import look
from gatepost.engine.pending import Part, Pending, overdue, unconfirmed_until
from gatepost.engine.report import (
    JSON,
    clock_document,
    drift_document,
    error_document,
    held_document,
    time_text,
    unread_document,
    waiting_document,
)
from gatepost.engine.seeing import Sight
from gatepost.engine.site import Site
from gatepost.errors import GatepostError
from gatepost.model.answer import HeldAnswer
from gatepost.model.content import Serial, Snapshot, State
from gatepost.model.drift import Drift
from gatepost.model.plan import Cause, Outcome, Plan
from gatepost.model.reckoning import Look
from gatepost.model.record import Attempt, Failure, OutcomeRecord, Unread, WordRecord


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """One source: when it was asked, answered, changed."""

    source: SourceSettings
    attempt: Attempt | None
    stale: bool


@dataclass(frozen=True, slots=True)
class ListHealth:
    """One list: its serial, how much is in force, and whether a source of it is stale or waits."""

    name: str
    serial: Serial | None
    at: datetime | None
    entries: int
    grace: int
    stale: bool
    held: bool
    refused: Mapping[str, Failure]
    """By source: why nothing of its last answer may be used, whoever approves."""


@dataclass(frozen=True, slots=True)
class TargetHealth:
    """One target: what was last tried and what was last verified there."""

    target: TargetSettings
    last: OutcomeRecord | None
    applied: OutcomeRecord | None
    in_step: bool
    """Whether the last verified content is the list's present serial, and nobody saw it differ since."""
    drift: Drift | None
    """What others changed there, as far as was seen."""
    unread: Unread | None
    """That it could not be read, as far as was tried."""
    denied: GatepostError | None
    """What kept this user from looking: then the history alone speaks."""
    looked: bool
    """Whether it was read for this very answer."""
    unconfirmed: datetime | None
    """Until when the last change may still be taken back."""
    overdue: Pending | None
    """What should have been taken back by now, and was not: nobody may be left who does that."""

    @property
    def taken_back(self) -> bool:
        """Whether the last change was taken back, so that a person's word is waited for."""
        return not self.in_step and self.applied is not None and self.applied.cause is Cause.REVERT


@dataclass(frozen=True, slots=True)
class Health:
    """Everything ``status`` shows."""

    sources: tuple[SourceHealth, ...]
    lists: tuple[ListHealth, ...]
    targets: tuple[TargetHealth, ...]
    held: tuple[Plan, ...]
    answers: tuple[HeldAnswer, ...]
    """Held answers."""
    own: tuple[Plan, ...]
    """Of ``held``: plans with a reason of their own, that no held answer tells."""
    words: Mapping[str, WordRecord]
    """Words that stand on what is held, by digest."""
    stranded: tuple[tuple[Part, Pending], ...]
    """What should have been taken back by now where no target is configured any more."""
    look: Look
    """At the clocks: whether the wall clock is believed."""

    @property
    def stale(self) -> bool:
        """Whether anything is older than its limit."""
        return any(one.stale for one in self.sources) or any(one.stale for one in self.lists)

    @property
    def empty(self) -> bool:
        """Whether a target was seen to hold nothing where we had left something."""
        return any(one.drift is not None and one.drift.empty for one in self.targets)

    @property
    def urgent(self) -> bool:
        """Whether a list lost its meaning somewhere, or nobody knows: emptied, wide open, unreadable."""
        return any(one.unread or (one.drift is not None and one.drift.urgent) for one in self.targets)

    @property
    def overdue(self) -> bool:
        """Whether a change stays somewhere that nobody confirmed in time."""
        return bool(self.stranded) or any(one.overdue is not None for one in self.targets)

    @property
    def taken_back(self) -> bool:
        """Whether anything waits for a word because it was taken back."""
        return any(one.taken_back for one in self.targets)

    @property
    def drifted(self) -> bool:
        """Whether any target was changed by others."""
        return any(one.drift is not None for one in self.targets)

    @property
    def failed(self) -> bool:
        """Whether the last try on any target failed."""
        return any(one.last is not None and one.last.outcome is Outcome.FAILED for one in self.targets)


def health_of(site: Site, sights: Mapping[str, Sight] | None = None) -> Health:
    """Read from the history, and from looks at targets just now, where there are any; asks nobody itself."""
    sights = sights or {}
    now = site.clock.now()
    return Health(
        sources=tuple(_source(site, one, now) for _, one in sorted(site.settings.sources.items())),
        lists=tuple(_list(site, name, now) for name in sorted(site.settings.lists)),
        targets=tuple(
            _target(site, one, sights.get(name)) for name, one in sorted(site.settings.targets.items())
        ),
        held=held_plans(site),
        answers=held_answers(site),
        own=own_plans(site),
        words=standing_words(site),
        stranded=tuple(_stranded(site)),
        look=look(site),
    )


def _stranded(site: Site) -> Iterator[tuple[Part, Pending]]:
    for part, pending in overdue(site.settings.state, site.clock):
        if not any(part.is_on(name, one.place) for name, one in site.targets.items()):
            yield part, pending


def _source(site: Site, source: SourceSettings, now: datetime) -> SourceHealth:
    attempt = site.store.attempt(source.name)
    good = attempt.succeeded_at if attempt else None
    return SourceHealth(source, attempt, stale=good is None or is_old(good, now, source.stale_after))


def _list(site: Site, name: str, now: datetime) -> ListHealth:
    snapshot = site.store.latest(name)
    sources = site.settings.lists[name].allowlist.sources
    listed = snapshot.content.listed if snapshot else ()
    return ListHealth(
        name=name,
        serial=snapshot.serial if snapshot else None,
        at=snapshot.at if snapshot else None,
        entries=len(snapshot.content.effective) if snapshot else 0,
        grace=sum(one.state is State.GRACE for one in listed),
        stale=any(is_stale(site, name, source, now) for source in sources),
        held=any(site.store.held(view(name, source)) for source in sources),
        refused=dict(_refused(site, name, sources)),
    )


def _refused(site: Site, name: str, sources: Sequence[str]) -> Iterator[tuple[str, Failure]]:
    for source in sources:
        seen = site.store.attempt(view(name, source))
        if seen is not None and seen.failure is not None:
            yield source, seen.failure


def _target(site: Site, target: TargetSettings, sight: Sight | None) -> TargetHealth:
    applied = site.store.applied(target.name)
    snapshot = site.store.latest(target.list)
    drift, unread = _seen(site, target.name, sight)
    place, late = site.targets[target.name].place, overdue(site.settings.state, site.clock)
    return TargetHealth(
        target=target,
        last=site.store.last_outcome(target.name),
        applied=applied,
        in_step=_is_in_step(applied, snapshot) and not drift and not unread,
        drift=drift,
        unread=unread,
        denied=sight.denied if sight else None,
        looked=sight is not None and not sight.denied,
        unconfirmed=unconfirmed_until(site.settings.state, target.name, place),
        overdue=next((pending for part, pending in late if part.is_on(target.name, place)), None),
    )


def _seen(site: Site, name: str, sight: Sight | None) -> tuple[Drift | None, Unread | None]:
    """From this look; what it could not see, from the looks before."""
    known = site.store.unread(name)
    if sight is None or sight.denied:
        return site.store.drift(name), known
    if sight.unread is None:
        return sight.drift, None
    since = known.at if known else sight.unread.at
    return site.store.drift(name), replace(sight.unread, at=since)


def _is_in_step(applied: OutcomeRecord | None, snapshot: Snapshot | None) -> bool:
    if applied is None or snapshot is None or applied.cause is Cause.PURGE:
        return False
    return (applied.list, applied.serial) == (snapshot.list, snapshot.serial)


def health_document(health: Health) -> JSON:
    """``status --json``."""
    return {
        "stale": health.stale,
        "sources": [_source_document(one) for one in health.sources],
        "lists": [
            {
                "list": one.name,
                "serial": one.serial,
                "at": time_text(one.at),
                "entries": one.entries,
                "grace": one.grace,
                "stale": one.stale,
                "held": one.held,
                "refused": {source: error_document(failure) for source, failure in one.refused.items()},
            }
            for one in health.lists
        ],
        "targets": [_target_document(one) for one in health.targets],
        "held": [waiting_document(plan, health.words) for plan in health.held],
        "answers": [
            {"list": one.source.partition("/")[0], **held_document(one, health.words.get(one.digest))}
            for one in sorted(health.answers, key=lambda one: one.source)
        ],
        "stranded": [
            {"target": part.target, "place": part.place, "id": pending.id, "until": time_text(pending.until)}
            for part, pending in health.stranded
        ],
        "clock": clock_document(health.look),
    }


def _source_document(one: SourceHealth) -> JSON:
    seen = one.attempt
    return {
        "source": one.source.name,
        "kind": one.source.plugin.kind,
        "attempted_at": time_text(seen.at if seen else None),
        "succeeded_at": time_text(seen.succeeded_at if seen else None),
        "changed_at": time_text(seen.changed_at if seen else None),
        "stale": one.stale,
        "error": error_document(seen.failure) if seen and seen.failure else None,
    }


def _target_document(one: TargetHealth) -> JSON:
    return {
        "target": one.target.name,
        "kind": one.target.plugin.kind,
        "list": one.target.list,
        "serial": (one.applied.serial or None) if one.applied else None,
        "generation": one.applied.generation if one.applied else None,
        "applied_at": time_text(one.applied.at if one.applied else None),
        "verified": bool(one.applied and one.applied.verified),
        "in_step": one.in_step,
        "drift": drift_document(one.drift) if one.drift else None,
        "unread": unread_document(one.unread) if one.unread else None,
        "looked": one.looked,
        "not_looked": error_document(one.denied) if one.denied else None,
        "unconfirmed_until": time_text(one.unconfirmed),
        "overdue": one.overdue is not None,
        "taken_back": one.taken_back,
        "outcome": one.last.outcome.value if one.last and one.last.outcome else None,
        "error": error_document(one.last.failure) if one.last and one.last.failure else None,
    }
