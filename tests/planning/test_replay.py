"""Replaying a recorded history: what would have been held, lost, bridged, kept and late."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gatepost.model.entry import RawEntry
from gatepost.model.limits import Limits
from gatepost.planning.measure import Figures
from gatepost.planning.normalise import Rules
from gatepost.planning.replay import _REMEMBERED, Memory, Replay, Setting
from gatepost.planning.tally import Loss, Return
from gatepost.planning.upstream import Upstream
from rigs.answers import START, entries, hosts

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
PLAIN = Setting(Limits(absences=2, grace=2 * DAY), window=4 * DAY, every=HOUR, approve=False)
TEN = hosts(1, 10)

History = list[tuple[datetime, set[str]]]


def days(*changes: tuple[float, set[str] | tuple[str, ...]]) -> History:
    """Lists with the day each was published on."""
    return [(START + day * DAY, set(values)) for day, values in changes]


def replayed(
    history: History, setting: Setting = PLAIN, *, every_poll: bool = False, memory: bool = False
) -> Replay:
    """The run of a history."""
    upstream, before = Upstream(Rules()), set[str]()
    replay = Replay("events", setting, history[0][0], *([Memory()] if memory else []), every_poll=every_poll)
    for line, (at, now) in enumerate(history, 1):
        added, removed = (list(map(RawEntry, sorted(side))) for side in (now - before, before - now))
        delta = upstream.shift(added, removed)
        replay.shift(line, at, delta, upstream.state)
        before = now
    replay.end()
    return replay


def with_settings(limits: Limits, *, approve: bool = False, every: timedelta = HOUR) -> Setting:
    """Other limits."""
    return Setting(limits, window=4 * DAY, every=every, approve=approve)


def books(replay: Replay) -> tuple[object, ...]:
    """All that a run tells."""
    tally = replay.tally
    held = [(one.line, one.at, one.reasons, one.approved, one.passed_at) for one in replay.held]
    added_up = tally.kept_entry_days, tally.late_entry_days
    return replay.changes, replay.applied, held, replay.first, tally.returns, tally.losses, added_up


lists = st.sets(st.sampled_from([*hosts(1, 5), "101.226.104.0/24", "2400:da00::1"]))
histories = st.lists(st.tuples(st.integers(1, 60), lists), min_size=1, max_size=8)
settings = st.builds(
    Setting,
    st.builds(
        Limits,
        absences=st.integers(1, 3),
        grace=st.sampled_from([timedelta(), 5 * HOUR, 2 * DAY]),
        max_removed_entries=st.integers(0, 3),
        baselines=st.sampled_from([(), (DAY, 3 * DAY)]),
    ),
    window=st.sampled_from([timedelta(), 3 * DAY]),
    every=st.sampled_from([HOUR, 7 * HOUR]),
    approve=st.booleans(),
)


@given(histories, settings)
def test_skipped_polls_would_have_found_nothing(drawn: list[tuple[int, set[str]]], setting: Setting):
    """A run that polls only when something can happen tells just what a run of every poll tells."""
    at, history = START, []
    for hours, values in drawn:
        at += hours * HOUR
        history.append((at, values))
    whole = books(replayed(history, setting, every_poll=True))
    assert books(replayed(history, setting, memory=True)) == whole


def test_changes_that_pass_are_applied():
    """The first list is no change; every other one is."""
    run = replayed(days((0, TEN), (1, (*TEN, "8.8.4.4")), (2, TEN[1:])))
    assert (run.changes, run.applied, run.held, run.first) == (2, 2, [], None)


def test_a_change_that_is_held_names_its_line():
    """With the moment the source made it, why, and when it passed after all; approval is asked for."""
    run = replayed(days((0, TEN), (1, TEN[:2]), (3, TEN)))
    (held,) = run.held
    assert (held.line, held.at, held.approved) == (2, START + DAY, False)
    assert [reason.guard for reason in held.reasons] == ["shrink"]
    assert held.passed_at == START + 3 * DAY
    assert (run.changes, run.applied) == (2, 1)


def test_a_person_approves_at_once_where_that_is_the_setting():
    """Held, approved and passed at the very poll that saw it."""
    run = replayed(days((0, TEN), (1, TEN[:2])), with_settings(PLAIN.limits, approve=True))
    (held,) = run.held
    assert (held.approved, held.passed_at) == (True, START + DAY)


def test_nobody_approves_what_is_absolute():
    """An empty list, and one that opens everything, stay held with their reasons."""
    run = replayed(
        days((0, TEN), (1, ()), (2, (*TEN, "0.0.0.0/1")), (3, (*TEN, "x", "y", "z"))),
        with_settings(PLAIN.limits, approve=True),
    )
    assert [[reason.guard for reason in held.reasons] for held in run.held] == [
        ["empty"],
        ["widest"],
        ["quarantine"],
    ]
    assert [held.passed_at for held in run.held] == [None] * 3


def test_the_first_list_is_approved_in_any_case():
    """Stopped or not: a history begins with it; it is no change that was held."""
    run = replayed(days((0, ("101.224.0.0/12",)), (1, ("101.224.0.0/12", "8.8.4.4"))))
    assert run.first is not None
    assert (run.first.line, run.first.approved, run.first.passed_at) == (1, True, START)
    assert [reason.guard for reason in run.first.reasons] == ["widest"]
    assert (run.changes, run.held) == (1, [])


def test_a_history_that_begins_empty_begins_with_its_first_entries():
    """An empty first list is stopped as empty; what follows is the first that can be accepted."""
    run = replayed(days((0, ()), (1, TEN)))
    assert run.first is not None
    assert [reason.guard for reason in run.first.reasons] == ["empty"]
    assert (run.first.approved, run.first.passed_at) == (False, START + DAY)
    assert [reason.subject for reason in run.first.reasons] == ["events"]


def test_what_is_stopped_before_anything_was_accepted_is_a_change_like_any_other():
    """Only the list that the history begins with is none."""
    run = replayed(days((0, ()), (1, ("x", "y", *TEN)), (2, TEN)))
    assert run.first is not None
    assert [(held.line, [reason.guard for reason in held.reasons]) for held in (run.first, *run.held)] == [
        (1, ["empty"]),
        (2, ["quarantine"]),
    ]


def test_entries_that_return_in_time_are_bridged():
    """In force all the while: by absences and grace, after polls without them."""
    run = replayed(days((0, TEN), (1, TEN[2:]), (2, TEN)))
    assert run.tally.losses == []
    assert run.tally.returns == [Return(START + 2 * DAY, START + DAY, bridged=2, by_hold=0, lost=0)]
    assert run.tally.kept_entry_days == 2.0


def test_entries_that_no_poll_missed_are_no_bridge():
    """Gone and back between two polls: nobody saw it."""
    run = replayed(days((0, TEN), (1.01, TEN[2:]), (1.02, TEN)))
    assert (run.tally.returns, run.tally.losses) == ([], [])


def test_entries_that_return_from_a_held_answer_are_bridged_by_it():
    """Every answer without them was held: no grace was needed."""
    run = replayed(days((0, TEN), (1, TEN[5:]), (2, TEN)))
    assert run.tally.returns == [Return(START + 2 * DAY, START + DAY, bridged=5, by_hold=5, lost=0)]


def test_entries_that_return_too_late_for_their_grace_are_lost():
    """Within the window, and out of force: each is named with when it went and came back."""
    run = replayed(days((0, TEN), (1, TEN[1:]), (4.5, TEN)))
    (gone,) = entries(TEN[0])
    assert run.tally.losses == [Loss(gone, START + DAY, START + 4.5 * DAY)]
    assert run.tally.returns == [Return(START + 4.5 * DAY, START + DAY, bridged=0, by_hold=0, lost=1)]


def test_entries_that_return_after_the_window_are_new():
    """Neither lost nor bridged."""
    run = replayed(days((0, TEN), (1, TEN[1:]), (5.5, TEN)))
    assert (run.tally.returns, run.tally.losses) == ([], [])


def test_what_others_let_in_is_not_lost():
    """An entry whose addresses a wider one admits is in force without being listed."""
    run = replayed(
        days(
            (0, (*TEN, "101.226.103.0/24")),
            (1, (*TEN[1:], "101.226.103.0/24")),
            (4.5, (*TEN, "101.226.103.0/24")),
        )
    )
    assert run.tally.losses == []
    assert [one.bridged for one in run.tally.returns] == [1]


def test_what_stays_is_counted_until_it_leaves():
    """From the change to the poll that releases it: two absences, then two days, seen ended twice."""
    run = replayed(days((0, TEN), (1, TEN[1:]), (9, TEN[1:5])))
    released = 1 * HOUR + 2 * DAY + HOUR
    assert run.tally.kept_entry_days == (released / DAY)


def test_what_is_held_back_is_late():
    """From the change that named it to the poll that accepted it."""
    grown = (*TEN, *hosts(100, 130))
    run = replayed(days((0, TEN), (1, grown), (3, (*TEN, *hosts(100, 104)))))
    assert [held.line for held in run.held] == [2]
    assert run.tally.late_entry_days == 2.0 * 31
    still = replayed(days((0, TEN), (1, grown), (3, (*grown, "8.8.4.4"))))
    assert still.tally.late_entry_days == 2.0 * 31


def test_what_is_dropped_again_is_late_no_longer():
    """An entry that its source named for a day and never had in force was late for that day."""
    run = replayed(days((0, TEN), (1, (*TEN, *hosts(100, 130))), (2, TEN), (4, (*TEN, "8.8.4.4"))))
    assert run.tally.late_entry_days == 1.0 * 31


RELEASE = HOUR + 2 * DAY + HOUR
"""Of :data:`PLAIN`: from a change to the poll at which what it dropped is out of force."""


def test_what_left_and_came_back_is_kept_until_it_left():
    """While it is out of force it is not kept; when it is back it is accepted at once, and not late."""
    run = replayed(days((0, TEN), (1, TEN[1:]), (4.5, TEN)))
    assert (run.tally.kept_entry_days, run.tally.late_entry_days) == (RELEASE / DAY, 0.0)


def test_what_is_kept_adds_up():
    """Over entries that leave at different times, and over those that are still kept at the end."""
    both = replayed(days((0, TEN), (1, TEN[1:]), (2, TEN[2:]), (9, (*TEN[2:], "8.8.4.4"))))
    assert both.tally.kept_entry_days == 2 * RELEASE / DAY
    open_ = replayed(days((0, TEN), (1, TEN[1:]), (1.5, TEN[2:]), (2.5, (*TEN[2:], "8.8.4.4"))))
    assert open_.tally.kept_entry_days == 1.5 + 1.0


def test_what_is_kept_longer_than_the_window_counts_to_its_end():
    """Whoever else leaves meanwhile: the window is about what comes back, not about what stays."""
    brief = Setting(PLAIN.limits, window=DAY, every=HOUR, approve=False)
    run = replayed(days((0, TEN), (1, TEN[1:]), (2, TEN[2:]), (9, (*TEN[2:], "8.8.4.4"))), brief)
    assert run.tally.kept_entry_days == 2 * RELEASE / DAY


def test_who_is_away_for_just_the_window_is_back_in_time():
    """An entry that returns at its last moment was lost; a moment later it is a new one."""
    for day, lost in ((5.0, 1), (5.001, 0)):
        assert len(replayed(days((0, TEN), (1, TEN[1:]), (day, TEN))).tally.losses) == lost


def test_every_loss_is_named():
    """Those of different days too; what once lacked was lost, though another lets it in before it is back."""
    run = replayed(days((0, TEN), (1, TEN[1:]), (4.5, TEN), (8, (*TEN[:9],)), (11.5, TEN)))
    assert [loss.entry for loss in run.tally.losses] == [*entries(TEN[0]), *entries(TEN[9])]
    wide = "101.226.103.0/24"
    generous = with_settings(Limits(absences=2, grace=2 * DAY, max_added=1000.0, max_churn=1.0))
    covered = replayed(
        days((0, TEN), (1, TEN[1:]), (1.3, TEN[2:]), (3.2, (*TEN[2:], wide)), (4.5, (*TEN, wide))), generous
    )
    assert covered.held == []
    assert [loss.entry for loss in covered.tally.losses] == [*entries(TEN[0])]


def test_a_poll_is_on_the_hour_of_the_first():
    """What is published between two polls is seen at the later one."""
    run = replayed(days((0, TEN), (1.01, TEN[:2])), with_settings(PLAIN.limits, approve=True, every=6 * HOUR))
    assert [held.passed_at for held in run.held] == [START + DAY + 6 * HOUR]
    on_time = replayed(
        days((0, TEN), (1, TEN[:2])), with_settings(PLAIN.limits, approve=True, every=6 * HOUR)
    )
    assert [held.passed_at for held in on_time.held] == [START + DAY]


def test_a_slow_drain_is_held_against_an_older_list():
    """Small steps within the week add up, and pass once the baseline has moved on."""
    limits = Limits(absences=2, grace=DAY, baselines=(7 * DAY,))
    run = replayed(
        days((0, TEN), (1, TEN[1:]), (2, TEN[2:]), (3, TEN[3:]), (4, TEN[4:])), with_settings(limits)
    )
    assert [held.line for held in run.held] == [5]
    assert run.held[0].passed_at is None
    longer = replayed(
        days((0, TEN), (1, TEN[1:]), (2, TEN[2:]), (3, TEN[3:]), (4, TEN[4:]), (12, (*TEN[4:], "8.8.4.4"))),
        with_settings(limits),
    )
    assert longer.held[0].passed_at == START + 9 * DAY
    assert longer.applied == 4


def test_a_slow_growth_passes_when_the_older_list_has_moved_on():
    """Held against the list of a week ago by that name, until just a week after the next list came."""
    grown = days(*((day, hosts(1, 10 + 6 * day)) for day in range(3)), (12, hosts(1, 23)))
    run = replayed(grown, with_settings(Limits(absences=2, grace=DAY, baselines=(7 * DAY,))))
    assert [(held.line, held.passed_at) for held in run.held] == [(3, START + 8 * DAY)]
    assert [reason.message for reason in run.held[0].reasons] == [
        "events: 12 IPv4 addresses would join 10 (120 %, limit 100 %), measured against the list of 7d ago."
    ]


def test_what_returns_within_its_grace_is_no_growth():
    """By older lists either: what was in force when they were answered counts as there."""
    limits = Limits(
        absences=2, grace=20 * DAY, max_added=0.2, max_added_entries=0, max_churn=1.0, baselines=(7 * DAY,)
    )
    less = TEN[3:]
    run = replayed(
        days((0, TEN), (1, less), (8, (*less, "8.8.4.4")), (9, (*TEN, "8.8.4.4"))), with_settings(limits)
    )
    assert (run.held, run.applied) == ([], 3)


def test_an_approval_ends_older_baselines():
    """What a person approved is the baseline from then on."""
    limits = Limits(absences=2, grace=DAY, baselines=(30 * DAY,))
    run = replayed(
        days((0, TEN), (1, TEN[5:]), (2, TEN[6:])),
        with_settings(limits, approve=True),
    )
    assert [held.line for held in run.held] == [2]


def test_figures_are_remembered_by_list():
    """A list is measured once while it is asked for; those not asked for lately are forgotten."""
    memory = Memory()
    kept, lists = entries("101.226.103.7"), [entries(f"101.{n // 250}.{n % 250}.1") for n in range(300)]
    first = memory(kept)
    assert first.entries is kept
    for number, one in enumerate(lists):
        assert memory(one).entries is one
        assert memory(kept) is first
        assert number < 10 or memory(lists[number - 9]) is memory(lists[number - 9])
    given = Figures(lists[0])
    assert memory(lists[0]) is not given
    assert memory.keep(given) is given
    assert memory(lists[0]) is given
    assert len(memory._figures) == _REMEMBERED
