"""A person's word on what a guard held: it covers one digest and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from gatepost.engine.acceptance import view
from gatepost.engine.naming import whole_digest
from gatepost.engine.site import Site
from gatepost.errors import UsageError
from gatepost.model.answer import HeldAnswer
from gatepost.model.plan import Plan, PlanStatus, Word
from gatepost.model.reason import Reason
from gatepost.model.record import WordRecord


def give_word(site: Site, named: str, word: Word, *, who: str, why: str, subject: str = "") -> WordRecord:
    """Record an approval or rejection of a held plan or answer; ``subject``: see :class:`WordRecord`.

    Raises UsageError where nothing held has this digest, where it is not
    unique, or where a guard is absolute.
    """
    if not why.strip():
        msg = "say why: the next person will ask"
        raise UsageError(msg, hint="Add --why TEXT.")
    digest, reasons = _find(site, named)
    absolute = [reason for reason in reasons if reason.absolute]
    if word is Word.APPROVE and absolute:
        msg = f"{absolute[0].message} No approval can change that."
        raise UsageError(msg, hint="The last good list stays in force.")
    record = WordRecord(digest, word, who, why.strip(), site.clock.now(), subject)
    site.store.record_word(record)
    return record


def _find(site: Site, named: str) -> tuple[str, tuple[Reason, ...]]:
    waiting = waiting_for_word(site)
    digest = whole_digest(named, waiting, "is the digest of nothing that is held")
    return digest, waiting[digest]


def waiting_for_word(site: Site) -> dict[str, tuple[Reason, ...]]:
    """Digests of all plans and answers that wait for a person, with what the guards found."""
    waiting = {plan.digest: plan.reasons for plan in newest_plans(site) if plan.awaits or _is_held(plan)}
    return waiting | {held.digest: held.reasons for held in held_answers(site)}


def lists_waiting_for(site: Site, digest: str) -> set[str]:
    """Lists with a plan or an answer that a word on this digest lets go on."""
    plans = (plan for plan in newest_plans(site) if not _is_done(site, plan))
    found = {plan.list for plan in plans if digest in (plan.digest, *plan.awaits)}
    return found | {one.source.partition("/")[0] for one in held_answers(site) if one.digest == digest}


def newest_plans(site: Site) -> tuple[Plan, ...]:
    """The newest plan of each configured target."""
    return tuple(plan for plan in site.store.newest_plans() if plan.target in site.targets)


def held_plans(site: Site) -> tuple[Plan, ...]:
    """The newest plan of each target, where it is held."""
    return tuple(plan for plan in newest_plans(site) if _is_held(plan) and not _is_done(site, plan))


def standing_words(site: Site) -> Mapping[str, WordRecord]:
    """The word that stands on each held plan and answer, by its digest; what nobody spoke on is not there.

    The last word counts. A plan that only waits for answers stands as these do, whichever digest was named.
    """
    answers = held_answers(site)
    found = {one.digest: word for one in answers if (word := site.store.answer_word(one.digest, one.source))}
    own = {plan.digest for plan in own_plans(site)}
    for plan in held_plans(site):
        waits = [one.digest for one in answers if one.digest in plan.awaits]
        spoken = [found.get(digest) for digest in waits]
        word = site.store.word(plan.digest) if plan.digest in own or not waits else _shared(spoken)
        if word is not None:
            found[plan.digest] = word
    return found


def unspoken(site: Site) -> tuple[tuple[HeldAnswer, ...], tuple[Plan, ...]]:
    """Answers, and plans with a reason of their own, that wait for a word: one would help."""
    spoken = standing_words(site)
    answers = (one for one in held_answers(site) if one.digest not in spoken and may_be_lifted(one.reasons))
    plans = (one for one in own_plans(site) if one.digest not in spoken and may_be_lifted(one.reasons))
    return tuple(answers), tuple(plans)


def beyond_words(site: Site) -> tuple[tuple[HeldAnswer, ...], tuple[Plan, ...]]:
    """The same that no approval lifts: there is nothing to say to them, but something to put right."""
    answers = (one for one in held_answers(site) if not may_be_lifted(one.reasons))
    return tuple(answers), tuple(one for one in own_plans(site) if not may_be_lifted(one.reasons))


def may_be_lifted(reasons: Iterable[Reason]) -> bool:
    """Whether an approval lifts what holds something."""
    return not any(reason.absolute for reason in reasons)


def _shared(spoken: Sequence[WordRecord | None]) -> WordRecord | None:
    """The latest of several words, where all say the same."""
    words = [one for one in spoken if one is not None]
    same = len(words) == len(spoken) and len({one.word for one in words}) == 1
    return max(words, key=lambda one: one.at) if same else None


def own_plans(site: Site) -> tuple[Plan, ...]:
    """Held plans with a reason of their own: one that no held answer of their list tells already."""
    told = {(one.source.partition("/")[0], reason) for one in held_answers(site) for reason in one.reasons}
    return tuple(
        plan for plan in held_plans(site) if any((plan.list, reason) not in told for reason in plan.reasons)
    )


def _is_done(site: Site, plan: Plan) -> bool:
    """Whether it was approved and carried out: then it waits for nobody."""
    last = site.store.last_outcome(plan.target)
    return last is not None and last.digest == plan.digest and last.verified


def _is_held(plan: Plan) -> bool:
    return plan.status is PlanStatus.HELD


def held_answers(site: Site) -> tuple[HeldAnswer, ...]:
    """Every answer that waits."""
    names = [
        view(one.name, source) for one in site.settings.lists.values() for source in one.allowlist.sources
    ]
    return tuple(held for name in names if (held := site.store.held(name)) is not None)
