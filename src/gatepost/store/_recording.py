"""Recording what a list holds: intervals closed for what is gone and opened for what is new.

Where it is known what was recorded last, only rows that differ from it are read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gatepost.model.content import Content, Listed
from gatepost.model.entry import Entry
from gatepost.store import encode
from gatepost.store.schema import Moment, effective, from_micros, listed, lists, serials, to_micros

InForce: TypeAlias = tuple[bytes, bytes | None]
"""Place and detail: identity of an entry in force."""

Origin: TypeAlias = tuple[bytes, str, str]
"""Place, protocol with ports, and source: an entry that stays is the same while these are."""

Row: TypeAlias = tuple[bytes, bytes | None, str, str]
"""Place, detail, source and state: what a listed entry says beside its date."""

ROW = (listed.c.place, listed.c.detail, listed.c.source, listed.c.state)
SINCE = sa.type_coerce(listed.c.since, sa.BigInteger).label("micros")
PLACES_MAX = 500
"""Places that are looked up singly; for more, all that is in force is read."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A row in force: where it stands, and when its entry came in."""

    id: int
    serial: int
    since: int
    """Microseconds."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One recording: which list, which serial and step it writes, and when."""

    list_id: int
    serial: int
    step: int
    at: datetime


def list_row(connection: Connection, name: str) -> tuple[int, int]:
    """Id and step of a list, made on its first content."""
    row = connection.execute(sa.select(lists.c.id, lists.c.step).where(lists.c.name == name)).one_or_none()
    if row is not None:
        return row.id, row.step
    made = connection.execute(sa.insert(lists).values(name=name, step=0))
    return int(made.inserted_primary_key[0]), 0  # type: ignore[index]  # a single insert has one


def record_listed(
    connection: Connection, turn: Turn, content: Sequence[Listed], before: Sequence[Listed] | None
) -> tuple[tuple[Listed, ...], bool]:
    """The entries with the dates kept, and whether anything changed. ``before`` is what is listed now."""
    if before is not None:
        found = _by_difference(connection, turn, content, before)
        if found is not None:
            return found
    new = {_row(one): one for one in content}
    dated, moved = _write(connection, turn, new, _open_rows(connection, turn))
    return tuple(dated.values()), moved


def _by_difference(
    connection: Connection, turn: Turn, content: Sequence[Listed], before: Sequence[Listed]
) -> tuple[tuple[Listed, ...], bool] | None:
    """None where something is listed twice, or the history is not what it was."""
    known = {(id(one.entry), one.source, one.state): one for one in before}
    shown = [known.pop((id(one.entry), one.source, one.state), None) for one in content]
    came = [one for one, stays in zip(content, shown, strict=True) if stays is None]
    new, left = {_row(one): one for one in came}, {_row(one) for one in known.values()}
    rows = _open_rows(connection, turn, {row[0] for row in (*new, *left)})
    old = {row: kept for row, kept in rows.items() if row in left}
    if len(new) < len(came) or len(old) < len(left) or (rows.keys() - left) & new.keys():
        return None
    dated, moved = _write(connection, turn, new, old)
    coming = iter(dated.values())
    return tuple(stays or next(coming) for stays in shown), moved


def _open_rows(
    connection: Connection, turn: Turn, places: Collection[bytes] | None = None
) -> dict[Row, _Kept]:
    """Rows in force, at some places at least."""
    if places is not None and not places:
        return {}
    query = sa.select(listed.c.id, listed.c.serial, *ROW, SINCE)
    query = query.where(listed.c.list_id == turn.list_id, listed.c.step_to.is_(None))
    if places is not None and len(places) <= PLACES_MAX:
        query = query.where(listed.c.place.in_(places))
    rows = connection.execute(query).all()
    return {(p, d, so, st): _Kept(id_, serial, since) for id_, serial, p, d, so, st, since in rows}


