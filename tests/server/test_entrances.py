"""The book at the door: in order, bounded, and refusals push nothing out of it but each other."""

from __future__ import annotations

import json
from datetime import timedelta

from gatepost.server.entrances import LOGIN, LOGOUT, REFUSED, Entrances, Who

HOME, ELSEWHERE = "192.0.2.1", "198.51.100.1"
ALICE = Who("alice")
MOST = 16 << 10


def events(book: Entrances, most: int) -> list[tuple[str, str]]:
    """What happened to whom, newest first."""
    return [(one.event, one.who) for one in book.last(most)]


def older(n: int, event: str = REFUSED) -> bytes:
    """A line as books of one file held it."""
    told = {
        "at": "2026-01-04T08:00:00Z",
        "event": event,
        "who": f"name{n}",
        "address": HOME,
        "subject": "",
        "why": "",
    }
    return json.dumps(told).encode() + b"\n"


def test_no_flood_of_refusals_makes_a_login_forgotten(tmp_path, clock):
    """By whoever reads the book at the start, and in the audit; all files stay small."""
    book = Entrances(tmp_path, MOST)
    book.note(LOGIN, ALICE, HOME, clock.now())
    clock.advance(timedelta(seconds=1))
    for _ in range(3 * MOST // 300):
        book.note(REFUSED, Who("x" * 320), ELSEWHERE, clock.now())
    again = Entrances(tmp_path, MOST)
    assert again.logins() == (("alice", HOME),)
    assert events(again, 4) == [(REFUSED, "x" * 320)] * 2 + [(LOGIN, "alice")]
    sizes = [one.stat().st_size for one in (tmp_path / "server").iterdir()]
    assert len(sizes) == 3
    assert max(sizes) < MOST + 1000


def test_both_are_shown_in_their_order(tmp_path, clock):
    """Within a second too."""
    book = Entrances(tmp_path)
    told = [LOGIN, REFUSED, LOGOUT, REFUSED, REFUSED, LOGIN, LOGOUT, LOGIN, REFUSED]
    for n, event in enumerate(told):
        book.note(event, Who(f"name{n}"), HOME, clock.now())
        if n % 4 == 3:
            clock.advance(timedelta(seconds=1))
    assert events(book, 20) == [(event, f"name{n}") for n, event in reversed(list(enumerate(told)))]
    assert events(book, 2) == [(REFUSED, "name8"), (LOGIN, "name7")]


def test_a_book_of_one_file_still_counts(tmp_path, clock):
    """Its logins are known, its order stays, and its refusals hide no login."""
    place = tmp_path / "server"
    place.mkdir()
    (place / "entrances.1.jsonl").write_bytes(older(0, LOGIN))
    (place / "entrances.jsonl").write_bytes(b"".join(map(older, range(1, 1000))))
    book = Entrances(tmp_path)
    assert book.logins() == (("name0", HOME),)
    assert events(book, 6) == [
        (REFUSED, "name999"),
        (REFUSED, "name998"),
        (REFUSED, "name997"),
        (LOGIN, "name0"),
    ]
    book.note(REFUSED, Who("late"), HOME, clock.now())
    assert events(book, 4) == [(REFUSED, "late"), (REFUSED, "name999"), (LOGIN, "name0")]
