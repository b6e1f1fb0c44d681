"""Answers accepted, held, refused; entries kept until they are surely gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gatepost.errors import EmptyAnswer, ValuesRefused
from gatepost.model.address import Prefix
from gatepost.model.answer import Accepted, Answer, Baseline, HeldAnswer
from gatepost.model.entry import Entry, Protocol
from gatepost.model.limits import Limits
from gatepost.planning.accept import Question, accept, refusals
from gatepost.planning.digest import digest_entries, digest_held
from gatepost.planning.normalise import parse_value
from rigs.answers import START, accepted, answer, entries, hosts, shown

DEFAULTS = Limits()
TEN = hosts(1, 10)


def judged(
    one: Answer,
    previous: Accepted | None = None,
    *,
    limits: Limits = DEFAULTS,
    baselines: tuple[Baseline, ...] = (),
    approved: bool = False,
) -> Accepted | HeldAnswer:
    """The verdict."""
    return accept(one, previous, baselines, limits, approved=approved)


def taken(one: Answer, previous: Accepted | None = None, limits: Limits = DEFAULTS) -> Accepted:
    """The verdict, where it is to accept."""
    verdict = judged(one, previous, limits=limits)
    assert isinstance(verdict, Accepted)
    return verdict


def prefix(text: str) -> Prefix:
    """As written."""
    value = parse_value(text)
    assert isinstance(value, Prefix)
    return value


def guards(verdict: Accepted | HeldAnswer) -> set[str]:
    """Names of the guards that held it."""
    assert isinstance(verdict, HeldAnswer)
    return {reason.guard for reason in verdict.reasons}


def kept(one: Accepted) -> list[str]:
    """Values still in force."""
    return shown(tuple(presence.entry for presence in one.presences))


def test_a_first_answer_is_accepted():
    """A first whole answer has nothing to be measured against."""
    first = taken(answer(*TEN))
    assert kept(first) == [f"{host}/32" for host in TEN]
    assert {presence.since for presence in first.presences} == {START}


def test_a_first_empty_answer_is_no_data():
    """An empty answer where nothing was ever accepted is an error, not a list."""
    with pytest.raises(EmptyAnswer):
        judged(answer())


@pytest.mark.parametrize("approved", [False, True])
def test_an_empty_answer_never_removes_anything(*, approved: bool):
    """An empty answer after a good one is held for good: no approval lets it through."""
    verdict = judged(answer(day=1), accepted(*TEN), approved=approved)
    assert guards(verdict) == {"empty"}
    assert all(reason.absolute for reason in verdict.reasons)


@pytest.mark.parametrize("approved", [False, True])
@pytest.mark.parametrize("values", [("0.0.0.0/0",), ("0.0.0.0/1", "128.0.0.0/1"), ("::/0",)])
def test_the_floor_refuses_whatever_is_approved(values: tuple[str, ...], *, approved: bool):
    """No approval lets the whole Internet in."""
    with pytest.raises(ValuesRefused):
        judged(answer(*TEN, *values), accepted(*TEN), approved=approved)


def test_too_many_odd_values_refuse_the_answer():
    """Beyond the quarantine limit nothing of an answer is used."""
    with pytest.raises(ValuesRefused):
        judged(answer(*TEN, odd=2), accepted(*TEN), approved=True)


def test_a_large_shrink_is_held_and_can_be_approved():
    """Held under a digest; approved, the very same answer is accepted and says so."""
    held = judged(answer(*hosts(1, 3), day=1), accepted(*TEN))
    assert guards(held) == {"shrink"}
    assert shown(held.removed) == [f"{host}/32" for host in hosts(4, 10)]
    verdict = judged(answer(*hosts(1, 3), day=1), accepted(*TEN), approved=True)
    assert isinstance(verdict, Accepted)
    assert verdict.approved


def test_the_digest_of_a_held_answer_is_its_own():
    """It stays while the answer does, whenever it comes; and differs by content, baseline and provenance."""
    held = judged(answer(*hosts(1, 3), day=1), accepted(*TEN))
    assert held.digest == judged(answer(*hosts(1, 3), day=2), accepted(*TEN)).digest
    others = [
        judged(answer(*hosts(1, 2), day=1), accepted(*TEN)),
        judged(answer(*hosts(1, 3), day=1), accepted(*hosts(1, 11))),
        judged(answer(*hosts(1, 3), day=1, provenance="there"), accepted(*TEN)),
    ]
    assert len({held.digest, *(other.digest for other in others)}) == 4


def test_a_slow_drift_is_measured_against_older_lists():
    """A loss that is small each day is held once it is large against a month ago."""
    older = Baseline("30d", entries(*hosts(1, 20)))
    assert isinstance(judged(answer(*hosts(1, 9), day=1), accepted(*TEN)), Accepted)
    held = judged(answer(*hosts(1, 9), day=1), accepted(*TEN), baselines=(older,))
    assert guards(held) == {"shrink"}


def test_the_same_answer_from_elsewhere_is_looked_at():
    """Another account that says the same is still another source."""
    assert guards(judged(answer(*TEN, day=1, provenance="there"), accepted(*TEN))) == {"provenance"}


def test_the_same_answer_passes_without_guards():
    """An answer equal to the last accepted one passes, whatever the limits have become."""
    strict = Limits(widest_v4=32, max_addresses_v4=1)
    assert isinstance(
        judged(answer("101.226.103.0/24"), accepted("101.226.103.0/24"), limits=strict), Accepted
    )


def run(limits: Limits, *answers: Answer) -> Accepted:
    """Accept one answer after another."""
    last: Accepted | None = None
    for one in answers:
        last = taken(one, last, limits)
    assert last is not None
    return last


def test_an_entry_outlives_three_absences_and_its_grace():
    """An entry leaves after three absences and seven days of grace, seen ended twice; not before."""
    nine = hosts(1, 9)
    absent = [answer(*nine, day=1 + number) for number in range(12)]
    gone_at = absent[2].fetched_at
    last = run(DEFAULTS, answer(*TEN), *absent[:2])
    assert [p.gone_at for p in last.presences if p.absent] == [None]
    last = run(DEFAULTS, answer(*TEN), *absent[:3])
    assert [p.gone_at for p in last.presences if p.absent] == [gone_at]
    assert len(kept(run(DEFAULTS, answer(*TEN), *absent[:10]))) == 10
    assert len(kept(run(DEFAULTS, answer(*TEN), *absent[:11]))) == 9


def test_one_jump_of_the_clock_ends_no_grace():
    """After a jump by a month nothing leaves at once: the grace must be seen ended twice."""
    nine = hosts(1, 9)
    before = run(DEFAULTS, answer(*TEN), *(answer(*nine, day=1 + number) for number in range(3)))
    jumped = taken(answer(*nine, day=40), before)
    assert len(kept(jumped)) == 10
    assert len(kept(taken(answer(*nine, day=2), before))) == 10
    assert len(kept(taken(answer(*nine, day=4), jumped))) == 10


def test_without_a_grace_absences_alone_decide():
    """With grace 0 an entry leaves with its last absence."""
    at_once = replace(DEFAULTS, absences=1, grace=timedelta(0))
    assert len(kept(run(at_once, answer(*TEN), answer(*hosts(1, 9), day=1)))) == 9


def test_an_entry_that_comes_back_was_never_away():
    """Seen again, its absences and grace are forgotten and its date stays."""
    nine = hosts(1, 9)
    away = run(DEFAULTS, answer(*TEN), *(answer(*nine, day=1 + number) for number in range(4)))
    back = taken(answer(*TEN, day=6), away)
    assert {(p.absent, p.gone_at, p.since) for p in back.presences} == {(0, None, START)}


@pytest.mark.parametrize(
    ("values", "longer"),
    [
        (("101.226.103.10",), True),
        (("101.226.103.8/29",), True),
        (("183.192.202.7", "101.226.103.10"), True),
        (("101.226.103.9", "101.226.103.11", "::65e2:670a"), False),
        (("101.226.103.0/29", "101.226.103.12/30", "101.226.103.8/31"), False),
        ((), False),
    ],
)
def test_what_a_device_still_counts_stays_longer(values: tuple[str, ...], *, longer: bool):
    """Packets seen on any of its addresses lengthen an entry's grace, and packets beside it do not."""
    limits = replace(DEFAULTS, absences=1, grace=timedelta(days=1), counted_grace=timedelta(days=2))
    used = tuple(prefix(value) for value in values)
    last = taken(answer(*TEN), None, limits)
    stays = []
    for day in range(1, 7):
        verdict = accept(answer(*hosts(1, 9), day=day), last, (), limits, approved=False, used=used)
        assert isinstance(verdict, Accepted)
        last = verdict
        stays.append(len(kept(last)))
    assert stays == ([10, 10, 10, 10, 9, 9] if longer else [10, 10, 9, 9, 9, 9])


