"""What the history keeps of plans, words, intents and outcomes, in every kind of store."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gatepost.errors import UsageError
from gatepost.model.plan import Outcome, Plan, PlanStatus, Word
from gatepost.model.record import Failure, OutcomeRecord, WordRecord
from gatepost.store import Store
from store.nouns import plain, plan
from store.revisions import older

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


def test_a_word_told_twice_is_kept_once(store: Store, start: datetime) -> None:
    """Who confirmed is told by whoever comes by, and two may; said again later it is another word."""
    record = WordRecord("sha256:one", Word.CONFIRM, "ada@desk", "", start)
    for _ in range(2):
        store.record_word(record)
    assert store.words(9) == (record,)
    store.record_word(replace(record, word=Word.APPROVE))
    store.record_word(record)
    assert len(store.words(9)) == 3


def test_words_of_a_broken_terminal_are_kept(store: Store, start: datetime) -> None:
    """Bytes that are no UTF-8 do not lose an approval."""
    store.record_word(WordRecord("sha256:one", Word.APPROVE, "eva\udcff", "说明\udcfe", start))
    assert store.word("sha256:one") == WordRecord("sha256:one", Word.APPROVE, "eva?", "说明?", start)
    vouched = WordRecord("sha256:two", Word.REJECT, "eva@sso@web", "no", start, "https://sso 4711")
    store.record_word(vouched)
    assert (store.word("sha256:two"), store.words(1)) == (vouched, (vouched,))


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


def carry_out(store: Store, one: Plan, at: datetime, outcome: Outcome = Outcome.APPLIED) -> int:
    intent = store.record_intent(one, at)
    store.record_outcome(intent, at, outcome, verified=outcome is Outcome.APPLIED)
    return intent


def test_carried_out_is_what_a_target_of_the_list_holds(store: Store, start: datetime) -> None:
    """The newest serial of its targets; a failure, a plan taken back, another list's target move nothing."""
    store.record_content("webhooks", plain(start, "203.0.113.7/32"), start)
    assert store.carried_out("webhooks") == 1
    store.record_holders("webhooks", ["edge", "cdn"])
    assert store.carried_out("webhooks") is None
    carry_out(store, plan("one", serial=1), start)
    carry_out(store, plan("two", serial=2, target="cdn"), start)
    carry_out(store, plan("three", serial=3), start, Outcome.FAILED)
    carry_out(store, plan("four", serial=4, target="elsewhere"), start)
    carry_out(store, replace(plan("clients", serial=9), list="clients", target="cdn"), start)
    assert store.carried_out("webhooks") == 1
    carry_out(store, plan("five", serial=5, target="cdn"), start)
    assert store.carried_out("webhooks") == 5
    store.record_reverted("sha256:five", start + HOUR)
    assert store.carried_out("webhooks") == 1


def test_holders_are_those_that_the_list_named_last(store: Store, start: datetime) -> None:
    """That another list names one of its targets is no word on this list: nothing held comes in by it."""
    store.record_content("webhooks", plain(start, "203.0.113.7/32"), start)
    store.record_holders("webhooks", ["edge"])
    carry_out(store, plan("one", serial=1), start)
    store.record_content("webhooks", plain(start, "203.0.113.8/32"), start)
    store.record_holders("clients", ["edge"])
    assert store.carried_out("webhooks") == 1
    carry_out(store, replace(plan("two", serial=5), list="clients"), start)
    assert store.carried_out("webhooks") is None
    assert store.carried_out("clients") == 5
    store.record_holders("webhooks", [])
    assert store.carried_out("webhooks") == 2


def test_an_older_history_knows_its_holders(url: str, tmp_path: Path, start: datetime) -> None:
    """Each target that a list was ever planned for, so that a gate goes on with what was carried out."""
    path = tmp_path / "state/gatepost/gatepost.db"
    older(path, "0005")
    micros = round(start.timestamp() * 1_000_000)
    with sqlite3.connect(path) as connection:
        for number, (target, list_) in enumerate([("edge", "old"), ("edge", "webhooks"), ("cdn", "old")]):
            row = (str(number), target, list_, micros + number)
            connection.execute("INSERT INTO plans VALUES (NULL, ?, ?, ?, 3, ?, x'00')", row)
        row = (micros, micros)
        connection.execute(
            "INSERT INTO intents VALUES (NULL,'edge','webhooks','1',3,1,?,?,'applied',1,NULL,'sync')", row
        )
    with Store.open(url) as store:
        assert store.carried_out("webhooks") == 3
        assert store.carried_out("old") is None
