"""proof/faults.py at a size for every day: some faults of every kind."""

from __future__ import annotations

import pytest

from rigs.proof import Proved, prove

FAULTS = (
    "ENOSPC, lasting, nft",
    "EPERM, once, nft",
    "SIGTERM, nft",
    "a second writer, netlink",
    "an element added by hand, netlink",
    "a table of another owner, netlink",
    "clock +1 y, netlink",
    "nft missing, nft",
    "nft says done and does nothing, nft",
)


@pytest.fixture(scope="module")
def proved() -> Proved:
    """One run."""
    only = " ".join(f"--only={fault.replace(' ', '_')}" for fault in FAULTS)
    return prove("faults", f"{only} --cell 1 --most 4 --workers 1")


def test_no_fault_does_harm(proved):
    """Whatever fails, comes or is missing: success or a typed error, one list, all of it recorded."""
    assert proved.code == 0, proved.text
    assert "WRONG" not in proved.text


def test_every_fault_was_tried(proved):
    """Each of them struck, not only one that can strike anywhere."""
    for fault in FAULTS:
        assert int(proved.rows[fault.replace(",", "")]["trials"]) > 0, proved.text
