"""What waits to be sent: on the disk, bounded, never a last word lost."""

from __future__ import annotations

import os

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gatepost.engine.mailbox import BYTES_MOST, PENDING_MOST, Mailbox
from gatepost.engine.telling import Seen
from gatepost.model.event import EventKind, Shown
from rigs.notifiers import AT, event, held, hostile, many

ALL = tuple(EventKind)


def seen(*events):
    """Something that happened."""
    return Seen(AT, once=events)


def take(box, *events, on=ALL):
    """Have a mailbox take events in."""
    box.take_in(seen(*events), lambda *_: None, [kind.value for kind in on])


def test_what_waits_survives_a_restart(tmp_path):
    """Events wait on the disk as they are, whatever they quote; what was sent does not come back."""
    place = tmp_path / "box.json"
    box = Mailbox(place)
    events = (event(), hostile(), held(over=True))
    take(box, *events)
    again = Mailbox(place)
    assert tuple(again.pending) == events
    again.done(again.batch(whole=False), 0)
    assert tuple(Mailbox(place).pending) == events[1:]


def test_what_was_told_survives_a_restart(tmp_path):
    """A condition that was told is not told again after a restart, and its end is."""
    place, lasting = tmp_path / "box.json", held()
    Mailbox(place).take_in(Seen(AT, lasting=(lasting,)), lambda *_: None, ["held"])
    box = Mailbox(place)
    box.take_in(Seen(AT, lasting=(lasting,)), lambda *_: None, ["held"])
    assert len(box.pending) == 1
    box.take_in(Seen(AT, looked_at=(held(over=True),)), lambda *_: None, ["held"])
    assert [one.over for one in Mailbox(place).pending] == [False, True]


def test_only_what_is_wanted(tmp_path):
    """Events that the notifier is not for are known, and do not wait."""
    box = Mailbox(tmp_path / "box.json")
    take(box, event(), on=(EventKind.HELD,))
    box.take_in(Seen(AT, lasting=(held(),)), lambda *_: None, [])
    assert box.pending == []
    assert list(Mailbox(tmp_path / "box.json").told) == [held().key]


@example([30] + [0] * 2 * PENDING_MOST)
@given(st.lists(st.integers(0, 30), min_size=1, max_size=400))
def test_bounded_and_no_last_word_is_lost(names):
    """However much comes, so much waits, each subject's last word among it; the rest is counted."""
    box = Mailbox(None)
    for number, name in enumerate(names):
        take(box, event(name=f"list-{name}", mark=str(number)))
    assert len(box.pending) <= PENDING_MOST
    assert box.left_out == len(names) - len(box.pending)
    last = {name: str(number) for number, name in enumerate(names)}
    waiting = {(one.name, one.mark) for one in box.pending}
    assert {(f"list-{name}", mark) for name, mark in last.items()} <= waiting


def test_bounded_in_bytes(tmp_path):
    """Large events lose their values, the oldest first, before the file grows beyond its bound."""
    box = Mailbox(tmp_path / "box.json")
    large = many(500, 11)
    for number in range(PENDING_MOST):
        values = tuple(f"{number}-{one}" + "x" * 200 for one in large.values)
        take(box, event(name=f"l{number}", added=type(large)(values, 500)))
    assert (tmp_path / "box.json").stat().st_size <= BYTES_MOST
    assert len(box.pending) == PENDING_MOST
    assert box.pending[0].added == type(large)((), 500)
    assert len(box.pending[-1].added.values) == 500


def test_what_is_trimmed_while_it_is_sent_is_sent_once(tmp_path):
    """An event that loses its values while it is being sent counts as sent all the same, or as left out."""
    for end, left_out in ((lambda box, sent: box.done(sent, 0), 0), (Mailbox.drop, 1)):
        box = Mailbox(tmp_path / f"{left_out}.json")
        large = Shown(("x" * 2000,) * 500, 500)
        take(box, event(added=large))
        sent = box.batch(whole=False)
        for number in range(5):
            take(box, event(name=f"l{number}", added=large))
        assert box.pending[0] != sent[0]
        end(box, sent)
        assert [one.name for one in box.pending] == [f"l{number}" for number in range(5)]
        assert box.left_out == left_out


@pytest.mark.parametrize("data", [b"", b"{", b"null", b'{"told": 1}', b"\xff" * 100])
def test_a_broken_file(tmp_path, data):
    """A file that cannot be read is begun anew, and that is said."""
    place = tmp_path / "box.json"
    place.write_bytes(data)
    box = Mailbox(place)
    assert box.pending == []
    assert bool(box.trouble) == bool(data)
    take(box, event())
    assert len(Mailbox(place).pending) == 1


def test_a_disk_that_does_not_write(tmp_path):
    """Where the disk refuses, events wait in memory, and that is said; when it works again it is written."""
    folder = tmp_path / "state"
    box = Mailbox(folder / "box.json")
    take(box, event())
    assert "No such file" in box.trouble
    assert len(box.pending) == 1
    folder.mkdir()
    take(box, event(mark="8"))
    assert box.trouble is None
    assert len(Mailbox(folder / "box.json").pending) == 2


def test_the_file_is_ours_alone(tmp_path):
    """Nobody else can read what waits."""
    place = tmp_path / "box.json"
    take(Mailbox(place), event())
    assert os.stat(place).st_mode & 0o777 == 0o600  # noqa: PTH116 - mode alone
    assert msgspec.json.decode(place.read_bytes())["version"] == 1


def test_a_pile_goes_out_as_one():
    """A few events go out one by one; many that piled up go out together."""
    box = Mailbox(None)
    take(box, *(event(mark=str(n)) for n in range(5)))
    assert len(box.batch(whole=False)) == 1
    assert len(box.batch(whole=True)) == 5
    take(box, event(mark="6"))
    assert len(box.batch(whole=False)) == 6
