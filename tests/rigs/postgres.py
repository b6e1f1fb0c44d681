"""A PostgreSQL server of the tests' own: in a directory that goes, on a socket in it, as `nobody`."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGQUIT
from threading import Thread
from urllib.parse import quote, urlsplit

import psycopg
import pytest
import sqlalchemy as sa

from gatepost.store import Store
from gatepost.store.schema import metadata

READY = "database system is ready to accept connections"
MEMORY = Path("/dev/shm")  # noqa: S108 - a directory of its own is made in it
"""Where files cost nothing."""
PORT = 5432
"""The name of a file in the socket's directory."""
SETTINGS = {
    "fsync": "off",  # nobody needs it after a power cut
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "max_wal_size": "64MB",
    "min_wal_size": "32MB",
    "max_connections": "60",
    "listen_addresses": "",
    "port": str(PORT),
    "log_min_messages": "log",
    "log_checkpoints": "off",
}


@dataclass
class Postgres:
    """A server that is up."""

    folder: Path
    made: int = 0
    shared: str = ""
    """Of the database that is emptied again and again."""

    def url(self, name: str) -> str:
        """A history's, as the configuration names it."""
        return f"postgresql+psycopg://gatepost@/{name}?host={quote(str(self.folder), safe='')}&port={PORT}"

    def place(self, url: str) -> dict[str, str]:
        """The same for the driver."""
        name = urlsplit(url).path.removeprefix("/")
        return {"host": str(self.folder), "port": str(PORT), "user": "gatepost", "dbname": name}

    def run(
        self, statement: str, name: str = "postgres", values: tuple[str, ...] = ()
    ) -> list[tuple[object, ...]]:
        """One statement, by hand."""
        with psycopg.connect(**self.place(self.url(name)), autocommit=True) as connection:
            found = connection.execute(statement, values)
            return found.fetchall() if found.description else []

    def fresh(self) -> str:
        """The URL of a database of its own, with nothing in it."""
        self.made += 1
        self.run(f"CREATE DATABASE history_{self.made} TEMPLATE template0 STRATEGY file_copy")
        return self.url(f"history_{self.made}")

    def ready(self) -> str:
        """The URL of one with our tables, emptied: a database takes a second to make and to remove."""
        if not self.shared:
            self.shared = self.fresh()
            Store.open(self.shared).close()
        emptying = "; ".join(str(sa.delete(one)) for one in reversed(metadata.sorted_tables))
        self.run(emptying, self.place(self.shared)["dbname"])
        return self.shared


def programs() -> Path:
    """Of the newest one; the test is skipped where there is none, and CI allows no skip."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda each: float(each.parts[4]))
    named = shutil.which("initdb")
    if not found and named is None:
        pytest.skip("PostgreSQL is missing; scripts/setup installs it as root")
    return (found[-1] if found else Path(str(named)).resolve()).parent


def _as_nobody(*argv: str | Path) -> list[str]:
    """It refuses to run as root. Whoever runs it is gone with it, so it never outlives the tests."""
    lowered: list[str] = []
    if os.geteuid() == 0:
        lowered = ["--reuid=nobody", f"--regid={pwd.getpwnam('nobody').pw_gid}", "--clear-groups"]
    return ["setpriv", *lowered, "--pdeathsig=KILL", *map(str, argv)]


@contextmanager
def postgres() -> Iterator[Postgres]:
    """Set up, started, ended by its own process id."""
    where = programs()
    folder = Path(tempfile.mkdtemp(prefix="gatepost-pg-", dir=MEMORY if MEMORY.is_dir() else None))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "nobody")
        data, environment = folder / "data", {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC"}
        initdb = ("-D", data, "-U", "gatepost", "-A", "trust", "-E", "UTF8", "--no-sync", "--no-instructions")
        done = subprocess.run(
            _as_nobody(where / "initdb", *initdb),
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        options = [f"--{name}={value}" for name, value in SETTINGS.items()]
        argv = _as_nobody(where / "postgres", "-D", data, "-k", folder, *options)
        with subprocess.Popen(argv, env=environment, stderr=subprocess.PIPE, text=True) as server:
            try:
                _wait(server)
                yield Postgres(folder)
            finally:
                server.send_signal(SIGQUIT)  # at once, whoever is connected
                server.wait(30)
    finally:
        shutil.rmtree(folder)


def _wait(server: subprocess.Popen[str]) -> None:
    """Until it says that it is up; what it says later is read, so that it never waits for a reader."""
    said: deque[str] = deque(maxlen=50)
    assert server.stderr is not None
    for line in server.stderr:
        said.append(line)
        if READY in line:
            break
    else:
        pytest.fail("".join(said))
    Thread(target=deque, args=(server.stderr, 0), daemon=True).start()
