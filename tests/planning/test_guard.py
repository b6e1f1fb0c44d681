"""Each guard at its boundary, in whole numbers."""

from __future__ import annotations

from fractions import Fraction

import pytest

from gatepost.model.entry import RawEntry
from gatepost.model.limits import Limits
from gatepost.planning import guard
from gatepost.planning.measure import Comparison, Figures, compare
from gatepost.planning.normalise import Rules, normalise
from rigs.answers import accepted, answer, entries, hosts

DEFAULTS = Limits()


def against_last(old: tuple[str, ...], new: tuple[str, ...]) -> list[Comparison]:
    """Measured against the last accepted list alone."""
    return [compare("last", entries(*old), entries(*new))]


def test_exactly_the_share_may_go():
    """Three of ten is 30 %, and 30 % passes; four of ten does not."""
    assert guard.shrink("s", against_last(hosts(1, 10), hosts(4, 10)), DEFAULTS) == ()
    (reason,) = guard.shrink("s", against_last(hosts(1, 10), hosts(5, 10)), DEFAULTS)
    assert (reason.measured, reason.limit) == ("40 %", "30 %")


def test_shrink_speaks_in_one_sentence():
    """The message says how many of how many, the share, the limit and what it was measured against."""
    (reason,) = guard.shrink("feishu-events", against_last(hosts(1, 10), hosts(8, 10)), DEFAULTS)
    assert reason.message == (
        "feishu-events: 7 of 10 IPv4 addresses would go (70 %, limit 30 %), "
        "measured against the last accepted list."
    )


def test_a_small_list_may_lose_two():
    """Two entries of three may go; with three of four it is held."""
    assert guard.shrink("s", against_last(hosts(1, 3), hosts(3, 3)), DEFAULTS) == ()
    assert guard.shrink("s", against_last(hosts(1, 4), hosts(4, 4)), DEFAULTS)


@pytest.mark.parametrize("size", range(1, 12))
def test_a_list_that_loses_all_is_held_however_small(size: int):
    """A total loss is held even where one entry is all there was."""
    others = against_last(hosts(1, size), hosts(100, 101))
    assert guard.shrink("s", others, Limits(new_family="allow"))


def test_shrink_is_by_addresses():
    """One /24 is worth more than ten hosts."""
    old = ("101.226.103.0/24", *hosts(1, 10, "183.192.202"))
    assert guard.shrink("s", against_last(old, ("101.226.103.0/24", "183.192.202.1")), DEFAULTS) == ()


def test_families_are_judged_each_by_itself():
    """A loss in IPv4 does not hide behind a large IPv6 network."""
    old = ("2400:da00::/32", *hosts(1, 10))
    (reason,) = guard.shrink("s", against_last(old, ("2400:da00::/32", *hosts(1, 3))), DEFAULTS)
    assert "IPv4" in reason.message


def test_domains_are_judged_by_number():
    """Domains are a family of their own, counted by name."""
    old = tuple(f"{letter}.qq.com" for letter in "abcdefghij")
    (reason,) = guard.shrink("s", against_last(old, old[:6]), DEFAULTS)
    assert "4 of 10 domains" in reason.message


def test_the_farthest_baseline_is_named():
    """A slow drift is small against the last list and large against an old one; that one is named."""
    comparisons = [
        compare("last", entries(*hosts(1, 8)), entries(*hosts(1, 7))),
        compare("7d", entries(*hosts(1, 14)), entries(*hosts(1, 7))),
        compare("30d", entries(*hosts(1, 28)), entries(*hosts(1, 7))),
    ]
    (reason,) = guard.shrink("s", comparisons, DEFAULTS)
    assert reason.message.endswith("(75 %, limit 30 %), measured against the list of 30d ago.")


def test_growth_to_twice_passes():
    """As much again may come; one more does not pass, unless it is a few entries."""
    assert guard.growth("s", against_last(hosts(1, 10), hosts(1, 20)), DEFAULTS) == ()
    assert guard.growth("s", against_last(hosts(1, 10), hosts(1, 21)), DEFAULTS)
    assert guard.growth("s", against_last(hosts(1, 1), hosts(1, 9)), DEFAULTS) == ()
    assert guard.growth("s", against_last(hosts(1, 1), hosts(1, 10)), DEFAULTS)


