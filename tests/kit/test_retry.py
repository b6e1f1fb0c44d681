"""Only what may help is tried again, as long as told, within a budget; the waiting is on the given clock."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gatepost.errors import ConnectFailed, CredentialsRejected, RateLimited, StoreUnavailable
from gatepost.kit.retry import retrying

pytestmark = pytest.mark.anyio


def failing(*errors):
    """A call that raises each error in turn, then gives how often it was called."""
    calls = []

    async def call():
        calls.append(None)
        if len(calls) <= len(errors):
            raise errors[len(calls) - 1]
        return len(calls)

    return call, calls


async def test_transient_errors_are_tried_again(clock):
    """Two transient errors cost two growing waits on the clock, then the answer comes."""
    call, _ = failing(ConnectFailed("a"), StoreUnavailable("b"))
    assert await retrying(call, clock) == 3
    assert 1.5 <= clock.monotonic() <= 2.5


async def test_last_error_is_raised_as_it_is(clock):
    """After the last attempt its own error is raised."""
    errors = [ConnectFailed(str(number)) for number in range(3)]
    call, calls = failing(*errors)
    with pytest.raises(ConnectFailed) as caught:
        await retrying(call, clock)
    assert caught.value is errors[-1]
    assert len(calls) == 3


@pytest.mark.parametrize("error", [CredentialsRejected("no"), ValueError("bug"), KeyError("bug")])
async def test_hopeless_errors_are_not_tried_again(clock, error):
    """What trying again cannot help is asked once."""
    call, calls = failing(error)
    with pytest.raises(type(error)):
        await retrying(call, clock)
    assert len(calls) == 1
    assert clock.monotonic() == 0


async def test_waits_as_told(clock):
    """A rate limit's own time, fraction and all, replaces ours."""
    call, _ = failing(RateLimited("slow", retry_after=12.25))
    await retrying(call, clock)
    assert clock.monotonic() == 12.25


@pytest.mark.parametrize(("told", "calls_made"), [(59.0, 2), (60.0, 1), (21600.0, 1)])
async def test_budget(clock, told, calls_made):
    """A wait that would end beyond the budget is not begun."""
    call, calls = failing(*[RateLimited("slow", retry_after=told)] * 3)
    with pytest.raises(RateLimited):
        await retrying(call, clock)
    assert len(calls) == calls_made
    assert clock.monotonic() < 60


async def test_time_of_the_attempts_counts(clock):
    """Slow attempts use up the budget too."""

    async def call():
        clock.advance(timedelta(seconds=40))
        raise ConnectFailed("slow")  # noqa: EM101 - an example

    with pytest.raises(ConnectFailed):
        await retrying(call, clock)
    assert clock.monotonic() < 82
