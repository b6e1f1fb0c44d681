from __future__ import annotations

from gatepost.formats.base import Edition
from gatepost.formats.txt import Txt
from gatepost.model.entry import Entry, Protocol
from rigs.golden import EDITION, is_golden
from rigs.plans import entry


def test_golden():
    """Prefixes and domains, one a line, exactly as recorded."""
    assert is_golden(Txt())


def test_values_once():
    """An address with two protocols is one line where a format knows no protocols."""
    one = entry("8.8.8.8/32").value
    edition = Edition("webhooks", 1, EDITION.at, (Entry(one, Protocol.TCP), Entry(one, Protocol.UDP)))
    assert Txt().render(edition) == b"8.8.8.8/32\n"
