"""Looks at the clocks, kept for the next one."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from gatepost.model.reckoning import Doubt, Look, Reading
from gatepost.store import Store
from gatepost.store.observations import BOOTS_KEPT
from store.nouns import accepted
from store.revisions import older

DAY = timedelta(days=1)


def a_look(start: datetime, boot: str = "one") -> Look:
    """Each of its times another one."""
    reading = Reading(boot, timedelta(hours=1, microseconds=7), start)
    doubt = Doubt(start - DAY, timedelta(days=-3, microseconds=1))
    return Look(reading, start + DAY, start + 2 * DAY, timedelta(days=-4, microseconds=5), doubt)


def test_nothing_was_seen_yet(store: Store) -> None:
    assert store.looks("one") == (None, None)


def test_a_look_comes_back_as_it_was(store: Store, start: datetime) -> None:
    """To the microsecond, in doubt or not."""
    for look in (a_look(start), replace(a_look(start), doubt=None)):
        store.record_look(look)
        assert store.looks("one") == (look, look)


def test_last_of_a_boot_and_last_of_all(store: Store, start: datetime) -> None:
    """Hosts that share a history each find their own, and what any of them saw last."""
    one, two = a_look(start + DAY), a_look(start, "two")
    store.record_look(a_look(start))
    store.record_look(one)
    store.record_look(two)
    assert store.looks("one") == (one, two)
    assert store.looks("two") == (two, two)
    assert store.looks("three") == (None, two)


def test_boots_of_long_ago_are_forgotten(store: Store, start: datetime) -> None:
    """A job that starts a new machine each time does not fill the history."""
    for number in range(BOOTS_KEPT + 1):
        store.record_look(a_look(start, f"boot {number}"))
    assert store.looks("boot 0")[0] is None
    assert store.looks("boot 1")[0] is not None


def test_the_reckoning_of_an_answer_is_kept(store: Store, start: datetime) -> None:
    """And one that has none is counted by its own time."""
    for reckoned in (None, start - DAY):
        one = replace(accepted(start, "192.0.2.1/32"), reckoned_at=reckoned)
        store.record_accepted(one)
        kept = store.accepted(one.source)
        assert kept is not None
        assert kept == one
        assert kept.counted_at == (reckoned or start)


def test_an_older_history_goes_on_from_its_last_answer(url: str, tmp_path: Path, start: datetime) -> None:
    """What was accepted last is the last that is known of the time: a clock further on is in doubt."""
    path = tmp_path / "state/gatepost/gatepost.db"
    older(path, "0002")
    one = accepted(start, "192.0.2.1/32")
    with sqlite3.connect(path) as connection:
        micros = round(start.timestamp() * 1_000_000)
        connection.execute("INSERT INTO bodies VALUES (x'00', x'00')")
        row = (one.source, micros, micros, "", "", 0, b"", b"\0")
        connection.execute("INSERT INTO accepted VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        connection.execute("INSERT INTO accepted VALUES ('older', 7, 7, '', '', 0, x'', x'00')")
    with Store.open(url) as store:
        own, last = store.looks("any")
        assert own is None
        assert last is not None
        assert (last.wall, last.reckoned, last.believed, last.doubt) == (start, start, start, None)


def test_an_older_history_without_answers_knows_no_time(url: str, tmp_path: Path) -> None:
    older(tmp_path / "state/gatepost/gatepost.db", "0002")
    with Store.open(url) as store:
        assert store.looks("any") == (None, None)
