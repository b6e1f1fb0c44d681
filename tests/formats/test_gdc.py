from __future__ import annotations

from dataclasses import replace

from gatepost.formats.gdc import Gdc
from rigs.devices import check_point
from rigs.golden import EDITION, is_golden


def test_golden():
    """The document, exactly as recorded."""
    assert is_golden(Gdc())


def test_device():
    """Check Point reads one object with five ranges."""
    (ranges,) = check_point(Gdc().render(EDITION)).values()
    assert len(ranges) == 5


def test_an_id_is_for_ever():
    """The id is the list's: with other content and serial it is the same; another list has another."""
    (one,) = check_point(Gdc().render(EDITION))
    (later,) = check_point(Gdc().render(replace(EDITION, serial=8, entries=EDITION.entries[:1])))
    (other,) = check_point(Gdc().render(replace(EDITION, list="other")))
    assert one == later == "18059b15-7ab1-5992-a470-c310879556df"
    assert other != one
