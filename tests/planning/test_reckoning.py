"""How much time passed, and which date it is, by clocks that anybody may set."""

from __future__ import annotations

from datetime import timedelta

from gatepost.model.reckoning import Look, Reading
from gatepost.planning.reckoning import AWAY_MOST, PLAY, STANDING, reckon
from rigs.answers import START

HOUR, DAY, YEAR = timedelta(hours=1), timedelta(days=1), timedelta(days=365)
NONE = timedelta()


class Host:
    """A host whose looks are judged, each by the one before."""

    def __init__(self) -> None:
        """Just booted, with a right clock."""
        self.passed, self.set, self.boot, self.booted = NONE, NONE, 1, NONE
        self.own: Look | None = None
        self.last: Look | None = None

    def look(self, after: timedelta = NONE) -> Look:
        """Look after a while."""
        self.passed += after
        reading = Reading(f"boot {self.boot}", self.passed - self.booted, START + self.passed + self.set)
        self.own = self.last = reckon(reading, self.own, self.last)
        return self.last

    def reboot(self, away: timedelta = NONE) -> None:
        """Off for a while."""
        self.passed += away
        self.boot, self.booted, self.own = self.boot + 1, self.passed, None


def host(*, off: timedelta = NONE) -> Host:
    """Looked at once when its clock was right; now it is off by so much."""
    made = Host()
    made.look()
    made.set = off
    return made


def test_the_first_look_believes_the_clock():
    """There is nothing to doubt it by."""
    seen = Host().look()
    assert (seen.reckoned, seen.believed, seen.doubt) == (START, START, None)


def test_one_jump_moves_nothing():
    """A year ahead, then another minute: a minute has passed, and it is today."""
    jumped = host(off=YEAR)
    jumped.look()
    seen = jumped.look(HOUR)
    assert (seen.reckoned, seen.believed) == (START + HOUR, START + HOUR)
    assert seen.doubt is not None


def test_a_reboot_at_once_moves_nothing():
    """A clock that is wrong before and after says how long the host was off: no time at all."""
    jumped = host(off=YEAR)
    jumped.look()
    jumped.reboot()
    assert jumped.look().reckoned == START


def test_a_clock_that_goes_back_moves_nothing():
    """Neither the day that has passed nor the date is taken back."""
    back = host(off=-YEAR)
    seen = back.look(DAY - HOUR)
    assert (seen.reckoned, seen.believed) == (START + DAY - HOUR, START + DAY - HOUR)


def test_a_clock_that_stays_is_believed():
    """After a day of standing, at two looks or more, the date is the clock's; no more time has passed."""
    jumped = host(off=YEAR)
    jumped.look(HOUR)
    assert jumped.look(STANDING - HOUR).believed == START + STANDING
    seen = jumped.look(HOUR)
    assert (seen.believed, seen.reckoned) == (START + YEAR + STANDING + HOUR, START + STANDING + HOUR)
    assert seen.doubt is None


def test_a_clock_that_stays_behind_is_believed():
    """A date that was wrong, and was believed, is repaired as slowly as it went wrong."""
    behind = host(off=-YEAR)
    behind.look()
    seen = behind.look(STANDING)
    assert (seen.believed, seen.doubt) == (START + STANDING - YEAR, None)


def test_what_is_believed_is_the_least_that_stood():
    """A year for some hours and three days all the while: three days are believed, the rest has to stand."""
    jumped = host(off=YEAR)
    jumped.look()
    jumped.set = timedelta(days=3)
    jumped.look(HOUR)
    jumped.set = YEAR
    seen = jumped.look(STANDING)
    assert seen.believed == START + STANDING + HOUR + timedelta(days=3)
    assert seen.doubt is not None
    assert seen.doubt.since == seen.reckoned


def test_a_clock_that_was_repaired_is_forgotten():
    """Once right, it must stand anew when it jumps again."""
    jumped = host(off=YEAR)
    jumped.look()
    jumped.set = NONE
    assert jumped.look(STANDING - HOUR).doubt is None
    jumped.set = YEAR
    seen = jumped.look(HOUR)
    assert seen.believed == START + STANDING
    assert seen.doubt is not None
    assert seen.doubt.since == seen.reckoned


