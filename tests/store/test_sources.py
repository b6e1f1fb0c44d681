"""What the history keeps of sources, in every kind of store."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from gatepost.model.record import Attempt, Failure
from gatepost.store import Store, schema
from store.nouns import accepted, answer, entries, held

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
FAILURE = Failure(
    "PermissionDenied",
    "48002: no right",
    transient=False,
    hint="Ask.",
    code=48002,
    links=("https://x.example",),
    log_id="l1",
)


def rows(store: Store, table: sa.Table) -> int:
    with store._database.reading() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_nothing_is_known_before_the_first_record(store: Store, start: datetime) -> None:
    assert store.attempt("feishu-events") is None
    assert store.received("feishu-events") is None
    assert store.accepted("feishu-events") is None
    assert store.held("feishu-events") is None
    assert store.baseline("feishu-events", start) is None
    assert store.approved_at("feishu-events") is None


def test_failure_keeps_the_last_success(store: Store, start: datetime) -> None:
    """A failed attempt tells its error and when the source last gave a whole answer."""
    store.record_attempt("feishu-events", start, 3, None)
    store.record_attempt("feishu-events", start + HOUR, 1, FAILURE)
    store.record_attempt("other", start + 2 * HOUR, 1, None)
    assert store.attempt("feishu-events") == Attempt(
        "feishu-events", start + HOUR, FAILURE, 1, start, None, None
    )
    store.record_attempt("feishu-events", start + 2 * HOUR, 1, FAILURE)
    attempt = store.attempt("feishu-events")
    assert attempt is not None
    assert attempt.failures == 2


def test_attempt_tells_acceptance_and_change(store: Store, start: datetime) -> None:
    """An equal answer moves the acceptance and not the change."""
    store.record_attempt("feishu-events", start, 1, None)
    store.record_accepted(accepted(start, "192.0.2.1/32"))
    store.record_accepted(accepted(start + HOUR, "192.0.2.2/32"))
    store.record_accepted(accepted(start + 2 * HOUR, "192.0.2.2/32"))
    attempt = store.attempt("feishu-events")
    assert attempt is not None
    assert (attempt.accepted_at, attempt.changed_at) == (start + 2 * HOUR, start + HOUR)


def test_attempt_sees_acceptances_of_each_list(store: Store, start: datetime) -> None:
    """A source that lists accept each by their own guards tells the latest of them."""
    store.record_attempt("feishu-events", start, 1, None)
    for name, at in (
        ("webhooks/feishu-events", start + HOUR),
        ("a/not-feishu-events", start + DAY),
        ("b/feishu_events", start + DAY),
    ):
        store.record_accepted(replace(accepted(at, "192.0.2.1/32"), source=name))
    attempt = store.attempt("feishu-events")
    assert attempt is not None
    assert attempt.accepted_at == start + HOUR


def test_answer_comes_back_as_it_was(store: Store, start: datetime) -> None:
    """An answer is kept whole: notes, ports, oddities."""
    one = answer(start, "192.0.2.0/24", "2001:db8::/32", "a.example", "*.c.example")
    store.record_answer(answer(start - HOUR, "192.0.2.9/32"))
    store.record_answer(one)
    assert store.received("feishu-events") == one


def test_accepted_comes_back_as_it_was(store: Store, start: datetime) -> None:
    one = accepted(start, "192.0.2.0/24", "2001:db8::/32", "a.example", approved=True)
    store.record_accepted(accepted(start - HOUR, "192.0.2.9/32"))
    store.record_accepted(one)
    assert store.accepted("feishu-events") == one


def test_equal_answers_are_kept_once(store: Store, start: datetime) -> None:
    """A hundred equal answers, accepted and received, are one set of entries and one run."""
    for hour in range(100):
        store.record_accepted(accepted(start + hour * HOUR, "192.0.2.0/24"))
    store.record_answer(replace(answer(start), entries=entries("192.0.2.0/24")))
    assert rows(store, schema.bodies) == 1
    assert rows(store, schema.acceptances) == 1


def test_baseline_is_what_was_accepted_at_that_moment(store: Store, start: datetime) -> None:
    """Not the nearest answer, and nothing before the first."""
    store.record_accepted(accepted(start, "192.0.2.1/32"))
    store.record_accepted(accepted(start + 5 * DAY, "192.0.2.1/32"))
    store.record_accepted(accepted(start + 6 * DAY, "192.0.2.2/32"))
    store.record_accepted(accepted(start + 9 * DAY, "192.0.2.1/32"))
    first, second = entries("192.0.2.1/32"), entries("192.0.2.2/32")
    assert store.baseline("feishu-events", start - timedelta(microseconds=1)) is None
    assert store.baseline("feishu-events", start) == first
    assert store.baseline("feishu-events", start + 6 * DAY - timedelta(microseconds=1)) == first
    assert store.baseline("feishu-events", start + 6 * DAY) == second
    assert store.baseline("feishu-events", start + 30 * DAY) == first


def test_another_provenance_has_no_baseline(store: Store, start: datetime) -> None:
    """Answers of another account or region are not compared with."""
    store.record_accepted(accepted(start, "192.0.2.1/32"))
    store.record_accepted(accepted(start + DAY, "192.0.2.1/32", provenance="sha256:lark"))
    assert store.baseline("feishu-events", start) is None
    assert store.baseline("feishu-events", start + DAY) == entries("192.0.2.1/32")


def test_approval_is_dated(store: Store, start: datetime) -> None:
    """An approved answer begins a run of its own, also where it is equal, and later ones do not move it."""
    store.record_accepted(accepted(start, "192.0.2.1/32"))
    store.record_accepted(accepted(start + DAY, "192.0.2.1/32", approved=True))
    store.record_accepted(accepted(start + 2 * DAY, "192.0.2.1/32", approved=True))
    store.record_accepted(accepted(start + 3 * DAY, "192.0.2.2/32"))
    assert store.approved_at("feishu-events") == start + DAY


def test_one_answer_of_a_source_waits(store: Store, start: datetime) -> None:
    """The newest held answer replaces the one that waited; both are found by their digest."""
    first, second = held(start, "192.0.2.1/32"), held(start + HOUR, "192.0.2.2/32")
    for one in (first, second):
        store.record_held(one)
    assert store.held("feishu-events") == second
    assert store.held_answer(first.digest) == first
    store.record_held(first)
    assert store.held("feishu-events") == first
    store.clear_held("feishu-events")
    assert store.held("feishu-events") is None
    assert store.held_answer(second.digest) == second
