"""What stands against a plan: each guard with what the plan gives it, and what counts as a loss."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gatepost.model.address import Family
from gatepost.model.content import Content, Override
from gatepost.model.entry import Direction, Entry, PortRange, Protocol
from gatepost.model.limits import Limits
from gatepost.model.plan import Capabilities, Cause, Current, Plan, PlanStatus
from gatepost.model.protect import Protected
from gatepost.planning.digest import digest_plan
from gatepost.planning.normalise import parse_value
from gatepost.planning.plan import project, release
from rigs import planned as planner
from rigs.answers import entries, hosts, shown
from rigs.planned import LIST, TEN, content, current, excluding

UNTIL = datetime(2026, 1, 5, 9, tzinfo=UTC)


def planned(wanted: Content, holds: Current, **changes: object) -> Plan:
    """The plan for the target ``edge``, which was written with what it holds."""
    return planner.planned(wanted, holds, **({"previous": content(*TEN)} | changes))


def words(plan: Plan) -> list[tuple[str, str]]:
    """Guards that spoke, and of what."""
    return [(reason.guard, reason.subject) for reason in plan.reasons]


@pytest.mark.parametrize("holds", [hosts(1, 9), hosts(1, 11)])
@pytest.mark.parametrize(
    ("changes", "guard"),
    [
        ({"intended": frozenset({"sha256:left"})}, "drift"),
        ({"cause": Cause.ROLLBACK}, "rollback"),
        ({"cause": Cause.REVERT}, "revert"),
        ({"unconfirmed": UNTIL}, "unconfirmed"),
    ],
)
def test_what_became_of_the_target_holds_any_change(
    holds: tuple[str, ...], changes: dict[str, object], guard: str
):
    """Whether the plan only adds or only removes; and where it does neither, nothing stands against it."""
    plan = planned(content(*TEN), current(*holds), **changes)
    assert (words(plan), plan.status) == ([(guard, "edge")], PlanStatus.HELD)
    in_step = planned(content(*TEN), current(*TEN), **changes)
    assert (words(in_step), in_step.status) == ([], PlanStatus.IN_STEP)


def test_what_we_left_is_no_drift():
    """A target that holds any of the contents we may have left there is as we left it."""
    holds = current(*hosts(1, 9))
    assert words(planned(content(*TEN), holds, intended=frozenset({"sha256:x", holds.digest}))) == []


def test_what_is_protected_stays():
    """What a plan of the list's direction would cut off is refused; what stays or is added is not."""
    allowlist = excluding("101.226.103.3")
    values = tuple(Protected(parse_value(host), "mine", Direction.INGRESS) for host in hosts(2, 4))
    plan = planned(content(*TEN, allowlist=allowlist), current(*TEN), allowlist=allowlist, protected=values)
    assert words(plan) == [("protected", "edge")]
    assert "101.226.103.3/32" in plan.reasons[0].message
    assert "webhooks" in plan.reasons[0].message
    assert release(plan) == plan
    egress = tuple(replace(value, direction=Direction.EGRESS) for value in values)
    free = planned(content(*TEN, allowlist=allowlist), current(*TEN), allowlist=allowlist, protected=egress)
    assert free.status is PlanStatus.CHANGES


def test_a_wide_pin_is_approved_once():
    """A pin that was applied before is not held again."""
    wide = replace(LIST, pins=(Override(parse_value("101.224.0.0/12"), "all of it"),))
    first = planned(content(*TEN, allowlist=wide), current(*TEN), allowlist=wide)
    assert words(first) == [("widest", "edge")]
    before = content(*TEN, allowlist=wide)
    plan = planned(before, current("101.224.0.0/12"), allowlist=wide, previous=before)
    assert (words(plan), plan.status) == ([], PlanStatus.IN_STEP)


def test_wide_answers_were_judged_when_they_were_accepted():
    """A wide prefix that a source named is no pin's affair."""
    assert words(planned(content("101.224.0.0/12"), current(*TEN))) == []


def test_a_sum_that_is_there_already_passes():
    """More than the limit is held where it grows; what the target holds already may stay."""
    tight = Limits(max_addresses_v4=9)
    assert words(planned(content(*TEN), current(*hosts(1, 9)), limits=tight)) == [("total", "edge")]
    assert words(planned(content(*TEN), current(*hosts(2, 11)), limits=tight)) == []


def test_losses_are_counted_as_they_were_listed():
    """Entries that merge on the target are as many as the list names: three are more than a few."""
    eight = hosts(8, 15)
    assert shown(current(*eight).entries) == ["101.226.103.8/29"]
    allowlist = excluding("101.226.103.8/30")
    loss = planned(
        content(*eight, allowlist=allowlist), current(*eight), allowlist=allowlist, previous=content(*eight)
    )
    assert [(r.guard, r.measured, r.message) for r in loss.reasons] == [
        (
            "shrink",
            "50 %",
            "edge: 4 of 8 IPv4 addresses would go (50 %, limit 30 %), measured against what it holds now.",
        )
    ]
    whole = excluding("101.226.103.8/30")
    one = planned(
        content("101.226.103.8/29", allowlist=whole),
        current(*eight),
        allowlist=whole,
        previous=content("101.226.103.8/29"),
    )
    assert (words(one), one.status) == ([], PlanStatus.CHANGES)


