"""How long a change waits, by the clocks there are."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gatepost.engine.pending import Pending, counted_in, is_over, overdue, time_left
from gatepost.kit.clock import Uptime
from gatepost.testing import FrozenClock

FIVE = timedelta(minutes=5)
MOMENT = timedelta(seconds=1)


class Nameless(FrozenClock):
    """Where nobody tells which boot this is, each process names one of its own."""

    def uptime(self):
        """Of this process alone."""
        return Uptime("process 0123", super().uptime().passed)


def begun(clock):
    """A change that waits from now on."""
    boot, ends = counted_in(clock, FIVE)
    return Pending("0123", "me", clock.now(), clock.now() + FIVE, (), boot=boot, ends=ends)


def test_it_ends_when_its_time_has_passed(clock):
    """By the time that passed in its boot, wherever the wall clock is."""
    pending = begun(clock)
    clock.step(timedelta(days=3))
    clock.advance(FIVE - MOMENT)
    assert (time_left(pending, clock), is_over(pending, clock)) == (MOMENT, False)
    clock.advance(MOMENT)
    assert is_over(pending, clock)
    assert not is_over(pending, clock, MOMENT)
    clock.advance(MOMENT)
    assert is_over(pending, clock, MOMENT)


def test_its_boot_ends_it(clock):
    """Another boot is long after it, however short the host was away."""
    pending = begun(clock)
    clock.reboot()
    assert time_left(pending, clock) is None
    assert is_over(pending, clock, FIVE)


@pytest.mark.parametrize("armed_by_name", [False, True])
def test_where_boots_have_no_name_the_wall_clock_counts(clock, armed_by_name):
    """Another process there is no other boot, whichever of both knows its boot."""
    nameless = Nameless(clock.now())
    pending = begun(clock if armed_by_name else nameless)
    assert time_left(pending, nameless) == FIVE
    nameless.advance(FIVE)
    assert is_over(pending, nameless)


def test_nothing_is_overdue_without_a_state(clock):
    """A site that keeps no state has nothing that waits."""
    assert overdue(None, clock) == ()
