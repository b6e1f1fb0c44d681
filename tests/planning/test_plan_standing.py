"""What was put back, adopted or added by others: what a plan makes of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatepost.model.address import Family
from gatepost.model.content import Serial
from gatepost.model.plan import Cause, Plan, PlanStatus
from gatepost.model.reason import Reason
from gatepost.planning import guard
from gatepost.planning.canonical import canonical
from gatepost.planning.digest import digest_plan
from gatepost.planning.put_back import plan_kept
from rigs.answers import START, entries, hosts
from rigs.planned import TEN, content, current, excluding, guards, planned

BACK = hosts(1, 9)


def test_what_was_put_back_says_when():
    """The plan on top of it is held, and its words tell this time from the next."""
    plan = planned(content(*TEN), current(*BACK), previous=content(*BACK), cause=Cause.ROLLBACK, since=START)
    (reason,) = (one for one in plan.reasons if one.guard == Cause.ROLLBACK.value)
    assert f"{START:%Y-%m-%d %H:%M:%S} UTC" in reason.message


@pytest.mark.parametrize("repair", [False, True])
def test_somebody_who_does_by_hand_what_is_held_has_changed_it(repair):
    """Where the newest list appears by hand over what was put back, that is drift, repaired or not."""
    back = content(*BACK)
    intended = frozenset() if repair else frozenset({current(*BACK).digest})
    asked = {"previous": back, "cause": Cause.ROLLBACK, "repair": repair, "intended": intended}
    plan = planned(content(*TEN), current(*TEN), **asked)
    assert (plan.status, guards(plan)) == (PlanStatus.HELD, {"drift"})
    again = planned(back, current(*BACK), **asked)
    assert again.status is PlanStatus.IN_STEP


def test_others_changes_are_no_drift_where_they_are_repaired():
    """With nothing put back, and in the middle of a change, repair undoes without a word."""
    same = planned(content(*TEN), current(*TEN), previous=content(*BACK), repair=True)
    assert same.status is PlanStatus.IN_STEP
    back = {"previous": content(*BACK), "cause": Cause.ROLLBACK, "repair": True}
    assert "drift" not in guards(planned(content(*TEN), current(*hosts(3, 9)), **back))


def test_what_others_added_hides_no_loss():
    """A wide network added by hand makes a cut of the list no smaller."""
    holds = current(*TEN, "64.0.0.0/3")
    plan = planned(
        content(*TEN, allowlist=excluding(*hosts(3, 10))), holds, previous=content(*TEN), repair=True
    )
    assert "shrink" in guards(plan)


def test_what_was_adopted_and_wiped_is_missed():
    """Nobody knows what it was for, so a list without it needs a word although nothing is there."""
    kept = canonical(entries("101.227.0.0/28"))
    plan = planned(content(*TEN), current(generation=0), kept=kept)
    assert "history" in guards(plan)
    assert "history" not in guards(planned(content(*TEN), current(generation=0)))


def test_a_set_that_is_too_small_says_by_how_much():
    """Which target, how many runs of addresses, how many it has room for; no word makes room."""
    (reason,) = guard.max_ranges("edge", entries(*hosts(1, 9)[::2]), {Family.V4: 4, Family.V6: 0})
    words = "edge: 5 ranges of IPv4 are more than the 4 this target can hold."
    assert reason == Reason("max_entries", "5", "4", words, "edge", absolute=True)
    assert guard.max_ranges("edge", entries(*TEN), {}) == ()


def test_what_was_adopted_is_what_is_there():
    """A plan that changes nothing, of no serial, in whatever the target holds."""
    held = current("0.0.0.0/1", *BACK)
    plan = plan_kept("edge", "webhooks", held)
    assert plan == Plan(
        target="edge",
        list="webhooks",
        serial=Serial(0),
        status=PlanStatus.IN_STEP,
        generation=4,
        current=held.digest,
        desired=held.digest,
        add=(),
        remove=(),
        leaving=(),
        reasons=(),
        awaits=(),
        notes=(),
        digest=digest_plan(plan),
    )
    salvaged = replace(held, digest="sha256:of-bytes")
    assert plan_kept("edge", "webhooks", salvaged).desired == "sha256:of-bytes"