def test_a_used_network_stays_for_any_of_its_addresses():
    """From its first address to its last; a name is used by nobody that counts addresses."""
    limits = replace(DEFAULTS, absences=1, grace=timedelta(0), counted_grace=timedelta(days=2))
    two = accepted(*hosts(1, 9), "101.226.104.0/30", "a.qq.com")
    for value, left in (("101.226.104.0", 10), ("101.226.104.3", 10), ("101.226.104.4", 9), ("::", 9)):
        verdict = accept(answer(*hosts(1, 9), day=1), two, (), limits, approved=True, used=(prefix(value),))
        assert isinstance(verdict, Accepted)
        assert len(kept(verdict)) == left


def test_a_held_answer_says_what_it_would_change():
    """Who sent it, when, all it holds, what would come and go, and every reason."""
    one = answer(*hosts(1, 2), *hosts(20, 21), day=1)
    held = judged(one, accepted(*TEN))
    assert isinstance(held, HeldAnswer)
    assert (held.source, held.at, held.entries) == ("events", one.fetched_at, one.entries)
    assert shown(held.added) == ["101.226.103.20/32", "101.226.103.21/32"]
    assert shown(held.removed) == [f"{host}/32" for host in hosts(3, 10)]
    assert [reason.guard for reason in held.reasons] == ["shrink", "churn"]
    assert {reason.subject for reason in held.reasons} == {"events"}


