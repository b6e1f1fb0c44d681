"""What others let in beside a list is wide where it leaves the list no meaning."""

from __future__ import annotations

import pytest

from gatepost.model.entry import Domain, Entry
from gatepost.model.limits import Limits
from gatepost.planning.opened import is_wide
from rigs.plans import entries

LIST = entries(*(f"101.126.{n}.0/24" for n in range(0, 62, 2)), "2400:cb00:1::/64", "2400:cb00:3::/64")
"""31 × 256 IPv4 addresses and two /64."""


@pytest.mark.parametrize(
    ("added", "wide"),
    [
        (("0.0.0.0/0",), True),
        (("::/0",), True),
        (("8.0.0.0/15",), True),
        (("8.0.0.0/16",), False),  # 65536 are not more than ten times 7936
        (("8.0.0.0/16", "9.0.0.0/18"), True),  # 81920 are
        (("8.0.0.0/16", "8.1.0.0/16"), True),  # together a /15
        (("8.0.0.0/17", "9.0.0.0/17", "10.0.0.0/20"), False),
        (("2600::/31",), True),
        (("2600::/61",), False),  # eight are not more than twenty
        (("2600::/60",), False),
        (("2600::/60", "2601::/62"), False),  # just twenty
        (("2600::/60", "2601::/62", "2602::/128"), True),
        ((), False),
    ],
)
def test_wide(added, wide):
    """Wider than a list may get unasked, or more than ten times what the list has of that family."""
    assert is_wide(entries(*added), LIST, Limits()) is wide


@pytest.mark.parametrize(
    ("added", "wide"),
    [
        (("8.8.8.0/24",), False),
        (("8.8.8.0/24", "9.9.9.9/32"), True),
        (("2600:0:0:1::/64",), False),
        (("2600:0:0:1::/64", "2601::1/128"), True),
    ],
)
def test_a_little_is_never_wide(added, wide):
    """One /24 or one /64 opens nothing wide, however short the list is, or if it has none of that family."""
    assert is_wide(entries(*added), (), Limits()) is wide
    assert is_wide(entries(*added), entries("61.0.0.1/32", "2400::1/128"), Limits()) is wide


def test_the_owner_says_what_is_wide():
    """The list's own ``widest`` counts, each family by itself."""
    limits = Limits(widest_v4=12, widest_v6=24)
    much = entries(*(f"{n}.0.0.0/12" for n in range(1, 9)), *(f"24{n:02}::/24" for n in range(8)))
    assert not is_wide(entries("9.16.0.0/12", "2500::/24"), much, limits)
    assert is_wide(entries("9.32.0.0/11"), much, limits)
    assert is_wide(entries("2500::/23"), much, limits)
    halves = (*entries("9.32.0.0/12"), *entries("9.48.0.0/12"))
    assert is_wide(halves, much, limits), "together they are a /11"


def test_domains_are_not_counted():
    """A name is no network."""
    assert not is_wide([Entry(Domain("example.com", tree=True))], LIST, Limits())