def test_churn_is_what_is_not_shared():
    """The same number of entries and half of them others: held; a third of all not shared: passed."""
    assert guard.churn("s", against_last(hosts(1, 10), hosts(3, 12)), DEFAULTS) == ()
    (reason,) = guard.churn("s", against_last(hosts(1, 10), hosts(6, 15)), DEFAULTS)
    assert (reason.measured, reason.limit) == ("67 %", "50 %")


def test_churn_leaves_growth_and_shrink_alone():
    """Pure growth and pure shrink have their own guards and their own limits for small lists."""
    assert guard.churn("s", against_last(hosts(1, 1), hosts(1, 9)), DEFAULTS) == ()
    assert guard.churn("s", against_last(hosts(1, 9), hosts(1, 1)), DEFAULTS) == ()


def test_a_changed_port_is_an_exchange():
    """An address that keeps its number and changes its port has gone and come."""

    def on(port: int):
        raw = [RawEntry(host, protocol="tcp", ports=((port, port),)) for host in hosts(1, 10)]
        return normalise(raw, Rules()).entries

    assert guard.churn("s", [compare("last", on(443), on(8443))], DEFAULTS)


def test_a_family_may_neither_appear_nor_vanish():
    """The first IPv6 and the last IPv4 are held, unless the owner allows it."""
    appears = against_last(("101.226.103.1",), ("101.226.103.1", "2400:da00::1"))
    vanishes = against_last(("101.226.103.1", "2400:da00::1"), ("2400:da00::1",))
    (first,) = guard.family("s", appears, DEFAULTS)
    (last,) = guard.family("s", vanishes, DEFAULTS)
    assert first.message.startswith("s: 1 IPv6 addresses appear where there were none")
    assert last.message.startswith("s: all 1 IPv4 addresses would go")
    assert guard.family("s", [*appears, *vanishes], Limits(new_family="allow")) == ()


def test_only_the_wide_prefix_that_is_new_is_named():
    """What was accepted stands beside it unsaid; one that is new in part is new."""
    known = entries("101.224.0.0/12", "14.0.0.0/13")
    (reason,) = guard.widest("s", entries("101.224.0.0/12", "14.0.0.0/12"), known, DEFAULTS)
    assert reason.message == "s: 14.0.0.0/12 is wider than /16."


def test_width_that_was_accepted_is_not_held_again():
    """A wide prefix is held once; what the list had already passes."""
    wide = entries("101.224.0.0/12")
    assert guard.widest("s", wide, (), DEFAULTS)
    assert guard.widest("s", wide, wide, DEFAULTS) == ()
    assert guard.widest("s", entries("101.224.0.0/13", "101.232.0.0/13"), wide, DEFAULTS) == ()
    assert guard.widest("s", entries("101.226.0.0/16", "2400:da00::/32"), (), DEFAULTS) == ()


@pytest.mark.parametrize(
    "values",
    [["0.0.0.0/0"], ["0.0.0.0/1", "128.0.0.0/1"], ["16.0.0.0/8", "17.0.0.0/8"], ["::/0"], ["2000::/15"]],
)
def test_the_floor_is_absolute(values: list[str]):
    """Wider than /8 or /16, alone or added up, is refused whatever is approved."""
    assert all(reason.absolute for reason in guard.floor("s", entries(*values)))
    assert guard.floor("s", entries(*values))


def test_the_floor_itself_passes():
    """A /8 and a /16 are not wider than the floor."""
    assert guard.floor("s", entries("101.0.0.0/8", "2400::/16")) == ()


def test_the_sum_of_addresses_is_bounded():
    """More addresses than the limit are held, counted once each, unless the list had as many before."""
    tight = Limits(max_addresses_v4=256)
    assert guard.total("s", entries("101.226.103.0/24", "101.226.103.7"), (), tight) == ()
    more = entries("101.226.103.0/24", "101.226.104.7")
    (reason,) = guard.total("s", more, (), tight)
    assert (reason.measured, reason.limit) == ("257", "256")
    assert guard.total("s", more, more, tight) == ()


