"""Why a plan or an answer was held, in one paragraph for whoever must decide."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gatepost.engine.approval import held_answers, newest_plans, standing_words
from gatepost.engine.naming import DIGEST_SHORTEST, whole_digest
from gatepost.engine.report import JSON, reason_document, time_text
from gatepost.engine.site import Site
from gatepost.engine.wording import MEASURES, OF_PLANS, SHORT, Say, as_written, joined, some, ways_out
from gatepost.errors import UsageError, cut
from gatepost.model.answer import HeldAnswer
from gatepost.model.entry import Entry
from gatepost.model.plan import Plan, PlanStatus, Word
from gatepost.model.reason import Reason
from gatepost.model.record import WordRecord
from gatepost.planning.guard_text import guard_text

OVER = "over"
"""Status of a held answer that waits no more."""

_DIGEST = re.compile(rf"(?:sha256:)?[0-9a-f]{{{DIGEST_SHORTEST},64}}", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Explanation:
    """One paragraph, and what it was made of."""

    digest: str
    status: str
    paragraph: str
    reasons: tuple[Reason, ...]


def is_digest(text: str) -> bool:
    """Whether a text names a plan or an answer, rather than an address or domain."""
    return _DIGEST.fullmatch(text) is not None


def known_digest(site: Site, named: str) -> str:
    """The one digest of a plan or an answer that begins so: one that waits, else any. Raises UsageError.

    An answer that waits no more is known as long as the history keeps it.
    """
    newest = [*(plan.digest for plan in newest_plans(site)), *(held.digest for held in held_answers(site))]
    none = "is the digest of no plan and no held answer, or of one that is no longer kept"
    try:
        return whole_digest(named, newest, none)
    except UsageError:
        older = (*(plan.digest for plan in site.store.plans(None)), *site.store.held_digests())
        return whole_digest(named, [*newest, *older], none)


def explain(site: Site, digest: str, say: Say = as_written) -> Explanation | None:
    """On a plan ever made, or an answer that was held, by its whole digest; None for no such thing."""
    plan = site.store.plan(digest)
    if plan is not None:
        return _of_plan(site, plan, say)
    held = site.store.held_answer(digest)
    return None if held is None else _of_answer(site, held, say)


def explanation_document(one: Explanation) -> JSON:
    """``explain --json`` and ``/v1/explain/{digest}``."""
    return {
        "digest": one.digest,
        "status": one.status,
        "paragraph": one.paragraph,
        "reasons": [reason_document(reason) for reason in one.reasons],
    }


def _of_plan(site: Site, plan: Plan, say: Say) -> Explanation:
    newest = any(one.digest == plan.digest for one in newest_plans(site))
    record = standing_words(site).get(plan.digest) or site.store.word(plan.digest)
    held = plan.status is PlanStatus.HELD
    told = [
        say(OF_PLANS["plan"]).format(
            target=plan.target, serial=plan.serial, list=plan.list, change=_change(say, plan.add, plan.remove)
        ),
        _leaving(say, plan),
        *(_why(say, plan, record, waits=newest) if held else [say(OF_PLANS["free"])]),
        *plan.notes,
        *_word(say, plan, record, waits=held and newest),
        "" if newest else say(OF_PLANS["older"]),
    ]
    return Explanation(plan.digest, plan.status.value, joined(told), plan.reasons)


def _of_answer(site: Site, held: HeldAnswer, say: Say) -> Explanation:
    list_, _, source = held.source.rpartition("/")
    waits = any(one.digest == held.digest for one in held_answers(site))
    record = standing_words(site).get(held.digest) if waits else site.store.word(held.digest)
    told = [
        say(OF_PLANS["answer"]).format(
            source=source, list=list_, change=_change(say, held.added, held.removed)
        ),
        *_why(say, held, record, waits=waits),
        "" if waits and record else say(OF_PLANS["good" if waits else "waits-no-more"]),
        *_word(say, held, record, waits=waits),
    ]
    status = PlanStatus.HELD.value if waits else OVER
    return Explanation(held.digest, status, joined(told), held.reasons)


def _change(say: Say, added: Sequence[Entry], removed: Sequence[Entry]) -> str:
    parts = []
    for one, many, entries in (("one-comes", "come", added), ("one-goes", "go", removed)):
        if entries:
            text = say(OF_PLANS[one if len(entries) == 1 else many])
            parts.append(text.format(count=len(entries), values=some(say, entries)))
    return say(OF_PLANS["comma"]).join(parts) or say(OF_PLANS["nothing"])


def _leaving(say: Say, plan: Plan) -> str:
    if not plan.leaving:
        return ""
    return say(OF_PLANS["leaving"]).format(count=len(plan.leaving), values=some(say, plan.leaving))


def _why(say: Say, one: Plan | HeldAnswer, record: WordRecord | None, *, waits: bool) -> list[str]:
    """``waits``: whether nothing has taken its place, so that a word on it counts."""
    held = say(OF_PLANS["held" if waits and not record else "was-held"])
    found = [_reason(say, each) for each in one.reasons]
    ways = ways_out(say, one.reasons)
    if ways:
        return [held, *found, *(say(OF_PLANS["absolute"]).format(way=way) for way in ways)]
    if record or not waits:
        return [held, *found]
    return [held, *found, say(OF_PLANS["word"]), say(OF_PLANS["way"]).format(digest=one.digest[:SHORT])]


def _reason(say: Say, one: Reason) -> str:
    """Its exact sentence; its measure, a number or a word of ours, where the sentence does not say it."""
    exact = say(one.message)
    told = {"message": guard_text(say, one) if exact == one.message else exact, "guard": one.guard}
    if one.measured in one.message and f"limit {one.limit}" in one.message:
        return say(OF_PLANS["reason-alone"]).format(**told)
    if one.measured in MEASURES:
        words = {"measured": say(one.measured), "limit": say(one.limit)}
        return say(OF_PLANS["reason-words"]).format(**told, **words)
    return say(OF_PLANS["reason"]).format(**told, measured=one.measured, limit=one.limit)


def _word(say: Say, one: Plan | HeldAnswer, record: WordRecord | None, *, waits: bool) -> Iterator[str]:
    """What was said, and how a rejection is taken back."""
    if record is None:
        return
    did = "approved" if record.word is Word.APPROVE else "rejected"
    yield say(OF_PLANS[did]).format(
        who=cut(record.who, 200), at=time_text(record.at), why=cut(record.why, 500)
    )
    if waits and record.word is Word.REJECT:
        yield say(OF_PLANS["rejected-stays"])
        if not any(reason.absolute for reason in one.reasons):
            yield say(OF_PLANS["take-back"]).format(digest=one.digest[:SHORT])
