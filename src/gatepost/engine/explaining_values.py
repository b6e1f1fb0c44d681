"""Why an address or a domain is allowed or not: by which entry, until when, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gatepost.config.settings import ListSettings
from gatepost.engine.acceptance import view
from gatepost.engine.asking import CheckAnswer, ListAnswer, ask, bare, check_document, covers
from gatepost.engine.elapsed import look
from gatepost.engine.report import JSON, reason_document, time_text
from gatepost.engine.site import Site
from gatepost.engine.wording import OF_VALUES, SHORT, Say, as_written, joined, some
from gatepost.errors import cut
from gatepost.model.address import Prefix
from gatepost.model.answer import HeldAnswer, Presence
from gatepost.model.content import Override, State
from gatepost.model.entry import Domain, Entry
from gatepost.model.plan import Cause
from gatepost.model.record import Departure, Hit
from gatepost.planning.compose import PIN, active
from gatepost.planning.overlap import contains, overlaps

COMES, GOES = "comes", "goes"


@dataclass(frozen=True, slots=True)
class Stay:
    """A listed entry that covers the value, with what its source's history says of it."""

    hit: Hit
    presence: Presence | None
    """None where no source brings it: a pin."""
    kept_until: datetime | None
    """End of its grace; None where none runs."""
    override: Override | None
    """The pin or the exclusion that is about it."""


@dataclass(frozen=True, slots=True)
class Story:
    """All that is known of the value on one list."""

    answer: ListAnswer
    settings: ListSettings | None
    """None for a list of the history that is configured no more."""
    stays: tuple[Stay, ...]
    held: tuple[tuple[str, HeldAnswer], ...]
    """Held answers about it, each with ``comes`` or ``goes``."""
    left: Departure | None
    """How it was there before, where no entry covers it now."""
    bars: tuple[Override, ...]
    """Exclusions of today's configuration that are about the value, or a part of it."""
    paragraph: str


@dataclass(frozen=True, slots=True)
class ValueExplanation:
    """One value on all lists asked."""

    check: CheckAnswer
    stories: tuple[Story, ...]

    @property
    def paragraph(self) -> str:
        """All of it."""
        return joined(one.paragraph for one in self.stories)


def explain_value(
    site: Site, value: Prefix | Domain, lists: Sequence[str] = (), say: Say = as_written
) -> ValueExplanation:
    """From the history alone. Raises UsageError for a list that is not known."""
    answer = ask(site, value, lists=lists)
    return ValueExplanation(answer, tuple(_story(site, value, one, say) for one in answer.lists))


def value_document(one: ValueExplanation) -> JSON:
    """``explain --json`` and ``/v1/explain``: what ``check`` says, and why."""
    whole = check_document(one.check)
    told = [{**line, **_story_document(s)} for line, s in zip(whole["lists"], one.stories, strict=True)]
    return {**whole, "paragraph": one.paragraph, "lists": told}


def _story_document(one: Story) -> JSON:
    return {
        "paragraph": one.paragraph,
        "stays": [_stay_document(stay) for stay in one.stays],
        "held": [
            {
                "digest": held.digest,
                "source": held.source.rpartition("/")[2],
                "effect": effect,
                "reasons": [reason_document(reason) for reason in held.reasons],
            }
            for effect, held in one.held
        ],
        "left": _left_document(one.left) if one.left else None,
        "excluded_by": [
            {"value": str(bar.value), "why": bar.why, "until": time_text(bar.until)} for bar in one.bars
        ],
    }


def _stay_document(one: Stay) -> JSON:
    seen = one.presence
    return {
        "value": str(one.hit.listed.entry.value),
        "source": one.hit.listed.source,
        "state": one.hit.state.value,
        "absent": seen.absent if seen else 0,
        "gone_at": time_text(seen.gone_at if seen else None),
        "kept_until": time_text(one.kept_until),
        "why": one.override.why if one.override else None,
        "until": time_text(one.override.until if one.override else None),
    }


def _left_document(one: Departure) -> JSON:
    listed = one.hit.listed
    return {
        "value": str(listed.entry.value),
        "source": listed.source,
        "state": listed.state.value,
        "at": time_text(one.ended),
    }


def _story(site: Site, value: Prefix | Domain, answer: ListAnswer, say: Say) -> Story:
    one = site.settings.lists.get(answer.list)
    teller = _Teller(site, value, answer, one, look(site).believed, say)
    stays = tuple(teller.stay(hit) for hit in answer.hits)
    left = None if stays else site.store.departed(value, answer.list)
    held = tuple(teller.held())
    told = [
        teller.verdict(),
        *(line for stay in stays for line in teller.of_stay(stay)),
        *(teller.of_absence(left) if not stays else ()),
        *teller.of_configuration(stays),
        *teller.of_held(held),
        *teller.of_targets(),
        *teller.steps(stays, held),
    ]
    return Story(answer, one, stays, held, left, teller.bars, joined(told))