def test_a_little_is_no_doubt():
    """A time server's corrections are followed; back, the date waits for the clock."""
    near = host(off=PLAY)
    assert (seen := near.look()).believed == START + PLAY
    assert seen.doubt is None
    near.set = NONE
    assert near.look(HOUR).believed == START + HOUR
    near.set = -PLAY
    assert near.look().believed == START + HOUR


def test_small_steps_do_not_add_up():
    """Ever a little more: what is followed is a little in all."""
    creeping = host()
    for _ in range(20):
        creeping.set += PLAY
        assert creeping.look(HOUR).believed <= START + creeping.passed + PLAY


def test_a_night_off_counts():
    """Between two boots the clock is asked, so that what lasts goes on while the host is off."""
    home = host()
    home.look(HOUR)
    home.reboot(away=timedelta(hours=14))
    seen = home.look()
    assert (seen.reckoned, seen.believed, seen.doubt) == (START + 15 * HOUR, START + 15 * HOUR, None)


def test_a_wrong_clock_at_boot_counts_a_day_at_most():
    """However far it is ahead, and though it is put right a minute later."""
    home = host(off=YEAR)
    home.reboot()
    seen = home.look()
    assert (seen.reckoned, seen.believed) == (START + AWAY_MOST, START + AWAY_MOST)
    home.set = NONE
    assert home.look(HOUR).reckoned == START + AWAY_MOST + HOUR


def test_a_clock_that_stays_wrong_over_a_reboot_counts_the_time_off():
    """It is off by the same before and after, so what lies between is known."""
    home = host(off=YEAR)
    home.look()
    home.reboot(away=HOUR)
    assert home.look().reckoned == START + HOUR


def test_a_clock_behind_at_boot_counts_nothing():
    """And what it shows once it is right counts as time off."""
    home = host(off=-YEAR)
    home.reboot()
    assert home.look().reckoned == START
    home.reboot(away=HOUR)
    home.set = NONE
    assert home.look().reckoned == START + HOUR


def test_a_long_time_off_is_believed_once_it_stood():
    """Ten days off: one counts at once; the date follows after it has stood."""
    home = host()
    home.reboot(away=10 * DAY)
    seen = home.look()
    assert (seen.reckoned, seen.believed) == (START + DAY, START + DAY)
    seen = home.look(STANDING)
    assert (seen.reckoned, seen.believed, seen.doubt) == (START + 2 * DAY, START + 11 * DAY, None)


def test_jobs_on_new_machines_are_counted():
    """A job that starts a new machine each day counts its days, and a weekly one reaches the date."""
    daily = host()
    for _ in range(7):
        daily.reboot(away=DAY)
        seen = daily.look()
    assert (seen.reckoned, seen.believed) == (START + 7 * DAY, START + 7 * DAY)
    weekly = host()
    for _ in range(5):
        weekly.reboot(away=7 * DAY)
        seen = weekly.look()
    assert seen.believed > START + 14 * DAY


def test_a_host_among_others_counts_by_its_own_boot():
    """Two hosts look in turn: each knows what passed since its own look; one wrong clock ends nothing."""
    right, wrong = Host(), Host()
    right.look()
    wrong.last, wrong.set = right.last, YEAR
    seen = []
    for _ in range(72):
        seen.append(wrong.look(HOUR))
        right.last = wrong.last
        seen.append(right.look(HOUR))
        wrong.last = right.last
    assert [one.reckoned for one in seen] == sorted(one.reckoned for one in seen)
    assert max(one.reckoned for one in seen) <= START + AWAY_MOST + 3 * DAY
    assert max(one.believed for one in seen) <= START + AWAY_MOST + 3 * DAY


def test_an_uptime_that_went_back_is_another_boot():
    """A machine put back to an earlier state tells nothing by its uptime."""
    home = host()
    home.look(10 * HOUR)
    assert home.own is not None
    reading = Reading(home.own.reading.boot, HOUR, START + 11 * HOUR)
    assert reckon(reading, home.own, home.last).reckoned == START + 11 * HOUR
