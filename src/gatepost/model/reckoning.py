"""What clocks said at one look, and what was made of it.

Three times, and each has its use. *Wall*: what the host's clock shows, for
dates that are kept and shown. *Reckoned*: time counted as it passed, for what
lasts so long (a grace). *Believed*: what the wall clock shows, once it has
shown that long enough, for what ends on a date (a pin's or exclusion's ``until``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Reading:
    """Both clocks of a host, read together."""

    boot: str
    """Names one boot of one host: ``uptime`` values of one boot alone can be compared."""
    uptime: timedelta
    """Since that boot, suspended time included; nobody can set it."""
    wall: datetime


@dataclass(frozen=True, slots=True)
class Doubt:
    """A wall clock that is somewhere else than time that passed would have brought it."""

    since: datetime
    """By the reckoning."""
    off: timedelta
    """The least it was off ever since; negative where it is behind."""


@dataclass(frozen=True, slots=True)
class Look:
    """A reading, judged by the looks before it."""

    reading: Reading
    reckoned: datetime
    """Never goes back, and within one boot never faster than time."""
    believed: datetime
    step: timedelta
    """By how much the calendar was set since the first look, as far as that is believed."""
    doubt: Doubt | None = None

    @property
    def wall(self) -> datetime:
        """Short for ``reading.wall``."""
        return self.reading.wall

    @property
    def sure(self) -> datetime:
        """The earlier of wall and believed: what is older by this is older by both."""
        return min(self.wall, self.believed)