def _write(
    connection: Connection, turn: Turn, new: dict[Row, Listed], old: dict[Row, _Kept]
) -> tuple[dict[Row, Listed], bool]:
    """From old rows to new ones: close what is gone, open what came."""
    gone = {row: old[row] for row in old.keys() - new.keys()}
    stays = old | _same_entries(gone, new.keys() - old.keys())
    dated = {row: _dated(one, stays.get(row)) for row, one in new.items()}
    _close(connection, turn, [kept.id for kept in gone.values()])
    came = [
        (row, one, stays[row].serial if row in stays else turn.serial)
        for row, one in dated.items()
        if row not in old
    ]
    _open(connection, turn, came)
    return dated, bool(gone or came)


def _row(one: Listed) -> Row:
    return encode.place(one.entry.value), encode.detail(one.entry), one.source, one.state.value


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


def _close(connection: Connection, turn: Turn, ids: list[int]) -> None:
    if not ids:
        return
    later = sa.case((listed.c.valid_from > turn.at, listed.c.valid_from), else_=sa.literal(turn.at, Moment))
    update = sa.update(listed).where(listed.c.id == sa.bindparam("row"))
    connection.execute(update.values(step_to=turn.step, valid_to=later), [{"row": one} for one in ids])


def _open(connection: Connection, turn: Turn, came: list[tuple[Row, Listed, int]]) -> None:
    fixed = {"list_id": turn.list_id, "step_from": turn.step, "valid_from": turn.at}
    values = [
        {"place": p, "detail": d, "source": so, "state": st, "since": one.since, "serial": serial, **fixed}
        for (p, d, so, st), one, serial in came
    ]
    if values:
        connection.execute(sa.insert(listed), values)


def record_serial(
    connection: Connection, turn: Turn, content: Content, step: int, before: Sequence[Entry] | None
) -> None:
    """A new serial, and what is in force from it on. ``before`` is what is in force now."""
    moved = _moved(connection, turn, content.effective, before)
    if moved.gone:
        update = sa.update(effective).where(effective.c.id == sa.bindparam("row"))
        connection.execute(update.values(serial_to=turn.serial), [{"row": id_} for id_ in moved.gone])
    if moved.came:
        fixed = {"list_id": turn.list_id, "serial_from": turn.serial}
        connection.execute(sa.insert(effective), [{"place": p, "detail": d, **fixed} for p, d in moved.came])
    connection.execute(
        sa.insert(serials).values(
            list_id=turn.list_id,
            serial=turn.serial,
            at=turn.at,
            step=step,
            digest=content.digest,
            entries=moved.whole,
            added=len(moved.came),
            removed=len(moved.gone),
        )
    )


@dataclass(frozen=True, slots=True)
class _Moved:
    """What changes in force."""

    gone: list[int]
    """Ids of rows."""
    came: list[InForce]
    whole: int
    """Entries in force afterwards."""


def _moved(
    connection: Connection, turn: Turn, new: Sequence[Entry], before: Sequence[Entry] | None
) -> _Moved:
    if before is not None:
        known = {id(entry): entry for entry in before}
        came = dict.fromkeys(_in_force(entry) for entry in new if known.pop(id(entry), None) is None)
        left = set(map(_in_force, known.values()))
        rows = _rows_in_force(connection, turn, {key[0] for key in (*came, *left)})
        if left <= rows.keys() and not (rows.keys() - left) & came.keys():
            gone = [rows[key] for key in left - came.keys()]
            fresh = [key for key in came if key not in left]
            return _Moved(gone, fresh, len(before) - len(gone) + len(fresh))
    rows, keys = _rows_in_force(connection, turn), dict.fromkeys(map(_in_force, new))
    gone = [id_ for key, id_ in rows.items() if key not in keys]
    return _Moved(gone, [key for key in keys if key not in rows], len(keys))


def _rows_in_force(
    connection: Connection, turn: Turn, places: Collection[bytes] | None = None
) -> dict[InForce, int]:
    """Ids of what is in force, at some places at least."""
    query = sa.select(effective.c.id, effective.c.place, effective.c.detail)
    query = query.where(effective.c.list_id == turn.list_id, effective.c.serial_to.is_(None))
    if places is not None and len(places) <= PLACES_MAX:
        query = query.where(effective.c.place.in_(places))
    return {(p, d): id_ for id_, p, d in connection.execute(query).all()}


def _in_force(entry: Entry) -> InForce:
    return encode.place(entry.value), encode.detail(entry)
