"""Plans to an earlier content, and to nothing: judged by what no approval lets through alone."""

from __future__ import annotations

import pytest

from gatepost.model.content import Serial
from gatepost.model.entry import Entry
from gatepost.model.plan import Current, Plan, PlanStatus
from gatepost.planning.canonical import canonical
from gatepost.planning.digest import digest_entries, digest_plan
from gatepost.planning.put_back import plan_away, plan_back
from rigs.answers import entries, hosts, shown


def current(*values: str, generation: int = 4, mixed: bool = False) -> Current:
    """What the target holds."""
    held = canonical(entries(*values))
    return Current(generation, held, digest_entries(held), mixed)


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
