"""Logins on their way: known again once, for ten minutes, by the process that began them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gatepost.refusals import RequestForged
from gatepost.server.oidc_flow import LASTS, REMEMBERED, Flows
from rigs.canaries import find


def test_what_is_begun_is_finished_once(clock):
    """With the page to go to; a second time it is known to be over."""
    flows = Flows(clock)
    flow, kept = flows.begin("/plans")
    assert flows.finish(kept, flow.state) == flow
    with pytest.raises(RequestForged, match="came back before"):
        flows.finish(kept, flow.state)


def test_ten_minutes_are_allowed(clock):
    """Not a second more."""
    flows = Flows(clock)
    (first, one), (second, two) = flows.begin("/"), flows.begin("/")
    clock.advance(timedelta(seconds=LASTS - 1))
    assert flows.finish(one, first.state) == first
    clock.advance(timedelta(seconds=1))
    with pytest.raises(RequestForged, match="began no login here"):
        flows.finish(two, second.state)


def test_another_process_and_another_login_are_told_apart(clock):
    """What was sealed by another key says nothing; another one's state is refused and costs nobody theirs."""
    flows = Flows(clock)
    (first, one), (second, _) = flows.begin("/"), flows.begin("/")
    with pytest.raises(RequestForged, match="began no login here"):
        Flows(clock).finish(one, first.state)
    for state in (second.state, "", "é", first.state + "x"):
        with pytest.raises(RequestForged, match="not the one"):
            flows.finish(one, state)
    assert flows.finish(one, first.state) == first


def test_what_the_browser_keeps_gives_nothing_away(clock):
    """Neither state nor nonce nor verifier; and it is never the same twice."""
    flows = Flows(clock)
    flow, kept = flows.begin("/plans")
    assert find({"cookie": kept.encode()}, [flow.state, flow.nonce, flow.verifier]) == []
    assert len({flow.state, flow.nonce, flow.verifier}) == 3
    assert len(kept) < 1024


def test_finished_ones_are_forgotten_when_they_are_over(clock):
    """And never more than so many: whoever finishes a flood of them fills no memory."""
    flows = Flows(clock)
    for _ in range(50):
        flow, kept = flows.begin("/")
        flows.finish(kept, flow.state)
    assert len(flows._finished) == 50
    clock.advance(timedelta(seconds=LASTS))
    flow, kept = flows.begin("/")
    flows.finish(kept, flow.state)
    assert len(flows._finished) == 1
    now = clock.monotonic()
    flows._finished = {str(n): now for n in range(REMEMBERED)}
    flow, kept = flows.begin("/")
    flows.finish(kept, flow.state)
    assert len(flows._finished) == REMEMBERED
    assert flow.state in flows._finished
