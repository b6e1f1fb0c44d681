"""The rates of a platform, kept whatever comes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import anyio
from hypothesis import given
from hypothesis import strategies as st

from gatepost.engine.pacing import Pace
from gatepost.kit.discovery import plugins
from gatepost.notify.base import Channel, Rate
from gatepost.testing import FrozenClock

START = datetime(2026, 1, 5, 8, tzinfo=UTC)
CHANNELS = list(plugins("gatepost.notify", Channel))


def sent(rates, gaps):
    """Moments at which messages go out that want to, each so long after the one before."""
    clock, moments = FrozenClock(START), []

    async def send():
        pace = Pace(rates, clock)
        for gap in gaps:
            clock.advance(timedelta(seconds=gap))
            await pace.turn()
            moments.append(clock.monotonic())

    anyio.run(send)
    return moments


def most_in(moments, seconds):
    """The most messages in any span of so many seconds, its end not counted."""
    return max(sum(1 for other in moments if start <= other < start + seconds) for start in moments)


@given(
    st.lists(st.builds(Rate, st.integers(1, 6), st.sampled_from([1.0, 10.0, 60.0])), min_size=1, max_size=3),
    st.lists(st.sampled_from([0.0, 0.0, 0.1, 1.0, 7.5, 59.0]), min_size=1, max_size=40),
)
def test_no_span_has_more_than_its_rate(rates, gaps):
    """However messages come, no span of any rate ever has more than its number of them."""
    moments = sent(rates, gaps)
    for rate in rates:
        # moments are sums of floats: a billionth of a second is no time
        assert most_in(moments, rate.seconds - 1e-9) <= rate.messages


def test_nothing_waits_without_need():
    """Messages that come slowly enough go out at once."""
    assert sent([Rate(2, 60.0)], [0.0, 1.0, 60.0, 60.0]) == [0.0, 1.0, 61.0, 121.0]


def test_every_channel_has_rates():
    """Every channel says how fast its platform takes messages."""
    assert CHANNELS
    for channel in CHANNELS:
        assert channel.rates
        assert all(rate.messages > 0 and rate.seconds > 0 for rate in channel.rates)
