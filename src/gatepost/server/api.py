"""The API: each handler asks the engine and answers with the engine's own document."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from gatepost.engine.approval import (
    give_word,
    held_answers,
    lists_waiting_for,
    newest_plans,
    standing_words,
    waiting_for_word,
)
from gatepost.engine.asking import ask, check_document
from gatepost.engine.explaining import explain, explanation_document, known_digest
from gatepost.engine.health import health_document, health_of
from gatepost.engine.naming import begins, whole_digest
from gatepost.engine.report import (
    error_document,
    held_document,
    serial_document,
    time_text,
    waiting_document,
    word_document,
)
from gatepost.engine.rollback import rolled_back
from gatepost.errors import UsageError, cut
from gatepost.model.address import Prefix
from gatepost.model.entry import Domain
from gatepost.model.plan import Word
from gatepost.model.record import OutcomeRecord
from gatepost.planning.normalise import parse_value
from gatepost.refusals import NothingThere, RequestInvalid
from gatepost.server.desk import Desk
from gatepost.server.identity import Way
from gatepost.server.metrics import MEDIA, feed_states, states_of
from gatepost.server.route import Asked, Reply

AUDIT_MOST = 500
VALUE_MOST = 300

Name = Annotated[str, Meta(max_length=40, pattern="^[a-z0-9-]{1,40}$", description="Name of a list.")]
Digest = Annotated[
    str,
    Meta(
        max_length=71,
        pattern="^([Ss][Hh][Aa]256:)?[0-9a-fA-F]{8,64}$",
        description="Digest of a plan or held answer, or its beginning where that is unique.",
    ),
]
Why = Annotated[
    str, Meta(min_length=1, max_length=2000, description="The reason, for whoever reads it later.")
]


class CheckParams(Struct, forbid_unknown_fields=True):
    """What is asked about."""

    value: Annotated[
        str, Meta(min_length=1, max_length=VALUE_MOST, description="An address, network or domain.")
    ]
    list: tuple[Name, ...] = ()
    at: Annotated[str, Meta(max_length=64, description="A time, RFC 3339; without: now.")] | None = None


class NameParams(Struct, forbid_unknown_fields=True):
    """A list."""

    name: Name


class DigestParams(Struct, forbid_unknown_fields=True):
    """A plan or a held answer."""

    digest: Digest


class WordBody(Struct, forbid_unknown_fields=True):
    """A person's word."""

    why: Why


def check(desk: Desk, asked: Asked) -> dict[str, Any]:
    """From the history, at any time."""
    params: CheckParams = asked.params
    value, at = value_of(params.value), time_of(params.at) if params.at is not None else None
    try:
        return check_document(ask(desk.site, value, lists=params.list, at=at))
    except UsageError as error:
        raise NothingThere(error.message) from None


def value_of(text: str) -> Prefix | Domain:
    """Raises RequestInvalid."""
    try:
        return parse_value(text)
    except ValueError as error:
        msg = f"{cut(text, 80)!r} is not an address, network or domain ({error})"
        raise RequestInvalid(msg) from None


def time_of(text: str) -> datetime:
    """A time to the second means all of that second. Raises RequestInvalid."""
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))  # a + that came unescaped is a blank
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.replace(microsecond=moment.microsecond or 999_999).astimezone(UTC)
    except (ValueError, OverflowError):
        msg = f"{cut(text, 40)!r} is not a time such as 2026-01-31T08:00:00Z"
        raise RequestInvalid(msg) from None


def status(desk: Desk, _: Asked) -> dict[str, Any]:
    """As ``status --json``."""
    return health_document(health_of(desk.site))


def history(desk: Desk, asked: Asked) -> dict[str, Any]:
    """As ``history --json``."""
    name = asked.params.name
    if name not in {*desk.site.settings.lists, *desk.site.store.lists()}:
        msg = f"there is no list {name!r}"
        raise NothingThere(msg)
    return {"list": name, "serials": [serial_document(one) for one in desk.site.store.serials(name)]}


def plans(desk: Desk, _: Asked) -> dict[str, Any]:
    """Plans by target, answers by list and source."""
    held = sorted(held_answers(desk.site), key=lambda one: one.source)
    words = standing_words(desk.site)
    return {
        "plans": [waiting_document(plan, words) for plan in newest_plans(desk.site)],
        "held": [held_document(one, words.get(one.digest)) for one in held],
    }


