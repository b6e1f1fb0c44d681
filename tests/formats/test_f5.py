from __future__ import annotations

from gatepost.formats.f5 import F5
from rigs.devices import big_ip
from rigs.golden import EDITION, is_golden


def test_golden():
    """Four fields a line, exactly as recorded."""
    assert is_golden(F5())


def test_device():
    """BIG-IP reads all five networks, each to be let in."""
    assert str(big_ip(F5().render(EDITION))[0]) == "101.126.59.7/32"
    assert len(big_ip(F5().render(EDITION))) == 5
