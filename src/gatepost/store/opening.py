"""Make a history ready: its tables of our version, its file whole.

An existing history of our version costs one small read: Alembic is neither
imported nor run. A missing or older one is migrated in one transaction, by one
process at a time. A newer one, and a file of another program, is refused.

Integrity (``PRAGMA quick_check``, which reads the whole file): up to
``CHECKED_ALWAYS`` bytes at every opening, since that costs milliseconds; a
larger file once a day, the time being kept in the file itself. An unclean end
needs no check of its own: the write-ahead log has check sums, and SQLite drops
what was not committed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from gatepost.errors import StoreCorrupt, StoreTooNew, StoreTooOld, cut
from gatepost.store import schema
from gatepost.store.database import Database

CHECKED_ALWAYS = 4 * 1024 * 1024
CHECK_EVERY = timedelta(days=1)

VERSION = sa.table(schema.VERSION_TABLE, sa.column("version_num", sa.Text))


def make_ready(database: Database, now: datetime, checked_always: int = CHECKED_ALWAYS) -> None:
    """Create, migrate or refuse, and check. Raises StoreTooNew, StoreCorrupt, StoreUnavailable."""
    if not _is_current(database):
        with database.alone():
            if not _is_current(database):
                _migrate(database)
    if database.path is not None:
        _check(database, now, is_large=database.path.stat().st_size > checked_always)


def require_current(database: Database) -> None:
    """Refuse a history of another version; changes nothing.

    Raises StoreTooOld, StoreTooNew, StoreCorrupt, StoreUnavailable.
    """
    if not _is_current(database):
        msg = f"the store has an older schema than {schema.HEAD}"
        raise StoreTooOld(msg)


def _is_current(database: Database) -> bool:
    """Whether nothing is to be done; refuses what is newer or not ours."""
    with database.reading() as connection:
        version = _version(connection)
        journal = _journal(connection) if database.path else "wal"
    if version is not None and version > schema.HEAD:
        msg = f"the store has schema {cut(version, 32)}, this gatepost knows up to {schema.HEAD}"
        raise StoreTooNew(msg)
    return version == schema.HEAD and journal == "wal"


def _version(connection: Connection) -> str | None:
    tables = sa.inspect(connection).get_table_names()
    if schema.VERSION_TABLE in tables:
        return connection.scalar(sa.select(VERSION.c.version_num))
    if tables and connection.dialect.name == "sqlite":
        msg = "the store's file is a database of another program"
        raise StoreCorrupt(msg)
    return None


def _journal(connection: Connection) -> str:
    return str(connection.exec_driver_sql("PRAGMA journal_mode").scalar())


def _migrate(database: Database) -> None:
    """Bring the tables to HEAD; another process may have done it while we waited."""
    if database.path:
        database.pragma("auto_vacuum = INCREMENTAL")
        database.pragma("journal_mode = WAL")
    with database.writing() as connection:
        if _version(connection) != schema.HEAD:
            _upgrade(connection)


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - a tenth of a second that a current store never pays
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    command.upgrade(config, "head")


def _check(database: Database, now: datetime, *, is_large: bool) -> None:
    if is_large and not _check_is_due(database, now):
        return
    found = database.pragma("quick_check(1)")
    if found != "ok":
        msg = f"the store's integrity check found: {cut(str(found))}"
        raise StoreCorrupt(msg)
    if is_large:
        _note_check(database, now)


def _check_is_due(database: Database, now: datetime) -> bool:
    upkeep = schema.upkeep
    with database.reading() as connection:
        last = connection.scalar(sa.select(upkeep.c.at).where(upkeep.c.name == "integrity"))
    return last is None or not timedelta() <= now - last < CHECK_EVERY


def _note_check(database: Database, now: datetime) -> None:
    upkeep = schema.upkeep
    with database.writing() as connection:
        connection.execute(sa.delete(upkeep).where(upkeep.c.name == "integrity"))
        connection.execute(sa.insert(upkeep).values(name="integrity", at=now))
