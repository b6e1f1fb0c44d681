"""Plans to an earlier content, and to nothing: judged by what no approval lets through alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatepost.model.content import Content, Override, Serial, Snapshot
from gatepost.model.entry import Entry
from gatepost.model.plan import Current, Plan, PlanStatus
from gatepost.planning.canonical import canonical
from gatepost.planning.digest import digest_entries, digest_plan
from gatepost.planning.normalise import parse_value
from gatepost.planning.plan import PlanRequest, make_plan
from gatepost.planning.put_back import plan_away, plan_back, plan_refill
from rigs import planned as planner
from rigs.answers import START, entries, hosts, shown
from rigs.planned import LIST, TEN, content, current, excluding


def back(holds: Current, desired: tuple[Entry, ...]) -> Plan:
    """The plan from one to the other."""
    return plan_back("edge", "webhooks", Serial(7), holds, desired)


def test_a_plan_back_is_the_whole_difference():
    """Where it leads, what it takes and what it brings; nothing waits, nothing is left out."""
    desired = entries("101.226.103.3", "101.226.103.9")
    holds = current("101.226.103.2", "101.226.103.3")
    plan = back(holds, desired)
    assert plan == Plan(
        target="edge",
        list="webhooks",
        serial=Serial(7),
        status=PlanStatus.CHANGES,
        generation=4,
        current=holds.digest,
        desired=digest_entries(desired),
        add=entries("101.226.103.9"),
        remove=entries("101.226.103.2"),
        leaving=(),
        reasons=(),
        awaits=(),
        notes=(),
        digest=digest_plan(plan),
    )


def test_a_large_loss_is_no_reason():
    """Putting back is a person's word, or undoes one: only emptiness and the floor stand against it."""
    assert back(current(*hosts(1, 100)), entries("101.226.103.1")).status is PlanStatus.CHANGES


@pytest.mark.parametrize(
    ("desired", "guard"), [((), "empty"), (("0.0.0.0/0",), "widest"), (("::/1",), "widest")]
)
def test_what_may_never_be_applied_is_held_for_good(desired: tuple[str, ...], guard: str):
    """Nothing, and the whole Internet, whoever asks."""
    plan = back(current("101.226.103.1"), entries(*desired))
    assert plan.status is PlanStatus.HELD
    assert [(reason.guard, reason.subject, reason.absolute) for reason in plan.reasons] == [
        (guard, "edge", True)
    ]


def test_equal_content_is_in_step_unless_it_is_mixed():
    """A target that holds it already has nothing to do; one whose write was cut off is completed."""
    whole = back(current(*hosts(1, 3)), canonical(entries(*hosts(1, 3))))
    assert (whole.status, whole.add, whole.remove, whole.mixed) == (PlanStatus.IN_STEP, (), (), False)
    cut_off = back(current(*hosts(1, 3), mixed=True), canonical(entries(*hosts(1, 3))))
    assert (cut_off.status, cut_off.mixed) == (PlanStatus.CHANGES, True)
    assert cut_off.digest == digest_plan(cut_off) != whole.digest


def test_removing_everything_is_what_a_person_asked_for():
    """All goes, without a reason against it; the target is asked whatever it seems to hold."""
    plan = plan_away("edge", "webhooks", Serial(7), current(*hosts(1, 3)))
    assert (plan.status, plan.reasons, plan.add) == (PlanStatus.CHANGES, (), ())
    assert shown(plan.remove) == ["101.226.103.1/32", "101.226.103.2/31"]
    assert (plan.target, plan.list, plan.serial, plan.generation) == ("edge", "webhooks", 7, 4)
    assert plan.desired == digest_entries(())
    assert plan.digest == digest_plan(plan)
    nothing = plan_away("edge", "webhooks", Serial(7), current(generation=0))
    assert (nothing.status, nothing.remove) == (PlanStatus.CHANGES, ())


def request(holds: Current, *, repair: bool = False, previous: Content | None = None) -> PlanRequest:
    """For a target that was verified with ten hosts, of which the list holds three today."""
    wanted = content(*hosts(1, 3))
    return planner.request(
        wanted,
        holds,
        snapshot=Snapshot("webhooks", Serial(8), START, wanted),
        allowlist=excluding("101.226.103.4/30"),
        previous=previous or content(*TEN),
        missing=("chat",),
        repair=repair,
    )


def refilled(asked: PlanRequest) -> tuple[Plan, Plan]:
    """What was held, and what comes of it."""
    held = replace(make_plan(asked), status=PlanStatus.HELD)
    return held, plan_refill(asked, held, Serial(7))


@pytest.mark.parametrize(
    ("holds", "repair", "add"),
    [
        (current(generation=0), False, entries(*TEN)),
        (current(*hosts(4, 10)), True, entries(*hosts(1, 3))),
    ],
)
def test_a_wiped_target_gets_back_what_was_verified_there(
    holds: Current, add: tuple[Entry, ...], *, repair: bool
):
    """While more is held: just that, with a word on what is held and why."""
    held, plan = refilled(request(holds, repair=repair))
    assert held.reasons
    assert (plan.status, plan.add, plan.remove) == (PlanStatus.CHANGES, canonical(add), ())
    assert (plan.target, plan.list, plan.serial, plan.generation) == ("edge", "webhooks", 7, holds.generation)
    why = " ".join(reason.message for reason in held.reasons)
    assert plan.notes == (f"Filled again with serial 7; serial 8 is held: {why}",)
    assert plan.digest == digest_plan(plan)


def test_what_has_no_serial_is_called_by_what_it_is():
    """What a person adopted is none of the list's serials."""
    asked = replace(request(current(generation=0)), previous=None, kept=canonical(entries(*TEN)))
    plan = plan_refill(asked, replace(make_plan(asked), status=PlanStatus.HELD), Serial(0))
    assert plan.notes[0].startswith(
        "Filled again with what was there before the first serial; serial 8 is held"
    )


def test_each_reason_is_told_once():
    """One after the other, however often it was found."""
    asked = request(current(generation=0))
    held = replace(make_plan(asked), status=PlanStatus.HELD)
    (reason,) = held.reasons
    twice = replace(held, reasons=(reason, replace(reason, message="edge: more."), reason))
    (note,) = plan_refill(asked, held, Serial(7)).notes
    assert plan_refill(asked, twice, Serial(7)).notes == (f"{note} edge: more.",)


def test_what_is_not_wiped_or_not_held_stays_as_it_was_planned():
    """A target that others changed, one that lacks nothing, a plan that is free, a content too wide."""
    every = replace(LIST, pins=(Override(parse_value("0.0.0.0/0"), "oops"),))
    for asked in (
        request(current(*hosts(4, 10))),
        request(current(*TEN), repair=True),
        request(current(generation=0), previous=content(*TEN, allowlist=every)),
    ):
        held, plan = refilled(asked)
        assert plan is held
    free = replace(held, status=PlanStatus.CHANGES)
    assert plan_refill(request(current(generation=0)), free, Serial(7)) is free


def test_what_nobody_confirmed_is_not_filled_in_again():
    """While the last write waits to be confirmed a wiped target stays as it is: it may be taken back yet."""
    for repair in (False, True):
        asked = replace(request(current(generation=0), repair=repair), unconfirmed=START)
        held, plan = refilled(asked)
        assert plan is held