def approve(desk: Desk, asked: Asked) -> dict[str, Any]:
    """Then have its list looked at."""
    return _speak(desk, asked, Word.APPROVE)


def reject(desk: Desk, asked: Asked) -> dict[str, Any]:
    """The last good list stays."""
    return _speak(desk, asked, Word.REJECT)


def _speak(desk: Desk, asked: Asked, word: Word) -> dict[str, Any]:
    digest = _digest_of(asked.params.digest, waiting_for_word(desk.site))
    if not asked.body.why.strip():
        msg = "say why: the next person will ask"
        raise RequestInvalid(msg)
    told = {"who": speaker(asked), "why": asked.body.why, "subject": asked.who.subject}
    record = give_word(desk.site, digest, word, **told)
    if word is Word.APPROVE:
        for name in lists_waiting_for(desk.site, digest):
            desk.wake(name)
    return word_document(record)


def _digest_of(named: str, known: Iterable[str]) -> str:
    """The whole digest. Raises NothingThere, or UsageError where several begin so."""
    found = [one for one in known if begins(named, one)]
    if not found:
        msg = f"nothing that is held has the digest {named}"
        raise NothingThere(msg, hint="/v1/plans shows what is held, with its digest.")
    return whole_digest(named, found, "")


def speaker(asked: Asked) -> str:
    """Who it was, for the record: where nobody logs in, at least from where."""
    who = asked.who
    return f"{who.name}, not logged in, from {asked.address}" if who.way is Way.OPEN else f"{who.name}@web"


def explanation(desk: Desk, asked: Asked) -> dict[str, Any]:
    """One paragraph."""
    site = desk.site
    known = {*site.store.held_digests(), *(plan.digest for plan in site.store.plans(None))}
    named = [one for one in known if begins(asked.params.digest, one)]
    found = explain(site, known_digest(site, asked.params.digest)) if named else None
    if found is None:
        msg = f"there is no plan or held answer {asked.params.digest}"
        raise NothingThere(msg)
    return explanation_document(found)


def audit(desk: Desk, _: Asked) -> dict[str, Any]:
    """From the history and the book at the door."""
    return {
        "words": [word_document(one) for one in desk.site.store.words(AUDIT_MOST)],
        "outcomes": [_outcome_document(one) for one in desk.site.store.outcomes(AUDIT_MOST)],
        "entrances": desk.entrances.last(AUDIT_MOST),
        "rollbacks": [asdict(one) for one in rolled_back(desk.site, AUDIT_MOST)],
    }


def _outcome_document(one: OutcomeRecord) -> dict[str, Any]:
    return {
        "target": one.target,
        "list": one.list,
        "digest": one.digest,
        "serial": one.serial,
        "generation": one.generation,
        "intended_at": time_text(one.intended_at),
        "at": time_text(one.at),
        "outcome": one.outcome.value if one.outcome else None,
        "verified": one.verified,
        "cause": one.cause.value,
        "error": error_document(one.failure) if one.failure else None,
    }


def consumers(desk: Desk, _: Asked) -> dict[str, Any]:
    """From memory: what the feeds know."""
    feeds = desk.feeds
    return {
        "feeds": [
            {
                "list": one.list,
                "serial": one.serial,
                "generation": one.generation,
                "since": time_text(one.since),
                "formats": list(one.formats),
                "problem": one.problem,
            }
            for one in (feeds.states() if feeds else ())
        ],
        "consumers": [
            {
                "consumer": one.consumer,
                "list": one.list,
                "serial": one.serial,
                "at": time_text(one.at),
                "latest": one.latest,
                "lag_seconds": one.behind.total_seconds(),
            }
            for one in (feeds.fetched() if feeds else ())
        ],
    }


def live(_: Desk, __: Asked) -> dict[str, Any]:
    """That it is answered says all."""
    return {"live": True}


def metrics(desk: Desk, _: Asked) -> Reply:
    """States are read from the history at each scrape."""
    site = desk.site
    latest = {name: site.store.latest(name) for name in sorted(site.settings.lists)}
    entries = {name: one.content.effective for name, one in latest.items() if one is not None}
    health = health_of(site)
    states = [*states_of(health, entries, health.held), *(feed_states(desk.feeds) if desk.feeds else ())]
    return Reply(desk.metrics.text(states), MEDIA)
