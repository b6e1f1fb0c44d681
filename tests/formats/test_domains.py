from __future__ import annotations

from gatepost.formats.domains import Domains
from rigs.golden import is_golden, lines


def test_golden():
    """Domains alone, exactly as recorded."""
    assert is_golden(Domains())


def test_never_mixed():
    """No line is an address."""
    assert not any("/" in line or ":" in line for line in lines(Domains()))
