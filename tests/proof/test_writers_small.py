"""proof/writers.py at a size for every day."""

from __future__ import annotations

import pytest

from rigs.proof import Proved, prove

SIZES = "--writers 16 --rounds 5 --planted 2 --entries 20"


@pytest.fixture(scope="module")
def proved() -> Proved:
    """One run."""
    return prove("writers", SIZES)


def test_one_writer_wins_each_round(proved):
    """Of sixteen with a plan on one state one wins, its list alone is there, the others are stale."""
    whole = {target: row for target, row in proved.rows.items() if not target.endswith("taken out")}
    assert whole.keys() == {"nftables by netlink", "nftables by nft", "file"}, proved.text
    for row in whole.values():
        assert (row["winners min"], row["winners max"], row["content not the winner's"]) == ("1", "1", "0")
        assert row["losers' errors"] == "StalePlan 75", proved.text
    assert proved.code == 0, proved.text


def test_the_instrument_sees_a_missing_comparison(proved):
    """With the comparison taken out every writer believes that it won, and its list is lost."""
    for target in ("nftables by netlink", "nftables by nft", "file"):
        row = proved.rows[f"{target} comparison taken out"]
        assert (row["winners max"], row["content not the winner's"]) == ("16", "2"), proved.text
