"""Is this address or domain allowed, by which entry, from which source, since when?

Of the past the history tells. Of a moment to come nobody knows what sources will
say: the answer is what is accepted and configured today, without what ends until then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gatepost.config.settings import ListSettings
from gatepost.engine.acceptance import foresee, view
from gatepost.engine.naming import UNKNOWN_NAME
from gatepost.engine.report import JSON, time_text
from gatepost.engine.site import Site
from gatepost.errors import UsageError
from gatepost.model.address import Prefix
from gatepost.model.content import Listed, Serial
from gatepost.model.entry import Direction, Domain, Entry, EntryKey
from gatepost.model.record import Hit
from gatepost.planning.compose import PIN
from gatepost.planning.overlap import contains


@dataclass(frozen=True, slots=True)
class Ended:
    """An entry that covers the value today, and will not at the moment asked about."""

    hit: Hit
    at: datetime | None
    """The end of its pin or grace; None where the configuration has dropped it already."""


@dataclass(frozen=True, slots=True)
class ListAnswer:
    """One list's answer."""

    list: str
    direction: Direction | None
    serial: Serial | None
    allowed: bool
    hits: tuple[Hit, ...]
    ended: tuple[Ended, ...] = ()
    """Of a moment to come."""


@dataclass(frozen=True, slots=True)
class CheckAnswer:
    """All lists' answers; allowed if any asked list allows it."""

    value: Prefix | Domain
    at: datetime
    lists: tuple[ListAnswer, ...]
    on_target: bool | None = None
    """Whether the device asked for holds it; None where none was asked."""
    foreseen: bool = False
    """Whether the moment has yet to come."""

    @property
    def allowed(self) -> bool:
        """Whether any of the lists allows it."""
        return any(one.allowed for one in self.lists)


def covers(entry: Entry, value: Prefix | Domain) -> bool:
    """Whether an entry holds all of a value."""
    return contains(entry.value, value)


def ask(
    site: Site, value: Prefix | Domain, *, lists: Sequence[str] = (), at: datetime | None = None
) -> CheckAnswer:
    """Answer from the history. Raises UsageError for a list that is not known."""
    known = {*site.settings.lists, *site.store.lists()}
    for name in lists:
        if name not in known:
            msg = f"there is no list {name!r} ({', '.join(sorted(known)) or 'none'})"
            raise UsageError(msg, hint=UNKNOWN_NAME)
    asked = tuple(sorted({*lists} or known))
    now = site.clock.now()
    ahead = at if at is not None and at.replace(microsecond=0) > now else None
    hits = site.store.covering(value, None if ahead else at, asked)
    answers = tuple(_answer(site, name, value, at, hits) for name in asked)
    if ahead:
        answers = tuple(_foreseen(site, one, value, ahead) for one in answers)
    holding = tuple(one for one in answers if one.hits or one.ended)
    return CheckAnswer(value, at or now, holding or answers, foreseen=ahead is not None)


def _answer(
    site: Site, name: str, value: Prefix | Domain, at: datetime | None, hits: Sequence[Hit]
) -> ListAnswer:
    serial = site.store.serial_at(name, at)
    settings = site.settings.lists.get(name)
    return ListAnswer(
        list=name,
        direction=settings.allowlist.direction if settings else None,
        serial=serial,
        allowed=serial is not None and bool(site.store.in_force(value, name, serial)),
        hits=tuple(hit for hit in hits if hit.list == name),
    )


def _foreseen(site: Site, today: ListAnswer, value: Prefix | Domain, at: datetime) -> ListAnswer:
    """Today's answer, carried on to a moment to come."""
    settings = site.settings.lists.get(today.list)
    if settings is None or today.serial is None:
        return today
    content = foresee(site, settings, at)
    known = {_identity(hit.listed): hit for hit in today.hits}
    hits = tuple(
        _carried_on(known.get(_identity(one), Hit(today.list, one, today.serial)), one)
        for one in content.listed
        if covers(one.entry, value)
    )
    stays = {_identity(hit.listed) for hit in hits}
    gone = (hit for hit in today.hits if _identity(hit.listed) not in stays)
    return replace(
        today,
        allowed=any(covers(entry, value) for entry in content.effective),
        hits=hits,
        ended=tuple(Ended(hit, _end(site, settings, hit)) for hit in gone),
    )


def _carried_on(hit: Hit, then: Listed) -> Hit:
    return replace(hit, listed=replace(hit.listed, state=then.state))


def _identity(one: Listed) -> tuple[EntryKey, str]:
    return one.entry.key, one.source


def _end(site: Site, settings: ListSettings, hit: Hit) -> datetime | None:
    """When a listed entry ends by itself, as far as that is known."""
    entry = hit.listed.entry
    if hit.listed.source == PIN:
        return max(
            (one.until for one in settings.allowlist.pins if one.value == entry.value and one.until),
            default=None,
        )
    good = site.store.accepted(view(settings.name, hit.listed.source))
    known = (one.gone_at for one in good.presences if one.entry.key == entry.key) if good else ()
    return next((gone + settings.limits.grace for gone in known if gone), None)


def check_document(answer: CheckAnswer) -> JSON:
    """``check --json``."""
    device = {} if answer.on_target is None else {"on_target": answer.on_target}
    foreseen = {"foreseen": True} if answer.foreseen else {}
    return {
        "value": bare(answer.value),
        "at": time_text(answer.at),
        "allowed": answer.allowed,
        **foreseen,
        **device,
        "lists": [_list_document(one) for one in answer.lists],
    }


def bare(value: Prefix | Domain) -> str:
    """As people write it: a host without its length."""
    text = str(value)
    return text.partition("/")[0] if isinstance(value, Prefix) and value.size == 1 else text


def _list_document(one: ListAnswer) -> JSON:
    return {
        "list": one.list,
        "direction": one.direction.value if one.direction else None,
        "serial": one.serial,
        "allowed": one.allowed,
        "entries": [
            {
                "value": str(hit.listed.entry.value),
                "source": hit.listed.source,
                "since": time_text(hit.listed.since),
                "serial": hit.serial,
                "state": hit.state.value,
                "protocol": hit.listed.entry.protocol.value if hit.listed.entry.protocol else None,
                "ports": [list(ports) for ports in hit.listed.entry.ports],
                "note": hit.listed.entry.note,
            }
            for hit in one.hits
        ],
        **({"ended": [_ended_document(gone) for gone in one.ended]} if one.ended else {}),
    }


def _ended_document(one: Ended) -> JSON:
    listed = one.hit.listed
    return {
        "value": str(listed.entry.value),
        "source": listed.source,
        "state": one.hit.state.value,
        "at": time_text(one.at),
    }
