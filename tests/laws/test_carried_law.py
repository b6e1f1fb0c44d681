"""What is carried from one list to the next is what working it out anew gives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gatepost.model.address import Family, Prefix
from gatepost.model.entry import Domain, Entry, EntryKey, Protocol
from gatepost.planning.canonical import beyond, merged, shifted, without
from gatepost.planning.diff import diff, follow
from gatepost.planning.digest import digest_entries
from gatepost.planning.measure import Figures

BASE = {Family.V4: 0x65E26700, Family.V6: 0x2400DA00 << 96}
"""Where 256 addresses begin, in which networks touch, nest and are cut."""


@st.composite
def prefixes(draw: st.DrawFn) -> Prefix:
    """Within those of a family; mostly small."""
    family = draw(st.sampled_from(Family))
    height = draw(st.sampled_from([0, 0, 0, 1, 1, 2, 3, 5]))
    place = draw(st.integers(0, (256 >> height) - 1))
    return Prefix(family, BASE[family] + (place << height), family.bits - height)


ENTRIES = st.builds(
    Entry,
    prefixes() | st.builds(Domain, st.sampled_from(["a.example.com", "b.example.com"])),
    st.sampled_from([None, None, None, Protocol.TCP]),
)
Listed = dict[EntryKey, Entry]
Listed = dict[EntryKey, Entry]
FEW = st.lists(ENTRIES, min_size=1, max_size=2)
SMALL = st.lists(ENTRIES, max_size=6).map(lambda some: {one.key: one for one in some})


@st.composite
def large(draw: st.DrawFn) -> Listed:
    """So many hosts that a few changes are few, and some networks over them."""
    gaps, first = draw(st.integers(0, (1 << 192) - 1)), BASE[Family.V4]
    places = [place for place in range(192) if not gaps >> place & 1]
    hosts = (Entry(Prefix(Family.V4, first + place, 32)) for place in places)
    return {one.key: one for one in hosts} | draw(SMALL)


def ordered(listed: Listed) -> tuple[Entry, ...]:
    """As an answer has them."""
    return tuple(listed[key] for key in sorted(listed))


def toggled(listed: Listed, some: list[Entry]) -> Listed:
    """Without those that were there, with those that were not."""
    result = dict(listed)
    for entry in some:
        if result.pop(entry.key, None) is None:
            result[entry.key] = entry
    return result


@given(SMALL, SMALL, SMALL)
def test_two_changes_in_a_row_are_one(first: Listed, then: Listed, last: Listed):
    """What came and went again is in neither; order is kept."""
    one, two, three = map(ordered, (first, then, last))
    assert follow(diff(one, two), diff(two, three)) == diff(one, three)


@given(large(), FEW, st.data())
def test_spans_after_a_change_are_those_of_the_list(before: Listed, some: list[Entry], data: st.DataObject):
    """Where something of a run goes or joins, what is left of it still stands; nothing else moves."""
    gone = data.draw(st.lists(st.sampled_from(ordered(before) or some), max_size=1))
    after = toggled(before, [*some, *gone])
    old, new = ordered(before), ordered(after)
    assert shifted(merged(old), diff(old, new), new) == merged(new)


@given(large(), st.lists(FEW, min_size=1, max_size=4), st.sets(st.integers(0, 4)), SMALL)
def test_figures_that_were_carried_are_figures(
    first: Listed, changes: list[list[Entry]], asked: set[int], aside: Listed
):
    """Over several changes, measured on the way or not: against each list before, and another one."""
    listed, carried = first, Figures(ordered(first))
    olds = [Figures(ordered(aside)), carried]
    for number, some in enumerate(changes):
        listed = toggled(listed, some)
        entries = ordered(listed)
        delta = diff(carried.entries, entries)
        carried = carried.shifted(entries, delta, digest_entries(entries))
        plain = Figures(entries)
        assert carried.admitted == plain.admitted
        assert (carried.digest, carried.longest) == (plain.digest, plain.longest)
        for old in olds if number in asked or some is changes[-1] else ():
            assert carried.since(old.entries) == diff(old.entries, entries)
            assert carried.measures(old) == plain.measures(Figures(old.entries))
        olds.append(carried)


@given(SMALL, SMALL)
def test_an_entry_is_beyond_others_that_do_not_let_all_of_it_in(some: Listed, others: Listed):
    """Together, and in the same service."""
    known = ordered(others)
    assert beyond(ordered(some), known) == [one for one in ordered(some) if without([one], known)]
