"""Why a plan or an answer was held, in one paragraph for whoever must decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gatepost.engine.approval import held_answers, newest_plans
from gatepost.engine.report import time_text, values_document
from gatepost.engine.site import Site
from gatepost.model.answer import HeldAnswer
from gatepost.model.entry import Entry
from gatepost.model.plan import Plan, PlanStatus, Word
from gatepost.model.reason import Reason
from gatepost.model.record import WordRecord

SHOWN = 5
"""Values that a sentence names; the others are counted."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """One paragraph, and what it was made of."""

    digest: str
    status: str
    paragraph: str
    reasons: tuple[Reason, ...]


def explain(site: Site, digest: str) -> Explanation | None:
    """On a plan ever made, or an answer that waits, by its whole digest; None for no such thing."""
    plan = site.store.plan(digest)
    if plan is not None:
        return _of_plan(site, plan)
    held = next((one for one in held_answers(site) if one.digest == digest), None)
    return None if held is None else _of_answer(site, held)


def _of_plan(site: Site, plan: Plan) -> Explanation:
    newest = any(one.digest == plan.digest for one in newest_plans(site))
    aim = f"the target {plan.target} to serial {plan.serial} of the list {plan.list}"
    told = [
        f"This plan brings {aim}: {_change(plan.add, plan.remove)}.",
        _leaving(plan),
        *_why(plan.status is PlanStatus.HELD, plan.reasons),
        *plan.notes,
        _word(site.store.word(plan.digest)),
        "" if newest else "A newer plan has taken its place; approving this one would change nothing.",
    ]
    return Explanation(plan.digest, plan.status.value, _joined(told), plan.reasons)


def _of_answer(site: Site, held: HeldAnswer) -> Explanation:
    list_, _, source = held.source.rpartition("/")
    change = _change(held.added, held.removed)
    told = [
        f"The last answer of the source {source} would change the list {list_}: {change}.",
        *_why(True, held.reasons),  # noqa: FBT003 - it waits, or it would not be here
        "Until then the last good answer stays in force.",
        _word(site.store.word(held.digest)),
    ]
    return Explanation(held.digest, PlanStatus.HELD.value, _joined(told), held.reasons)


def _change(added: Sequence[Entry], removed: Sequence[Entry]) -> str:
    parts = [
        f"{count} {'entry' if count == 1 else 'entries'} {word} ({_some(entries)})"
        for word, entries in (("come", added), ("go", removed))
        if (count := len(entries))
    ]
    return ", ".join(parts) or "nothing changes"


def _some(entries: Sequence[Entry]) -> str:
    values = values_document(entries)
    rest = len(values) - SHOWN
    return ", ".join(values[:SHOWN]) + (f" and {rest} more" if rest > 0 else "")


def _leaving(plan: Plan) -> str:
    if not plan.leaving:
        return ""
    count = len(plan.leaving)
    return f"Once approved, and after absences and grace, {count} more would go ({_some(plan.leaving)})."


def _why(held: bool, reasons: Sequence[Reason]) -> list[str]:  # noqa: FBT001 - a private sentence
    if not held:
        return ["No guard holds it."]
    found = [f"{one.message} (guard {one.guard}: {one.measured}, limit {one.limit}.)" for one in reasons]
    absolute = any(one.absolute for one in reasons)
    way = (
        "No approval can change that."
        if absolute
        else "It waits until somebody approves or rejects exactly it."
    )
    return ["It is held for a person's word.", *found, way]


def _word(record: WordRecord | None) -> str:
    if record is None:
        return ""
    did = "approved" if record.word is Word.APPROVE else "rejected"
    return f"{record.who} {did} it at {time_text(record.at)}: {record.why}"


def _joined(sentences: Sequence[str]) -> str:
    return " ".join(one for one in sentences if one)
