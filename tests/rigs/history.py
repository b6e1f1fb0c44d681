"""A history that is older than it was: for what depends on time, where no test may wait."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from gatepost.store.schema import attempts, looks


def passed(place: Path, time: timedelta) -> None:
    """Let so much time have passed since anything in a history's tables happened, by every clock."""
    micros = time // timedelta(microseconds=1)
    times = type(attempts.c.at.type)
    with closing(sqlite3.connect(place)) as database:
        for table in attempts.metadata.tables.values():
            for column in table.columns:
                if isinstance(column.type, times) or column is looks.c.uptime:
                    change = f'UPDATE "{table.name}" SET "{column.name}" = "{column.name}" - ?'  # noqa: S608 - names of the schema
                    database.execute(change, (micros,))
        database.commit()