@pytest.mark.parametrize(
    ("good", "odd", "refused"),
    [(0, 1, False), (0, 2, True), (19, 1, False), (39, 2, False), (37, 3, True), (60, 3, False)],
)
def test_quarantine_has_a_limit(good: int, odd: int, *, refused: bool):
    """One odd value is always borne; beyond that, 5 %."""
    assert bool(guard.quarantine(answer(*hosts(1, good), odd=odd), DEFAULTS)) is refused


def test_an_empty_list_is_refused_for_good():
    """Empty is absolute: no approval helps."""
    (reason,) = guard.empty("s", ())
    assert reason.absolute
    assert guard.empty("s", entries("101.226.103.7")) == ()


def test_another_provenance_is_looked_at():
    """The same source from another account is another list."""
    assert guard.provenance(answer(*hosts(1, 2), provenance="there"), accepted(*hosts(1, 2)))


@pytest.mark.parametrize(
    ("share", "above", "text"),
    [
        (Fraction(62, 100), None, "62 %"),
        (Fraction(2, 3), Fraction(1, 2), "67 %"),
        (Fraction(3001, 10000), Fraction(3, 10), "30.1 %"),
        (Fraction(125, 1000), None, "12.5 %"),
        (Fraction(3, 1), Fraction(1), "300 %"),
        (Fraction(1_234_567, 100), None, "1234567 %"),
        (Fraction(1_008, 1_000), Fraction(1), "101 %"),
        (Fraction(1_004, 1_000), Fraction(1), "100.4 %"),
        (Fraction(2_999, 10_000), None, "30 %"),
        (Fraction(2_991, 10_000), None, "30 %"),
        (Fraction(2_941, 10_000), None, "29.5 %"),
    ],
)
def test_a_share_above_its_limit_looks_it(share: Fraction, above: Fraction | None, text: str):
    """A measured share never reads like its limit when it is more."""
    assert guard._percent(share, above) == text


WIDE = tuple(f"101.{16 * number}.0.0/12" for number in range(10))
"""Ten networks of a million addresses each."""


@pytest.mark.parametrize(
    ("come", "surprise"),
    [
        (("102.0.0.0/12",), ()),
        (("102.0.0.0/11",), ("102.0.0.0/11",)),
        (("102.0.0.0/13", "102.8.0.0/13", "103.0.0.0/16"), ()),
        (("102.0.0.0/12", "103.0.0.0/15"), ("102.0.0.0/12", "103.0.0.0/15")),
        (("102.0.0.0/12", "2400:da00::/31"), ("2400:da00::/31",)),
        (("2400:da00::/31", "101.226.103.7", "a.qq.com"), ("2400:da00::/31",)),
    ],
)
def test_what_a_list_is_used_to_is_no_surprise(come: tuple[str, ...], surprise: tuple[str, ...]):
    """Where the owner says so: no wider than the widest of its family; all such together up to that share."""
    known = Figures(entries(*WIDE, "2400:db00::/32"))
    assert guard.unfamiliar(entries(*come), known, Limits(widest_known=0.1)) == list(entries(*surprise))


def test_a_wide_network_is_always_a_surprise_by_default():
    """However many as wide the list has."""
    known = Figures(entries(*WIDE))
    come = entries("102.0.0.0/15")
    assert guard.unfamiliar(come, known, DEFAULTS) == list(come)
    assert guard.unfamiliar(come, known, Limits(widest_known=0.01)) == list(come)
    assert guard.unfamiliar(come, known, Limits(widest_known=0.0125)) == []


def test_only_what_is_wider_than_the_limit_is_wide():
    """A network of just that length is as good as any other."""
    come = entries("102.0.0.0/16", "102.2.0.0/15", "2400:da00::/32", "2400:dc00::/31")
    assert guard.unfamiliar(come, Figures(()), DEFAULTS) == list(entries("102.2.0.0/15", "2400:dc00::/31"))
