"""How much time has passed, and which date it is, when the wall clock may be anywhere.

A clock that is set wrong for a minute must end nothing. Within one boot the
kernel counts time that nobody can set, so there the reckoning knows. From one
boot to another there is the wall clock alone; it is asked, and believed up to
``AWAY_MOST`` at a time: a wrong clock at boot then costs a grace a day, a host
that was off for longer keeps what is in grace for that much longer, and both
are bounded.

A wall clock that is further than ``PLAY`` from where the reckoning would have
it is in doubt, whichever way it is off. It is believed after it has stood so,
at every look, for ``STANDING`` of reckoned time: by the least it was off all
that while. The first look of all has nothing to doubt it by.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from gatepost.model.reckoning import Doubt, Look, Reading

PLAY = timedelta(minutes=5)
"""A clock this near is right: what ends a date early or late by that harms nobody."""
AWAY_MOST = timedelta(days=1)
"""Between two boots: nights off and daily jobs on a new machine each count in full."""
STANDING = timedelta(days=1)
"""Long enough for time servers, or a person in the morning, to repair a wrong clock; what ends on a date
ends that much later at most after a right one was set."""


def reckon(reading: Reading, own: Look | None, last: Look | None) -> Look:
    """Judge a reading.

    ``own``: the last look of the same boot; ``last``: the last of all, which others may have taken.
    """
    if last is None:
        return Look(reading, reading.wall, reading.wall, timedelta())
    return _judged(reading, _reckoned(reading, own, last), last)


def _reckoned(reading: Reading, own: Look | None, last: Look) -> datetime:
    if own is not None and own.reading.uptime <= reading.uptime:
        return max(last.reckoned, own.reckoned + (reading.uptime - own.reading.uptime))
    spans = (reading.wall - last.wall, reading.wall - last.believed)
    away = min((span for span in spans if span >= timedelta()), default=timedelta())
    return last.reckoned + min(away, AWAY_MOST)


def _judged(reading: Reading, reckoned: datetime, last: Look) -> Look:
    expected = reckoned + last.step
    off = reading.wall - expected
    if abs(off) <= PLAY:
        return Look(reading, reckoned, max(last.believed, reading.wall), last.step)
    doubt = _doubt(off, reckoned, last.doubt)
    if reckoned - doubt.since < STANDING:
        return Look(reading, reckoned, max(last.believed, expected), last.step, doubt)
    step = last.step + doubt.off
    believed = min(last.believed, reckoned + step) if doubt.off < timedelta() else last.believed
    return _judged(reading, reckoned, replace(last, step=step, believed=believed, doubt=None))


def _doubt(off: timedelta, reckoned: datetime, known: Doubt | None) -> Doubt:
    """One that lasts keeps its beginning, and the least it ever was."""
    if known is None or (known.off > timedelta()) is not (off > timedelta()):
        return Doubt(reckoned, off)
    return Doubt(known.since, min(known.off, off, key=abs))