@dataclass(frozen=True, slots=True)
class _Teller:
    """Says what is known of one value on one list."""

    site: Site
    value: Prefix | Domain
    answer: ListAnswer
    settings: ListSettings | None
    today: datetime
    """By which what is configured ends."""
    say: Say

    def tell(self, sentence: str, **values: object) -> str:
        return self.say(OF_VALUES[sentence]).format(**values)

    @property
    def sources(self) -> tuple[str, ...]:
        return self.settings.allowlist.sources if self.settings else ()

    def verdict(self) -> str:
        if self.answer.serial is None:
            return self.tell("no-serial", list=self.answer.list, value=bare(self.value))
        word = "allowed" if self.answer.allowed else "denied"
        return self.tell(word, value=bare(self.value), list=self.answer.list, serial=self.answer.serial)

    def stay(self, hit: Hit) -> Stay:
        presence = self._presence(hit)
        ends = None
        if presence and presence.gone_at and self.settings:
            ends = presence.gone_at + self.settings.limits.grace
        return Stay(hit, presence, ends, self._override(hit))

    def _presence(self, hit: Hit) -> Presence | None:
        good = self.site.store.accepted(view(self.answer.list, hit.listed.source))
        key = hit.listed.entry.key
        return next((one for one in good.presences if one.entry.key == key), None) if good else None

    def _override(self, hit: Hit) -> Override | None:
        if self.settings is None:
            return None
        entry, allowlist = hit.listed.entry, self.settings.allowlist
        if hit.state is State.PINNED:
            return next((one for one in allowlist.pins if one.value == entry.value), None)
        about = [one for one in self.exclusions if overlaps(one.value, entry.value)]
        whole = (one for one in about if contains(one.value, entry.value))
        return next(whole, about[0] if about else None)

    @property
    def exclusions(self) -> tuple[Override, ...]:
        """Those of today's configuration."""
        return active(self.settings.allowlist.exclusions, self.today) if self.settings else ()

    @property
    def bars(self) -> tuple[Override, ...]:
        """Exclusions of the value, or of a part of it."""
        return tuple(one for one in self.exclusions if overlaps(one.value, self.value))

    @property
    def pin(self) -> Override | None:
        """Today's pin of the value."""
        pins = active(self.settings.allowlist.pins, self.today) if self.settings else ()
        return next((one for one in pins if contains(one.value, self.value)), None)

    def of_stay(self, one: Stay) -> Iterator[str]:
        """How it is listed, and how long it will be."""
        entry, source = one.hit.listed.entry.value, one.hit.listed.source
        why = cut(one.override.why, 300) if one.override else "?"
        match one.hit.state:
            case State.PINNED:
                yield self.tell("pinned", entry=entry, why=why)
            case State.EXCLUDED if one.override is None:
                yield self.tell("was-excluded", entry=entry, source=source, list=self.answer.list)
            case State.EXCLUDED:
                yield self.tell("excluded", entry=entry, source=source, why=why)
            case State.LISTED:
                since = time_text(one.hit.listed.since)
                yield self.tell("source", entry=entry, source=source, since=since)
        if one.override and one.override.until and one.hit.state in {State.PINNED, State.EXCLUDED}:
            yield self.tell("until", until=time_text(one.override.until))
        if one.presence and one.hit.state is not State.EXCLUDED:
            yield from self._of_presence(one, one.presence)

    def of_configuration(self, stays: Sequence[Stay]) -> Iterator[str]:
        """Exclusions that were not told yet, and what is configured and not in force so far."""
        told = [one.override for one in stays if one.hit.state is State.EXCLUDED]
        for one in self.bars:
            if one in told:
                continue
            word = "cut" if stays else "barred"
            part = "" if contains(one.value, self.value) else "-part"
            yield self.tell(f"{word}{part}", exclusion=bare(one.value), why=cut(one.why, 300))
            if one.until:
                yield self.tell("until", until=time_text(one.until))
        if self.bars and self.answer.allowed:
            yield self.tell("soon", list=self.answer.list)
        elif self.pin and not any(one.hit.listed.source == PIN for one in stays):
            yield self.tell("pinned", entry=self.pin.value, why=cut(self.pin.why, 300))
            yield self.tell("soon", list=self.answer.list)

    def _of_presence(self, one: Stay, seen: Presence) -> Iterator[str]:
        entry, source = seen.entry.value, one.hit.listed.source
        if self.settings is None or not seen.absent:
            yield from self._of_source(source)
            return
        limits = self.settings.limits
        about = {"entry": entry, "source": source, "absences": limits.absences, "grace": span(limits.grace)}
        if seen.gone_at is None or one.kept_until is None:
            word = "absent-once" if seen.absent == 1 else "absent"
            yield self.tell(word, absent=seen.absent, **about)
            return
        yield self.tell("grace", gone=time_text(seen.gone_at), until=time_text(one.kept_until), **about)
        if one.kept_until <= self.site.clock.now():
            yield self.tell("passed", until=time_text(one.kept_until + limits.counted_grace))

    def _of_source(self, source: str) -> Iterator[str]:
        """Where nobody has heard of it for too long, nothing of it is sure to be new."""
        settings = self.site.settings.sources.get(source)
        if settings is None:
            return
        seen = self.site.store.attempt(source)
        good = seen.succeeded_at if seen else None
        if good is not None and self.site.clock.now() - good > settings.stale_after:
            yield self.tell("stale", source=source, since=time_text(good))

    def of_absence(self, left: Departure | None) -> Iterator[str]:
        """Why no entry covers it."""
        if self.answer.serial is None:
            return
        if self.answer.allowed:
            yield self.tell("together")
            return
        odd, parts = list(self._odd()), self.parts()
        if parts:
            yield self.tell("parts", values=some(self.say, parts))
        if left is not None:
            yield from self._of_departure(left)
        elif not odd and not parts:
            yield self.tell("never", sources=", ".join(self.sources) or "-")
        if self.settings and self.settings.allowlist.only_necessary:
            yield self.tell("unnecessary")
        yield from odd
        for source in self.sources:
            if self.site.store.accepted(view(self.answer.list, source)) is None:
                yield self.tell("silent", source=source)
            yield from self._of_source(source)

    def parts(self) -> tuple[Entry, ...]:
        """Entries in force that are within the value, and not all of it."""
        latest = self.site.store.latest(self.answer.list)
        inside = latest.content.effective if latest and not self.answer.allowed else ()
        return tuple(one for one in inside if contains(self.value, one.value))

    def _of_departure(self, left: Departure) -> Iterator[str]:
        listed = left.hit.listed
        yield self.tell("left", at=time_text(left.ended), source=listed.source)
        if listed.state is State.PINNED:
            yield self.tell("unpinned")
        elif listed.source not in self.sources:
            yield self.tell("unlisted", source=listed.source)
        elif listed.state is State.GRACE:
            yield self.tell("ran-out", gone=time_text(left.began))
        else:
            yield self.tell("other-place")

    def _odd(self) -> Iterator[str]:
        """What sources named and was left out."""
        for source in self.sources:
            seen = self.site.store.received(view(self.answer.list, source))
            for one in seen.quarantined if seen else ():
                if one.text in {str(self.value), bare(self.value)}:
                    yield self.tell("odd", source=source, reason=self.say(one.reason))

    def held(self) -> Iterator[tuple[str, HeldAnswer]]:
        for source in self.sources:
            held = self.site.store.held(view(self.answer.list, source))
            if held and any(covers(entry, self.value) for entry in held.added):
                yield COMES, held
            elif held and any(covers(entry, self.value) for entry in held.removed):
                yield GOES, held

    def of_held(self, found: Sequence[tuple[str, HeldAnswer]]) -> Iterator[str]:
        for effect, held in found:
            word = "would-come" if effect == COMES else "would-go"
            yield self.tell(word, source=held.source.rpartition("/")[2], digest=held.digest[:SHORT])

    def of_targets(self) -> Iterator[str]:
        """What the last verified write left on each target of the list."""
        for name, one in sorted(self.site.settings.targets.items()):
            if one.list == self.answer.list and self.answer.serial is not None:
                yield self._of_target(name)
                if self.site.store.drift(name) is not None:
                    yield self.tell("drifted", target=name, value=bare(self.value))

    def _of_target(self, name: str) -> str:
        last = self.site.store.applied(name)
        if last is None or last.cause is Cause.PURGE:
            return self.tell("no-target", target=name)
        if isinstance(self.value, Domain) and not self.site.targets[name].capabilities.domains:
            return self.tell("no-domains", target=name)
        there = last.list == self.answer.list and self._was_in_force(last.serial)
        word = "on-target" if there else "off-target"
        return self.tell(word, target=name, serial=last.serial, at=time_text(last.at))

    def _was_in_force(self, serial: int) -> bool:
        return bool(self.site.store.in_force(self.value, self.answer.list, serial))

    def steps(self, stays: Sequence[Stay], held: Sequence[tuple[str, HeldAnswer]]) -> Iterator[str]:
        """What to do next, if anything: all of it, in this order."""
        if held:
            yield self.tell("do-word", digest=held[0][1].digest[:SHORT])
        about = {"list": self.answer.list, "value": bare(self.value)}
        named = bool(held) or any(not (one.presence and one.presence.absent) for one in stays)
        if self.answer.allowed:
            if stays and not named:
                yield self.tell("do-keep", **about)
        elif self.bars:
            yield self.tell("do-exclusion" if len(self.bars) == 1 else "do-exclusions", count=len(self.bars))
            if not named and not self.pin:
                yield self.tell("do-then-pin", **about)
        elif any(one.override for one in stays):
            yield self.tell("do-either", **about)
        elif not named and not self.pin and not self.parts():
            yield self.tell("do-pin", **about)


def span(time: timedelta) -> str:
    """A duration as the configuration writes it."""
    seconds = int(time.total_seconds())
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % length == 0:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"
