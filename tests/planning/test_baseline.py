"""Which earlier answers a new one is measured against."""

from __future__ import annotations

from datetime import timedelta

from gatepost.model.limits import Limits
from gatepost.planning.baseline import moments
from rigs.answers import START

DAY = timedelta(days=1)


def test_baselines_are_as_old_as_the_limits_say():
    """A week and a month back, by default, under these names."""
    assert moments(START, None, Limits()) == (("7d", START - 7 * DAY), ("30d", START - 30 * DAY))
    assert moments(START, START - 99 * DAY, Limits(baselines=(3 * DAY,))) == (("3d", START - 3 * DAY),)
    assert moments(START, None, Limits(baselines=())) == ()


def test_no_baseline_is_older_than_the_last_approval():
    """Where one would be, what was approved is the baseline."""
    begun = START - 10 * DAY
    assert moments(START, begun, Limits()) == (("7d", START - 7 * DAY), ("30d", begun))
    assert moments(START, START - DAY, Limits()) == (("7d", START - DAY), ("30d", START - DAY))