def test_an_empty_answer_would_take_all():
    """Held for good, with everything that it would have removed."""
    held = judged(answer(day=1), accepted(*TEN))
    assert isinstance(held, HeldAnswer)
    assert (held.source, held.entries, held.added) == ("events", (), ())
    assert shown(held.removed) == [f"{host}/32" for host in TEN]
    with pytest.raises(EmptyAnswer, match=r"^events: a whole answer without one usable entry$"):
        judged(answer())


def test_a_first_answer_is_judged_by_itself():
    """Width, sum and ports need no earlier list; the digest is that of a first answer."""
    tight = Limits(max_addresses_v4=9)
    held = judged(answer(*TEN), limits=tight)
    assert guards(held) == {"total"}
    assert held.digest == digest_held("events", "here", "", digest_entries(entries(*TEN)))
    assert guards(judged(answer("101.224.0.0/12"))) == {"widest"}
    approved = judged(answer(*TEN), limits=tight, approved=True)
    assert isinstance(approved, Accepted)
    assert approved.approved
    unasked = judged(answer(*TEN), approved=True)
    assert isinstance(unasked, Accepted)
    assert not unasked.approved


def test_an_accepted_answer_is_kept_whole():
    """Source, time, place, digest and entries are the answer's; what is kept is sorted with what came."""
    one = answer(*hosts(5, 12), day=1, provenance="there")
    verdict = judged(one, accepted(*TEN), approved=True)
    assert isinstance(verdict, Accepted)
    assert (verdict.source, verdict.at, verdict.provenance) == ("events", one.fetched_at, "there")
    assert (verdict.digest, verdict.entries) == (digest_entries(one.entries), one.entries)
    assert kept(verdict) == [f"{host}/32" for host in hosts(1, 12)]
    assert [p.absent for p in verdict.presences] == [1] * 4 + [0] * 8
    assert [p.since == START for p in verdict.presences] == [True] * 10 + [False] * 2


def test_the_same_answer_again_is_not_approved():
    """Approval is of what a guard held; an answer that says nothing new needs none."""
    first = accepted(*TEN)
    again = judged(answer(*TEN, day=1), first, approved=True)
    assert isinstance(again, Accepted)
    assert not again.approved
    assert (again.digest, again.at) == (first.digest, answer(day=1).fetched_at)


