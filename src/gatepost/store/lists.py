"""Lists: serials, what each held, and where every entry came from.

Two tables of intervals. ``effective`` counts in serials: what was in force at
any of them. ``listed`` counts in time, so "what covered this address on the
first of May" is one question, and in steps, since two changes may share a
microsecond. A clock set back gives no negative interval: the overtaken row ends
where it began.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from operator import itemgetter, lt
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gatepost.model.address import Prefix
from gatepost.model.content import Content, Listed, Serial, Snapshot, State
from gatepost.model.entry import Domain, Entry
from gatepost.model.kept import Kept
from gatepost.model.record import Departure, Hit, SerialRecord, Standing
from gatepost.store import encode
from gatepost.store._recording import ROW, SINCE, Turn, list_row, record_listed, record_serial
from gatepost.store._subject import Subject
from gatepost.store.database import Database
from gatepost.store.schema import effective, from_micros, listed, lists, serials

Version: TypeAlias = tuple[int, int, int, str]
"""A list's id, a serial, a step and the serial's digest: what was listed and in force then never changes."""

VERSIONS_KEPT = 6
"""Contents kept in memory: of the serial that comes and the one that goes, for some lists."""

STATES = {state.value: state for state in State}


class Lists(Subject):
    """Contents of lists, by serial and by time."""

    def __init__(self, database: Database) -> None:
        """Made by ``Store.open``."""
        super().__init__(database)
        self._kept = Kept[Version, Content](VERSIONS_KEPT)

    def latest(self, list_: str) -> Snapshot | None:
        """What a list holds now: its newest serial, with the listed entries as they stand."""
        with self._database.reading() as connection:
            row = connection.execute(_serials_of(list_).limit(1)).one_or_none()
            return None if row is None else self._snapshot(connection, list_, row, row.standing)

    def snapshot(self, list_: str, serial: int) -> Snapshot | None:
        """What a list held at a serial, with the listed entries as they stood when it was given."""
        with self._database.reading() as connection:
            row = connection.execute(_serials_of(list_).where(serials.c.serial == serial)).one_or_none()
            return None if row is None else self._snapshot(connection, list_, row, row.step)

    def _snapshot(self, connection: Connection, list_: str, row: Any, step: int) -> Snapshot:
        version = row.list_id, row.serial, step, row.digest
        content = self._kept.get(version)
        if content is None:
            content = _content(connection, row, step)
            self._kept.put(version, content)
        return Snapshot(list_, Serial(row.serial), row.at, content)

    def record_content(self, list_: str, content: Content, at: datetime) -> Snapshot:
        """Keep what a list holds; a new serial only where what is in force differs.

        Listed entries are brought up to date in any case. One that stays keeps its
        ``since``, whatever ``content`` says, and the snapshot returned says so.
        """
        with self._database.writing() as connection:
            list_id, step = list_row(connection, list_)
            last = connection.execute(_serials_of(list_).limit(1)).one_or_none()
            changed = last is None or last.digest != content.digest
            serial = (0 if last is None else last.serial) + changed
            turn = Turn(list_id, serial, step + 1, at)
            before = None if last is None else self._kept.get((list_id, last.serial, step, last.digest))
            shown, moved = record_listed(connection, turn, content.listed, before.listed if before else None)
            if moved:
                connection.execute(sa.update(lists).where(lists.c.id == list_id).values(step=turn.step))
            if changed:
                was = before.effective if before else None
                record_serial(connection, turn, content, step + moved, was)
        given = at if last is None or changed else last.at
        recorded = replace(content, listed=shown)
        if _is_as_read(recorded):
            self._kept.put((list_id, serial, step + moved, content.digest), recorded)
        return Snapshot(list_, Serial(serial), given, recorded)

    def versions(self) -> Mapping[str, Version]:
        """What each list with a history stands at: equal versions hold the same."""
        last = sa.select(serials.c.list_id, sa.func.max(serials.c.serial).label("serial"))
        newest = last.group_by(serials.c.list_id).subquery()
        at = sa.and_(serials.c.list_id == newest.c.list_id, serials.c.serial == newest.c.serial)
        query = sa.select(lists.c.name, lists.c.step, serials.c.list_id, serials.c.serial, serials.c.digest)
        with self._database.reading() as connection:
            rows = connection.execute(query.join_from(serials, newest, at).join(lists)).all()
        return {row.name: (row.list_id, row.serial, row.step, row.digest) for row in rows}

    def standing(self, list_: str) -> Standing | None:
        """All that a list holds now, as :meth:`covering` and :meth:`in_force` find it piece by piece."""
        query = sa.select(listed.c.serial, *ROW, SINCE)
        with self._database.reading() as connection:
            row = connection.execute(_serials_of(list_).limit(1)).one_or_none()
            if row is None:
                return None
            where = (listed.c.list_id == row.list_id, listed.c.valid_to.is_(None))
            rows = connection.execute(query.where(*where)).all()
            force = _in_force(connection, row.list_id, row.serial)
        with encode.reading_bytes():
            hits = [Hit(list_, _listed(rest), Serial(serial)) for serial, *rest in rows]
        return Standing(Serial(row.serial), tuple(sorted(hits, key=lambda hit: _order(hit.listed))), force)

    def serials(self, list_: str) -> tuple[SerialRecord, ...]:
        """A list's history, oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(_serials_of(list_)).all()
        return tuple(_record(list_, row) for row in reversed(rows))

    def serial_record(self, list_: str, serial: int) -> SerialRecord | None:
        """One line of it."""
        query = _serials_of(list_).where(serials.c.serial == serial)
        with self._database.reading() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _record(list_, row)

    def serial_at(self, list_: str, at: datetime | None) -> Serial | None:
        """The serial in force at a moment, or the newest; None before the first."""
        query = _serials_of(list_) if at is None else _serials_of(list_).where(serials.c.at <= at)
        with self._database.reading() as connection:
            row = connection.execute(query.limit(1)).one_or_none()
        return None if row is None else Serial(row.serial)

    def lists(self) -> tuple[str, ...]:
        """Names of all lists with a history, sorted."""
        with self._database.reading() as connection:
            return tuple(connection.scalars(sa.select(lists.c.name).order_by(lists.c.name)))

    def in_force(self, value: Prefix | Domain, list_: str, serial: int) -> tuple[Entry, ...]:
        """Entries in force at a serial that cover a value, widest first; none means not allowed.

        As :meth:`covering`, one indexed question: no need to rebuild the snapshot.
        """
        query = (
            sa.select(effective.c.place, effective.c.detail)
            .join(lists)
            .where(
                effective.c.place.in_(encode.covering_places(value)),
                lists.c.name == list_,
                effective.c.serial_from <= serial,
                sa.func.coalesce(effective.c.serial_to, serial + 1) > serial,  # in no index: the place is
            )
        )
        with self._database.reading() as connection:
            return _entries(connection.execute(query).all())

    def covering(
        self, value: Prefix | Domain, at: datetime | None, lists_: tuple[str, ...]
    ) -> tuple[Hit, ...]:
        """Listed entries, in any state, that covered a value at a time (None: now); widest first in a list.

        One indexed question: equality of the place for each shorter prefix, or for
        the name and the tree of each parent.
        """
        query = (
            sa.select(lists.c.name, listed.c.serial, *ROW, SINCE)
            .join_from(listed, lists)
            .where(listed.c.place.in_(encode.covering_places(value)), lists.c.name.in_(lists_), _valid(at))
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        with encode.reading_bytes():
            hits = [Hit(name, _listed(row), Serial(serial)) for name, serial, *row in rows]
        return tuple(sorted(hits, key=lambda hit: (hit.list, _order(hit.listed))))

    def departed(self, value: Prefix | Domain, list_: str) -> Departure | None:
        """The entry that covered a value and left a list last; None where none ever did."""
        query = (
            sa.select(listed.c.valid_from, listed.c.valid_to, listed.c.serial, *ROW, SINCE)
            .join_from(listed, lists)
            .where(listed.c.place.in_(encode.covering_places(value)), lists.c.name == list_)
            .where(listed.c.step_to.is_not(None))
            .order_by(listed.c.step_to.desc(), listed.c.id.desc())
        )
        with self._database.reading() as connection:
            rows = connection.execute(query.limit(1)).all()
        with encode.reading_bytes():
            return next((_departure(list_, *row) for row in rows), None)


def _record(list_: str, row: Any) -> SerialRecord:
    return SerialRecord(list_, Serial(row.serial), row.at, row.digest, row.entries, row.added, row.removed)


def _departure(list_: str, began: datetime, ended: datetime, serial: int, *row: Any) -> Departure:
    return Departure(Hit(list_, _listed(row), Serial(serial)), began, ended)


def _is_as_read(content: Content) -> bool:
    """Whether it is what reading would give: sorted, nothing twice."""
    keys = [one.key for one in content.effective]
    places = [(one.entry.key, one.source) for one in content.listed]
    return all(map(lt, keys, keys[1:])) and all(map(lt, places, places[1:]))


def _serials_of(list_: str) -> sa.Select[Any]:
    """Newest first; ``standing`` is the step at which the listed entries stand now."""
    query = sa.select(serials, lists.c.step.label("standing")).join(lists).where(lists.c.name == list_)
    return query.order_by(serials.c.serial.desc())


def _in_step(row: Any, step: int) -> sa.ColumnElement[bool]:
    if step == row.standing:
        return listed.c.step_to.is_(None)
    return sa.and_(listed.c.step_from <= step, sa.or_(listed.c.step_to.is_(None), listed.c.step_to > step))


def _valid(at: datetime | None) -> sa.ColumnElement[bool]:
    if at is None:
        return listed.c.valid_to.is_(None)
    return sa.and_(listed.c.valid_from <= at, sa.or_(listed.c.valid_to.is_(None), listed.c.valid_to > at))


def _content(connection: Connection, row: Any, step: int) -> Content:
    query = sa.select(*ROW, SINCE).where(listed.c.list_id == row.list_id, _in_step(row, step))
    shown = _shown(connection.execute(query).all())
    return Content(shown, _in_force(connection, row.list_id, row.serial), row.digest)


def _at_serial(serial: int) -> sa.ColumnElement[bool]:
    upto = sa.or_(effective.c.serial_to.is_(None), effective.c.serial_to > serial)
    return sa.and_(effective.c.serial_from <= serial, upto)


def _in_force(connection: Connection, list_id: int, serial: int) -> tuple[Entry, ...]:
    query = sa.select(effective.c.place, effective.c.detail)
    rows = connection.execute(query.where(effective.c.list_id == list_id, _at_serial(serial))).all()
    return _entries(rows)


def _entries(rows: Sequence[Any]) -> tuple[Entry, ...]:
    """Entries of rows that begin with place and detail, sorted by key."""
    with encode.reading_bytes():
        entries = [encode.entry_of(row[0], row[1]) for row in _by_place(rows)]
    return tuple(sorted(entries, key=lambda entry: entry.key) if _share_places(rows) else entries)


def _shown(rows: Sequence[Any]) -> tuple[Listed, ...]:
    """Listed entries of rows, sorted by key, source, state and date."""
    with encode.reading_bytes():
        shown = [_listed(row) for row in _by_place(rows)]
    return tuple(sorted(shown, key=_order) if _share_places(rows) else shown)


def _by_place(rows: Sequence[Any]) -> list[Any]:
    """Places sort as keys do, at a fraction of the cost; only where some are equal the keys are needed."""
    return sorted(rows, key=itemgetter(0))


def _share_places(rows: Sequence[Any]) -> bool:
    return len({row[0] for row in rows}) < len(rows)


def _listed(row: Any) -> Listed:
    place, detail, source, state, micros = row
    return Listed(encode.entry_of(place, detail), source, from_micros(micros), STATES[state])


def _order(one: Listed) -> tuple[Any, ...]:
    return one.entry.key, one.source, one.state, one.since
