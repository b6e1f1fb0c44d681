"""What is a server's own: several processes at once, connections that go, and whose fault it is."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from pathlib import Path
from textwrap import dedent

import psycopg
import pytest

from gatepost.errors import StoreTooNew, StoreUnavailable
from gatepost.store import Store
from gatepost.store.database import WRITER
from gatepost.store.schema import VERSION_TABLE
from rigs.postgres import Postgres
from store.nouns import plain

TESTS = str(Path(__file__).parents[1])
HEAD = """
    import sys
    from datetime import UTC, datetime, timedelta
    from store.nouns import plain, plan
    from gatepost.store import Store
    start = datetime(2026, 1, 5, 8, tzinfo=UTC)
    store = Store.open(sys.argv[1])
"""


def child(code: str, *arguments: str) -> subprocess.Popen[str]:
    """Another process on the same history."""
    argv = [sys.executable, "-c", dedent(HEAD) + dedent(code), *arguments]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": TESTS})


@pytest.fixture
def url(server: Postgres) -> str:
    """A history with nothing in it."""
    return server.ready()


def test_many_processes_make_one_history(server: Postgres) -> None:
    """Processes that open a history that is not there yet all succeed, and one makes the tables."""
    url = server.fresh()
    running = [child("store.close(); print('open')", url) for _ in range(4)]
    assert [one.communicate(timeout=60)[0].strip() for one in running] == ["open"] * 4
    with Store.open(url) as store:
        assert store.lists() == ()


def test_writers_take_turns(url: str) -> None:
    """Processes that write at once lose nothing: serials without a gap, each content its own."""
    code = """
        for number in range(12):
            at = start + timedelta(seconds=number)
            store.record_content("webhooks", plain(start, f"192.0.{sys.argv[2]}.{number}/32"), at)
            store.record_intent(plan(f"{sys.argv[2]}-{number}"), at)
    """
    running = [child(code, url, str(number)) for number in range(3)]
    assert [one.wait(60) for one in running] == [0, 0, 0]
    for one in running:
        one.communicate()
    with Store.open(url) as store:
        serials = [int(one.serial) for one in store.serials("webhooks")]
        assert serials == [*range(1, 37)]
        seen = {
            str(entry.value) for one in serials for entry in store.snapshot("webhooks", one).content.effective
        }
        assert seen == {f"192.0.{writer}.{number}/32" for writer in range(3) for number in range(12)}
        assert len(store.unfinished()) == 36


def test_killed_writer_leaves_a_whole_history(url: str) -> None:
    """After kill -9 in the middle of writes, what was said to be recorded is there, nothing half, no lock."""
    code = """
        for number in range(1, 100000):
            at = start + timedelta(seconds=number)
            some = [f"10.{number >> 8 & 255}.{number & 255}.{low}/32" for low in range(200)]
            store.record_content("webhooks", plain(start, *some), at)
            store.record_intent(plan(str(number), serial=number), at)
            print(number, flush=True)
    """
    writer = child(code, url)
    assert writer.stdout is not None
    said = [int(writer.stdout.readline()) for _ in range(5)]
    writer.kill()
    said += [int(line) for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    writer.communicate()
    with Store.open(url, wait=20) as store:
        serials = store.serials("webhooks")
        assert len(store.unfinished()) - said[-1] in {0, 1}
        assert len(serials) - len(store.unfinished()) in {0, 1}
        for one in serials:
            found = store.snapshot("webhooks", one.serial)
            assert found is not None
            assert len(found.content.effective) == 200
        store.record_content("webhooks", plain(found.at, "192.0.2.1/32"), found.at)


def test_locked_history_is_unavailable(server: Postgres, url: str, start: datetime) -> None:
    """A writer that waits too long says so; readers do not wait at all."""
    with Store.open(url, wait=0.05) as store:
        snapshot = store.record_content("webhooks", plain(start, "192.0.2.1/32"), start)
        with psycopg.connect(**server.place(url)) as other:
            other.execute("SELECT pg_advisory_xact_lock(%s)", (WRITER,))
            with pytest.raises(StoreUnavailable, match="lock timeout"):
                store.record_attempt("feishu-events", start, 1, None)
            assert store.latest("webhooks") == snapshot
        store.record_attempt("feishu-events", start, 1, None)


def test_a_reader_sees_one_moment(url: str, start: datetime) -> None:
    """What another process commits meanwhile is not half in what is read."""
    with Store.open(url) as reader, Store.open(url) as writer:
        writer.record_content("webhooks", plain(start, "192.0.2.1/32"), start)
        with reader._database.reading() as connection:
            count = "SELECT count(*) FROM serials"
            before = connection.exec_driver_sql(count).scalar()
            writer.record_content("webhooks", plain(start, "192.0.2.2/32"), start)
            assert connection.exec_driver_sql(count).scalar() == before == 1
        assert len(reader.serials("webhooks")) == 2


def test_connections_that_were_cut_are_made_anew(server: Postgres, url: str, start: datetime) -> None:
    """A server that was restarted in between costs nothing: the next question is answered."""
    with Store.open(url) as store:
        store.record_content("webhooks", plain(start, "192.0.2.1/32"), start)
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
        assert server.run(cut, values=(server.place(url)["dbname"],))
        assert len(store.serials("webhooks")) == 1


def test_no_server_and_no_database(server: Postgres) -> None:
    """What cannot be reached is unavailable, and says where, without a password."""
    nowhere = server.url("nowhere")
    for url in (
        nowhere,
        nowhere.replace("gatepost@", "gatepost:canary@"),
        nowhere.replace("gatepost-pg", "gone"),
        f"{nowhere}{'&' if '?' in nowhere else '?'}password=canary",
    ):
        with pytest.raises(StoreUnavailable, match="postgresql\\+psycopg://") as caught:
            Store.open(url, wait=2)
        assert "canary" not in f"{caught.value!r}{caught.value}"


def test_newer_history_is_refused(server: Postgres) -> None:
    """Tables of a later gatepost are left as they are."""
    url = server.fresh()
    Store.open(url).close()
    server.run(f"UPDATE {VERSION_TABLE} SET version_num = '9999'", server.place(url)["dbname"])  # noqa: S608 - a name of ours
    with pytest.raises(StoreTooNew):
        Store.open(url)


def test_tables_of_others_stay(server: Postgres) -> None:
    """Our tables are made beside those of another program in the same database."""
    url = server.fresh()
    name = server.place(url)["dbname"]
    server.run("CREATE TABLE theirs (id int)", name)
    Store.open(url).close()
    assert server.run("SELECT count(*) FROM theirs", name) == [(0,)]
