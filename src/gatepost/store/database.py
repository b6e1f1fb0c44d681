"""One database: its place, its connections, its transactions, its errors.

SQLite keeps a write-ahead log synced at every commit (``synchronous=FULL``), so
what was recorded survives a power cut; the file is 0600 in a directory made
0700, and SQLite gives ``-wal`` and ``-shm`` the file's mode. A transaction that
writes takes the write lock first (``BEGIN IMMEDIATE``; on PostgreSQL an advisory
lock), so two processes wait for each other instead of failing half-way. Nothing
of SQLAlchemy, SQLite or psycopg leaves this module as an exception but as a leaf
of StoreError.

https://sqlite.org/wal.html, https://sqlite.org/pragma.html#pragma_synchronous
"""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from gatepost.errors import ConfigInvalid, StoreCorrupt, StoreError, StoreUnavailable, cut

DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgresql+psycopg": "postgresql+psycopg"}

SERVER = "postgresql+psycopg://…"

WRITER = 0x6761_7465
"""Key of the advisory lock that writers take on a server: any number that is ours."""

CORRUPT_CODES = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}
CORRUPT_STATES = {"XX001", "XX002"}
"""PostgreSQL: data_corrupted, index_corrupted."""


logging.getLogger("sqlalchemy").addHandler(logging.NullHandler())  # what goes wrong is raised


class Database:
    """Connections to one history, and nothing of what is in it."""

    def __init__(self, engine: Engine) -> None:
        """Made by :func:`connect`."""
        self._engine = engine
        self._reader, self._writer = engine, engine.execution_options(immediate=True)
        if not self.is_sqlite:
            self._reader = engine.execution_options(isolation_level="REPEATABLE READ")

    @property
    def path(self) -> Path | None:
        """The file of a SQLite history; None in memory and on a server."""
        name = self._engine.url.database
        return Path(name) if self.is_sqlite and name and name != ":memory:" else None

    @property
    def is_sqlite(self) -> bool:
        """Whether pragmas apply."""
        return self._engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view; writes of others go on beside it."""
        with self._mapped(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """All or nothing, and on disk when the block is left."""
        with self._mapped(), self._writer.begin() as connection:
            if not self.is_sqlite:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(WRITER)))
            yield connection

    def pragma(self, statement: str) -> Any:
        """First value of a PRAGMA run outside any transaction; SQLite alone."""
        with self._raw() as connection:
            rows = connection.execute(f"PRAGMA {statement}").fetchall()
        return rows[0][0] if rows else None

    def shrink(self) -> None:
        """Give freed pages back to the file system; nothing where there is no file."""
        if self.path is None:
            return
        with self._raw() as connection:  # a script, since execute() would step, and free, once only
            connection.executescript("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _raw(self) -> Iterator[Any]:
        """The driver's own connection, in no transaction."""
        with self._mapped():
            pooled = self._engine.raw_connection()
            try:
                yield pooled.driver_connection
            finally:
                pooled.close()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other processes from setting up the same file meanwhile.

        The lock is on the directory: closing a second descriptor of the file
        itself would drop SQLite's own locks (POSIX), and a lock file would stay.
        """
        if self.path is None:
            yield
            return
        with self._mapped():
            folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def close(self) -> None:
        """Give the connections back; the last process to close empties the write-ahead log."""
        self._engine.dispose()

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except StoreError:
            raise
        except DBAPIError as error:
            raise leaf(error.orig, self._engine.url) from None
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            raise leaf(error, self._engine.url) from None


def leaf(error: BaseException | None, url: URL) -> StoreError:
    """The store's own error for one of the driver's."""
    code = getattr(error, "sqlite_errorcode", None)
    corrupt = code is not None and code & 0xFF in CORRUPT_CODES
    corrupt = corrupt or getattr(error, "sqlstate", None) in CORRUPT_STATES
    msg = f"the store {_place(url)}: {cut(str(error))}"
    return StoreCorrupt(msg) if corrupt else StoreUnavailable(msg)


def _place(url: URL) -> str:
    """Where it is, without who connects and how: parts of a mistyped password may stand in either."""
    host = None if url.host is None else url.host.rpartition("@")[2]
    return URL.create(url.drivername, host=host, port=url.port, database=url.database).render_as_string()


def connect(text: str, wait: float) -> Database:
    """A database by URL, its file made if missing; ``wait`` is how many seconds a locked one is waited for.

    Raises ConfigInvalid for a URL that is not ours, StoreUnavailable where no file can be made.
    """
    url = _url(text)
    if url.drivername != "sqlite":
        return Database(_server(url, wait))
    in_memory = url.database in (None, "", ":memory:")
    if not in_memory:
        _make_file(url)
    size = {"pool_size": 1, "max_overflow": 0} if in_memory else {"pool_size": 5}
    connect_args = {"timeout": wait, "check_same_thread": False}
    engine = sa.create_engine(url, poolclass=QueuePool, connect_args=connect_args, **size)
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    return Database(engine)


def check_url(text: str) -> None:
    """Raise ConfigInvalid for a URL that no history could be opened by; nothing is opened."""
    _url(text)


def _url(text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        msg = (
            "the store's url cannot be read: write sqlite:///PATH or "
            "postgresql+psycopg://USER:PASSWORD@HOST:PORT/DATABASE, special characters in it as %XX"
        )
        raise ConfigInvalid(msg) from None
    if url.drivername not in DRIVERS or (url.query and url.drivername == "sqlite"):
        msg = f"the store's url must be sqlite:///PATH or {SERVER}, not {cut(_place(url))}"
        raise ConfigInvalid(msg)
    if "@" in (url.host or ""):
        msg = "the store's url has an @ in its user or password: write %40 there"
        raise ConfigInvalid(msg)
    return url.set(drivername=DRIVERS[url.drivername])


def _server(url: URL, wait: float) -> Engine:
    bounds = {"connect_timeout": max(2, round(wait)), "options": f"-c lock_timeout={round(wait * 1000)}"}
    try:
        return sa.create_engine(url, pool_pre_ping=True, connect_args=bounds)
    except (NoSuchModuleError, ImportError):
        msg = "a postgresql store needs `pip install gatepost[postgresql]`"
        raise ConfigInvalid(msg) from None


def _make_file(url: URL) -> None:
    """An empty file of mode 0600, whatever the umask, in folders of mode 0700; nothing where it exists."""
    path = Path(url.database or "").absolute()
    try:
        for folder in reversed([folder for folder in path.parents if not folder.exists()]):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o700)
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return
    except OSError as error:
        raise leaf(error, url) from None
    os.fchmod(file, 0o600)
    os.close(file)


def _set_up(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we begin ourselves: pysqlite would begin late and never before DDL
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")


def _begin(connection: Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
