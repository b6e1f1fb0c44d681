"""Plans: differences of address sets, guards of the owner's own changes, digests, release."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gatepost.model.address import Family
from gatepost.model.answer import HeldAnswer
from gatepost.model.content import Override, Serial
from gatepost.model.entry import Entry, Protocol
from gatepost.model.limits import Limits
from gatepost.model.plan import Capabilities, Current, PlanStatus
from gatepost.planning.accept import accept
from gatepost.planning.compose import compose
from gatepost.planning.digest import digest_entries, digest_plan
from gatepost.planning.normalise import parse_value
from gatepost.planning.plan import project, release
from rigs.answers import START, accepted, answer, entries, hosts, shown
from rigs.planned import LIST, TEN, content, current, guards, planned


def held_answer() -> HeldAnswer:
    """A source that lost most of its addresses."""
    verdict = accept(answer(*hosts(1, 3), day=1), accepted(*TEN), (), Limits(), approved=False)
    assert isinstance(verdict, HeldAnswer)
    return verdict


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("101.224.0.0/17",), ("101.224.0.0/18", "101.224.64.0/18")),
        (("101.226.103.0/31",), ("101.226.103.0", "101.226.103.1")),
        (("2400:da00::/33", "2400:da00:8000::/33"), ("2400:da00::/32",)),
    ],
)
def test_equal_address_sets_plan_nothing(one: tuple[str, ...], other: tuple[str, ...]):
    """What lets in the same is the same, however it is written."""
    raw = entries(*other)
    plan = planned(content(*one), Current(4, raw, digest_entries(raw)))
    assert (plan.status, plan.add, plan.remove) == (PlanStatus.IN_STEP, (), ())


def test_a_slash_12_is_its_two_slash_13():
    """A /12 that is held as two /13 plans nothing."""
    wide = Limits(widest_v4=12)
    raw = entries("101.224.0.0/13", "101.232.0.0/13")
    plan = planned(content("101.224.0.0/12"), Current(1, raw, digest_entries(raw)), limits=wide)
    assert plan.status is PlanStatus.IN_STEP


def test_a_plan_says_what_comes_and_goes():
    """Additions and removals are canonical differences of what is let in."""
    before = content("101.226.103.2/31", "101.226.103.4")
    plan = planned(content("101.226.103.0/30"), current("101.226.103.2/31", "101.226.103.4"), previous=before)
    assert (shown(plan.add), shown(plan.remove)) == (["101.226.103.0/31"], ["101.226.103.4/32"])
    assert plan.status is PlanStatus.CHANGES
    assert (plan.serial, plan.generation) == (7, 4)


def test_nothing_left_is_never_planned():
    """A list that would be empty on its target is held for good."""
    out = replace(LIST, exclusions=(Override(parse_value("101.226.103.0/24"), "all"),))
    plan = planned(content(*TEN, allowlist=out), current(*TEN), allowlist=out)
    assert plan.status is PlanStatus.HELD
    assert release(plan).status is PlanStatus.HELD


def test_what_the_owner_excludes_is_judged():
    """An exclusion that cuts most of a list is held, and approval lets it through."""
    out = replace(LIST, exclusions=(Override(parse_value("101.226.103.0/29"), "oops"),))
    plan = planned(content(*TEN, allowlist=out), current(*TEN), allowlist=out, previous=content(*TEN))
    assert guards(plan) == {"shrink"}
    assert release(plan).status is PlanStatus.CHANGES


def test_what_a_source_off_the_list_takes_along_is_judged():
    """Taking a source off the list is a shrink of the owner's own making."""
    two = replace(LIST, sources=("events", "chat"))
    both = compose(two, {"events": accepted(*TEN), "chat": accepted(*hosts(1, 9, "183.192.202"))}, START)
    plan = planned(content(*TEN), current(*TEN, *hosts(1, 9, "183.192.202")), previous=both)
    assert guards(plan) == {"shrink"}


def test_what_ran_out_of_grace_is_not_judged_again():
    """A loss that was judged when its answers were accepted passes."""
    plan = planned(content(*hosts(1, 3)), current(*TEN), previous=content(*TEN))
    assert (plan.status, len(plan.reasons)) == (PlanStatus.CHANGES, 0)


def test_a_target_without_history_is_not_emptied():
    """Where nothing is known of what was applied, a large removal is held."""
    plan = planned(content(*hosts(1, 3)), current(*TEN))
    assert guards(plan) == {"history", "shrink"}


def test_one_foreign_entry_is_planned_away():
    """What somebody added to our set by hand is removed, unless it is most of it."""
    plan = planned(content(*TEN), current(*TEN, "183.192.202.7"), previous=content(*TEN))
    assert (plan.status, shown(plan.remove)) == (PlanStatus.CHANGES, ["183.192.202.7/32"])


