"""What was seen on the targets: counters, and changes by others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import sqlalchemy as sa

from gatepost.model.address import Prefix
from gatepost.model.drift import Drift
from gatepost.model.plan import Counted
from gatepost.model.record import Failure, Unread
from gatepost.store import encode
from gatepost.store._subject import Subject
from gatepost.store.schema import counts, drifts, unread


class Observations(Subject):
    """Read from devices, kept to be compared with the next look."""

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


def _open(target: str) -> sa.Select[tuple[bytes]]:
    query = sa.select(drifts.c.drift).where(drifts.c.target == target, drifts.c.ended_at.is_(None))
    return query.order_by(drifts.c.id.desc()).limit(1)


def _ended(target: str, at: datetime) -> sa.Update:
    return sa.update(drifts).where(drifts.c.target == target, drifts.c.ended_at.is_(None)).values(ended_at=at)
