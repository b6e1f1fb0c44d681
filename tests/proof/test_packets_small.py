"""proof/packets.py at a size for every day: a few replacements, every kind of row."""

from __future__ import annotations

import pytest

from rigs.proof import Proved, prove

SIZES = (
    "--entries",
    "1000",
    "--replacements",
    "24",
    "--naive",
    "6",
    "--disturbed",
    "3",
    "--packets",
    "20000",
)


@pytest.fixture(scope="module")
def proved() -> Proved:
    """One run."""
    return prove("packets", *SIZES)


def test_nobody_is_locked_out_or_let_in(proved):
    """While gatepost replaces a list, disturbed, killed or left alone, no packet meets a wrong filter."""
    ours = [row for way, row in proved.rows.items() if way.startswith("gatepost")]
    assert len(ours) == 6, proved.text
    for row in ours:
        assert (row["allowed but dropped"], row["denied but accepted"]) == ("0", "0"), proved.text
        assert int(row["allowed sent"]) > 1000 < int(row["denied sent"])
        assert row["longest gap ms"] == "0.0"
    assert proved.code == 0, proved.text


@pytest.mark.parametrize("way", ["nft flush set then nft add element", "one ipset restore: flush add"])
def test_the_instrument_sees_losses(proved, way):
    """Ways that empty a set before they fill it lose packets of allowed clients, for milliseconds."""
    row = proved.rows[way]
    assert int(row["allowed but dropped"]) > 0, proved.text
    assert float(row["longest gap ms"]) > 0


def test_too_few_packets_prove_nothing():
    """The command fails where fewer packets were sent than were asked for."""
    sizes = ("--entries", "100", "--replacements", "2", "--disturbed", "0", "--packets", "1000000000")
    assert prove("packets", "--ways", "gatepost-netlink", *sizes).code == 1
