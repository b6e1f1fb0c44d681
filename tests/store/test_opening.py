"""What opens, what is refused, and how a history lies on the disk."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

import gatepost.store
from gatepost.errors import ConfigInvalid, StoreCorrupt, StoreError, StoreTooNew, StoreUnavailable
from gatepost.kit.secret import Secret
from gatepost.model.plan import Word
from gatepost.model.record import Failure, WordRecord
from gatepost.store import Store, schema
from gatepost.store.database import connect
from gatepost.store.opening import make_ready
from store.nouns import answer, plain, plan

HOUR = timedelta(hours=1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where ``url`` points."""
    return tmp_path / "state/gatepost/gatepost.db"


def write(path: Path, statement: str, *values: object) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement, values)
    connection.commit()
    connection.close()


def test_history_is_there_at_the_next_opening(url: str, start: datetime) -> None:
    with Store.open(url) as store:
        snapshot = store.record_content("webhooks", plain(start, "192.0.2.1/32"), start)
    with Store.open(url) as store:
        assert store.latest("webhooks") == snapshot


def test_tables_are_those_the_revisions_make() -> None:
    """Schema and migrations say the same, and the newest revision is the one we expect."""
    versions = ScriptDirectory(str(Path(gatepost.store.__file__).parent / "migrations"))
    assert versions.get_current_head() == schema.HEAD
    with Store.open("sqlite://") as store, store._database.reading() as connection:
        options = {"version_table": schema.VERSION_TABLE, "compare_type": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), schema.metadata) == []


def test_current_history_opens_without_alembic(url: str) -> None:
    """Opening what is of our version neither imports nor runs the migration library."""
    Store.open(url).close()
    code = f"from gatepost.store import Store; Store.open({url!r}).close(); import sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "sqlalchemy" in done.stdout.split()
    assert "alembic" not in done.stdout.split()


def test_every_commit_is_synced_and_references_hold(url: str) -> None:
    """Write-ahead log, full sync and foreign keys are on in every connection, not only the first."""
    with Store.open(url) as store, store._database.reading() as one, store._database.reading() as other:
        for connection in (one, other):
            settings = [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys")
            ]
            assert settings == ["wal", 2, 1]


@pytest.mark.parametrize("umask", [0, 0o022, 0o777])
def test_only_the_owner_reads_it(url: str, path: Path, start: datetime, umask: int) -> None:
    """File, write-ahead log and shared memory are 0600 in directories of 0700, whatever the umask."""
    before = os.umask(umask)
    try:
        with Store.open(url) as store:
            store.record_content("webhooks", plain(start, "192.0.2.1/32"), start)
            modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("gatepost.db", "gatepost.db-wal", "gatepost.db-shm"), 0o600)
    assert [stat.S_IMODE(one.stat().st_mode) for one in (path.parent, path.parent.parent)] == [0o700, 0o700]


