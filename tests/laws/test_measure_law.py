"""Lists measured against each other: every number is the one that counting address by address gives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gatepost.model.address import Family, Prefix
from gatepost.model.entry import Domain, Entry, Protocol
from gatepost.planning import span
from gatepost.planning.measure import Figures, Kind, compare

BASE = {Family.V4: 0x65E26700, Family.V6: 0x2400DA00 << 96}
"""Where a universe of 64 addresses begins, small enough to count."""


@st.composite
def prefixes(draw: st.DrawFn) -> Prefix:
    """Within the universe of a family."""
    family = draw(st.sampled_from(Family))
    height = draw(st.integers(0, 6))
    place = draw(st.integers(0, (64 >> height) - 1))
    return Prefix(family, BASE[family] + (place << height), family.bits - height)


ENTRIES = st.builds(
    Entry,
    prefixes() | st.builds(Domain, st.sampled_from(["a.example.com", "b.example.com"])),
    st.sampled_from([None, Protocol.TCP]),
    st.sampled_from([(), ((443, 443),)]),
)
LISTS = st.lists(ENTRIES, max_size=30)


def atoms(entry: Entry, kind: Kind) -> set[object]:
    """What an entry lets in of a kind, one by one."""
    service = entry.protocol, entry.ports
    match entry.value:
        case Prefix(family) as prefix if kind == {Family.V4: Kind.V4, Family.V6: Kind.V6}[family]:
            return {(service, number) for number in range(prefix.network, prefix.last + 1)}
        case Domain() as domain if kind is Kind.DOMAINS:
            return {(service, domain)}
    return set()


def whole(entries: list[Entry], kind: Kind) -> set[object]:
    """What entries let in of a kind."""
    return {atom for entry in entries for atom in atoms(entry, kind)}


@given(LISTS, LISTS)
def test_every_number_is_counted(old, new):
    """Old and new, gone and come, in addresses and in entries; order and repeats do not count."""
    for measure in compare("last", old, new).measures:
        was, now = whole(old, measure.kind), whole(new, measure.kind)
        assert (measure.old, measure.new) == (len(was), len(now))
        assert (measure.gone, measure.come) == (len(was - now), len(now - was))
        assert measure.gone_entries == sum(bool(atoms(one, measure.kind) - now) for one in set(old))
        assert measure.come_entries == sum(bool(atoms(one, measure.kind) - was) for one in set(new))


@given(LISTS)
def test_figures_are_counted(entries):
    """Addresses whatever the service, and the longest run without a gap."""
    figures = Figures(sorted(set(entries), key=lambda entry: entry.key))
    for family, kind in ((Family.V4, Kind.V4), (Family.V6, Kind.V6)):
        numbers = {number for _, number in whole(entries, kind)}
        runs = [number for number in numbers if number - 1 not in numbers]
        longest = max((next(n for n in range(65) if one + n not in numbers) for one in runs), default=0)
        assert (figures.addresses[family], figures.longest[family]) == (len(numbers), longest)


SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 6)).map(lambda one: (one[0], one[0] + one[1])))


@given(SPANS, SPANS)
def test_outside_is_what_cutting_leaves(spans, holes):
    """Whether the holes are few or many."""
    assert span.outside(spans, span.merge(holes)) == span.cut(spans, holes)
