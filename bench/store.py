"""What the history costs: opening it, recording a change, asking what was listed when, and bytes on the disk.

Medians, in one run, on a list of 10,000 entries that changes by 10 each hour. ``--quick`` takes fewer
rounds and versions. The commit is a real one: the disk is part of the figure.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from gatepost.model.address import Family, Prefix
from gatepost.model.content import Content, Listed, State
from gatepost.model.entry import Entry
from gatepost.planning.digest import digest_entries
from gatepost.store import Store

QUICK = "--quick" in sys.argv[1:]
ENTRIES = 10_000
CHANGED = 10
VERSIONS = 20 if QUICK else 100
ROUNDS = 5 if QUICK else 21
START = datetime(2026, 1, 5, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
NUMBERS = random.Random(7).sample(range(1 << 24, 200 << 24), ENTRIES + CHANGED * VERSIONS)


def main() -> None:
    """Print one line a figure."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/gatepost.db"
        show("open, new (Alembic runs)", [spent(lambda: Store.open(url).close())])
        with Store.open(url) as store:
            grow(store)
            ask(store)
        show("open, current", [spent(lambda: Store.open(url).close()) for _ in range(ROUNDS)])
    show(
        "import gatepost.store, own process",
        [spent(lambda: child("import gatepost.store")) for _ in range(5)],
    )
    show("python -c pass, beside it", [spent(lambda: child("pass")) for _ in range(5)])


def grow(store: Store) -> None:
    """Record all versions, one after the other."""
    show("record the first 10,000 entries", [record(store, 0)])
    show("record the same again", [record(store, 0) for _ in range(ROUNDS)])
    size = store.size() or 0
    show("record a change of 10", [record(store, number) for number in range(1, VERSIONS)])
    grown = store.size() or 0
    print(f"{'size, one version':42} {size / 1e6:9.2f} MB")
    print(f"{f'size, {VERSIONS} versions':42} {grown / 1e6:9.2f} MB")
    print(f"{'size of a version more':42} {(grown - size) / (VERSIONS - 1) / 1e3:9.2f} kB")


def version(number: int) -> Content:
    """Each version lacks 10 entries of the one before and has 10 others."""
    return content(NUMBERS[number * CHANGED : number * CHANGED + ENTRIES])


def content(numbers: list[int]) -> Content:
    """Hosts, all of one source, all in force."""
    entries = tuple(Entry(Prefix(Family.V4, number, 32)) for number in sorted(numbers))
    listed = tuple(Listed(entry, "feishu-events", START, State.LISTED) for entry in entries)
    return Content(listed, entries, digest_entries(entries))


def record(store: Store, number: int) -> float:
    """Milliseconds of one recording, commit included."""
    new = version(number)
    return spent(lambda: store.record_content("webhooks", new, START + number * HOUR))


def ask(store: Store) -> None:
    """Questions at random times about values that were there."""
    draw = random.Random(8)
    some = [draw.choice(version(0).effective).value for _ in range(ROUNDS * 10)]
    times = [START + draw.random() * VERSIONS * HOUR for _ in some]
    lists = ("webhooks",)
    pairs = list(zip(some, times, strict=True))
    show("covering, now", [spent(partial(store.covering, one, None, lists)) for one in some])
    show("covering, at a time", [spent(partial(store.covering, one, at, lists)) for one, at in pairs])
    show("in_force", [spent(partial(store.in_force, one, "webhooks", VERSIONS)) for one in some])
    show("rebuild a snapshot", [spent(partial(store.snapshot, "webhooks", n + 1)) for n in range(9)])


def child(code: str) -> None:
    """A process of its own."""
    subprocess.run([sys.executable, "-c", code], check=True)


def spent(work: Callable[[], object]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1e3


def show(name: str, milliseconds: list[float]) -> None:
    """The median, and how many it is of."""
    print(f"{name:42} {statistics.median(milliseconds):9.2f} ms  (of {len(milliseconds)})", flush=True)


if __name__ == "__main__":
    main()
