"""Lists: serials, what each held, and where every entry came from.

Two tables of intervals. ``effective`` counts in serials: what was in force at
any of them. ``listed`` counts in time, so "what covered this address on the
first of May" is one question, and in steps, since two changes may share a
microsecond. A clock set back gives no negative interval: the overtaken row ends
where it began.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import itemgetter
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gatepost.model.address import Prefix
from gatepost.model.content import Content, Listed, Serial, Snapshot, State
from gatepost.model.entry import Domain, Entry
from gatepost.model.record import Hit, SerialRecord
from gatepost.store import encode
from gatepost.store._subject import Subject
from gatepost.store.schema import Moment, effective, from_micros, listed, lists, serials, to_micros

InForce: TypeAlias = tuple[bytes, bytes | None]
"""Place and detail: identity of an entry in force."""

Origin: TypeAlias = tuple[bytes, str, str]
"""Place, protocol with ports, and source: an entry that stays is the same while these are."""

Row: TypeAlias = tuple[bytes, bytes | None, str, str]
"""Place, detail, source and state: what a listed entry says beside its date."""

ROW = (listed.c.place, listed.c.detail, listed.c.source, listed.c.state)
STATES = {state.value: state for state in State}
SINCE = sa.type_coerce(listed.c.since, sa.BigInteger).label("micros")


@dataclass(frozen=True, slots=True)
class _Kept:
    """A row in force: where it stands, and when its entry came in."""

    id: int
    serial: int
    since: int
    """Microseconds."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """One recording: which list, which serial and step it writes, and when."""

    list_id: int
    serial: int
    step: int
    at: datetime


class Lists(Subject):
    """Contents of lists, by serial and by time."""

    def latest(self, list_: str) -> Snapshot | None:
        """What a list holds now: its newest serial, with the listed entries as they stand."""
        with self._database.reading() as connection:
            row = connection.execute(_serials_of(list_).limit(1)).one_or_none()
            return None if row is None else _snapshot(connection, list_, row, listed.c.step_to.is_(None))

    def snapshot(self, list_: str, serial: int) -> Snapshot | None:
        """What a list held at a serial, with the listed entries as they stood when it was given."""
        with self._database.reading() as connection:
            row = connection.execute(_serials_of(list_).where(serials.c.serial == serial)).one_or_none()
            return None if row is None else _snapshot(connection, list_, row, _in_step(row.step))

    def record_content(self, list_: str, content: Content, at: datetime) -> Snapshot:
        """Keep what a list holds; a new serial only where what is in force differs.

        Listed entries are brought up to date in any case. One that stays keeps its
        ``since``, whatever ``content`` says, and the snapshot returned says so.
        """
        with self._database.writing() as connection:
            list_id, step = _list_row(connection, list_)
            last = connection.execute(_serials_of(list_).limit(1)).one_or_none()
            changed = last is None or last.digest != content.digest
            serial = (0 if last is None else last.serial) + changed
            turn = _Turn(list_id, serial, step + 1, at)
            shown, moved = _record_listed(connection, turn, content.listed)
            if moved:
                connection.execute(sa.update(lists).where(lists.c.id == list_id).values(step=turn.step))
            if changed:
                _record_serial(connection, turn, content, step + moved)
        given = at if last is None or changed else last.at
        return Snapshot(list_, Serial(serial), given, replace(content, listed=shown))

    def serials(self, list_: str) -> tuple[SerialRecord, ...]:
        """A list's history, oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(_serials_of(list_)).all()
        return tuple(
            SerialRecord(list_, Serial(row.serial), row.at, row.digest, row.entries, row.added, row.removed)
            for row in reversed(rows)
        )

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


def _serials_of(list_: str) -> sa.Select[Any]:
    """Newest first."""
    query = sa.select(serials).join(lists).where(lists.c.name == list_)
    return query.order_by(serials.c.serial.desc())


def _in_step(step: int) -> sa.ColumnElement[bool]:
    return sa.and_(listed.c.step_from <= step, sa.or_(listed.c.step_to.is_(None), listed.c.step_to > step))


def _valid(at: datetime | None) -> sa.ColumnElement[bool]:
    if at is None:
        return listed.c.valid_to.is_(None)
    return sa.and_(listed.c.valid_from <= at, sa.or_(listed.c.valid_to.is_(None), listed.c.valid_to > at))


def _snapshot(connection: Connection, list_: str, row: Any, when: sa.ColumnElement[bool]) -> Snapshot:
    query = sa.select(*ROW, SINCE).where(listed.c.list_id == row.list_id, when)
    shown = _shown(connection.execute(query).all())
    content = Content(shown, _in_force(connection, row.list_id, row.serial), row.digest)
    return Snapshot(list_, Serial(row.serial), row.at, content)


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


