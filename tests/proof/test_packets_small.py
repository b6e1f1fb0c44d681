"""proof/packets.py at a size for every day: a few replacements, every kind of row."""

from __future__ import annotations

import pytest

from rigs.proof import Proved, prove

SIZES = "--entries 1000 --replacements 24 --by-nft 24 --naive 6 --disturbed 4 --boots 1 --packets 20000"
WAYS = "--ways gatepost-netlink gatepost-nft flush-then-add ipset-refill"


@pytest.fixture(scope="module")
def proved() -> Proved:
    """One run."""
    return prove("packets", f"{SIZES} {WAYS}")


def test_nobody_is_locked_out_or_let_in(proved):
    """While gatepost replaces a list, disturbed, killed or left alone, no packet meets a wrong filter."""
    ours = [row for way, row in proved.rows.items() if way.startswith("gatepost by")]
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


def test_a_boot_loses_nothing_where_the_list_is_there_before_the_network(proved):
    """Restored before the network, the list is there for the first packet; after it, packets are lost."""
    first = proved.rows["boot: gatepost restore then the network"]
    assert (first["allowed but dropped"], first["denied but accepted"]) == ("0", "0"), proved.text
    assert int(proved.rows["boot: the network then gatepost restore"]["allowed but dropped"]) > 0


def test_a_protected_client_cannot_be_cut_off(proved):
    """The plan that would cut the admin off is refused and costs no packet; unprotected it costs many."""
    refused = proved.rows["apply that excludes the admin protected: the plan is refused"]
    assert (refused["allowed but dropped"], refused["denied but accepted"]) == ("0", "0"), proved.text
    assert int(proved.rows["apply that excludes the admin not protected"]["allowed but dropped"]) > 0


def test_an_unconfirmed_lock_out_ends(proved):
    """A client that a change locked out gets through again once the time to confirm is over."""
    gap = float(proved.rows["apply --confirm-within unconfirmed"]["longest gap ms"])
    assert 2_500 < gap < 25_000, proved.text


def test_too_few_packets_prove_nothing():
    """The command fails where fewer packets were sent than were asked for."""
    sizes = "--entries 100 --replacements 2 --by-nft 2 --disturbed 0 --boots 0 --packets 1000000000"
    assert prove("packets", f"--ways gatepost-netlink {sizes}").code == 1
