"""How far one list is from another, in whole numbers."""

from __future__ import annotations

from fractions import Fraction
from gc import collect
from weakref import ref

from gatepost.model.address import Family
from gatepost.model.entry import Entry, Protocol
from gatepost.planning.diff import diff
from gatepost.planning.digest import digest_entries
from gatepost.planning.measure import Figures, Kind, Measure, compare, where_new
from rigs.answers import entries, hosts


def measures(old: tuple[Entry, ...], new: tuple[Entry, ...]) -> dict[Kind, tuple[int, ...]]:
    """Old, new, gone, come, and the entries that lose and bring, by kind."""
    return {
        one.kind: (one.old, one.new, one.gone, one.come, one.gone_entries, one.come_entries)
        for one in compare("last", old, new).measures
    }


def test_kinds_are_measured_each_by_itself():
    """Addresses of each family, and names."""
    old = entries("101.226.103.0/30", "101.226.104.7", "2400:da00::/126", "a.qq.com", "b.qq.com", "c.qq.com")
    new = entries("101.226.103.0/31", "101.226.105.0/29", "2400:da00::/125", "a.qq.com", "d.qq.com")
    assert measures(old, new) == {
        Kind.V4: (5, 10, 3, 8, 2, 1),
        Kind.V6: (4, 8, 0, 4, 0, 1),
        Kind.DOMAINS: (3, 2, 2, 1, 2, 1),
    }


def test_the_baseline_keeps_its_name():
    """For the sentence that says what was measured against."""
    assert compare("30d", (), ()).baseline == "30d"


def test_a_rewritten_list_is_the_same_list():
    """Two halves for a whole: nothing goes, nothing comes."""
    found = measures(entries("101.226.103.0/24"), entries("101.226.103.0/25", "101.226.103.128/25"))
    assert found[Kind.V4] == (256, 256, 0, 0, 0, 0)


def test_an_entry_that_loses_one_address_is_touched():
    """At its first, its last or a middle address; its neighbours are not."""
    old = entries("101.226.103.0/29", "101.226.103.8/29", "101.226.103.16/29")
    for lost in (8, 11, 15):
        new = entries(*(f"101.226.103.{n}" for n in range(24) if n != lost))
        assert measures(old, new)[Kind.V4][2:5:2] == (1, 1)
    assert measures(old, entries("101.226.103.8/29"))[Kind.V4][2:5:2] == (16, 2)


def test_repeats_are_one_entry():
    """An entry said twice is touched once."""
    assert measures((*entries("101.226.103.7"), *entries("101.226.103.7")), ())[Kind.V4] == (1, 0, 1, 0, 1, 0)


def test_a_service_is_a_list_of_its_own():
    """An address on another port has gone and come."""
    (plain,) = entries("101.226.103.7")
    assert measures((plain,), (Entry(plain.value, Protocol.TCP, ((443, 443),)),))[Kind.V4] == (
        1,
        1,
        1,
        1,
        1,
        1,
    )


def test_shares_are_exact():
    """Of what was there, of nothing, and of old and new together."""
    some = Measure(Kind.V4, old=10, new=9, gone=3, come=2, gone_entries=3, come_entries=2)
    assert (some.removed_share, some.added_share, some.churned_share) == (
        Fraction(3, 10),
        Fraction(2, 10),
        Fraction(5, 12),
    )
    first = Measure(Kind.V4, old=0, new=2, gone=0, come=2, gone_entries=0, come_entries=2)
    assert (first.removed_share, first.added_share, first.churned_share) == (0, 2, 1)
    none = Measure(Kind.V4, old=0, new=0, gone=0, come=0, gone_entries=0, come_entries=0)
    assert (none.removed_share, none.added_share, none.churned_share) == (0, 0, 0)


def test_sharing_nothing_is_of_all_kinds():
    """One name in common, and something is shared."""
    old = entries(*hosts(1, 3), "a.qq.com")
    assert compare("last", old, entries("101.226.104.1", "b.qq.com")).shares_nothing
    assert not compare("last", old, entries("101.226.104.1", "a.qq.com")).shares_nothing
    assert not compare("last", old, entries("101.226.103.1")).shares_nothing


def test_only_what_seems_new_is_measured_by_what_was_in_force():
    """A family that the older list lacks; where it had one, or has none now, the list itself counts."""
    plain = compare("7d", entries(*hosts(1, 9), "a.qq.com"), entries(*hosts(1, 5), "2400:da00::1"))
    in_force = compare(
        "then", entries(*hosts(1, 12), "2400:da00::1", "b.qq.com"), entries(*hosts(1, 5), "2400:da00::1")
    )
    found = where_new(plain, in_force)
    assert found.baseline == "7d"
    assert found.measures == (plain.measures[0], in_force.measures[1], plain.measures[2])


def test_a_list_comes_to_figures():
    """Addresses once each whatever the service, sizes per service, the longest run of each family."""
    listed = (
        *entries("101.226.103.0/25", "101.226.103.128/25", "101.226.105.0/24"),
        Entry(entries("101.226.104.0/24")[0].value, Protocol.TCP, ((443, 443),)),
        *entries("2400:da00::/126", "2400:da00::8/125", "a.qq.com"),
        Entry(entries("a.qq.com")[0].value, Protocol.TCP),
    )
    figures = Figures(sorted(listed, key=lambda entry: entry.key))
    assert figures.addresses == {Family.V4: 768, Family.V6: 12}
    assert figures.longest == {Family.V4: 768, Family.V6: 8}
    assert figures.sizes == {Kind.V4: 768, Kind.V6: 12, Kind.DOMAINS: 2}
    assert figures.runs[Family.V4] == [(0x65E26700, 0x65E269FF)]
    assert figures.digest == digest_entries(listed)
    nothing = Figures(())
    assert (nothing.addresses, nothing.longest) == ({Family.V4: 0, Family.V6: 0},) * 2


class Listed(list[Entry]):
    """A list that tells how often it was looked into."""

    asked = 0

    def __getitem__(self, place):
        self.asked += 1
        return super().__getitem__(place)

    def __iter__(self):
        self.asked += 1
        return super().__iter__()


def test_a_list_is_compared_once():
    """What came and went since an older one is found by looking at both once, and carried over after that."""
    old, listed, following = Listed(entries(*hosts(1, 9))), [*entries(*hosts(2, 20))], entries(*hosts(2, 21))
    figures = Figures(listed)
    delta = figures.since(old)
    looked = old.asked
    assert delta == diff(old, listed)
    assert figures.since(old) is delta
    carried = figures.shifted(following, diff(listed, following), digest_entries(following))
    assert old.asked > looked > 0
    looked = old.asked
    assert carried.since(old).added == entries(*hosts(10, 21))
    assert old.asked == looked


def test_a_list_that_was_compared_is_kept():
    """Lists are told apart by identity: another one must never come to stand in the place of the same."""
    old, figures = Listed(entries(*hosts(1, 9))), Figures(entries(*hosts(2, 20)))
    figures.since(old)
    known = ref(old)
    del old
    collect()
    assert known() is not None
