from __future__ import annotations

import pytest

from gatepost.errors import TargetRejected
from gatepost.model.address import Family
from gatepost.model.entry import Domain, Entry, Protocol
from gatepost.model.plan import Capabilities
from gatepost.targets.base import require_fit
from rigs.plans import entries

V4, V6 = entries("8.8.8.8/32", "2a00:1::/64")


@pytest.mark.parametrize(
    ("desired", "capabilities"),
    [
        ((), Capabilities()),
        ((V4, V6), Capabilities(max_entries=1)),
        ((V4, V6), Capabilities(families=frozenset({Family.V4}))),
        ((Entry(Domain("example.com")),), Capabilities()),
        ((Entry(V4.value, Protocol.TCP),), Capabilities()),
        ((Entry(V4.value, ports=((1, 2),)),), Capabilities()),
    ],
    ids=["empty", "too-many", "family", "domain", "protocol", "ports"],
)
def test_refused(desired, capabilities):
    """What a target cannot hold, and nothing at all, is refused before anything is written."""
    with pytest.raises(TargetRejected):
        require_fit(desired, capabilities)


def test_fits():
    """What it can hold passes."""
    require_fit((V4, V6), Capabilities(max_entries=2))
    mixed = (Entry(V4.value, Protocol.TCP, ((1, 2),)), Entry(Domain("example.com")))
    require_fit(mixed, Capabilities(domains=True, ports=True))