@pytest.mark.parametrize("size", [3, 40, 400])
def test_what_is_kept_stays_in_order(size: int):
    """Few or many that are new or gone among few or many that stay: sorted by key, none lost, none twice."""
    block = [f"183.{number // 250}.202.{number % 250}" for number in range(size)]
    before = accepted(*block, "a.qq.com")
    for gone, come in (((), ("183.0.202.251",)), ((0, size - 1), ("8.8.4.4", "z.qq.com")), ((1,), ())):
        stays = [value for number, value in enumerate(block) if number not in gone]
        verdict = judged(answer(*stays, "a.qq.com", *come, day=1), before, approved=True)
        assert isinstance(verdict, Accepted)
        assert kept(verdict) == shown(entries(*block, "a.qq.com", *come))


def test_a_held_answer_lets_no_absence_pass():
    """Only accepted answers count: while one is held, what it lacks is as present as before."""
    first = accepted(*TEN)
    assert isinstance(judged(answer("101.226.103.1", day=9), first), HeldAnswer)
    assert {p.absent for p in first.presences} == {0}


def test_why_nothing_may_be_used_can_be_asked():
    """The reasons behind the refusal of a whole answer, each absolute; none where it may be judged."""
    odd = answer(*TEN, "0.0.0.0/1", odd=2, day=1)
    found = refusals(Question(odd, accepted(*TEN), (), DEFAULTS))
    assert [(reason.guard, reason.subject, reason.absolute) for reason in found] == [
        ("quarantine", "events", True),
        ("widest", "events", True),
    ]
    assert refusals(Question(answer(*TEN), None, (), DEFAULTS)) == ()


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        (("101.0.0.0/8",), False),
        (("2400::/16",), False),
        (("101.0.0.0/8", "102.0.0.0/9"), False),
        (("102.0.0.0/8", "103.0.0.0/8"), True),
        (("2400::/16", "2401::/16"), True),
        (("2401::/16", "2402::/16"), False),
    ],
)
def test_what_adds_up_to_the_floor_is_refused(values: tuple[str, ...], *, refused: bool):
    """A prefix under the floor is refused however it is written; runs that no prefix holds are not."""
    assert bool(refusals(Question(answer(*values), None, (), DEFAULTS))) is refused


def test_baselines_are_measured_each_once():
    """The farthest is named, by its own name; one that is the last accepted list is that."""
    last = accepted(*TEN)
    older = Baseline("30d", entries(*hosts(1, 30)))
    week = Baseline("7d", last.entries)
    held = judged(answer(*hosts(1, 6), day=1), last, baselines=(week, older))
    assert isinstance(held, HeldAnswer)
    (reason,) = held.reasons
    assert reason.message.endswith(
        "24 of 30 IPv4 addresses would go (80 %, limit 30 %), measured against the list of 30d ago."
    )


BLOCKS = tuple(f"101.{block}.0.0/24" for block in range(1, 21))


def back(away: tuple[str, ...], *, days: float) -> Accepted | HeldAnswer:
    """All are accepted, then ``away`` leave by approval, and after some days all are answered again."""
    steady = tuple(block for block in BLOCKS if block not in away)
    first = taken(answer(*BLOCKS))
    lost = judged(answer(*steady, day=1), first, approved=True)
    assert isinstance(lost, Accepted)
    for number in range(1, 4):
        lost = taken(answer(*steady, day=1 + number / 24), lost)
    for number in (0, 1):
        lost = taken(answer(*steady, day=1 + days + number / 24), lost)
    return judged(answer(*BLOCKS, day=1 + days + 2 / 24), lost)


def test_what_returns_within_its_grace_opens_nothing():
    """A list that lost most and gets it back is not held for growth, as long as all of it is in force."""
    assert isinstance(back(BLOCKS[2:], days=3), Accepted)
    assert guards(back(BLOCKS[2:], days=9)) == {"growth"}


