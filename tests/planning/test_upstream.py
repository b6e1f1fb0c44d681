"""A source's list kept up change by change, held against the whole list normalised at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gatepost.model.content import Delta
from gatepost.model.entry import Quarantined, RawEntry, RawType
from gatepost.planning.diff import diff
from gatepost.planning.digest import digest_entries
from gatepost.planning.normalise import Rules, normalise
from gatepost.planning.upstream import Upstream
from rigs.answers import entries, shown

STRICT = Rules()
ITEMS = (
    *(RawEntry(text) for text in ("101.226.103.7", "101.226.103.7/32", " 101.226.103.7", "101.226.103.8")),
    *(RawEntry(text) for text in ("101.226.104.0/24", "2400:da00::/32", "2400:DA00::/32", "8.8.4.4")),
    *(RawEntry(text) for text in ("10.0.0.1", "x", "x/24", "1.1.1.1", "101.226.103.9/24")),
    RawEntry("a.qq.com", RawType.DOMAIN),
    RawEntry("A.qq.com", RawType.DOMAIN),
    RawEntry("101.226.103.8", protocol="tcp", ports=((443, 443),)),
    RawEntry("101.226.103.8", protocol="TCP", ports=((443, 443),)),
)


@given(st.lists(st.sets(st.sampled_from(ITEMS)), min_size=1, max_size=8))
def test_every_state_is_the_whole_list_normalised(listed: list[set[RawEntry]]):
    """Whatever came and went, what stands is what a whole answer would be, and each delta leads there."""
    upstream, before = Upstream(STRICT), set[RawEntry]()
    withheld = set[Quarantined]()
    for now in listed:
        old = upstream.state
        delta = upstream.shift(now - before, before - now)
        whole = normalise(now, STRICT)
        assert upstream.state.entries == whole.entries
        assert upstream.state.quarantined == whole.quarantined
        assert delta == diff(old.entries, upstream.state.entries)
        withheld |= {*whole.quarantined}
        assert upstream.ever_odd == withheld
        before = now


def test_a_list_begins_with_nothing():
    """Before the first change there is nothing in it, and nothing withheld."""
    upstream = Upstream(STRICT)
    assert (upstream.state.entries, upstream.state.quarantined, upstream.ever_odd) == ((), (), set())
    assert tuple(upstream.figures.entries) == ()


def test_figures_are_those_of_the_state():
    """Of its very entries, with their digest, after each change that changes them."""
    upstream = Upstream(STRICT)
    for text in ("101.226.103.7", "x", "101.226.104.0/24"):
        upstream.shift([RawEntry(text)], [])
        assert upstream.figures.entries is upstream.state.entries
        assert upstream.figures.digest == digest_entries(upstream.state.entries)


def test_an_unchanged_list_is_the_same_object():
    """Another way to write what is there already, or an odd value, changes no entry."""
    upstream = Upstream(STRICT)
    assert upstream.state.entries == ()
    upstream.shift([RawEntry("101.226.103.7")], [])
    before = upstream.state.entries
    assert upstream.shift([RawEntry("101.226.103.7/32"), RawEntry("x")], []) == Delta((), ())
    assert upstream.state.entries is before
    assert upstream.shift([], [RawEntry("101.226.103.7")]) == Delta((), ())
    assert upstream.state.entries is before
    assert upstream.shift([], [RawEntry("101.226.103.7/32")]) == Delta((), entries("101.226.103.7"))


def test_what_is_written_otherwise_at_once_is_no_change():
    """One goes, another comes, and both mean the same entry."""
    upstream = Upstream(STRICT)
    upstream.shift([RawEntry("101.226.103.7")], [])
    assert not upstream.shift([RawEntry("101.226.103.7/32")], [RawEntry("101.226.103.7")])
    assert shown(upstream.state.entries) == ["101.226.103.7/32"]


def test_many_changes_at_once_stay_in_order():
    """A hundred or a thousand, as few."""
    upstream = Upstream(STRICT)
    many = [RawEntry(f"101.{n // 250}.{n % 250}.1") for n in range(600)]
    for size in (1, 99, 100, 101, 299):
        came, many = many[:size], many[size:]
        upstream.shift(reversed(came), [])
        keys = [entry.key for entry in upstream.state.entries]
        assert keys == sorted(keys)
    assert len(upstream.state.entries) == 600
    upstream.shift([], [RawEntry(f"101.{n // 250}.{n % 250}.1") for n in range(0, 600, 2)])
    assert shown(upstream.state.entries) == [f"101.{n // 250}.{n % 250}.1/32" for n in range(1, 600, 2)]