def _row(one: Listed) -> Row:
    return encode.place(one.entry.value), encode.detail(one.entry), one.source, one.state.value


def _list_row(connection: Connection, name: str) -> tuple[int, int]:
    """Id and step of a list, made on its first content."""
    row = connection.execute(sa.select(lists.c.id, lists.c.step).where(lists.c.name == name)).one_or_none()
    if row is not None:
        return row.id, row.step
    made = connection.execute(sa.insert(lists).values(name=name, step=0))
    return int(made.inserted_primary_key[0]), 0  # type: ignore[index]  # a single insert has one


def _record_listed(
    connection: Connection, turn: _Turn, content: tuple[Listed, ...]
) -> tuple[tuple[Listed, ...], bool]:
    """Close what is gone, open what is new; the entries with the dates kept, and whether anything changed."""
    query = sa.select(listed.c.id, listed.c.serial, *ROW, SINCE)
    rows = connection.execute(query.where(listed.c.list_id == turn.list_id, listed.c.step_to.is_(None))).all()
    old = {(p, d, so, st): _Kept(id_, serial, since) for id_, serial, p, d, so, st, since in rows}
    new = {_row(one): one for one in content}
    gone = {row: old[row] for row in old.keys() - new.keys()}
    stays = old | _same_entries(gone, new.keys() - old.keys())
    shown = {row: _dated(one, stays.get(row)) for row, one in new.items()}
    _close(connection, turn, [kept.id for kept in gone.values()])
    came = [
        (row, one, stays[row].serial if row in stays else turn.serial)
        for row, one in shown.items()
        if row not in old
    ]
    _open(connection, turn, came)
    return tuple(shown.values()), bool(gone or came)


def _same_entries(gone: dict[Row, _Kept], came: Iterable[Row]) -> dict[Row, _Kept]:
    """New rows of entries that only changed their state, note or necessity, with what they were before."""
    before = {_origin(row): kept for row, kept in gone.items()}
    return {row: before[origin] for row in came if before and (origin := _origin(row)) in before}


def _origin(row: Row) -> Origin:
    place, detail, source, _ = row
    with encode.reading_bytes():
        entry = encode.entry_of(place, detail)
    return place, f"{entry.protocol}{entry.ports}", source


def _dated(one: Listed, kept: _Kept | None) -> Listed:
    if kept is None or to_micros(one.since) == kept.since:
        return one
    return replace(one, since=from_micros(kept.since))


def _close(connection: Connection, turn: _Turn, ids: list[int]) -> None:
    if not ids:
        return
    later = sa.case((listed.c.valid_from > turn.at, listed.c.valid_from), else_=sa.literal(turn.at, Moment))
    update = sa.update(listed).where(listed.c.id == sa.bindparam("row"))
    connection.execute(update.values(step_to=turn.step, valid_to=later), [{"row": one} for one in ids])


def _open(connection: Connection, turn: _Turn, came: list[tuple[Row, Listed, int]]) -> None:
    fixed = {"list_id": turn.list_id, "step_from": turn.step, "valid_from": turn.at}
    values = [
        {"place": p, "detail": d, "source": so, "state": st, "since": one.since, "serial": serial, **fixed}
        for (p, d, so, st), one, serial in came
    ]
    if values:
        connection.execute(sa.insert(listed), values)


def _record_serial(connection: Connection, turn: _Turn, content: Content, step: int) -> None:
    query = sa.select(effective.c.id, effective.c.place, effective.c.detail)
    current = query.where(effective.c.list_id == turn.list_id, effective.c.serial_to.is_(None))
    old: dict[InForce, int] = {(p, d): id_ for id_, p, d in connection.execute(current).all()}
    new = dict.fromkeys((encode.place(entry.value), encode.detail(entry)) for entry in content.effective)
    gone = [{"row": id_} for key, id_ in old.items() if key not in new]
    came = [key for key in new if key not in old]
    if gone:
        update = sa.update(effective).where(effective.c.id == sa.bindparam("row"))
        connection.execute(update.values(serial_to=turn.serial), gone)
    if came:
        fixed = {"list_id": turn.list_id, "serial_from": turn.serial}
        connection.execute(sa.insert(effective), [{"place": p, "detail": d, **fixed} for p, d in came])
    connection.execute(
        sa.insert(serials).values(
            list_id=turn.list_id,
            serial=turn.serial,
            at=turn.at,
            step=step,
            digest=content.digest,
            entries=len(new),
            added=len(came),
            removed=len(gone),
        )
    )
