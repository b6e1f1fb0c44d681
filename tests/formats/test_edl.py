from __future__ import annotations

from gatepost.formats.edl import Edl
from rigs.golden import is_golden, lines


def test_golden():
    """Prefixes alone, exactly as recorded."""
    assert is_golden(Edl())


def test_never_mixed():
    """Each line has a length, and none is a domain."""
    assert all("/" in line for line in lines(Edl()))
