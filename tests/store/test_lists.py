"""What the history keeps of lists, in every kind of store."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.engine import Connection

from gatepost.model.address import Family, Prefix
from gatepost.model.content import State
from gatepost.model.entry import Domain, Entry, Protocol
from gatepost.model.record import SerialRecord
from gatepost.store import Store
from gatepost.store.schema import listed as listed_table
from store.nouns import RICH, content, entries, listed, plain, value

HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)


def test_nothing_is_known_before_the_first_content(store: Store, start: datetime) -> None:
    assert store.latest("webhooks") is None
    assert store.snapshot("webhooks", 1) is None
    assert store.serials("webhooks") == ()
    assert store.serial_at("webhooks", start) is None
    assert store.lists() == ()
    assert store.covering(value("192.0.2.1/32"), None, ("webhooks",)) == ()


def test_serial_rises_only_with_what_is_in_force(store: Store, start: datetime) -> None:
    """Equal content, however often recorded, is one serial; a list going back is a new one."""
    first, second = plain(start, "192.0.2.0/24"), plain(start, "192.0.2.0/24", "198.51.100.0/24")
    given = [
        store.record_content("webhooks", one, start + hour * HOUR).serial
        for hour, one in enumerate((first, first, second, first))
    ]
    assert given == [1, 1, 2, 3]
    assert [
        (one.serial, one.at, one.entries, one.added, one.removed) for one in store.serials("webhooks")
    ] == [
        (1, start, 1, 1, 0),
        (2, start + 2 * HOUR, 2, 1, 0),
        (3, start + 3 * HOUR, 1, 0, 1),
    ]


def test_serial_record_names_its_digest(store: Store, start: datetime) -> None:
    one = plain(start, "192.0.2.0/24")
    store.record_content("webhooks", one, start)
    assert store.serials("webhooks") == (SerialRecord("webhooks", 1, start, one.digest, 1, 1, 0),)  # type: ignore[arg-type]  # a bare number will do


def test_lists_are_numbered_apart(store: Store, start: datetime) -> None:
    store.record_content("webhooks", plain(start, "192.0.2.0/24"), start)
    store.record_content("clients", plain(start, "a.example"), start)
    assert store.lists() == ("clients", "webhooks")
    assert [one.serial for one in store.serials("clients")] == [1]
    assert store.covering(value("a.example"), None, ("webhooks",)) == ()


def test_every_serial_is_rebuilt_exactly(store: Store, start: datetime) -> None:
    """A snapshot of the past equals what was recorded then, though all came in one microsecond."""
    contents = [
        content(listed((*entries("192.0.2.0/24", "2001:db8::/32"), RICH), start)),
        content(listed(entries("192.0.2.0/24", "a.example"), start), listed((RICH,), start, State.EXCLUDED)),
        content(
            listed(entries("192.0.2.0/24"), start, State.GRACE),
            listed(entries("192.0.2.0/24"), start, source="other"),
        ),
        content(listed((*entries("192.0.2.0/24", "2001:db8::/32"), RICH), start)),
    ]
    recorded = [store.record_content("webhooks", one, start) for one in contents]
    assert [one.content for one in recorded] == contents
    assert [store.snapshot("webhooks", number) for number in (1, 2, 3, 4)] == recorded
    assert store.latest("webhooks") == recorded[3]


def test_state_moves_without_a_serial(store: Store, start: datetime) -> None:
    """An entry going into its grace changes the listed entries and not the serial; both views are kept."""
    store.record_content("webhooks", plain(start, "192.0.2.1/32"), start)
    late = content(listed(entries("192.0.2.1/32"), start, State.GRACE))
    assert store.record_content("webhooks", late, start + HOUR).serial == 1
    latest, first = store.latest("webhooks"), store.snapshot("webhooks", 1)
    assert latest is not None
    assert first is not None
    assert [one.state for one in latest.content.listed] == [State.GRACE]
    assert [one.state for one in first.content.listed] == [State.LISTED]
    states = [
        [hit.state for hit in store.covering(value("192.0.2.1/32"), at, ("webhooks",))]
        for at in (start - TICK, start, start + HOUR - TICK, start + HOUR, None)
    ]
    assert states == [[], [State.LISTED], [State.LISTED], [State.GRACE], [State.GRACE]]


def test_entry_that_stays_keeps_its_date(store: Store, start: datetime) -> None:
    """A pin dated anew at every turn, and an entry that changes its state, came in once."""
    some = entries("192.0.2.1/32")
    for hour, state in enumerate((State.PINNED, State.PINNED, State.EXCLUDED)):
        at = start + hour * HOUR
        more = listed(entries(f"198.51.100.{hour}/32"), at)
        recorded = store.record_content("webhooks", content(listed(some, at, state, "pin"), more), at)
        assert recorded.content.listed[0].since == start
    (hit,) = store.covering(value("192.0.2.1/32"), None, ("webhooks",))
    assert (hit.listed.since, hit.serial, hit.state) == (start, 1, State.EXCLUDED)


def test_entry_that_came_again_is_new(store: Store, start: datetime) -> None:
    """Gone and back: the old interval is closed, and the new one has its own date and serial."""
    for hour, texts in enumerate(
        (["192.0.2.1/32", "192.0.2.2/32"], ["192.0.2.2/32"], ["192.0.2.1/32", "192.0.2.2/32"])
    ):
        store.record_content("webhooks", plain(start + hour * HOUR, *texts), start + hour * HOUR)
    asked = [store.covering(value("192.0.2.1/32"), start + hour * HOUR, ("webhooks",)) for hour in range(3)]
    assert [[(hit.listed.since, hit.serial) for hit in hits] for hits in asked] == [
        [(start, 1)],
        [],
        [(start + 2 * HOUR, 3)],
    ]


def test_unchanged_content_writes_no_row(store: Store, start: datetime) -> None:
    for hour in range(3):
        store.record_content("webhooks", plain(start, "192.0.2.1/32"), start + hour * HOUR)
    with store._database.reading() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(listed_table)) == 1


def test_clock_set_back_gives_no_negative_interval(store: Store, start: datetime) -> None:
    """Time going backwards ends a row where it began; the newest content counts from its own time."""
    store.record_content("webhooks", plain(start, "192.0.2.1/32"), start + HOUR)
    store.record_content("webhooks", plain(start, "192.0.2.2/32"), start)
    with store._database.reading() as connection:
        spans = connection.execute(sa.select(listed_table.c.valid_from, listed_table.c.valid_to)).all()
    assert all(to is None or to >= since for since, to in spans)
    assert store.serial_at("webhooks", start) == 2
    assert [hit.serial for hit in store.covering(value("192.0.2.2/32"), start, ("webhooks",))] == [2]


def test_serial_at_a_moment(store: Store, start: datetime) -> None:
    for hour in range(3):
        store.record_content("webhooks", plain(start, f"192.0.2.{hour}/32"), start + hour * HOUR)
    moments = (start - TICK, start, start + HOUR - TICK, start + HOUR, start + 9 * HOUR)
    assert [store.serial_at("webhooks", at) for at in moments] == [None, 1, 1, 2, 3]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("192.0.2.7/32", ["192.0.0.0/16", "192.0.2.0/24"]),
        ("192.0.2.0/24", ["192.0.0.0/16", "192.0.2.0/24"]),
        ("192.0.0.0/12", []),
        ("2001:db8::1/128", ["2001:db8::/32"]),
        ("c000:207::/32", []),
        ("a.example", ["a.example"]),
        ("x.b.example", ["*.b.example"]),
        ("*.x.b.example", ["*.b.example"]),
        ("*.b.example", ["*.b.example"]),
        ("b.example", []),
        ("*.a.example", []),
        ("xb.example", []),
    ],
)
def test_covering_finds_the_wider(store: Store, start: datetime, asked: str, found: list[str]) -> None:
    """A value is covered by each prefix that holds all of it; a name by itself and the trees above it."""
    some = ("192.0.0.0/16", "192.0.2.0/24", "192.0.2.0/25", "2001:db8::/32", "a.example", "*.b.example")
    snapshot = store.record_content("webhooks", plain(start, *some), start)
    if asked.startswith("192.0.2.7"):
        found = [*found, "192.0.2.0/25"]
    hits = store.covering(value(asked), None, ("webhooks", "other"))
    assert [str(hit.listed.entry.value) for hit in hits] == found
    assert [str(one.value) for one in store.in_force(value(asked), "webhooks", snapshot.serial)] == found
    assert store.in_force(value(asked), "webhooks", snapshot.serial + 1) == store.in_force(
        value(asked), "webhooks", 1
    )
    assert store.in_force(value(asked), "webhooks", 0) == ()


def test_covering_tells_protocol_ports_and_note(store: Store, start: datetime) -> None:
    some = listed((RICH, Entry(RICH.value, Protocol.UDP)), start, source="corp")
    store.record_content("clients", content(some), start)
    hits = store.covering(Domain("x.b.example"), None, ("clients",))
    assert [hit.listed for hit in hits] == [replace(one) for one in some]


NETWORKS = st.builds(
    lambda family, length, bits: Prefix(
        family, (bits % 16 << family.bits - 4) >> (family.bits - length) << (family.bits - length), length
    ),
    st.sampled_from(Family),
    st.integers(0, 6),
    st.integers(0, 15),
)
NAMES = st.builds(
    Domain, st.lists(st.sampled_from("ab"), min_size=1, max_size=3).map(".".join), st.booleans()
)
VALUES = NETWORKS | NAMES


def covers(wide: Prefix | Domain, asked: Prefix | Domain) -> bool:
    """By the meaning of the words, one pair at a time."""
    match wide, asked:
        case Prefix() as one, Prefix() as other:
            return one.family is other.family and one.network <= other.network and other.last <= one.last
        case Domain(name, True), Domain() as other:
            return other.name.endswith("." + name) or (other.tree and other.name == name)
        case Domain(), Domain():
            return wide == asked
    return False


@pytest.fixture(scope="module", params=["memory", "postgresql"])
def shared(request: pytest.FixtureRequest) -> Iterator[Store]:
    """One store for all examples of a law; each has a list of its own."""
    url = "sqlite://" if request.param == "memory" else request.getfixturevalue("server").fresh()
    with Store.open(url) as opened:
        yield opened


@settings(max_examples=100, deadline=None)
@given(
    versions=st.lists(st.sets(VALUES, max_size=8), min_size=1, max_size=5),
    asked=VALUES,
    when=st.integers(-1, 5),
)
def test_covering_agrees_with_brute_force(
    shared: Store, versions: list[set[Prefix | Domain]], asked: Prefix | Domain, when: int
) -> None:
    """At any time, the indexed question finds exactly the listed values that cover the one asked for."""
    start = datetime(2026, 1, 5, 8, tzinfo=UTC)
    name = f"list-{len(shared.lists())}"
    for hour, values in enumerate(versions):
        some = sorted((Entry(one) for one in values), key=lambda entry: entry.key)
        shared.record_content(name, content(listed(some, start)), start + hour * HOUR)
    hits = shared.covering(asked, start + when * HOUR, (name,))
    then = versions[min(when, len(versions) - 1)] if when >= 0 else set()
    assert {hit.listed.entry.value for hit in hits} == {one for one in then if covers(one, asked)}


def test_no_question_scans_the_intervals(store: Store, start: datetime) -> None:
    """Where an entry is looked up, by time or by serial, the database searches an index."""
    is_server = not store._database.is_sqlite  # which decides by how much there is
    rows = 60_000 if is_server else 1  # where looking up costs a server a third of reading it all
    some = [f"10.{number >> 8}.{number & 255}.1/32" for number in range(rows)]
    store.record_content("webhooks", plain(start, *some), start)
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        asked.append((statement, values))

    engine = store._database._engine
    event.listen(engine, "before_cursor_execute", note)
    for at in (None, start):
        store.covering(value("2001:db8::1/128"), at, ("webhooks", "clients"))
    store.in_force(value("a.b.example"), "webhooks", 1)
    event.remove(engine, "before_cursor_execute", note)
    questions = [one for one in asked if one[0].startswith("SELECT")]
    assert len(questions) == 3
    with store._database.reading() as connection:
        for statement, values in questions:
            steps = way(connection, statement, values)
            assert not [step for step in steps if SCAN.search(step) and "lists" not in step], steps
            assert any(LOOK_UP.search(step) for step in steps), steps


SCAN = re.compile(r"SCAN|Seq Scan")
LOOK_UP = re.compile(
    r"_place \(place=\? AND list_id=\?\)|Index (Only )?Scan using \w+_place|Bitmap Index Scan on \w+_place"
)


def way(connection: Connection, statement: str, values: Any) -> list[str]:
    """How the database finds it; a server counts before it decides."""
    if connection.dialect.name == "sqlite":
        return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
    connection.exec_driver_sql("ANALYZE")
    return [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", values)]
