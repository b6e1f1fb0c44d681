from __future__ import annotations

from dataclasses import replace

import pytest

from gatepost.formats.fortinet import Fortinet
from rigs.devices import fortigate
from rigs.golden import EDITION, is_golden


def test_golden():
    """Prefixes alone, exactly as recorded."""
    assert is_golden(Fortinet())


def test_device():
    """FortiGate reads all five networks, and no domain."""
    assert len(fortigate(Fortinet().render(EDITION))) == 5


class Small(Fortinet):
    """A device that reads four lines."""

    capabilities = replace(Fortinet.capabilities, max_entries=4)


def test_nothing_cut_off():
    """A list that the device would cut off in silence is refused; one as long as it reads is not."""
    assert Fortinet.capabilities.max_entries == 131_072
    with pytest.raises(ValueError, match="5 addresses are more than the 4"):
        Small().render(EDITION)
    assert len(fortigate(Small().render(replace(EDITION, entries=EDITION.entries[1:])))) == 4