def test_directory_that_was_there_keeps_its_mode(url: str, path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.parent.chmod(0o750)
    Store.open(url).close()
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o750


def test_newer_history_is_refused(url: str, path: Path) -> None:
    """A newer gatepost's history is neither read nor changed."""
    Store.open(url).close()
    write(path, "UPDATE gatepost_version SET version_num = '0999'")
    before = path.read_bytes()
    with pytest.raises(StoreTooNew, match="0999"):
        Store.open(url)
    assert path.read_bytes() == before


def test_database_of_another_program_is_refused(url: str, path: Path) -> None:
    """No table of ours is made among those of others."""
    path.parent.mkdir(parents=True)
    write(path, "CREATE TABLE bookmarks (url TEXT)")
    before = path.read_bytes()
    with pytest.raises(StoreCorrupt, match="another program"):
        Store.open(url)
    assert path.read_bytes() == before


@pytest.mark.parametrize("text", [b"{}", b"not a database at all " * 400])
def test_file_that_is_no_database_is_refused(url: str, path: Path, text: bytes) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(text)
    with pytest.raises(StoreCorrupt):
        Store.open(url)
    assert path.read_bytes() == text


def damage(path: Path) -> None:
    """Overwrite the middle of the file, and not the first pages that every opening reads."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"\xa5" * 8192)


def fill(url: str, start: datetime) -> None:
    with Store.open(url) as store:
        some = [f"10.{high}.{low}.0/24" for high in range(8) for low in range(100)]
        store.record_content("webhooks", plain(start, *some), start)


def open_as_large(url: str, now: datetime) -> None:
    """As Store.open does it for a file too large to be checked each time."""
    database = connect(url, 1.0)
    try:
        make_ready(database, now, checked_always=0)
    finally:
        database.close()


def test_damaged_history_is_refused(url: str, path: Path, start: datetime) -> None:
    """The integrity check at opening finds what was overwritten."""
    fill(url, start)
    damage(path)
    with pytest.raises(StoreCorrupt):
        Store.open(url)


def test_large_history_is_checked_once_a_day(url: str, path: Path, start: datetime) -> None:
    """Damage of a large file is found by the first opening of the next day."""
    fill(url, start)
    open_as_large(url, start)
    damage(path)
    open_as_large(url, start + 23 * HOUR)
    with pytest.raises(StoreCorrupt):
        open_as_large(url, start + 25 * HOUR)


def test_clock_set_back_checks_again(url: str, path: Path, start: datetime) -> None:
    """A check of the future is none."""
    fill(url, start)
    open_as_large(url, start)
    damage(path)
    with pytest.raises(StoreCorrupt):
        open_as_large(url, start - HOUR)


def test_record_that_cannot_be_read_is_corrupt(url: str, path: Path, start: datetime) -> None:
    """Bytes that are no record of ours are an error of the history, not of the caller."""
    with Store.open(url) as store:
        store.record_content("webhooks", plain(start, "192.0.2.1/32"), start)
    for wrong in ("0420", "04", "042000000000ff", "0a0001020304", "", "ff00ff", "0421c0000201"):
        write(path, "UPDATE effective SET place = ?", bytes.fromhex(wrong))
        with Store.open(url) as store, pytest.raises(StoreCorrupt):
            store.latest("webhooks")


def test_backup_copy_opens(url: str, path: Path, tmp_path: Path, start: datetime) -> None:
    """A copy made while gatepost runs is a history of its own, whatever its journal mode."""
    with Store.open(url) as store:
        snapshot = store.record_content("webhooks", plain(start, "192.0.2.1/32"), start)
        write(path, "VACUUM INTO ?", f"{tmp_path}/copy.db")
    with Store.open(f"sqlite:///{tmp_path}/copy.db") as copy:
        assert copy.latest("webhooks") == snapshot
        assert copy._database.pragma("journal_mode") == "wal"


def test_place_that_is_no_directory_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable):
        Store.open(f"sqlite:///{tmp_path}/file/gatepost.db")
    with pytest.raises(StoreUnavailable):
        Store.open(f"sqlite:///{tmp_path}")


def test_locked_history_is_unavailable(url: str, path: Path, start: datetime) -> None:
    """A writer that waits too long says so; readers do not wait at all."""
    with Store.open(url, wait=0.05) as store:
        snapshot = store.record_content("webhooks", plain(start, "192.0.2.1/32"), start)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match="locked"):
            store.record_attempt("feishu-events", start, 1, None)
        assert store.latest("webhooks") == snapshot
        other.close()
        store.record_attempt("feishu-events", start, 1, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gatepost.db",
        "mysql://host/db",
        "sqlite+aiosqlite:///x.db",
        "sqlite:///x.db?mode=ro",
        "postgresql+asyncpg://h/d",
    ],
)
def test_other_url_is_refused(text: str) -> None:
    with pytest.raises(ConfigInvalid, match="sqlite:///PATH"):
        Store.open(text)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://gatepost:canary@127.0.0.1/history",
        "mysql://127.0.0.1/history?password=canary",
        "mysql://canary:x@y@127.0.0.1/history",
        "postgresql+psycopg://canary@127.0.0.1:1/history",
        "postgresql+psycopg://gatepost:x@canary@127.0.0.1/history",
        "postgresql+psycopg://gatepost@127.0.0.1:1/history?password=canary",
    ],
)
def test_password_of_a_url_is_never_shown(url: str) -> None:
    """Wherever it stands in the URL, and however it was mistyped."""
    with pytest.raises((ConfigInvalid, StoreUnavailable)) as caught:
        Store.open(url, wait=2)
    assert "canary" not in f"{caught.value!r}{caught.value}{caught.value.hint}"


def test_many_processes_make_one_history(url: str) -> None:
    """Processes that open a history that is not there yet all succeed."""
    code = f"from gatepost.store import Store; Store.open({url!r}).close(); print('open')"
    running = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    assert [one.communicate(timeout=60)[0].strip() for one in running] == ["open"] * 4
    with Store.open(url) as store:
        assert store.lists() == ()


def test_secret_cannot_be_recorded(url: str, path: Path, start: datetime) -> None:
    """A secret in the place of a text is refused everywhere, and stands in no file and no error."""
    canary = Secret("canary-7f3a")
    failure = Failure("TlsFailed", canary, transient=False, hint="")  # type: ignore[arg-type]  # the mistake meant
    with Store.open(url) as store:
        for mistake in (
            lambda: store.record_attempt(canary, start, 1, None),  # type: ignore[arg-type]  # the mistake meant
            lambda: store.record_attempt("feishu-events", start, 1, failure),
            lambda: store.record_word(WordRecord("sha256:one", Word.APPROVE, "eva", canary, start)),  # type: ignore[arg-type]  # the mistake meant
            lambda: store.record_answer(replace(answer(start), provenance=canary)),  # type: ignore[arg-type]  # the mistake meant
            lambda: store.record_plan(replace(plan("one"), notes=(canary,)), start),  # type: ignore[arg-type]  # the mistake meant
        ):
            with pytest.raises((TypeError, AttributeError, StoreError)) as caught:
                mistake()
            assert "canary" not in f"{caught.value!r}{caught.value}"
        assert not any(b"canary" in file.read_bytes() for file in path.parent.iterdir())
