"""The promise of absences and grace, over any history."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from gatepost.model.entry import RawEntry
from gatepost.model.limits import Limits
from gatepost.planning.measure import Figures
from gatepost.planning.normalise import Rules
from gatepost.planning.replay import Memory, Replay, Setting
from gatepost.planning.upstream import Upstream
from rigs.answers import START, hosts

TEN = hosts(1, 10)
VALUES = [*TEN, "101.226.103.0/29", "101.226.96.0/20", "2400:da00::/48", "2400:da00::1", "no"]
HISTORIES = st.lists(st.tuples(st.integers(1, 1_000), st.sets(st.sampled_from(VALUES))), max_size=8)
"""Quarters of an hour to each list."""


def replayed(
    gaps: list[tuple[int, set[str]]], limits: Limits, *, approve: bool, carried: bool = False
) -> Replay:
    """A first list of ten, then these; measured anew each time, or carried from list to list."""
    upstream, at, before = Upstream(Rules()), START, set[str]()
    setting = Setting(limits, timedelta(days=7), timedelta(hours=1), approve)
    memory = Memory()
    replay = Replay("events", setting, at, memory if carried else Figures)
    for line, (quarters, now) in enumerate([(0, set(TEN)), *gaps], 1):
        at += quarters * timedelta(minutes=15)
        delta = upstream.shift(map(RawEntry, sorted(now - before)), map(RawEntry, sorted(before - now)))
        memory.keep(upstream.figures)
        replay.shift(line, at, delta, upstream.state)
        before = now
    replay.end()
    return replay


@given(HISTORIES, st.booleans())
def test_who_returns_within_the_grace_was_never_out(gaps, approve):
    """At default settings nothing that comes back in time is ever lost, whether somebody approves or not."""
    assert replayed(gaps, Limits(), approve=approve).tally.losses == []


@given(HISTORIES, st.booleans())
def test_what_is_carried_from_list_to_list_changes_nothing(gaps, approve):
    """The same is held for the same reasons, and the same is kept, lost and late."""
    one, other = (replayed(gaps, Limits(), approve=approve, carried=carried) for carried in (False, True))
    assert one.held == other.held
    assert (one.tally.returns, one.tally.losses) == (other.tally.returns, other.tally.losses)
    assert one.tally.kept_entry_days == other.tally.kept_entry_days
    assert one.tally.late_entry_days == other.tally.late_entry_days


def test_the_law_can_fail():
    """Without absences and grace the same books show what was lost."""
    flap = [(96, set(TEN[:9])), (96, set(TEN))]
    assert len(replayed(flap, Limits(absences=1, grace=timedelta()), approve=True).tally.losses) == 1
    assert replayed(flap, Limits(), approve=True).tally.losses == []
