"""The promise of absences and grace, over any history."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from gatepost.model.entry import RawEntry
from gatepost.model.limits import Limits
from gatepost.planning.normalise import Rules
from gatepost.planning.replay import Replay, Setting
from gatepost.planning.upstream import Upstream
from rigs.answers import START, hosts

TEN = hosts(1, 10)
VALUES = [*TEN, "101.226.103.0/29", "101.226.96.0/20", "2400:da00::/48", "2400:da00::1", "no"]
HISTORIES = st.lists(st.tuples(st.integers(1, 1_000), st.sets(st.sampled_from(VALUES))), max_size=8)
"""Quarters of an hour to each list."""


def replayed(gaps: list[tuple[int, set[str]]], limits: Limits, *, approve: bool) -> Replay:
    """A first list of ten, then these."""
    upstream, at, before = Upstream(Rules()), START, set[str]()
    setting = Setting(limits, timedelta(days=7), timedelta(hours=1), approve)
    replay = Replay("events", setting, at)
    for line, (quarters, now) in enumerate([(0, set(TEN)), *gaps], 1):
        at += quarters * timedelta(minutes=15)
        delta = upstream.shift(map(RawEntry, sorted(now - before)), map(RawEntry, sorted(before - now)))
        replay.shift(line, at, delta, upstream.state)
        before = now
    replay.end()
    return replay


@given(HISTORIES, st.booleans())
def test_who_returns_within_the_grace_was_never_out(gaps, approve):
    """At default settings nothing that comes back in time is ever lost, whether somebody approves or not."""
    assert replayed(gaps, Limits(), approve=approve).tally.losses == []


def test_the_law_can_fail():
    """Without absences and grace the same books show what was lost."""
    flap = [(96, set(TEN[:9])), (96, set(TEN))]
    assert len(replayed(flap, Limits(absences=1, grace=timedelta()), approve=True).tally.losses) == 1
    assert replayed(flap, Limits(), approve=True).tally.losses == []
