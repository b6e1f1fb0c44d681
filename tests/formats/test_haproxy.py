from __future__ import annotations

from gatepost.formats.haproxy import Haproxy, HaproxyMap
from rigs.golden import is_golden, lines


def test_golden():
    """The files for an ACL and for a map, exactly as recorded."""
    assert is_golden(Haproxy())
    assert is_golden(HaproxyMap())


def test_map_says_which_list():
    """A map gives the list's name for each line of the ACL file."""
    assert lines(HaproxyMap()) == [f"{line} webhooks" for line in lines(Haproxy())]
