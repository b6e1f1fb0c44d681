"""What the history keeps of plans, words, intents and outcomes, in every kind of store."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from gatepost.errors import UsageError
from gatepost.model.plan import Outcome, PlanStatus, Word
from gatepost.model.record import Failure, OutcomeRecord, WordRecord
from gatepost.store import Store
from store.nouns import plan

HOUR = timedelta(hours=1)


def say(store: Store, at: datetime, digest: str, word: Word) -> WordRecord:
    record = WordRecord(digest, word, "eva", "seen with the vendor", at)
    store.record_word(record)
    return record


def test_nothing_is_known_before_the_first_plan(store: Store) -> None:
    assert store.plan("sha256:none") is None
    assert store.plans(None) == ()
    assert store.newest_plans() == ()
    assert store.word("sha256:none") is None
    assert not store.answer_approved("sha256:none", "webhooks/events")
    assert store.last_outcome("edge") is None
    assert store.applied("edge") is None
    assert store.unfinished() == ()


def test_plan_comes_back_as_it_was(store: Store, start: datetime) -> None:
    one = plan("one", awaits=("held:1", "held:2"))
    store.record_plan(one, start)
    assert store.plan(one.digest) == one


def test_plans_come_newest_first(store: Store, start: datetime) -> None:
    """Of one list or of all; two of one moment in the order of recording."""
    first, second, third = plan("b"), plan("a"), replace(plan("c", target="cdn"), list="clients")
    for one, at in ((second, start + HOUR), (first, start), (third, start)):
        store.record_plan(one, at)
    assert store.plans(None) == (second, third, first)
    assert store.plans("webhooks") == (second, first)
    assert store.plans("other") == ()
    assert store.newest_plans() == (third, second)


def test_plan_made_again_takes_its_date_and_status(store: Store, start: datetime) -> None:
    """A digest stands for one plan: recording it once more makes no second."""
    one, other = plan("one", awaits=("held:1",)), plan("other")
    for which, at in (
        (one, start),
        (other, start + HOUR),
        (replace(one, status=PlanStatus.CHANGES), start + 2 * HOUR),
    ):
        store.record_plan(which, at)
    assert [(made.digest, made.status) for made in store.plans(None)] == [
        (one.digest, PlanStatus.CHANGES),
        (other.digest, PlanStatus.HELD),
    ]


def test_last_word_counts(store: Store, start: datetime) -> None:
    """A person may change their mind; the order of speaking decides, not the clock."""
    say(store, start + HOUR, "sha256:one", Word.APPROVE)
    last = say(store, start, "sha256:one", Word.REJECT)
    assert store.word("sha256:one") == last


def test_words_of_a_broken_terminal_are_kept(store: Store, start: datetime) -> None:
    """Bytes that are no UTF-8 do not lose an approval."""
    store.record_word(WordRecord("sha256:one", Word.APPROVE, "eva\udcff", "说明\udcfe", start))
    assert store.word("sha256:one") == WordRecord("sha256:one", Word.APPROVE, "eva?", "说明?", start)


def test_approving_a_plan_approves_what_it_awaits(store: Store, start: datetime) -> None:
    """An answer is approved with any plan that awaits it, or by itself, and rejected the same way."""
    store.record_plan(plan("edge", awaits=("held:1", "held:2")), start)
    store.record_plan(plan("cdn", target="cdn", awaits=("held:1",)), start)
    assert not store.answer_approved("held:1", "webhooks/events")
    say(store, start, "sha256:edge", Word.APPROVE)
    assert store.answer_approved("held:1", "webhooks/events")
    assert store.answer_approved("held:2", "webhooks/events")
    say(store, start, "sha256:cdn", Word.REJECT)
    assert not store.answer_approved("held:1", "webhooks/events")
    assert store.answer_approved("held:2", "webhooks/events")
    say(store, start, "held:1", Word.APPROVE)
    assert store.answer_approved("held:1", "webhooks/events")
    say(store, start, "held:2", Word.REJECT)
    assert not store.answer_approved("held:2", "webhooks/events")


def test_word_on_another_plan_approves_nothing(store: Store, start: datetime) -> None:
    store.record_plan(plan("edge", awaits=("held:1",)), start)
    say(store, start, "sha256:other", Word.APPROVE)
    assert not store.answer_approved("held:1", "webhooks/events")


def test_intent_waits_for_its_outcome(store: Store, start: datetime) -> None:
    """Between intent and outcome a record says that we began; it knows the generation to look for."""
    one = plan("one", serial=7)
    intent = store.record_intent(one, start)
    begun = OutcomeRecord(
        "edge", "webhooks", one.digest, one.serial, 5, start, None, None, verified=False, failure=None
    )
    assert store.unfinished() == ((intent, begun),)
    assert store.last_outcome("edge") == begun
    assert store.applied("edge") is None
    assert store.plan(one.digest) == one
    store.record_outcome(intent, start + HOUR, Outcome.APPLIED, verified=True, failure=None)
    done = replace(begun, at=start + HOUR, outcome=Outcome.APPLIED, verified=True)
    assert store.unfinished() == ()
    assert store.last_outcome("edge") == store.applied("edge") == done


def test_applied_is_the_last_one_verified(store: Store, start: datetime) -> None:
    """A failure, or a change that was not read back, leaves what we know of the target as it was."""
    failure = Failure("VerifyFailed", "2 entries are missing", transient=False, hint="Look.")
    first = store.record_intent(plan("one"), start)
    store.record_outcome(first, start, Outcome.APPLIED, verified=True, failure=None)
    good = store.applied("edge")
    for name, outcome in (("two", Outcome.FAILED), ("three", Outcome.APPLIED)):
        intent = store.record_intent(plan(name), start + HOUR)
        store.record_outcome(intent, start + HOUR, outcome, verified=False, failure=failure)
    last = store.last_outcome("edge")
    assert store.applied("edge") == good
    assert last is not None
    assert (last.digest, last.failure) == ("sha256:three", failure)
    assert store.applied("other") is None


def test_reverted_is_applied_no_more(store: Store, start: datetime) -> None:
    for name, outcome in (("one", Outcome.APPLIED), ("two", Outcome.APPLIED)):
        intent = store.record_intent(plan(name), start)
        store.record_outcome(intent, start, outcome, verified=True, failure=None)
    store.record_outcome(intent, start + HOUR, Outcome.REVERTED, verified=True, failure=None)
    applied = store.applied("edge")
    assert applied is not None
    assert applied.digest == "sha256:one"


def test_outcome_without_intent_is_refused(store: Store, start: datetime) -> None:
    with pytest.raises(UsageError, match="no intent 41"):
        store.record_outcome(41, start, Outcome.APPLIED, verified=True, failure=None)
