"""What is answered from memory is what the history would have answered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import anyio
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.engine.asking import ask, check_document
from gatepost.engine.site import Site
from gatepost.model.address import Prefix
from gatepost.model.content import Content, Listed, State
from gatepost.model.entry import Domain, Entry
from gatepost.planning.canonical import canonical
from gatepost.planning.digest import digest_entries
from gatepost.planning.normalise import parse_value
from gatepost.server.checking import QUERY_MOST, REMEMBERED, Quick
from gatepost.server.desk import Present
from gatepost.server.lookup import Lookup, look_up
from gatepost.testing import FrozenClock
from rigs.serving import TEN, house

VALUES = (
    "101.126.0.0/16",
    "101.126.59.0/24",
    "101.126.59.0/28",
    "101.126.59.7/32",
    "101.126.59.8/29",
    "2001:4860::/32",
    "2001:4860:4860::8888/128",
    "example.com",
    "*.example.com",
    "*.b.example.com",
    "a.b.example.com",
)
ASKED = (
    "101.126.59.7",
    "101.126.59.8",
    "101.126.59.16",
    "101.126.60.1",
    "101.127.0.1",
    "2001:4860:4860::8888",
    "2001:4860:0:0:0:0:0:1",
    "::ffff:101.126.59.7",
    "2001:4861::1",
    "example.com",
    "EXAMPLE.com",
    "x.example.com",
    "b.example.com",
    "a.b.example.com",
    "z.b.example.com",
    "example.org",
    "101.126.59.0/28",
    "*.example.com",
)
listings = st.lists(
    st.tuples(st.sampled_from(VALUES), st.sampled_from(State), st.sampled_from(("one", "two"))),
    unique_by=lambda one: (one[0], one[2]),
    max_size=12,
)


def content(listing, at) -> Content:
    """A list of these values, each in its state."""
    listed = [Listed(Entry(parse_value(value)), source, at, state) for value, state, source in listing]
    listed.sort(key=lambda one: (one.entry.key, one.source))
    good = [one.entry for one in listed if one.state is not State.EXCLUDED]
    effective = canonical(good)
    return Content(tuple(listed), effective, digest_entries(effective))


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Site:
    """One history for all examples: each is another version of the same two lists."""
    with house(tmp_path_factory.mktemp("law"), FrozenClock(datetime(2026, 1, 5, 8, tzinfo=UTC))) as made:
        yield made.site


@settings(max_examples=60)
@given(first=listings, second=listings, asked=st.sampled_from(ASKED))
def test_memory_and_history_say_the_same(site, first, second, asked):
    """Allowed or not, by which entries of which source in which state since when, on every list."""
    site.clock.advance(timedelta(minutes=1))
    for name, listing in (("webhooks", first), ("empty", second)):
        site.store.record_content(name, content(listing, site.clock.now()), site.clock.now())
    lookup = look_up(site, Lookup.of_nothing())
    value = parse_value(asked)
    for names in ((), ("webhooks",), ("webhooks", "empty")):
        found = lookup.answer(value, names, site.clock.now())
        if (isinstance(value, Prefix) and value.size > 1) or (isinstance(value, Domain) and value.tree):
            assert found is None
            continue
        expected = ask(site, value, lists=names)
        assert check_document(found) == check_document(expected)
        query = "&".join([f"value={asked}", *(f"list={name}" for name in names)]).encode()
        body = Quick(Present(lookup), site.clock).find(query)
        assert msgspec.json.decode(body) == msgspec.to_builtins(check_document(expected))


def test_tables_that_did_not_move_are_kept(site):
    """Looking again costs one question; only the list that moved is read."""
    before = look_up(site, Lookup.of_nothing())
    assert look_up(site, before) is before
    site.store.record_content(
        "empty", content([("9.9.9.9/32", State.PINNED, "pin")], site.clock.now()), site.clock.now()
    )
    after = look_up(site, before)
    assert after is not before
    assert after.tables["webhooks"] is before.tables["webhooks"]
    assert after.tables["empty"] is not before.tables["empty"]


def test_a_flood_of_questions_costs_no_memory(tmp_path, clock):
    """Answers are forgotten, long queries never remembered; before the lists are read nothing is answered."""
    with house(tmp_path, clock) as made:
        anyio.run(made.cycle, *TEN)
        quick = Quick(made.desk.present, clock)
        for number in range(REMEMBERED + 10):
            assert (
                quick.find(f"value=9.{number >> 16}.{number >> 8 & 255}.{number & 255}".encode()) is not None
            )
        assert len(quick._known) <= REMEMBERED
        assert quick.find(b"value=9.9.9.9&list=" + b"w" * QUERY_MOST) is None
        assert Quick(Present(Lookup.of_nothing()), clock).find(b"value=9.9.9.9") is None


ODD = (
    b"",
    b"value",
    b"value=",
    b"value=x y",
    b"value=%ff",
    b"value=\xff",
    b"list=webhooks",
    b"a=1.1.1.1",
    b"value=1.1.1.1&value=2.2.2.2",
    b"value=1.1.1.1&at=2026-01-01",
    b"value=1.1.1.1;x",
    b"value=010.1.1.1",
    b"value=1.1.1.1&list=nope",
)


@pytest.mark.parametrize("query", ODD)
def test_what_is_odd_is_left_to_the_route(tmp_path, clock, query):
    """The route tells what is wrong with it."""
    with house(tmp_path, clock) as made:
        assert Quick(made.desk.present, clock).find(query) is None
