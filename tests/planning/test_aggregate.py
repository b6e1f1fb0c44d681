"""Merging, cutting and counting prefixes, by example; the laws are in tests/laws."""

from __future__ import annotations

import pytest

from gatepost.model.address import Family, Prefix, Range
from gatepost.planning.aggregate import (
    aggregate,
    aggregate_packed,
    aggregate_text,
    count,
    subtract,
    to_prefixes,
    to_ranges,
)
from gatepost.planning.normalise import parse_value

MIXED = ("2400:da00:8000::/33", "101.226.103.128/25", "101.226.103.0/25", "101.226.104.7", "2400:da00::/33")


def prefixes(*values: str) -> list[Prefix]:
    """As written."""
    found = [parse_value(value) for value in values]
    return [value for value in found if isinstance(value, Prefix)]


def shown(of: list[Prefix]) -> list[str]:
    """As people see them."""
    return list(map(str, of))


def test_halves_become_one_and_families_stay_apart():
    """IPv4 comes first, then IPv6, each in the order of its numbers."""
    assert shown(aggregate(prefixes(*MIXED))) == ["101.226.103.0/24", "101.226.104.7/32", "2400:da00::/32"]


def test_text_goes_the_same_way():
    """Text to text gives the same, with the length always written; nothing for nothing."""
    lines = [
        "101.226.103.128/25",
        "101.226.103.0/25",
        "101.226.104.7",
        "2400:da00:8000::/33",
        "2400:da00::/33",
    ]
    assert aggregate_text(lines) == ["101.226.103.0/24", "101.226.104.7/32", "2400:da00::/32"]
    assert aggregate_text([]) == []
    assert aggregate_text(["2400:da00::1", "0.0.0.0"]) == ["0.0.0.0/32", "2400:da00::1/128"]


@pytest.mark.parametrize(
    ("lines", "merged"),
    [
        (["1.0.0.0/8", "1.2.3.4", "1.2.0.0/16"], ["1.0.0.0/8"]),
        (["1.2.3.4", "1.2.3.4", "1.2.3.4/32"], ["1.2.3.4/32"]),
        (["1.2.3.4", "1.2.3.6"], ["1.2.3.4/32", "1.2.3.6/32"]),
        (["1.2.3.5", "1.2.3.6"], ["1.2.3.5/32", "1.2.3.6/32"]),
        (["1.2.3.4", "1.2.3.5", "1.2.3.7"], ["1.2.3.4/31", "1.2.3.7/32"]),
        (["1.2.3.6", "1.2.3.5", "1.2.3.4", "1.2.3.7"], ["1.2.3.4/30"]),
        (["0.0.0.0/1", "128.0.0.0/1"], ["0.0.0.0/0"]),
        (["0.0.0.0/0", "255.255.255.255"], ["0.0.0.0/0"]),
        (["0.0.0.0", "0.0.0.1"], ["0.0.0.0/31"]),
        (["255.255.255.254", "255.255.255.255"], ["255.255.255.254/31"]),
        (
            ["0.0.0.1", "1.2.3.4", "1.2.3.5", "5.0.0.0", "9.0.0.0", "9.0.0.1", "10.0.0.1"],
            ["0.0.0.1/32", "1.2.3.4/31", "5.0.0.0/32", "9.0.0.0/31", "10.0.0.1/32"],
        ),
        (["::", "::1", "::2"], ["::/127", "::2/128"]),
        (["::/1", "8000::/1"], ["::/0"]),
    ],
)
def test_runs_are_cut_anew(lines: list[str], merged: list[str]):
    """Networks that nest or touch make one run, and each run the fewest networks."""
    assert aggregate_text(lines) == merged


def test_no_line_is_repaired():
    """What is not an address or a network refuses the lot, and says so in one sentence."""
    with pytest.raises(ValueError, match=r"^a line is not an address or a network$"):
        aggregate_text(["101.226.103.7", "101.226.103.300"])
    with pytest.raises(ValueError, match=r"^a network has host bits set$"):
        aggregate_text(["101.226.103.7/24"])
    with pytest.raises(ValueError, match=r"^a network has host bits set$"):
        aggregate_packed([(1 << 32) | 127], 128)


def test_ranges_and_back():
    """Prefixes that touch are one range; a range is the fewest prefixes."""
    ranges = to_ranges(prefixes(*MIXED))
    assert ranges == [
        Range(Family.V4, 0x65E26700, 0x65E267FF),
        Range(Family.V4, 0x65E26807, 0x65E26807),
        Range(Family.V6, 0x2400DA00 << 96, ((0x2400DA00 + 1) << 96) - 1),
    ]
    assert [str(prefix) for one in ranges for prefix in to_prefixes(one)] == shown(
        aggregate(prefixes(*MIXED))
    )


def test_a_family_has_no_holes_of_the_other():
    """Holes are cut out of their own family alone."""
    kept = subtract(prefixes(*MIXED), prefixes("101.226.103.0/24", "2400:da00::/34"))
    assert shown(kept) == ["101.226.104.7/32", "2400:da00:4000::/34", "2400:da00:8000::/33"]


def test_both_families_count():
    """An address counts once, in either family."""
    assert count(prefixes("101.226.103.0/24", "101.226.103.7", "2400:da00::/126")) == 260
