"""Laws of address sets, with a toy space of 1,024 addresses as oracle: few enough to count one by one."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.model.address import Family, Prefix, Range
from gatepost.planning.aggregate import aggregate, aggregate_text, count, subtract, to_prefixes, to_ranges
from gatepost.planning.diff import diff_packed, pack
from gatepost.planning.normalise import parse_value

TOY_BITS = 10
BASE = {Family.V4: 0x65E26400, Family.V6: 0x2400_DA00 << 96}
"""Where the toy space lies in the real ones: 101.226.100.0/22 and 2400:da00::/118."""
families = st.sampled_from(Family)


@st.composite
def prefixes(draw: st.DrawFn, family: Family | None = None) -> Prefix:
    """A prefix within the toy space."""
    family = family or draw(families)
    height = draw(st.integers(0, TOY_BITS))
    place = draw(st.integers(0, (1 << TOY_BITS) - 1)) >> height << height
    return Prefix(family, BASE[family] + place, family.bits - height)


@st.composite
def neighbours(draw: st.DrawFn) -> Prefix:
    """A prefix among the first 16 addresses: runs and gaps of one address are the rule."""
    family, height = draw(families), draw(st.integers(0, 2))
    place = draw(st.integers(0, 15)) >> height << height
    return Prefix(family, BASE[family] + place, family.bits - height)


some = st.lists(prefixes(), max_size=24) | st.lists(neighbours(), max_size=12)


def addresses(of: list[Prefix]) -> set[tuple[Family, int]]:
    """Every single address, the slow and certain way."""
    return {(prefix.family, number) for prefix in of for number in range(prefix.network, prefix.last + 1)}


def fewest(of: set[tuple[Family, int]]) -> int:
    """How many prefixes a set needs at least: halve the toy space until a half is all in or all out."""

    def needed(family: Family, first: int, size: int) -> int:
        inside = sum((family, number) in of for number in range(first, first + size))
        if inside in (0, size):
            return int(inside > 0)
        return needed(family, first, size // 2) + needed(family, first + size // 2, size // 2)

    return sum(needed(family, BASE[family], 1 << TOY_BITS) for family in Family)


@given(some)
def test_aggregation_keeps_the_address_set(given_prefixes: list[Prefix]):
    """Aggregation lets in exactly the same addresses: none lost, never one more."""
    assert addresses(aggregate(given_prefixes)) == addresses(given_prefixes)


@given(some)
def test_aggregation_is_minimal_and_sorted(given_prefixes: list[Prefix]):
    """No shorter list of prefixes holds the same addresses, and the order is that of the numbers."""
    merged = aggregate(given_prefixes)
    assert len(merged) == fewest(addresses(given_prefixes))
    assert merged == sorted(merged)


@given(some, st.randoms(use_true_random=False))
def test_aggregation_is_idempotent_and_order_free(given_prefixes: list[Prefix], random):
    """Merging again, or from another order, changes nothing."""
    merged = aggregate(given_prefixes)
    shuffled = random.sample(given_prefixes, len(given_prefixes))
    assert aggregate(merged) == aggregate(shuffled) == merged


@given(some)
def test_text_and_values_agree(given_prefixes: list[Prefix]):
    """The fast way from text to text gives what the plain way gives, and only harmless characters."""
    fast = aggregate_text(map(str, given_prefixes))
    assert fast == [str(prefix) for prefix in aggregate(given_prefixes)]
    assert all(re.fullmatch(r"[0-9a-f.:/]+", line, re.ASCII) for line in fast)


@given(st.lists(st.tuples(families, st.integers(0, 2**128 - 1), st.integers(0, 128)), max_size=12))
def test_text_and_values_agree_everywhere(drawn: list[tuple[Family, int, int]]):
    """They agree in the whole of both families, both ends included."""
    given_prefixes = []
    for family, number, length in drawn:
        length = min(length, family.bits)  # noqa: PLW2901 - folded into the family's range
        host_bits = family.bits - length
        given_prefixes.append(Prefix(family, number % 2**family.bits >> host_bits << host_bits, length))
    assert aggregate_text(map(str, given_prefixes)) == [str(prefix) for prefix in aggregate(given_prefixes)]


@given(some, some)
def test_subtraction_is_exact(kept: list[Prefix], holes: list[Prefix]):
    """What remains is what was there and not in the holes, in as few prefixes as can be."""
    remains = subtract(kept, holes)
    assert addresses(remains) == addresses(kept) - addresses(holes)
    assert remains == aggregate(remains)


@given(some)
def test_counts_are_of_addresses(given_prefixes: list[Prefix]):
    """An address counts once, however often it is listed."""
    assert count(given_prefixes) == len(addresses(given_prefixes))


@given(some)
def test_ranges_are_the_same_addresses(given_prefixes: list[Prefix]):
    """Ranges hold the same addresses, and a gap lies between any two."""
    ranges = to_ranges(given_prefixes)
    assert addresses([p for r in ranges for p in to_prefixes(r)]) == addresses(given_prefixes)
    assert all(a.family is not b.family or a.last + 1 < b.first for a, b in pairwise(ranges))


@given(families, st.data())
def test_a_range_is_cut_into_the_fewest_prefixes(family: Family, data):
    """A range becomes exactly its addresses, in as few prefixes as can be."""
    low = data.draw(st.integers(0, 2**TOY_BITS - 1))
    high = data.draw(st.integers(low, 2**TOY_BITS - 1))
    cut = to_prefixes(Range(family, BASE[family] + low, BASE[family] + high))
    whole = {(family, BASE[family] + number) for number in range(low, high + 1)}
    assert addresses(cut) == whole
    assert len(cut) == fewest(whole)


@given(some, some)
def test_packed_differences_are_set_differences(old: list[Prefix], new: list[Prefix]):
    """Walking two sorted lists finds what two sets find."""
    was, now = pack(sorted(set(old))), pack(sorted(set(new)))
    assert was == sorted(was)
    assert diff_packed(was, now) == (sorted({*now} - {*was}), sorted({*was} - {*now}))


@given(prefixes())
def test_what_is_emitted_parses_to_the_same(prefix: Prefix):
    """An emitted prefix re-parses to the same integers."""
    assert parse_value(str(prefix)) == prefix


@given(st.text(alphabet=st.sampled_from("0123456789abcdef.:/ -*%\n"), max_size=24) | st.text(max_size=24))
def test_what_parses_is_emitted_harmless(text: str):
    """Whatever text is accepted, what goes out is digits, dots, colons, hex, a slash; and means the same."""
    try:
        value = parse_value(text)
    except ValueError:
        return
    emitted = str(value)
    assert re.fullmatch(r"[0-9a-f.:/]+" if isinstance(value, Prefix) else r"[*a-z0-9.-]+", emitted, re.ASCII)
    assert parse_value(emitted) == value


@pytest.mark.parametrize(
    "line",
    ["", "1.2.3", "010.8.8.8", "1.2.3.4/33", "1.2.3.4/08", "1.2.3.4/", "1.2.3.4/24", "1.2.3.4\n", " 1.2.3.4",
     "fe80::1%eth0", "2400::1/64", "1.2.3.4/-1", "::ffff:01.2.3.4", "0x7f.1", "1.2.3.4\0", "a", "2400::/129"],
)  # fmt: skip
def test_the_fast_way_is_strict(line: str):
    """The fast way repairs nothing: one bad line refuses the lot."""
    with pytest.raises(ValueError, match=r"line|host bits"):
        aggregate_text(["101.226.103.7", line])