def test_what_was_in_force_at_a_baseline_is_not_new_to_it():
    """An entry in force since before a baseline's time does not come; one of later does."""
    low, high = hosts(1, 10), hosts(11, 25)
    first = taken(answer(*low, *high))
    lost = judged(answer(*low, day=1), first, approved=True)
    assert isinstance(lost, Accepted)
    again = answer(*low, *high, "101.226.104.1", day=2)
    for since, held in ((0.5, False), (-0.5, True), (None, True)):
        moment = None if since is None else answer(day=since).fetched_at
        older = Baseline("7d", entries(*low), moment)
        assert isinstance(judged(again, lost, baselines=(older,)), HeldAnswer) is held


def test_a_family_that_returns_within_its_grace_is_not_new():
    """IPv6 that was gone and is still in force may be answered again; after the grace it is new."""
    both = (*TEN, "2400:da00::1")
    lost = judged(answer(*TEN, day=1), taken(answer(*both)), approved=True)
    assert isinstance(lost, Accepted)
    assert isinstance(judged(answer(*both, day=2), lost), Accepted)
    for day in (3, 4, 14, 15):
        lost = taken(answer(*TEN, day=day), lost)
    assert guards(judged(answer(*both, day=16), lost)) == {"family"}


def test_a_family_that_is_gone_stays_judged():
    """That a family is still in force does not hide that the answer no longer has it."""
    both = (*TEN, "2400:da00::1")
    held = judged(answer(*TEN, "101.226.103.11", day=1), taken(answer(*both)))
    assert "family" in guards(held)


def test_a_wide_prefix_that_returns_within_its_grace_opens_nothing():
    """It is in force already."""
    wide = ("101.224.0.0/13", *TEN)
    first = judged(answer(*wide), approved=True)
    assert isinstance(first, Accepted)
    lost = judged(answer(*TEN, day=1), first, approved=True)
    assert isinstance(lost, Accepted)
    assert isinstance(judged(answer(*wide, day=2), lost), Accepted)


def test_a_list_of_wide_prefixes_gets_another_where_its_owner_says_so():
    """One that is no wider than the widest and small beside the whole; by default all are held."""
    wide = ("60.0.0.0/12", "61.0.0.0/12")
    first = judged(answer(*wide), approved=True)
    assert isinstance(first, Accepted)
    known = Limits(widest_known=0.1)
    assert isinstance(judged(answer(*wide, "36.0.0.0/15", day=1), first, limits=known), Accepted)
    for others in (("36.0.0.0/14",), ("36.0.0.0/15", "36.16.0.0/15"), ("36.0.0.0/11",)):
        assert guards(judged(answer(*wide, *others, day=1), first, limits=known)) == {"widest"}
    assert guards(judged(answer(*wide, "36.0.0.0/15", day=1), first)) == {"widest"}


def test_a_wide_prefix_new_to_a_list_of_narrow_ones_is_held():
    """However large the list is."""
    narrow = tuple(f"{block}.0.0.0/16" for block in range(60, 75))
    first = taken(answer(*narrow))
    known = Limits(widest_known=0.5)
    assert guards(judged(answer(*narrow, "36.0.0.0/15", day=1), first, limits=known)) == {"widest"}


def test_reasons_name_their_source_and_what_was_measured_against():
    """The same words, whether something is within its grace, so that what was in force counts, or not."""
    new = (*TEN[1:], "2400:da00::1", *hosts(100, 130))
    lost = taken(answer(*TEN[1:], day=1), accepted(*TEN))
    assert any(one.absent for one in lost.presences)
    for previous in (accepted(*TEN), lost):
        verdict = judged(answer(*new, day=2), previous)
        assert isinstance(verdict, HeldAnswer)
        found = {(one.guard, one.subject): one.message for one in verdict.reasons}
        assert found.keys() >= {("growth", "events"), ("family", "events")}
        assert all(text.endswith("measured against the last accepted list.") for text in found.values())


def test_a_first_answer_is_held_in_the_name_of_its_source():
    """For a wide network, for the sum, and for a range of ports; and refused in its name under the floor."""
    (wide,) = entries("101.224.0.0/12")
    every = Entry(wide.value, Protocol.TCP, ((1, 65_535),))
    verdict = judged(answer(entries=(wide, every)), limits=Limits(max_addresses_v4=9))
    assert isinstance(verdict, HeldAnswer)
    assert [(one.guard, one.subject, one.message.split(":")[0]) for one in verdict.reasons] == [
        (guard, "events", "events") for guard in ("widest", "total", "ports")
    ]
    with pytest.raises(ValuesRefused, match=r"^events: 64\.0\.0\.0/7 is wider than /8; "):
        judged(answer("64.0.0.0/7"))


