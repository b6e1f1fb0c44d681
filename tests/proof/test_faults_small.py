"""proof/faults.py at a size for every day: some faults of every kind."""

from __future__ import annotations

import pytest

from rigs.proof import Proved, prove

FAULTS = {
    "ENOSPC, lasting": ("nft", "file"),
    "EPERM, once": ("netlink",),
    "SIGTERM": ("file",),
    "a second writer": ("nft",),
    "an element added by hand": ("netlink",),
    "a table of another owner": ("nft",),
    "nft missing": ("nft",),
    "nft says done and does nothing": ("nft",),
    "the kernel never answers": ("netlink",),
    "clock +1 y": ("file",),
}


@pytest.fixture(scope="module")
def proved() -> Proved:
    """One run."""
    rows = [f"--only={fault},_{target}" for fault, targets in FAULTS.items() for target in targets]
    return prove("faults", f"{' '.join(row.replace(' ', '_') for row in rows)} --cell 1 --workers 1")


def test_no_fault_does_harm(proved):
    """Whatever fails, comes or is missing: success or a typed error, one list, all of it recorded."""
    assert proved.code == 0, proved.text
    assert "WRONG" not in proved.text


def test_every_fault_was_tried(proved):
    """Each of them struck, not only one that can strike anywhere."""
    for fault, targets in FAULTS.items():
        for target in targets:
            row = proved.rows[f"{fault}, {target}".replace(",", "")]
            assert int(row["trials"]) > 0, proved.text
