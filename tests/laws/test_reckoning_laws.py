"""Laws of the reckoning: steps of the clock of any size, in any order, with looks in between.

An outsider, who knows how much time really passed and how far the clock was off at each look, says what
may have ended.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import accumulate, pairwise

from hypothesis import given
from hypothesis import strategies as st

from gatepost.model.reckoning import Look, Reading
from gatepost.planning.reckoning import AWAY_MOST, PLAY, STANDING, reckon
from rigs.answers import START

NONE = timedelta()
spans = st.sampled_from([NONE, *(timedelta(hours=number) for number in (1, 5, 12, 23, 24, 25, 80))])
spans |= st.timedeltas(NONE, timedelta(days=3))
sizes = st.sampled_from([timedelta(days=number) for number in (0, 0, 0, 1, 3, 366, -1, -366)])
sizes |= st.timedeltas(timedelta(days=-4000), timedelta(days=4000)) | st.timedeltas(-2 * PLAY, 2 * PLAY)
walks = st.lists(st.tuples(spans, sizes), max_size=40)
"""Before each look: how much time passes, and how far off the clock then is."""
Walk = list[tuple[timedelta, timedelta]]


def looked(walk: Walk) -> list[Look]:
    """All looks within one boot, from a first one by a right clock."""
    looks = [reckon(Reading("boot", NONE, START), None, None)]
    passed = accumulate(span for span, _ in walk)
    for now, (_, off) in zip(passed, walk, strict=True):
        looks.append(reckon(Reading("boot", now, START + now + off), looks[-1], looks[-1]))
    return looks


def stood(walk: Walk) -> tuple[timedelta, timedelta]:
    """The furthest ahead, and behind, that the clock was at all looks of some stretch long enough."""
    times = [NONE, *accumulate(span for span, _ in walk)]
    offs = [NONE, *(off for _, off in walk)]
    stretches = [
        offs[first : last + 1]
        for first in range(len(times))
        for last in range(first + 1, len(times))
        if times[last] - times[first] >= STANDING
    ]
    ahead, behind = (max(map(min, stretches), default=NONE), min(map(max, stretches), default=NONE))
    return max(ahead, NONE), min(behind, NONE)


@given(walks)
def test_within_a_boot_exactly_what_passed_is_reckoned(walk: Walk):
    """So no grace ends before all of it has passed, whatever the wall clock says, and none later."""
    passed = [NONE, *accumulate(span for span, _ in walk)]
    assert [one.reckoned - START for one in looked(walk)] == passed


@given(walks)
def test_no_date_comes_before_its_time(walk: Walk):
    """Nor is one taken back, but by as much as the clock was off for long enough."""
    looks = looked(walk)
    for place, one in enumerate(looks):
        ahead, behind = stood(walk[:place])
        assert behind - PLAY <= one.believed - one.reckoned <= ahead + PLAY


@given(walks)
def test_a_date_that_came_stays(walk: Walk):
    """What is believed goes back only together with a clock that is believed to have been set back."""
    looks = looked(walk)
    assert all(one.believed <= other.believed for one, other in pairwise(looks) if one.step <= other.step)


@given(walks)
def test_a_clock_put_right_is_believed_again(walk: Walk):
    """Whatever it did before: two spans of standing later the date is the clock's, within the play."""
    hours = [(timedelta(hours=1), NONE)] * 51
    last = looked([*walk, *hours])[-1]
    assert last.doubt is None
    assert abs(last.believed - last.wall) <= PLAY


@given(st.lists(st.tuples(spans.filter(lambda span: span <= AWAY_MOST), st.booleans()), max_size=40))
def test_an_honest_clock_is_followed_exactly(walk: list[tuple[timedelta, bool]]):
    """Over reboots too: reckoned and believed are what the clock says, to the microsecond."""
    last, own, boots, passed, booted = None, None, 1, NONE, NONE
    for span, reboots in walk:
        passed += span
        if reboots:
            own, boots, booted = None, boots + 1, passed
        reading = Reading(f"boot {boots}", passed - booted, START + passed)
        own = last = reckon(reading, own, last)
        assert (last.reckoned, last.believed, last.doubt) == (START + passed, START + passed, None)


@given(st.lists(st.tuples(spans, sizes, st.booleans()), max_size=40))
def test_a_reboot_counts_a_day_too_much_at_most(walk: list[tuple[timedelta, timedelta, bool]]):
    """And nothing counts backwards."""
    own: Look | None
    own = last = reckon(Reading("boot 0", NONE, START), None, None)
    boots, passed, booted = 0, NONE, NONE
    for span, off, reboots in walk:
        passed += span
        if reboots:
            own, boots, booted = None, boots + 1, passed
        before, reading = last, Reading(f"boot {boots}", passed - booted, START + passed + off)
        own = last = reckon(reading, own, last)
        assert before.reckoned <= last.reckoned <= START + passed + boots * AWAY_MOST
