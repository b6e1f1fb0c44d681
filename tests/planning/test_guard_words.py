"""What each guard says: its name, what it measured, its limit and one sentence, word for word."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest

from gatepost.model.entry import Entry, Protocol
from gatepost.model.limits import Limits
from gatepost.model.plan import Cause, Current
from gatepost.model.reason import Reason
from gatepost.planning import guard
from gatepost.planning.digest import digest_entries
from gatepost.planning.measure import Comparison, compare
from rigs.answers import accepted, answer, entries, hosts

DEFAULTS = Limits()
TEN = entries(*hosts(1, 10))
AGAINST = "events: {}, measured against {}."
HISTORY = (
    "events: 2 entries would go that the history knows nothing of, "
    "though the target is at generation 4: was the history lost?"
)
PROVENANCE = (
    "events: the answer comes from another account, host or parameters "
    "than the last accepted one: another list, to be looked at."
)


def said(reasons: tuple[Reason, ...]) -> list[tuple[object, ...]]:
    """All that a person reads of it."""
    assert all(reason.subject == "events" for reason in reasons)
    return [(r.guard, r.measured, r.limit, r.message, r.absolute) for r in reasons]


def against(name: str, old: tuple[Entry, ...], new: tuple[Entry, ...]) -> list[Comparison]:
    """Measured against one baseline."""
    return [compare(name, old, new)]


def served(first: int, last: int) -> tuple[Entry, ...]:
    """One address on a range of ports."""
    return (Entry(TEN[0].value, Protocol.TCP, ((443, 443), (first, last))),)


def held(*values: str, generation: int = 4, mixed: bool = False) -> Current:
    """What a target holds."""
    holds = entries(*values)
    return Current(generation, holds, digest_entries(holds), mixed)


def test_shares():
    """Shrink, growth and churn say how many of how many, the share, its limit and the baseline."""
    assert said(guard.shrink("events", against("7d", TEN, TEN[6:]), DEFAULTS)) == [
        (
            "shrink",
            "60 %",
            "30 %",
            AGAINST.format("6 of 10 IPv4 addresses would go (60 %, limit 30 %)", "the list of 7d ago"),
            False,
        )
    ]
    assert said(guard.growth("events", against("held", TEN, entries(*hosts(1, 25))), DEFAULTS)) == [
        (
            "growth",
            "150 %",
            "100 %",
            AGAINST.format("15 IPv4 addresses would join 10 (150 %, limit 100 %)", "what it holds now"),
            False,
        )
    ]
    assert said(guard.churn("events", against("last", TEN, entries(*hosts(8, 17))), DEFAULTS)) == [
        (
            "churn",
            "82 %",
            "50 %",
            AGAINST.format(
                "7 of 10 IPv4 addresses would give way to 7 others (82 %, limit 50 %)",
                "the last accepted list",
            ),
            False,
        )
    ]


def test_families():
    """One reason a kind, against the first baseline that shows it."""
    old, new = entries("101.226.103.1", "101.226.103.2"), entries("2400:da00::1", "a.qq.com", "b.qq.com")
    comparisons = [*against("last", old, new), *against("7d", old, new)]
    assert said(guard.family("events", comparisons, DEFAULTS)) == [
        (
            "family",
            "IPv4: 0",
            "2",
            "events: all 2 IPv4 addresses would go, measured against the last accepted list.",
            False,
        ),
        (
            "family",
            "IPv6: 1",
            "0",
            "events: 1 IPv6 addresses appear where there were none, measured against the last accepted list.",
            False,
        ),
        (
            "family",
            "domains: 2",
            "0",
            "events: 2 domains appear where there were none, measured against the last accepted list.",
            False,
        ),
    ]


def test_numbers_that_nobody_reads():
    """Addresses of IPv6 are told as powers of two, to the nearest below."""
    old, new = entries("2400:da00::/64"), entries("2400:da00::/64", "2400:db00::/63", "2400:dc00::/128")
    (gone,) = guard.family("events", against("last", old, TEN), DEFAULTS)[1:]
    assert gone.message.startswith("events: all 2^64 IPv6 addresses would go, ")
    more = dataclasses.replace(DEFAULTS, max_added_entries=1)
    (come,) = guard.growth("events", against("last", old, new), more)
    assert come.message.startswith("events: some 2^65 IPv6 addresses would join 2^64 (200 %")


def test_width():
    """The widest of each family is named, with how many more there are."""
    wide = entries("101.224.0.0/12", "183.192.0.0/15", "14.0.0.0/14", "2400::/30", "a.qq.com", "101.3.0.0/16")
    assert said(guard.widest("events", wide, (), DEFAULTS)) == [
        ("widest", "/12", "/16", "events: 101.224.0.0/12 and 2 more are wider than /16.", False),
        ("widest", "/30", "/32", "events: 2400::/30 is wider than /32.", False),
    ]
    (two,) = guard.widest("events", entries("101.224.0.0/12", "14.0.0.0/14"), (), DEFAULTS)
    assert two.message == "events: 101.224.0.0/12 and 1 more are wider than /16."
    assert said(guard.floor("events", entries("16.0.0.0/8", "17.0.0.0/8", "2000::/15"))) == [
        (
            "widest",
            "/7",
            "/8",
            "events: 16.0.0.0/7 is wider than /8; that is refused whatever is approved.",
            True,
        ),
        (
            "widest",
            "/15",
            "/16",
            "events: 2000::/15 is wider than /16; that is refused whatever is approved.",
            True,
        ),
    ]


def test_sums():
    """Each family has its own limit; exactly it passes. A list above it is judged again at the double."""
    tight = Limits(max_addresses_v4=8, max_addresses_v6=4)
    some = (*TEN, *entries("2400:da00::/125"))
    assert said(guard.total("events", some, (), tight)) == [
        ("total", "10", "8", "events: 10 IPv4 addresses are more than the 8 a list may hold.", False),
        ("total", "8", "4", "events: 8 IPv6 addresses are more than the 4 a list may hold.", False),
    ]
    assert guard.total("events", some, entries(*hosts(50, 59), "2400:da01::/125"), tight) == ()
    assert guard.total("events", some, entries(*hosts(50, 58), "2400:da01::/125"), tight) == ()
    assert len(guard.total("events", some, entries(*hosts(50, 57), "2400:da01::/126"), tight)) == 2
    assert guard.total("events", entries(*hosts(1, 16)), entries(*hosts(1, 9)), tight) == ()
    (again,) = guard.total("events", entries(*hosts(1, 17)), entries(*hosts(1, 9)), tight)
    assert (again.measured, again.limit) == ("17", "16")
    assert guard.total("events", some, (), Limits(max_addresses_v4=10, max_addresses_v6=8)) == ()


def test_ports():
    """Exactly 1024 ports pass; of several wide ranges the widest is named; what was accepted passes."""
    assert guard.ports("events", served(8000, 9023), ()) == ()
    assert said(guard.ports("events", (*served(8000, 9024), *served(1, 65535)), ())) == [
        (
            "ports",
            "65535",
            "1024",
            "events: ports 1 to 65535 are more than the 1024 that pass in one range.",
            False,
        )
    ]
    assert said(guard.ports("events", (*served(8000, 9024), *served(7000, 8024)), served(1, 65535))) == [
        (
            "ports",
            "1025",
            "1024",
            "events: ports 8000 to 9024 are more than the 1024 that pass in one range.",
            False,
        )
    ]
    low_and_wide = guard.ports("events", (*served(1, 2000), *served(60_000, 61_500)), ())
    assert [reason.measured for reason in low_and_wide] == ["2000"]
    assert guard.ports("events", served(1, 65535), served(1, 65535)) == ()


def test_emptiness_and_room():
    """Refused for good, with what would be left and what there is room for."""
    assert said(guard.empty("events", ())) == [
        ("empty", "0", "1", "events: nothing would be left; an empty list is never applied.", True)
    ]
    assert said(guard.max_entries("events", TEN, 9)) == [
        ("max_entries", "10", "9", "events: 10 entries are more than the 9 this target can hold.", True)
    ]
    assert guard.max_entries("events", TEN, 10) == ()


def test_what_the_history_does_not_know():
    """Held where something goes that a missing source, or a lost history, may have put there."""
    assert said(guard.incomplete("events", TEN[:2], ("chat", "api"))) == [
        ("incomplete", "2", "0", "events: 2 entries would go, but never yet read whole: chat, api.", False)
    ]
    assert guard.incomplete("events", (), ("chat",)) == guard.incomplete("events", TEN, ()) == ()
    assert said(guard.history("events", TEN[:2], 4, known=False)) == [
        (
            "history",
            "2",
            "0",
            HISTORY,
            False,
        )
    ]
    assert guard.history("events", TEN, 1, known=False)
    assert guard.history("events", TEN, 4, known=True) == guard.history("events", (), 4, known=False) == ()
    assert guard.history("events", TEN, 0, known=False) == ()


def test_drift():
    """Said where a place that we wrote holds what we never left there."""
    now = held(*hosts(1, 3))
    assert said(guard.drift("events", now, {"sha256:left"})) == [
        (
            "drift",
            "changed",
            "as we left it",
            "events: somebody else changed what it holds: 3 entries are there now.",
            False,
        )
    ]
    assert guard.drift("events", now, {"sha256:left", now.digest}) == ()
    assert guard.drift("events", now, frozenset()) == ()
    assert guard.drift("events", held(*hosts(1, 3), mixed=True), {"sha256:left"}) == ()
    assert guard.drift("events", held(*hosts(1, 3), generation=0), {"sha256:left"}) == ()
    assert guard.drift("events", held(*hosts(1, 3), generation=1), {"sha256:left"})


@pytest.mark.parametrize(
    ("cause", "sentence"),
    [
        (
            Cause.ROLLBACK,
            "events: it was rolled back to an earlier serial, and the list has another content since.",
        ),
        (
            Cause.REVERT,
            "events: its last change was taken back because nobody confirmed it, and would be made again.",
        ),
    ],
)
def test_what_was_put_back_stands(cause: Cause, sentence: str):
    """Until somebody says otherwise; where nothing would change, there is nothing to say."""
    assert said(guard.standing("events", cause, changes=True)) == [
        (cause.value, "another list", "what was put back", sentence, False)
    ]
    (dated,) = guard.standing("events", cause, datetime(2026, 1, 5, 9, tzinfo=UTC), changes=True)
    assert " at 2026-01-05 09:00:00 UTC" in dated.message
    assert guard.standing("events", cause, changes=False) == ()
    assert guard.standing("events", Cause.SYNC, changes=True) == ()


def test_an_unconfirmed_change_waits():
    """With the moment until when; no approval shortens it."""
    until = datetime(2026, 1, 5, 8, 7, 9, tzinfo=UTC)
    assert said(guard.unconfirmed("events", until)) == [
        (
            "unconfirmed",
            "waiting",
            "confirmed",
            "events: the last change waits to be confirmed until 2026-01-05 08:07:09 UTC.",
            True,
        )
    ]
    assert guard.unconfirmed("events", None) == ()


def test_answers():
    """Too much that is odd refuses an answer; another provenance holds it."""
    assert said(guard.quarantine(answer(*hosts(1, 37), odd=3), DEFAULTS)) == [
        (
            "quarantine",
            "3 of 40",
            "5 %",
            "events: 3 of 40 values are odd (limit 5 %, and always one); the whole answer is refused.",
            True,
        )
    ]
    assert said(guard.provenance(answer(*hosts(1, 2), provenance="there"), accepted(*hosts(1, 2)))) == [
        (
            "provenance",
            "another",
            "the same",
            PROVENANCE,
            False,
        )
    ]
    assert guard.provenance(answer(*hosts(1, 9)), accepted(*hosts(1, 2))) == ()


def test_small_changes_have_their_own_limits():
    """Churn needs more than a few entries on both sides together, or a whole kind exchanged."""
    two = entries(*hosts(1, 2))
    assert (
        guard.churn("events", against("last", two, entries("101.226.103.1", "101.226.103.9")), DEFAULTS) == ()
    )
    assert guard.churn("events", against("last", two, entries(*hosts(8, 9))), DEFAULTS)
    assert guard.churn("events", against("last", two[:1], entries("101.226.103.9")), DEFAULTS)
    several = entries("101.226.103.1", *hosts(8, 9))
    assert guard.churn("events", against("last", two, several), DEFAULTS)


def test_the_farthest_baseline_speaks_for_each_kind():
    """The largest share of each kind, whichever baseline comes first; ties go to the first."""
    old = entries(*hosts(1, 10), *(f"{letter}.qq.com" for letter in "abcdefghij"))
    small = entries(*hosts(1, 4), *(f"{letter}.qq.com" for letter in "abc"))
    found = guard.shrink(
        "events",
        [
            compare("7d", old, small),
            compare("last", entries(*hosts(1, 8), *(f"{c}.qq.com" for c in "abcdefgh")), small),
            compare("30d", old, small),
        ],
        DEFAULTS,
    )
    assert [(r.measured, r.message.rpartition("against ")[2]) for r in found] == [
        ("60 %", "the list of 7d ago."),
        ("70 %", "the list of 7d ago."),
    ]


def test_the_first_of_a_kind_is_no_growth():
    """What appears for the first time is the family guard's affair, however much it is."""
    new = entries(*hosts(1, 30), *(f"2400:da00::{n}" for n in range(1, 30)))
    assert guard.growth("events", against("last", entries(*hosts(1, 30)), new), DEFAULTS) == ()
