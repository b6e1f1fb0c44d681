"""What the subjects of the store stand on."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.schema import Table

from gatepost.model.entry import Entry
from gatepost.store import encode, schema
from gatepost.store.database import Database


class Subject:
    """One subject of the history, over the database that all share."""

    def __init__(self, database: Database) -> None:
        """Made by ``Store.open``."""
        self._database = database


def put(connection: Connection, table: Table, key: dict[str, Any], values: dict[str, Any]) -> None:
    """Replace the row of a key, or make it: the same in every database."""
    same = [table.c[name] == value for name, value in key.items()]
    if not connection.execute(sa.update(table).where(*same).values(**values)).rowcount:
        connection.execute(sa.insert(table).values(**key, **values))


def keep_body(connection: Connection, entries: tuple[Entry, ...]) -> bytes:
    """Keep a set of entries once; its digest."""
    bodies = schema.bodies
    digest, text = encode.json_entries(entries)
    if connection.scalar(sa.select(bodies.c.digest).where(bodies.c.digest == digest)) is None:
        connection.execute(
            sa.insert(bodies).values(digest=digest, entries=encode.pack_entries(entries, text))
        )
    return digest
