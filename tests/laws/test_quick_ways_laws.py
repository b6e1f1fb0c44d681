"""Laws of the quick ways of a cycle: they say what the long ways say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.model.address import Family, Prefix
from gatepost.model.content import Content, Listed, State
from gatepost.model.entry import Domain, Entry, Protocol, RawEntry
from gatepost.model.plain import plain as made_once
from gatepost.planning import canonical
from gatepost.planning.digest import digest_entries
from gatepost.planning.normalise import Rules, normalise
from gatepost.store import Store, encode

AT = datetime(2026, 1, 5, 8, tzinfo=UTC)
BASE = {Family.V4: 0x65E26400, Family.V6: 0x2400_DA00 << 96}


@st.composite
def networks(draw: st.DrawFn) -> Prefix:
    """Among 32 addresses of either family, so that they touch and cover each other."""
    family, height = draw(st.sampled_from(Family)), draw(st.integers(0, 3))
    place = draw(st.integers(0, 31)) >> height << height
    return Prefix(family, BASE[family] + place, family.bits - height)


names = st.builds(Domain, st.sampled_from(["a.example", "b.a.example"]), st.booleans())
plain = networks().map(lambda one: made_once(one.family, one.network, one.length))
rich = st.builds(
    Entry,
    networks() | names,
    st.none() | st.sampled_from(Protocol),
    st.sampled_from([(), ((443, 443),)]),
    st.none() | st.booleans(),
    st.none() | st.just("a note"),
)
lists = st.lists(plain, max_size=12) | st.lists(plain | rich, max_size=12)


@given(lists)
def test_plain_lists_are_merged_as_all_are(entries: list[Entry]) -> None:
    """Merging packed integers gives what merging spans gives."""
    assert canonical.canonical(entries) == canonical.assembled(canonical.admitted(entries))


@given(lists, lists)
def test_differences_are_what_one_has_without_the_other(old: list[Entry], new: list[Entry]) -> None:
    """Of canonical lists, and of lists that are not, in any order."""
    for was, now in ((old, new), (canonical.canonical(old), canonical.canonical(new))):
        expected = canonical.without(now, was), canonical.without(was, now)
        assert canonical.differences(was, now) == expected


@given(lists, lists)
def test_list_digested_before_has_the_same_digest(one: list[Entry], other: list[Entry]) -> None:
    """Equal digests are equal lines, whatever was digested before."""
    digests = digest_entries(one), digest_entries(other), digest_entries(tuple(one))
    lines = [{(str(entry.value), entry.protocol, entry.ports) for entry in each} for each in (one, other)]
    assert digests[0] == digests[2]
    assert (digests[0] == digests[1]) is (lines[0] == lines[1])


texts = st.sampled_from(
    [
        *("101.226.100.7", " 101.226.100.7", "101.226.100.0/24", "101.226.100.7/24", "2400:da00::1", "::1"),
        *(
            "1.1.1.1",
            "10.0.0.1",
            "010.8.8.8",
            "101.226.100.256",
            "101.226.100.*",
            "101.226.100.1-101.226.100.2",
        ),
        *("::ffff:101.226.100.9", "0.0.0.0/0", "101.226.100.7/33", "", "a.example", "1" * 200),
    ]
)
rules = st.builds(
    Rules,
    st.booleans(),
    st.booleans(),
    st.sampled_from(["allow", "quarantine"]),
    st.sampled_from(["mask", "quarantine"]),
)


@given(st.lists(texts, max_size=6), rules)
def test_address_that_says_no_more_is_read_as_any_other(values: list[str], under: Rules) -> None:
    """What takes the quick way is what comes out of the long one, which a note forces."""
    quick = normalise([RawEntry(value) for value in values], under)
    long = normalise([RawEntry(value, note="n") for value in values], under)
    assert quick.quarantined == long.quarantined
    assert [entry.key for entry in quick.entries] == [entry.key for entry in long.entries]


@given(lists)
def test_many_are_written_as_each_is(entries: list[Entry]) -> None:
    """In the same order, notes and all."""
    assert encode.wire_entries(entries) == [encode.wire_entry(entry) for entry in entries]


states = st.sampled_from([State.LISTED, State.GRACE, State.EXCLUDED])
contents = st.lists(st.tuples(plain | rich, st.sampled_from(["one", "two"]), states), max_size=8)


def content(items: list[tuple[Entry, str, State]], at: datetime) -> Content:
    """As composed: each entry once a source, in order."""
    unique = {(entry.key, source): Listed(entry, source, at, state) for entry, source, state in items}
    listed = tuple(unique[key] for key in sorted(unique))
    effective = canonical.canonical(one.entry for one in listed if one.state is not State.EXCLUDED)
    return Content(listed, effective, digest_entries(effective))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def stores(request: pytest.FixtureRequest) -> Iterator[tuple[Store, Store]]:
    """Two of a kind for all examples; each has a list of its own."""
    server = request.param == "postgresql" and request.getfixturevalue("server")
    urls = [server.fresh() if server else "sqlite://" for _ in range(2)]
    with Store.open(urls[0]) as one, Store.open(urls[1]) as other:
        yield one, other


@settings(max_examples=30)
@given(versions=st.lists(contents, max_size=5))
def test_store_that_remembers_keeps_what_one_that_forgets_keeps(
    stores: tuple[Store, Store], versions: list[list[tuple[Entry, str, State]]]
) -> None:
    """Reading only what differs loses nothing and dates nothing anew, serial by serial."""
    one, other = stores
    name = f"w{len(one.lists())}"
    for number, items in enumerate(versions):
        at = AT + timedelta(hours=number)
        other._kept._values.clear()
        new = content(items, at)
        assert one.record_content(name, new, at) == other.record_content(name, new, at)
        other._kept._values.clear()
        assert one.latest(name) == other.latest(name)
    other._kept._values.clear()
    assert one.serials(name) == other.serials(name)
    for record in one.serials(name):
        assert one.snapshot(name, record.serial) == other.snapshot(name, record.serial)
