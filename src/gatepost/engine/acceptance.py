"""Guard each answer, then accept it or keep the last good one; then compose the list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from gatepost.config.settings import ListSettings
from gatepost.engine.fetching import Got, to_answer
from gatepost.engine.site import Site
from gatepost.errors import GatepostError
from gatepost.model.answer import Accepted, Answer, Baseline, HeldAnswer
from gatepost.model.content import Serial, Snapshot
from gatepost.model.limits import Limits
from gatepost.planning.accept import accept
from gatepost.planning.compose import compose

if TYPE_CHECKING:  # the SQL library is loaded only where a store is opened
    from gatepost.store import Store


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


def take_in(site: Site, one: ListSettings, got: Mapping[str, Got]) -> Turn:
    """Accept what may be accepted of the sources that were asked, compose, and number the content."""
    held: list[HeldAnswer] = []
    errors: dict[str, GatepostError] = {}
    for source in one.allowlist.sources:
        if source not in got:
            continue
        try:
            verdict = judge(site.store, one, got[source])
        except GatepostError as error:
            errors[source] = error
            continue
        if isinstance(verdict, HeldAnswer):
            held.append(verdict)
    return _number(site, one, tuple(held), errors)


def judge(store: Store, one: ListSettings, got: Got) -> Accepted | HeldAnswer:
    """Guard one answer and record the verdict; raises the error of a source that gave none."""
    name = view(one.name, got.source.name)
    answer = to_answer(got, one.limits, name)
    if isinstance(answer, GatepostError):
        raise answer
    store.record_answer(answer)
    verdict = _weigh(store, answer, one.limits)
    match verdict:
        case Accepted():
            store.record_accepted(verdict)
            store.clear_held(name)
        case HeldAnswer():
            store.record_held(verdict)
    return verdict


def _weigh(store: Store, answer: Answer, limits: Limits) -> Accepted | HeldAnswer:
    previous = store.accepted(answer.source)
    earlier = baselines(store, answer.source, answer.fetched_at, limits)
    verdict = accept(answer, previous, earlier, limits, approved=False)
    if isinstance(verdict, HeldAnswer) and store.answer_approved(verdict.digest):
        return accept(answer, previous, earlier, limits, approved=True)
    return verdict


def baselines(store: Store, name: str, at: datetime, limits: Limits) -> tuple[Baseline, ...]:
    """Earlier accepted answers to measure against, none older than the last a person approved."""
    approved_at = store.approved_at(name)
    found = []
    for age in limits.baselines:
        moment = at - age
        if approved_at is not None and approved_at > moment:
            continue
        entries = store.baseline(name, moment)
        if entries is not None:
            found.append(Baseline(f"{age.days}d", entries))
    return tuple(found)


def _number(
    site: Site, one: ListSettings, held: tuple[HeldAnswer, ...], errors: Mapping[str, GatepostError]
) -> Turn:
    store, now = site.store, site.clock.now()
    known = {source: store.accepted(view(one.name, source)) for source in one.allowlist.sources}
    accepted = {source: seen for source, seen in known.items() if seen is not None}
    before = store.latest(one.name)
    snapshot = before
    if accepted or one.allowlist.pins:
        snapshot = store.record_content(one.name, compose(one.allowlist, accepted, now), now)
    return Turn(
        settings=one,
        previous=before.serial if before else None,
        snapshot=snapshot,
        held=held,
        errors=errors,
        missing=tuple(source for source, seen in known.items() if seen is None),
        stale=any(is_stale(site, one.name, source, now) for source in one.allowlist.sources),
    )


def is_stale(site: Site, list_name: str, source: str, now: datetime) -> bool:
    """Whether a list's last accepted answer of a source is older than its limit, or there is none."""
    seen = site.store.accepted(view(list_name, source))
    return seen is None or now - seen.at > site.settings.sources[source].stale_after