def test_the_same_answer_passes_whatever_older_lists_were():
    """What was accepted once is not held for an older baseline when it comes again."""
    older = Baseline("30d", entries(*hosts(1, 30)), START)
    again = judged(answer(*TEN, day=1), accepted(*TEN), baselines=(older,))
    assert isinstance(again, Accepted)


def test_what_was_measured_against_is_named():
    """The last accepted list, where there is no other."""
    held = judged(answer(*hosts(1, 3), day=1), accepted(*TEN))
    assert isinstance(held, HeldAnswer)
    assert held.reasons[0].message == (
        "events: 7 of 10 IPv4 addresses would go (70 %, limit 30 %), measured against the last accepted list."
    )


def test_entries_still_in_force_come_back_unasked():
    """Many at once, or as the only ones of their family; others that come with them are judged."""
    whole = (*hosts(1, 40), "2400:da00::1")
    smaller = judged(answer(*TEN, day=1), accepted(*whole), approved=True)
    assert isinstance(smaller, Accepted)
    assert isinstance(judged(answer(*whole, day=2), smaller), Accepted)
    others = (*TEN, *hosts(101, 199), "2400:da00::2")
    assert guards(judged(answer(*others, day=2), smaller)) == {"growth"}
    assert guards(judged(answer(*others, day=2), accepted(*TEN))) == {"growth", "family"}
    week = Baseline("7d", entries(*hosts(1, 9)), START)
    assert isinstance(judged(answer(*whole, day=2), smaller, baselines=(week,)), Accepted)
    before = Baseline("7d", entries(*hosts(1, 9)), START - timedelta(days=1))
    assert guards(judged(answer(*whole, day=2), smaller, baselines=(before,))) == {"growth", "family"}


@pytest.mark.parametrize("size", [15, 40, 400])
def test_entries_that_are_the_same_objects_stay_in_order(size: int):
    """As what a list keeps of its last answer: few that come and go among many are put in their places."""
    block = [f"183.{number // 250}.202.{number % 250}" for number in range(size)]
    last = accepted(*block, "a.qq.com")
    history: tuple[tuple[set[int], tuple[str, ...]], ...] = (
        (set(), ("183.0.202.251",)),
        ({0, size - 1}, ("8.8.4.4", "z.qq.com")),
        ({1, 2, size // 2}, ()),
        (set(), ()),
        ({3}, ("101.226.103.7", "183.0.202.252", "2400:da00::1")),
        (set(range(size)), ("101.226.103.7",)),
    )
    expected = {*block, "a.qq.com"}
    for day, (gone, come) in enumerate(history, 1):
        stays = [each for number, each in enumerate(last.entries) if number not in gone]
        now = tuple(sorted((*stays, *entries(*come)), key=lambda entry: entry.key))
        verdict = judged(answer(day=day, entries=now), last, limits=Limits(absences=99), approved=True)
        assert isinstance(verdict, Accepted)
        expected |= {*come}
        assert kept(verdict) == shown(entries(*expected))
        absent = {presence.entry.key: presence.absent for presence in last.presences}
        here = {entry.key for entry in now}
        for presence in verdict.presences:
            key = presence.entry.key
            assert presence.absent == (0 if key in here else absent[key] + 1)
            assert presence.since <= verdict.at
            assert (presence.since == verdict.at) is (key not in absent)
        last = verdict


def test_the_very_same_answer_counts_absences_on():
    """What comes again unchanged, as the same object, is one more answer without what it lacks."""
    first = accepted(*TEN)
    fewer = judged(answer(*hosts(2, 10), day=1), first)
    assert isinstance(fewer, Accepted)
    again = judged(answer(day=2, entries=fewer.entries), fewer)
    assert isinstance(again, Accepted)
    assert kept(again) == [f"{host}/32" for host in TEN]
    assert [presence.absent for presence in again.presences] == [2] + [0] * 9
    third = judged(answer(day=3, entries=again.entries), again)
    assert isinstance(third, Accepted)
    assert [presence.gone_at is None for presence in third.presences] == [False] + [True] * 9