def test_nothing_goes_before_every_source_has_spoken():
    """While a source was never read whole, a plan that removes is held."""
    gone = planned(content(*TEN), current(*TEN, "183.192.202.7"), missing=("chat",))
    assert guards(gone) == {"history", "incomplete"}
    assert planned(content(*TEN), current(*hosts(1, 9)), missing=("chat",)).status is PlanStatus.CHANGES


def test_wide_pins_are_judged_and_the_floor_is_absolute():
    """The owner may approve a wide pin, and never one under the floor."""
    wide = replace(LIST, pins=(Override(parse_value("101.224.0.0/12"), "all of it"),))
    plan = planned(content(*TEN, allowlist=wide), current(*TEN), allowlist=wide)
    assert (guards(plan), release(plan).status) == ({"widest"}, PlanStatus.CHANGES)
    every = replace(LIST, pins=(Override(parse_value("0.0.0.0/0"), "oops"),))
    plan = planned(content(*TEN, allowlist=every), current(*TEN), allowlist=every)
    assert release(plan).status is PlanStatus.HELD


def test_a_target_gets_no_more_than_it_can_hold():
    """More entries than a target has room for are held for good: approval makes no room."""
    plan = planned(
        content("101.226.103.1", "101.226.103.7"), current(), capabilities=Capabilities(max_entries=1)
    )
    assert guards(plan) == {"max_entries"}
    assert release(plan) == plan


def test_a_set_gets_no_more_ranges_than_it_can_hold():
    """Of a family for which the place has a limit, runs of addresses are counted, not entries."""
    small = Capabilities(max_ranges={Family.V4: 2})
    two = content("101.226.103.0/25", "101.226.103.128/26", "101.226.103.7", "101.226.104.1", "2a00:1::/64")
    assert not guards(planned(two, current(), capabilities=small)) & {"max_entries"}
    plan = planned(content("101.226.103.1", "101.226.103.3", "101.226.103.5"), current(), capabilities=small)
    assert [reason.message for reason in plan.reasons if reason.guard == "max_entries"] == [
        "edge: 3 ranges of IPv4 are more than the 2 this target can hold."
    ]
    assert release(plan) == plan


def test_held_answers_hold_the_plan():
    """A plan over a held answer waits, names what would leave, and what approving it approves."""
    one = held_answer()
    plan = planned(content(*TEN), current(*TEN), held=(one,))
    assert (plan.status, plan.awaits, plan.leaving) == (PlanStatus.HELD, (one.digest,), one.removed)
    assert release(plan).status is PlanStatus.IN_STEP


def test_an_absolute_answer_awaits_nobody():
    """What nobody can approve is not offered for approval."""
    empty = accept(answer(day=1), accepted(*TEN), (), Limits(), approved=False)
    assert isinstance(empty, HeldAnswer)
    plan = planned(content(*TEN), current(*TEN), held=(empty,))
    assert (plan.awaits, plan.leaving, release(plan).status) == ((), (), PlanStatus.HELD)


def test_targets_get_what_they_can_hold():
    """What a target cannot hold is left out, and a sentence says so."""
    mixed = content("101.226.103.7", "2400:da00::1", "i.work.weixin.qq.com")
    held, notes = project(mixed, Capabilities(families=frozenset({Family.V4})))
    assert shown(held) == ["101.226.103.7/32"]
    assert notes == (
        "This target holds no IPv6: left out 1 entry.",
        "This target holds no domains: left out 1 entry.",
    )
    assert project(mixed, Capabilities(domains=True))[1] == ()


def test_a_target_without_ports_gets_the_address():
    """Where a target keeps no ports, entries that differ only there become one, and a sentence says so."""
    base = content("101.226.103.7")
    served = tuple(Entry(base.effective[0].value, Protocol.TCP, ((port, port),)) for port in (443, 8443))
    some = replace(base, effective=served)
    held, notes = project(some, Capabilities())
    assert held == base.effective
    assert notes == ("This target keeps no protocols and ports: on every port, it lets in 2 entries.",)
    assert project(some, Capabilities(ports=True)) == (served, ())


def test_the_digest_covers_everything_but_the_status():
    """Any other field changes the digest; releasing a plan does not."""
    plan = planned(content(*TEN), current(*TEN), held=(held_answer(),))
    assert plan.digest == digest_plan(plan) == digest_plan(release(plan))
    changes: list[dict[str, object]] = [
        {"target": "other"}, {"list": "other"}, {"serial": Serial(8)}, {"generation": 5}, {"current": "x"},
        {"desired": "x"}, {"add": plan.leaving}, {"remove": plan.leaving}, {"leaving": ()}, {"reasons": ()},
        {"awaits": ()}, {"notes": ("x",)}, {"reasons": (replace(plan.reasons[0], absolute=True),)},
    ]  # fmt: skip
    digests = {digest_plan(replace(plan, **change)) for change in changes}  # type: ignore[arg-type]  # any field
    assert len(digests | {plan.digest}) == len(changes) + 1
