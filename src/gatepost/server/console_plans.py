"""Plans: what would change, why something waits, and a person's word on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gatepost.engine.approval import held_answers, newest_plans, own_plans, standing_words
from gatepost.engine.explaining import explain
from gatepost.engine.report import held_document, plan_document, word_document
from gatepost.engine.wording import STAYS, WAYS
from gatepost.model.answer import HeldAnswer
from gatepost.model.plan import Outcome, Plan, PlanStatus, Word
from gatepost.model.record import WordRecord
from gatepost.server import api
from gatepost.server.console_now import State
from gatepost.server.console_page import show, words_of
from gatepost.server.console_words import Words, _
from gatepost.server.desk import Desk
from gatepost.server.route import Asked, Reply

JSON = dict[str, Any]

_STATES: Mapping[PlanStatus, State] = {
    PlanStatus.IN_STEP: State("ok", _("in step")),
    PlanStatus.CHANGES: State("changes", _("changes")),
    PlanStatus.HELD: State("held", _("held")),
}
_BECAME: Mapping[Outcome, State] = {
    Outcome.APPLIED: State("ok", _("applied")),
    Outcome.UNCHANGED: State("ok", _("in step")),
    Outcome.FAILED: State("bad", _("failed")),
    Outcome.REVERTED: State("held", _("taken back")),
}
_SPOKEN: Mapping[Word, State] = {
    Word.APPROVE: State("ok", _("approved")),
    Word.REJECT: State("bad", _("rejected")),
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits for a word: an answer, or a plan with reasons of its own."""

    document: JSON
    list: str
    subject: str
    """The source or target."""
    is_answer: bool
    word: JSON | None
    """What was said already; carried out with the next look."""
    paragraph: str
    """All of it in sentences, to be passed on."""
    ways: tuple[str, ...] = ()
    """What helps instead, where no approval does."""
    affected: tuple[str, ...] = ()
    """Targets that wait for it."""
    notes: Mapping[str, str] = field(default_factory=dict)
    """What the platform says of values that would go."""

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return str(self.document["digest"])[7:19]


def plans(desk: Desk, asked: Asked) -> Reply:
    """The page."""
    words = words_of(asked)
    answers = held_answers(desk.site)
    newest = newest_plans(desk.site)
    spoken = standing_words(desk.site)
    sorts = sorted(answers, key=lambda one: one.source)
    waiting = [
        _of_answer(one, newest, _told(desk, one.digest, words, spoken.get(one.digest))) for one in sorts
    ]
    own = own_plans(desk.site)
    waiting += [_of_plan(plan, _told(desk, plan.digest, words, spoken.get(plan.digest))) for plan in own]
    shown = {plan.digest for plan in own}
    rest = [
        (plan_document(plan), _state(desk, plan, spoken.get(plan.digest)))
        for plan in newest
        if plan.digest not in shown
    ]
    return show(desk, asked, "plans.html", "/plans", twin="/v1/plans", things=waiting, rest=rest)


def _state(desk: Desk, plan: Plan, word: WordRecord | None) -> State:
    """What became of a plan where it was tried, else what was said to it, else what it says."""
    last = desk.site.store.last_outcome(plan.target)
    if last is not None and last.digest == plan.digest and last.outcome and last.outcome in _BECAME:
        return _BECAME[last.outcome]
    if plan.status is PlanStatus.HELD and word is not None:
        return _SPOKEN[word.word]
    return _STATES[plan.status]


def approve(desk: Desk, asked: Asked) -> Reply:
    """Then the page again, where the word now stands."""
    api.approve(desk, asked)
    return _back(asked)


def reject(desk: Desk, asked: Asked) -> Reply:
    """The last good list stays."""
    api.reject(desk, asked)
    return _back(asked)


def _back(asked: Asked) -> Reply:
    anchor = asked.params.digest[7:19]
    return Reply(b"", "text/plain; charset=utf-8", 303, {"location": f"/plans#{anchor}"})


def _of_answer(held: HeldAnswer, newest: tuple[Plan, ...], told: JSON) -> Waiting:
    name, _sep, source = held.source.rpartition("/")
    affected = sorted({plan.target for plan in newest if plan.list == name})
    return Waiting(
        document=held_document(held),
        list=name,
        subject=source,
        is_answer=True,
        **told,
        ways=_ways(held.reasons),
        affected=tuple(affected),
        notes={str(one.value): one.note for one in held.removed if one.note},
    )


def _of_plan(plan: Plan, told: JSON) -> Waiting:
    return Waiting(
        document=plan_document(plan),
        list=plan.list,
        subject=plan.target,
        is_answer=False,
        **told,
        ways=_ways(plan.reasons),
        affected=(plan.target,),
        notes={str(one.value): one.note for one in plan.remove if one.note},
    )


def _told(desk: Desk, digest: str, words: Words, record: WordRecord | None) -> JSON:
    """What was said of it already, and why it waits in one paragraph."""
    found = explain(desk.site, digest, words)
    return {
        "word": word_document(record) if record else None,
        "paragraph": found.paragraph if found else "",
    }


def _ways(reasons: Any) -> tuple[str, ...]:
    absolute = dict.fromkeys(reason.guard for reason in reasons if reason.absolute)
    return tuple(WAYS.get(guard, STAYS) for guard in absolute)
