"""A gate's list is kept current, and never lost."""

from __future__ import annotations

import logging
import os
import threading
from datetime import timedelta

import pytest

from gatepost.errors import ListUnavailable
from gatepost.gate.gate import Gate
from gatepost.gate.listing import Listing
from gatepost.middleware.following import SETTLE_EVERY, Follower
from rigs.answers import hosts
from rigs.gates import listing

LIST = listing("101.126.59.7")


class Told:
    """An origin that gives what it is told to give."""

    place = "a told list"
    every = 5.0

    def __init__(self, *answers: Listing | Exception | None, is_local: bool = True) -> None:
        self.answers = list(answers)
        self.is_local = is_local
        self.whole: list[bool] = []
        self.looked = threading.Event()

    def look(self, *, whole: bool) -> Listing | None:
        """The next answer; the last one stays."""
        self.whole.append(whole)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.looked.set()
        if isinstance(answer, Exception):
            raise answer
        return answer


def following(clock, *answers: Listing | Exception | None) -> tuple[Gate, Follower, Told]:
    origin = Told(*answers)
    gate = Gate()
    return gate, Follower(gate, origin, clock, every=None, stale_after=timedelta(hours=1)), origin


def test_a_failure_keeps_what_is_in_force(clock, caplog):
    """G7: closed before the first list; then the last one stays; a failure is told once, and it goes on."""
    gone = ListUnavailable("the list is gone")
    gate, follower, _ = following(clock, gone, gone, LIST, gone, OSError("odd\x1b"), None)
    follower.turn()
    follower.turn()
    assert gate.standing.listing is None
    assert (follower.status().loaded, follower.status().failure) == (False, "the list is gone")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "the gate stays closed" in caplog.text
    with caplog.at_level(logging.INFO, "gatepost.gate"):
        follower.turn()
    assert gate.standing.listing is LIST
    assert "can be read again" in caplog.text
    follower.turn()
    assert gate.standing.listing is LIST
    assert "the last list stays" in caplog.text
    follower.turn()
    assert gate.standing.listing is LIST
    assert follower.status().failure == "OSError: odd\\x1b"
    follower.turn()
    assert follower.status().failure is None


def test_staleness_is_seen_and_removes_nothing(clock, caplog):
    """Longer than allowed without a look that succeeded: stale, said once; the list stays."""
    gate, follower, _ = following(clock, LIST, None, ListUnavailable("gone"))
    follower.turn()
    clock.advance(timedelta(minutes=50))
    follower.turn()
    assert follower.status().checked_at == clock.now()
    clock.advance(timedelta(minutes=60))
    follower.turn()
    assert not follower.status().stale
    clock.advance(timedelta(seconds=1))
    for _ in range(2):
        follower.turn()
    assert follower.status().stale
    assert [record.levelname for record in caplog.records].count("ERROR") == 1
    assert gate.standing.listing is LIST


def test_a_gate_that_never_had_a_list_becomes_stale_too(clock):
    """Counted from its start."""
    _, follower, _ = following(clock, ListUnavailable("gone"))
    clock.advance(timedelta(hours=1, seconds=1))
    follower.turn()
    assert follower.status().stale


def test_a_much_shorter_list_is_read_whole_and_slowly_until_it_is_believed(clock, caplog):
    """Meanwhile the last one is in force and the status says that one waits."""
    short = listing(*hosts(0, 9))
    gate, follower, origin = following(clock, listing(*hosts(0, 99)), short)
    for expected in (100, 100, 100, 10):
        follower.turn()
        assert gate.standing.listing.entries == expected
        assert follower.status().waiting is (expected == 100 and len(origin.whole) > 1)
        assert follower.pause == (SETTLE_EVERY if follower.status().waiting else 5.0)
    assert origin.whole == [False, False, True, True]
    assert "lost much at once" in caplog.text


def test_the_status_says_what_is_in_force(clock):
    """Which list, which serial, how many, since when."""
    _, follower, _ = following(clock, LIST)
    follower.turn()
    found = follower.status()
    assert (found.place, found.list, found.serial, found.entries) == ("a told list", "webhooks", 7, 1)
    assert (found.loaded_at, found.listed_at) == (clock.now(), None)


@pytest.mark.parametrize("is_local", [True, False])
def test_it_looks_by_itself(clock, is_local):
    """A near list is there when the start returns; a far one is fetched meanwhile; a stop ends it."""
    gate, origin = Gate(), Told(LIST, is_local=is_local)
    follower = Follower(gate, origin, clock, every=0.01, stale_after=timedelta(hours=1))
    others = {*threading.enumerate()}
    follower.start()
    assert not is_local or gate.standing.listing is LIST
    for _ in range(3):
        origin.looked.clear()
        assert origin.looked.wait(10)
    assert gate.standing.listing is LIST
    follower.stop()
    threads = {*threading.enumerate()} - others
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)


def test_after_a_fork_all_is_read_again(clock):
    """What the old process read at that moment came to it alone."""
    _, follower, origin = following(clock, LIST, LIST)
    follower.turn()
    follower.forked()
    assert origin.looked.wait(10)
    follower.stop()
    assert origin.whole[:2] == [False, True]


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # forking with threads is the case
def test_a_forked_worker_follows_too(tmp_path, clock):
    """A server that loads the application and then forks: each worker's gate keeps its own list current."""
    gate, origin = Gate(), Told(LIST, listing("101.126.59.8"))
    follower = Follower(gate, origin, clock, every=0.01, stale_after=timedelta(hours=1))
    follower.start()
    seen = tmp_path / "seen"
    child = os.fork()
    if child == 0:
        origin.looked.clear()
        looked = origin.looked.wait(10) and gate.may_examine()
        seen.write_text("yes" if looked else "no")
        os._exit(0)
    os.waitpid(child, 0)
    follower.stop()
    assert seen.read_text() == "yes"
