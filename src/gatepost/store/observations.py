"""What was seen on the targets, counters and changes by others, and on the clocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from gatepost.model.address import Prefix
from gatepost.model.drift import Drift
from gatepost.model.plan import Counted
from gatepost.model.reckoning import Doubt, Look, Reading
from gatepost.model.record import Failure, Unread
from gatepost.store import encode
from gatepost.store._subject import Subject
from gatepost.store.schema import counts, drifts, looks, unread

BOOTS_KEPT = 64
"""A host that comes again after so many other boots is as one that was never seen."""

MICROSECOND = timedelta(microseconds=1)


class Observations(Subject):
    """Read from devices and clocks, kept to be compared with the next look."""

    def record_counts(self, target: str, seen: Iterable[Counted], at: datetime) -> Mapping[Prefix, datetime]:
        """Keep what a device counts; gives when each of its prefixes was last seen to be used.

        A counter that starts anew (the entry was taken out and put in again) counts from nothing.
        """
        packets = {encode.place(one.prefix): (one.prefix, one.packets) for one in seen}
        with self._database.writing() as connection:
            query = sa.select(counts.c.place, counts.c.packets, counts.c.rose_at)
            rows = connection.execute(query.where(counts.c.target == target)).all()
            before = {row.place: (row.packets, row.rose_at) for row in rows}
            rose = {
                place: at
                if now not in (0, before.get(place, (0, None))[0])
                else before.get(place, (0, None))[1]
                for place, (_, now) in packets.items()
            }
            connection.execute(sa.delete(counts).where(counts.c.target == target))
            kept = [
                {"target": target, "place": place, "packets": now, "rose_at": rose[place]}
                for place, (_, now) in packets.items()
            ]
            if kept:
                connection.execute(sa.insert(counts), kept)
        return {packets[place][0]: used for place, used in rose.items() if used is not None}

    def record_drift(self, drift: Drift) -> bool:
        """Note a change by others; whether it is another one than the one already noted."""
        with self._database.writing() as connection:
            row = connection.execute(_open(drift.target)).one_or_none()
            if row is not None and encode.DRIFT.unpack(row.drift).digest == drift.digest:
                return False
            connection.execute(_ended(drift.target, drift.at))
            values = {"target": drift.target, "at": drift.at, "drift": encode.DRIFT.pack(drift)}
            connection.execute(sa.insert(drifts).values(**values))
        return True

    def end_drift(self, target: str, at: datetime) -> bool:
        """Note that a target is as we left it; whether it had not been."""
        if self.drift(target) is None:
            return False
        with self._database.writing() as connection:
            connection.execute(_ended(target, at))
        return True

    def drift(self, target: str) -> Drift | None:
        """The change by others that is still there, as far as was seen."""
        with self._database.reading() as connection:
            row = connection.execute(_open(target)).one_or_none()
        return None if row is None else encode.DRIFT.unpack(row.drift)

    def record_unread(self, target: str, failure: Failure, at: datetime) -> bool:
        """Note that a target cannot be read; whether that, or why, is new. Since when stays."""
        known = self.unread(target)
        if known is not None and known.failure == failure:
            return False
        values = {"target": target, "at": known.at if known else at, "failure": encode.FAILURE.pack(failure)}
        with self._database.writing() as connection:
            connection.execute(sa.delete(unread).where(unread.c.target == target))
            connection.execute(sa.insert(unread).values(**values))
        return True

    def end_unread(self, target: str) -> bool:
        """Note that a target was read; whether it could not be before."""
        if self.unread(target) is None:
            return False
        with self._database.writing() as connection:
            connection.execute(sa.delete(unread).where(unread.c.target == target))
        return True

    def unread(self, target: str) -> Unread | None:
        """That a target could not be read when it was last looked at, and why."""
        with self._database.reading() as connection:
            row = connection.execute(sa.select(unread).where(unread.c.target == target)).one_or_none()
        return None if row is None else Unread(target, row.at, encode.FAILURE.unpack(row.failure))

    def looks(self, boot: str) -> tuple[Look | None, Look | None]:
        """The last look at the clocks of one boot, and the last of all."""
        newest = sa.select(looks).order_by(looks.c.id.desc()).limit(1)
        with self._database.reading() as connection:
            own = connection.execute(sa.select(looks).where(looks.c.boot == boot)).one_or_none()
            last = connection.execute(newest).one_or_none()
        return _look(own), _look(last)

    def record_look(self, look: Look) -> None:
        """Keep a look, which is now the last of all, in the place of the last one of its boot."""
        doubt = look.doubt
        values = {
            "boot": look.reading.boot,
            "uptime": look.reading.uptime // MICROSECOND,
            "wall": look.wall,
            "reckoned": look.reckoned,
            "believed": look.believed,
            "step": look.step // MICROSECOND,
            "doubted_since": doubt and doubt.since,
            "off": doubt and doubt.off // MICROSECOND,
        }
        with self._database.writing() as connection:
            id_ = (connection.scalar(sa.select(sa.func.max(looks.c.id))) or 0) + 1
            connection.execute(sa.delete(looks).where(looks.c.boot == look.reading.boot))
            connection.execute(sa.insert(looks).values(id=id_, **values))
            newest = sa.select(looks.c.id).order_by(looks.c.id.desc()).limit(BOOTS_KEPT)
            connection.execute(sa.delete(looks).where(looks.c.id.not_in(newest)))


def _open(target: str) -> sa.Select[tuple[bytes]]:
    query = sa.select(drifts.c.drift).where(drifts.c.target == target, drifts.c.ended_at.is_(None))
    return query.order_by(drifts.c.id.desc()).limit(1)


def _ended(target: str, at: datetime) -> sa.Update:
    return sa.update(drifts).where(drifts.c.target == target, drifts.c.ended_at.is_(None)).values(ended_at=at)


def _look(row: sa.Row[Any] | None) -> Look | None:
    if row is None:
        return None
    reading = Reading(row.boot, row.uptime * MICROSECOND, row.wall)
    doubt = None if row.doubted_since is None else Doubt(row.doubted_since, row.off * MICROSECOND)
    return Look(reading, row.reckoned, row.believed, row.step * MICROSECOND, doubt)
