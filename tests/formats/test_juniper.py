from __future__ import annotations

from gatepost.formats.juniper import Juniper
from rigs.devices import junos
from rigs.golden import EDITION, is_golden


def test_golden():
    """Prefixes alone, exactly as recorded."""
    assert is_golden(Juniper())


def test_device():
    """Junos reads all five networks: hosts have their mask too."""
    assert sorted(each.prefixlen for each in junos(Juniper().render(EDITION))) == [16, 19, 32, 32, 128]
