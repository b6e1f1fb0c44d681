"""Full disks, killed processes, two writers: the history is whole afterwards."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from textwrap import dedent

import pytest

from gatepost.errors import StoreUnavailable
from gatepost.store import Store
from store.nouns import plain, plan, value

HEAD = """
    import sys
    from datetime import UTC, datetime, timedelta
    from store.nouns import plain, plan
    from gatepost.errors import StoreUnavailable
    from gatepost.model.plan import Outcome
    from gatepost.store import Store
    start = datetime(2026, 1, 5, 8, tzinfo=UTC)
    store = Store.open(sys.argv[1])
"""


def start_child(code: str, *args: str, file_size: int | None = None) -> subprocess.Popen[str]:
    """Another process on the same history; ``file_size`` is its disk, in bytes."""

    def limit() -> None:
        if file_size is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))

    script = dedent(HEAD) + dedent(code)
    tests = str(Path(__file__).parents[1])
    return subprocess.Popen(
        [sys.executable, "-c", script, *args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": tests},
        preexec_fn=limit,  # noqa: PLW1509 - the child alone gets the small disk
    )


def test_killed_writer_leaves_a_whole_history(url: str) -> None:
    """After kill -9 in the middle of writes, what was said to be recorded is there, and nothing half."""
    child = start_child(
        """
        for number in range(1, 100000):
            at = start + timedelta(seconds=number)
            some = [f"10.{number >> 8 & 255}.{number & 255}.{low}/32" for low in range(200)]
            store.record_content("webhooks", plain(start, *some), at)
            intent = store.record_intent(plan(str(number), serial=number), at)
            print(number, flush=True)
        """,
        url,
    )
    assert child.stdout is not None
    said = [int(child.stdout.readline()) for _ in range(5)]
    child.kill()
    said += [int(line) for line in child.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    assert child.wait() == -signal.SIGKILL
    child.communicate()
    with Store.open(url) as store:
        assert store._database.pragma("integrity_check") == "ok"
        unfinished = [record.serial for _, record in store.unfinished()]
        serials = store.serials("webhooks")
        assert len(unfinished) - said[-1] in {0, 1}
        assert len(serials) - len(unfinished) in {0, 1}
        for one in serials:
            snapshot = store.snapshot("webhooks", one.serial)
            assert snapshot is not None
            assert len(snapshot.content.listed) == len(snapshot.content.effective) == 200
        store.record_content("webhooks", plain(one.at, "192.0.2.1/32"), one.at)


def test_full_disk_records_nothing_and_breaks_nothing(url: str, start: datetime) -> None:
    """Without room there is StoreUnavailable, no intent and no half record; with room all goes on."""
    with Store.open(url) as store:
        before = store.record_content("webhooks", plain(start, "192.0.2.1/32"), start)
    child = start_child(
        """
        some = [f"10.0.{high}.{low}/32" for high in range(40) for low in range(250)]
        for attempt in (lambda: store.record_content("webhooks", plain(start, *some), start), lambda: None):
            try:
                attempt()
            except StoreUnavailable as error:
                print("unavailable")
        number = 0
        try:
            for number in range(100000):
                store.record_intent(plan(str(number)), start)
        except StoreUnavailable as error:
            print(number)
        """,
        url,
        file_size=400_000,
    )
    said = child.communicate(timeout=120)[0].split()
    assert said[0] == "unavailable"
    with Store.open(url) as store:
        assert store.latest("webhooks") == before
        assert len(store.unfinished()) == int(said[1])
        assert store._database.pragma("integrity_check") == "ok"
        assert store.record_content("webhooks", plain(start, "192.0.2.2/32"), start).serial == 2


def test_full_database_changes_nothing(url: str, start: datetime) -> None:
    """SQLite's own word for a full disk is StoreUnavailable too, and the transaction is undone whole."""
    some = [f"10.0.{high}.{low}/32" for high in range(40) for low in range(250)]
    with Store.open(url) as store:
        before = store.record_content("webhooks", plain(start, "192.0.2.1/32"), start)
        pages = store._database.pragma("page_count")
        store._database.pragma(f"max_page_count = {pages + 4}")
        with pytest.raises(StoreUnavailable, match="full"):
            store.record_content("webhooks", plain(start, *some), start)
        assert store.latest("webhooks") == before
        store._database.pragma("max_page_count = 100000")
        assert store.record_content("webhooks", plain(start, *some), start).serial == 2


def test_two_writers_lose_nothing(url: str) -> None:
    """Two processes that write at once wait for each other; each serial is given once."""
    Store.open(url).close()
    code = """
        print("ready", flush=True)
        sys.stdin.readline()
        for number in range(40):
            store.record_content(sys.argv[2], plain(start, f"10.0.0.{number}/32"), start)
            store.record_content("shared", plain(start, f"10.{sys.argv[2]}.0.{number}/32"), start)
            intent = store.record_intent(plan(f"{sys.argv[2]}-{number}"), start)
            store.record_outcome(intent, start, Outcome.APPLIED, verified=True)
        print("done")
    """
    running = [start_child(code, url, name) for name in ("1", "2")]
    assert [one.stdout and one.stdout.readline() for one in running] == ["ready\n", "ready\n"]
    for one in running:
        print("go", file=one.stdin, flush=True)
    assert [one.communicate(timeout=120)[0] for one in running] == ["done\n", "done\n"]
    with Store.open(url) as store:
        assert [len(store.serials(name)) for name in ("1", "2", "shared")] == [40, 40, 80]
        assert len(store.plans(None)) == 80
        assert store.unfinished() == ()
        latest = store.latest("shared")
        assert latest is not None
        assert len(latest.content.effective) == 1
        assert len(store.covering(latest.content.effective[0].value, None, ("shared",))) == 1
        assert store.covering(value("192.0.2.1/32"), None, ("shared",)) == ()
        assert plan("1-0") in store.plans("webhooks")
