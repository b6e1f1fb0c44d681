"""What hands do to the kernel's table beside gatepost, and what a person is told of it."""

from __future__ import annotations

import pytest

from rigs.nftables import namespace
from rigs.program import Program
from rigs.sites import HISTORY, in_kernel, listed, own

CONFIG = HISTORY + own("61.0.0.0/24", "61.0.2.7", "61.0.4.0/24") + listed("own", "web") + in_kernel("web")


@pytest.fixture
def kernel():
    with namespace() as made:
        yield made


@pytest.fixture
def edge(kernel, tmp_path) -> Program:
    program = Program(tmp_path, enter=kernel.enter)
    program.write(CONFIG)
    return program


def test_a_dormant_table(kernel, edge):
    """A table that sleeps keeps nobody out: status, plan and doctor say so and how to wake it, and exit 1."""
    edge.json("apply", "--yes")
    kernel.nft("add", "table", "inet", "gatepost", "{ flags dormant; }")
    target = edge.json("status", code=1)["targets"][0]
    assert (target["in_step"], target["unread"]["error"]["kind"]) == (False, "TargetDormant")
    for asked in (["status"], ["plan"], ["doctor", "--target", "edge"]):
        told = edge(*asked).ended(1).out
        assert "is dormant: none of its rules is asked, so the list keeps nobody out" in told
        assert "Wake it: `nft add table inet gatepost`." in told
        assert "adopt" not in told
    kernel.nft("add", "table", "inet", "gatepost")
    assert edge.json("status")["targets"][0]["in_step"]


def test_a_set_too_small(kernel, edge):
    """A set that somebody declared too small holds the plan, before anything is tried."""
    kernel.nft("add", "table", "inet", "gatepost")
    kernel.nft("add", "set", "inet", "gatepost", "gatepost_owner", "{ type mark; }")
    kernel.nft("add", "set", "inet", "gatepost", "edge_v4", "{ type ipv4_addr; flags interval; size 2; }")
    plan = edge.json("plan", code=3)["plans"][0]
    assert [(reason["guard"], reason["measured"], reason["limit"]) for reason in plan["reasons"]] == [
        ("max_entries", "3", "2")
    ]


def test_adopting_what_is_ours(kernel, edge):
    """Adopting says whether anything became ours: nothing there, ours before, ours now."""
    adopt = ["adopt", "edge", "--why", "by our old script"]
    assert "There is nothing to adopt at nftables inet gatepost edge" in edge(*adopt).ended(0).out
    edge.json("apply", "--yes")
    assert "was ours before, with 3 entries; nothing was changed" in edge(*adopt).ended(0).out
    assert edge.json(*adopt)["before"] is True
    kernel.nft("flush", "set", "inet", "gatepost", "edge_gen")
    assert "is ours now, with 3 entries" in edge(*adopt).ended(0).out
