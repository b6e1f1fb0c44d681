"""proof/model.py at a size for every day."""

from __future__ import annotations

from rigs.proof import prove


def test_guarantees_hold_in_any_order():
    """Fetches, faults, clocks, crashes, hands, words and rollbacks in any order break no guarantee."""
    done = prove("model", "--sequences 12 --steps 25")
    assert done.code == 0, done.text
    assert int(done.rows["cycle"]["times"]) > 0, done.text


def test_the_instrument_sees_hasty_removals():
    """Where entries leave without their absences and grace, an outsider's count finds it."""
    done = prove("model", "--planted leaves --sequences 200 --steps 25")
    assert done.code != 0, done.text
    assert "left too early" in done.text


def test_the_instrument_sees_a_clock_that_ends_things():
    """Where a jump of the clock passes for time, a pin, exclusion or grace ends early, and that is found."""
    done = prove("model", "--planted clock --sequences 400 --steps 25 --seed 6")
    assert done.code != 0, done.text
    assert "too early" in done.text
