"""What is forgotten, and what never is."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from gatepost.model.plan import Outcome, Word
from gatepost.model.record import WordRecord
from gatepost.store import Store, schema
from store.nouns import accepted, answer, entries, held, plain, plan, value

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
YEAR = 365 * DAY
PLENTY = 1 << 40


def count(store: Store, table: sa.Table) -> int:
    with store._database.reading() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_young_history_stays_whole(store: Store, start: datetime) -> None:
    for day in range(5):
        store.record_answer(answer(start + day * DAY, f"192.0.2.{day}/32"))
        store.record_content("webhooks", plain(start, f"192.0.2.{day}/32"), start + day * DAY)
    assert store.prune(start + 5 * DAY, 30 * DAY, PLENTY) == 0


def test_what_is_in_force_never_goes(store: Store, start: datetime) -> None:
    """The newest of everything stays, however old and whatever the limits."""
    store.record_answer(answer(start, "192.0.2.1/32"))
    store.record_accepted(accepted(start, "192.0.2.1/32", approved=True))
    store.record_held(held(start, "192.0.2.2/32"))
    snapshot = store.record_content("webhooks", plain(start, "192.0.2.1/32"), start)
    store.record_word(WordRecord("sha256:one", Word.APPROVE, "eva", "seen", start))
    store.record_plan(plan("one", awaits=(held(start, "192.0.2.2/32").digest,)), start)
    open_intent = store.record_intent(plan("two"), start)
    for outcome in (Outcome.APPLIED, Outcome.FAILED):
        intent = store.record_intent(plan("one"), start)
        store.record_outcome(intent, start, outcome, verified=outcome is Outcome.APPLIED, failure=None)
    assert store.prune(start + 10 * YEAR, DAY, 0) == 0
    assert store.accepted("feishu-events") == accepted(start, "192.0.2.1/32", approved=True)
    assert store.baseline("feishu-events", start + 10 * YEAR) == entries("192.0.2.1/32")
    assert store.latest("webhooks") == store.snapshot("webhooks", 1) == snapshot
    assert store.applied("edge") is not None
    assert [one[0] for one in store.unfinished()] == [open_intent]
    assert store.held("feishu-events") == held(start, "192.0.2.2/32")
    assert store.word("sha256:one") is not None
    assert store.covering(value("192.0.2.1/32"), start, ("webhooks",)) != ()


def test_serial_that_was_applied_stays(store: Store, start: datetime) -> None:
    """What a target holds can be rebuilt, though the list went on long ago without it."""
    for day in range(5):
        store.record_content(
            "webhooks", plain(start, f"192.0.2.{day}/32", "198.51.100.0/24"), start + day * DAY
        )
    applied = store.snapshot("webhooks", 2)
    intent = store.record_intent(plan("one", serial=2), start)
    store.record_outcome(intent, start, Outcome.APPLIED, verified=True, failure=None)
    assert store.prune(start + YEAR, DAY, PLENTY) > 0
    assert [one.serial for one in store.serials("webhooks")] == [2, 5]
    assert store.snapshot("webhooks", 2) == applied
    assert count(store, schema.effective) == 3
    assert count(store, schema.listed) == 3


def test_questions_within_the_limit_are_answered(store: Store, start: datetime) -> None:
    """Pruning to 30 days leaves what was in force 30 days ago."""
    for day in range(60):
        store.record_content("webhooks", plain(start, f"192.0.2.{day}/32"), start + day * DAY)
    asked = [start + day * DAY + HOUR for day in range(30, 60)]
    before = [
        (store.serial_at("webhooks", at), store.covering(value(f"192.0.2.{30 + n}/32"), at, ("webhooks",)))
        for n, at in enumerate(asked)
    ]
    store.prune(start + 60 * DAY + HOUR, 30 * DAY, PLENTY)
    after = [
        (store.serial_at("webhooks", at), store.covering(value(f"192.0.2.{30 + n}/32"), at, ("webhooks",)))
        for n, at in enumerate(asked)
    ]
    assert after == before
    assert all(hits for _, hits in after)
    assert len(store.serials("webhooks")) == 30


def test_baselines_outlive_a_shorter_limit(store: Store, start: datetime) -> None:
    """Keeping a day of history still keeps what guards measure against for 31 days."""
    for day in range(90):
        store.record_accepted(accepted(start + day * DAY, f"192.0.2.{day}/32"))
    store.prune(start + 90 * DAY, DAY, PLENTY)
    for age in range(32):
        assert store.baseline("feishu-events", start + (90 - age) * DAY) == entries(
            f"192.0.2.{min(90 - age, 89)}/32"
        )
    assert store.baseline("feishu-events", start + 50 * DAY) is None
    assert count(store, schema.bodies) == 31


def test_last_approval_is_never_forgotten(store: Store, start: datetime) -> None:
    """Guards measure from it, however long ago a person gave it."""
    for day, approved in enumerate((True, True, False, False)):
        store.record_accepted(accepted(start + day * DAY, f"192.0.2.{day}/32", approved=approved))
    assert store.prune(start + YEAR, DAY, PLENTY) > 0
    assert store.approved_at("feishu-events") == start + DAY
    assert count(store, schema.acceptances) == 2


def test_old_plans_and_words_go_together(store: Store, start: datetime) -> None:
    """A word goes only with the plan it was said to."""
    for day, name in enumerate(("one", "two", "three")):
        intent = store.record_intent(plan(name), start + day * DAY)
        store.record_outcome(intent, start + day * DAY, Outcome.APPLIED, verified=True, failure=None)
        store.record_word(WordRecord(f"sha256:{name}", Word.APPROVE, "eva", "seen", start + day * DAY))
    store.prune(start + YEAR, DAY, PLENTY)
    assert [one.digest for one in store.plans(None)] == ["sha256:three"]
    assert [store.word(f"sha256:{name}") is not None for name in ("one", "two", "three")] == [
        False,
        False,
        True,
    ]


def test_bytes_are_a_limit_too(url: str, start: datetime, tmp_path: Path) -> None:
    """A history over its size loses its oldest part until it fits, and the file shrinks."""
    path = tmp_path / "state/gatepost/gatepost.db"
    with Store.open(url) as store:
        for day in range(12):
            some = [f"10.{day}.{high}.{low}/32" for high in range(20) for low in range(50)]
            store.record_content("webhooks", plain(start, *some), start + day * DAY)
            store.record_answer(answer(start + day * DAY, *some))
        large = path.stat().st_size
        limit = large // 3
        assert store.prune(start + 12 * DAY, YEAR, limit) > 0
        size = store.size()
        assert size is not None
        assert size <= limit
        assert path.stat().st_size <= limit
        assert [one.serial for one in store.serials("webhooks")][-1] == 12
        assert store.latest("webhooks") is not None


@pytest.mark.parametrize("keep", [timedelta(), DAY])
def test_pruning_twice_is_pruning_once(store: Store, start: datetime, keep: timedelta) -> None:
    for day in range(5):
        store.record_answer(answer(start + day * DAY, f"192.0.2.{day}/32"))
        store.record_content("webhooks", plain(start, f"192.0.2.{day}/32"), start + day * DAY)
    assert store.prune(start + YEAR, keep, PLENTY) > 0
    assert store.prune(start + YEAR, keep, PLENTY) == 0
