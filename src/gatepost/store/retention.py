"""Retention: what is old goes, by age and by bytes; what is in force never does.

Kept whatever its age: the newest answer and acceptance of each source, what
baselines of up to ``BASELINES`` may ask for, the last approved acceptance, held
answers that wait, each list's newest serial and the one in force at the limit,
the serials that a kept plan or intent names, the newest plan of each target,
intents without an outcome, the last and the last verified one of each target.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.schema import Column, Table

from gatepost.model.plan import Outcome
from gatepost.store._subject import Subject
from gatepost.store.schema import (
    acceptances,
    accepted,
    answers,
    awaits,
    bodies,
    effective,
    held,
    intents,
    listed,
    lists,
    plans,
    serials,
    words,
)

BASELINES = timedelta(days=31)
"""Guards measure against answers of up to 30 days ago."""

SHORTEST = timedelta(hours=1)
"""However small ``max_bytes`` is, this much history stays."""


class Retention(Subject):
    """Forgetting, on purpose and within bounds."""

    def prune(self, at: datetime, keep: timedelta, max_bytes: int) -> int:
        """Forget what is older than ``keep``, and more while the history is larger than ``max_bytes``.

        Gives the number of rows removed. Bytes are measured in SQLite alone; on a
        server only the age counts.
        """
        removed = self._forget(at, keep)
        while self._is_larger_than(max_bytes) and keep > SHORTEST:
            keep /= 2
            removed += self._forget(at, keep)
        if removed:
            self._database.shrink()
        return removed

    def size(self) -> int | None:
        """Bytes in use; None where the database does not tell."""
        if not self._database.is_sqlite:
            return None
        pages, free, page = (
            self._database.pragma(name) for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * page)

    def _is_larger_than(self, max_bytes: int) -> bool:
        size = self.size()
        return size is not None and size > max_bytes

    def _forget(self, at: datetime, keep: timedelta) -> int:
        limit = at - keep
        with self._database.writing() as connection:
            removed = [
                _forget_sources(connection, limit, min(limit, at - BASELINES)),
                _forget_plans(connection, limit),
                _forget_lists(connection, limit),
                _forget_bodies(connection),
            ]
        return sum(removed)


def _delete(connection: Connection, table: Table, *where: sa.ColumnElement[bool]) -> int:
    return connection.execute(sa.delete(table).where(*where)).rowcount


def _newest(table: Table, by: Column[Any], *where: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Ids of the newest row of each group."""
    return sa.select(sa.func.max(table.c.id)).where(*where).group_by(by)


def _forget_sources(connection: Connection, limit: datetime, baselines: datetime) -> int:
    run = acceptances.alias()
    next_at = (
        sa.select(run.c.at)
        .where(run.c.source == acceptances.c.source, run.c.id > acceptances.c.id)
        .order_by(run.c.id)
        .limit(1)
        .scalar_subquery()
    )
    approved = _newest(acceptances, acceptances.c.source, acceptances.c.approved)
    return (
        _delete(
            connection,
            answers,
            answers.c.fetched_at < limit,
            answers.c.id.not_in(_newest(answers, answers.c.source)),
        )
        + _delete(connection, acceptances, next_at <= baselines, acceptances.c.id.not_in(approved))
        + _delete(connection, held, ~held.c.waiting, held.c.at < limit)
    )


def _forget_plans(connection: Connection, limit: datetime) -> int:
    right = intents.c.outcome.in_([Outcome.APPLIED.value, Outcome.UNCHANGED.value])
    kept = sa.union(
        _newest(intents, intents.c.target), _newest(intents, intents.c.target, right, intents.c.verified)
    )
    done = (intents.c.intended_at < limit, intents.c.outcome.is_not(None), intents.c.id.not_in(kept))
    removed = _delete(connection, intents, *done)
    waits = sa.select(awaits.c.plan).join(held, held.c.digest == awaits.c.held).where(held.c.waiting)
    later = plans.alias()
    overtaken = sa.exists().where(later.c.target == plans.c.target, later.c.at > plans.c.at)
    bound = sa.union(sa.select(intents.c.digest), waits)
    removed += _delete(connection, plans, plans.c.at < limit, overtaken, plans.c.digest.not_in(bound))
    meant = sa.union(sa.select(plans.c.digest), sa.select(held.c.digest))
    last = sa.select(sa.func.max(words.c.id))  # never removed: a number that came again would undo an order
    old = (words.c.at < limit, words.c.digest.not_in(meant), words.c.id.not_in(last))
    return removed + _delete(connection, words, *old)


def _forget_lists(connection: Connection, limit: datetime) -> int:
    later = serials.alias()
    overtaken = sa.exists().where(
        later.c.list_id == serials.c.list_id, later.c.serial > serials.c.serial, later.c.at <= limit
    )
    named = [
        sa.exists().where(
            lists.c.id == serials.c.list_id, table.c.list == lists.c.name, table.c.serial == serials.c.serial
        )
        for table in (plans, intents)
    ]
    removed = _delete(connection, serials, overtaken, ~sa.or_(*named))
    return removed + _forget_effective(connection) + _forget_listed(connection, limit)


def _forget_effective(connection: Connection) -> int:
    """Rows that no kept serial holds."""
    needed = sa.exists().where(
        serials.c.list_id == effective.c.list_id,
        serials.c.serial >= effective.c.serial_from,
        serials.c.serial < effective.c.serial_to,
    )
    return _delete(connection, effective, effective.c.serial_to.is_not(None), ~needed)


def _forget_listed(connection: Connection, limit: datetime) -> int:
    """Rows that ended before the limit and that no kept serial shows."""
    needed = sa.exists().where(
        serials.c.list_id == listed.c.list_id,
        serials.c.step >= listed.c.step_from,
        serials.c.step < listed.c.step_to,
    )
    return _delete(connection, listed, listed.c.valid_to <= limit, ~needed)


def _forget_bodies(connection: Connection) -> int:
    used = sa.union(*(sa.select(table.c.body) for table in (answers, acceptances, accepted)))
    return _delete(connection, bodies, bodies.c.digest.not_in(used))
