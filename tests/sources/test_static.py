"""A list in the file itself."""

from __future__ import annotations

import pytest

from gatepost.model.entry import Direction, RawType
from gatepost.sources.static import Static

pytestmark = pytest.mark.anyio


async def test_written_entries_come_out_as_written():
    """Every entry comes out in its order, told apart by its characters, without a request."""
    kinds = {
        "192.0.2.1": RawType.ADDRESS,
        "2001:db8::/32": RawType.ADDRESS,
        "10.0.0.*": RawType.ADDRESS,
        "10.0.0.1-10.0.0.9": RawType.ADDRESS,
        "010.8.8.8": RawType.ADDRESS,
        "1.2.3.4/x": RawType.ADDRESS,
        "example.com": RawType.DOMAIN,
        "*.example.com": RawType.DOMAIN,
        "0x7f000001": RawType.DOMAIN,
        "a.b\n1.1.1.1": RawType.DOMAIN,
    }
    source = Static(Static.Options(Direction.EGRESS, tuple(kinds)), None)
    fetched = await source.fetch()
    assert {entry.value: entry.type for entry in fetched.entries} == kinds
    assert fetched.requests == 0
    assert Static.directions(Static.Options(Direction.EGRESS, ())) == {Direction.EGRESS}
    assert source.provenance == "static"