def test_what_was_excluded_before_is_no_loss_now():
    """Entries that were not in force are not counted among those that go."""
    before = excluding("101.226.103.8/30")
    now = excluding("101.226.103.8/29")
    kept = (*hosts(8, 12), *hosts(20, 21))
    previous = content(*kept, allowlist=before)
    plan = planned(
        content(*kept, allowlist=now),
        current("101.226.103.12", *hosts(20, 21)),
        allowlist=now,
        previous=previous,
    )
    assert (words(plan), shown(plan.remove)) == ([], ["101.226.103.12/32"])


def test_an_untouched_list_loses_nothing():
    """A plan that only adds is judged by no shrink, whatever the limits."""
    strict = Limits(max_removed=0.0, max_removed_entries=0)
    assert words(planned(content(*TEN), current(*hosts(1, 2)), limits=strict)) == []


def test_a_mixed_target_is_completed():
    """A write that was cut off is completed by a plan that changes nothing else, approved or not."""
    plan = planned(content(*TEN), current(*TEN, mixed=True))
    assert (plan.status, plan.mixed, plan.add, plan.remove) == (PlanStatus.CHANGES, True, (), ())
    assert plan.digest == digest_plan(plan)
    held = replace(plan, status=PlanStatus.HELD)
    assert release(held).status is PlanStatus.CHANGES
    assert release(replace(held, mixed=False)).status is PlanStatus.IN_STEP
    whole = planned(content(*TEN), current(*TEN))
    assert (whole.status, whole.mixed) == (PlanStatus.IN_STEP, False)


def served(protocol: Protocol | None, *ports: PortRange) -> Entry:
    """One address of a service."""
    return Entry(parse_value("101.226.103.7"), protocol, ports)


@pytest.mark.parametrize("entry", [served(Protocol.TCP), served(None, (443, 443))])
def test_a_service_is_a_protocol_or_ports(entry: Entry):
    """Either is lost on a target that keeps neither, and a sentence says so."""
    some = replace(content(*TEN), effective=(entry,))
    assert project(some, Capabilities()) == (
        entries("101.226.103.7"),
        ("This target keeps no protocols and ports: on every port, it lets in 1 entry.",),
    )
    assert project(some, Capabilities(ports=True)) == ((entry,), ())


def test_each_thing_left_out_is_counted():
    """By family, then names; what is not there at all needs no sentence."""
    mixed = content(*hosts(1, 1), "2400:da00::1", "2400:da00::8", "a.qq.com", "b.qq.com", "c.qq.com")
    held, notes = project(mixed, Capabilities(families=frozenset({Family.V4})))
    assert shown(held) == ["101.226.103.1/32"]
    assert notes == (
        "This target holds no IPv6: left out 2 entries.",
        "This target holds no domains: left out 3 entries.",
    )
    held, notes = project(mixed, Capabilities(families=frozenset({Family.V6}), domains=True))
    assert len(held) == 5
    assert notes == ("This target holds no IPv4: left out 1 entry.",)
    assert project(content(*TEN), Capabilities(families=frozenset({Family.V4})))[1] == ()


@pytest.mark.parametrize(
    ("repair", "previous", "speaking"),
    [
        (True, content(*hosts(1, 3)), []),
        (False, content(*hosts(1, 3)), [("shrink", "edge")]),
        (True, None, [("shrink", "edge"), ("history", "edge")]),
    ],
)
def test_repair_takes_what_others_put_there(
    repair: bool,  # noqa: FBT001 - a case
    previous: Content | None,
    speaking: list[tuple[str, str]],
):
    """Where it is asked for and known what we left: however much it is, it goes without a word."""
    holds = current(*hosts(1, 3), *hosts(1, 20, "183.192.202"))
    plan = planned(content(*hosts(1, 3)), holds, repair=repair, previous=previous)
    assert sorted(words(plan)) == sorted(speaking)


def test_repair_takes_nothing_of_ours():
    """What we left there and the owner then excludes is judged as ever."""
    allowlist = excluding("101.226.103.0/29")
    plan = planned(
        content(*TEN, "a.qq.com", allowlist=allowlist),
        current(*TEN),
        allowlist=allowlist,
        previous=content(*TEN, "a.qq.com"),
        repair=True,
    )
    assert words(plan) == [("shrink", "edge")]


FEWER = excluding("101.226.103.4/30")
"""Without four of the ten."""


def test_what_others_took_away_is_judged_as_if_it_were_there():
    """A change cannot hide behind somebody else's: all that goes of what we left counts, and is protected."""
    less, holds = content(*TEN, allowlist=FEWER), current(*hosts(1, 3), *hosts(6, 10))
    plan = planned(less, holds, allowlist=FEWER)
    assert (words(plan), shown(plan.remove)) == ([("shrink", "edge")], ["101.226.103.6/31"])
    assert "4 of 10 IPv4 addresses would go" in plan.reasons[0].message
    mine = (Protected(parse_value("101.226.103.4"), "mine"),)
    assert words(planned(less, holds, allowlist=FEWER, protected=mine))[0] == ("protected", "edge")


@pytest.mark.parametrize(
    "changes", [{"cause": Cause.PURGE}, {"mixed": True}, {"intended": True}, {"previous": None}]
)
def test_what_we_took_away_ourselves_is_gone(changes: dict[str, object]):
    """By a purge, a write that was cut off, or a content that we may have left; and what nobody knows of."""
    holds = current(*hosts(1, 3), *hosts(6, 10), mixed="mixed" in changes)
    others = {key: value for key, value in changes.items() if key in {"cause", "previous"}}
    if "intended" in changes:
        others["intended"] = frozenset({holds.digest})
    plan = planned(content(*TEN, allowlist=FEWER), holds, allowlist=FEWER, **others)
    assert "shrink" not in {guard for guard, _ in words(plan)}
