"""Writes that took effect in part, and packets counted."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from gatepost.errors import TargetRejected, TargetUnavailable
from gatepost.kit.process import Finished
from gatepost.model.address import Family
from gatepost.model.entry import Direction
from gatepost.targets._nft import Place
from gatepost.targets._nft_program import Program
from gatepost.targets.nftables import Nftables
from rigs.nftables import target
from rigs.plans import entries, put, texts

pytestmark = pytest.mark.anyio

SOME = entries("8.8.4.0/24", "8.8.8.8/32", "2a00:1::/64")


async def test_mixed_until_the_content_is_there(either, kernel):
    """The word mixed counts only while the content is not what the write leads to."""
    held = await put(either(kernel), SOME)
    kernel.nft("delete", "element", "inet", "gatepost", "edge_gen", "{ 1 }")
    note = f'{{ 2 comment "gatepost mixed {held.digest}" }}'
    kernel.nft("add", "element", "inet", "gatepost", "edge_gen", note)
    assert await either(kernel).current() == replace(held, generation=2)
    kernel.nft("delete", "element", "inet", "gatepost", "edge_v4", "{ 8.8.8.8 }")
    assert (await either(kernel).current()).mixed


class Halting:
    """A kernel that takes the first part of a write and then fails."""

    def __init__(self, kernel, error) -> None:
        self.kernel, self.error = kernel, error

    def __getattr__(self, name):
        return getattr(self.kernel, name)

    async def write(self, change):
        """Additions alone."""
        both = {family: (*change.held.ranges.get(family, ()), *change.additions(family)) for family in Family}
        await self.kernel.write(replace(change, wanted=both, digest=f"mixed {change.digest}"))
        raise self.error


@pytest.mark.parametrize("error", [TargetRejected("no room"), TargetUnavailable("no answer")], ids=repr)
async def test_cut_off_write(kernel, error):
    """A write that fails after its first part says so, and the next apply completes it."""
    await put(target(kernel), entries("9.9.9.9/32"))
    program = Program(Place("gatepost", "edge"), kernel, 30)
    halting = Nftables("edge", Nftables.Options(), kernel=Halting(program, error))
    with pytest.raises(type(error), match="holds a part of the change, the next apply completes it"):
        await put(halting, SOME)
    mixed = await target(kernel).current()
    assert (mixed.mixed, texts(mixed)) == (True, ["8.8.4.0/24", "8.8.8.8/32", "9.9.9.9/32", "2a00:1::/64"])
    after = await put(target(kernel), SOME)
    assert (after.entries, after.mixed, after.generation) == (SOME, False, 3)


SEND = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.9', 9))"


async def counts(edge) -> dict[str, int]:
    return {str(each.prefix): each.packets for each in await edge.counted()}


async def test_counters(either, kernel):
    """The packets of a listed address are counted on its entry, and kept while others change."""
    edge = either(kernel, counters=True)
    await put(edge, entries("127.0.0.0/30", "127.0.0.9/32", "2a00:1::/64"))
    kernel.nft("add", "chain", "inet", "gatepost", "mine", "{ type filter hook output priority 0; }")
    kernel.nft("add", "rule", "inet", "gatepost", "mine", "ip", "daddr", "@edge_v4", "accept")
    assert await counts(edge) == {"127.0.0.0/30": 0, "127.0.0.9/32": 0, "2a00:1::/64": 0}
    for _ in range(3):
        subprocess.run([*kernel.enter, sys.executable, "-c", SEND], check=True)  # noqa: ASYNC221 - it is short
    assert (await counts(edge))["127.0.0.9/32"] == 3
    held = await put(edge, entries("127.0.0.0/29", "127.0.0.9/32"))
    assert texts(held) == ["127.0.0.0/29", "127.0.0.9/32"]
    assert await counts(edge) == {"127.0.0.0/29": 0, "127.0.0.9/32": 3}


async def test_counters_come_late(either, kernel):
    """A set that was made without counters stays as it is; nothing is counted, and nothing fails."""
    await put(either(kernel), SOME)
    edge = either(kernel, counters=True)
    await put(edge, SOME[:2])
    assert await edge.counted() == ()
    assert "counter" not in kernel.nft("list", "ruleset")
    assert [each.message for each in await target(kernel, counters=True).findings(Direction.INGRESS)][-1] == (
        "edge_v4 and edge_v6 were made without counters: no packets are counted"
    )


async def test_counters_switched_off(either, kernel):
    """A set that counts is still ours when the option is gone."""
    await put(either(kernel, counters=True), SOME)
    assert (await put(either(kernel), SOME[:2])).entries == SOME[:2]
    assert await either(kernel).counted() == ()


@pytest.mark.parametrize(
    "shape", [{"counter": {"packets": 7, "bytes": 1}}, {"stmt": [{"counter": {"packets": 7, "bytes": 1}}]}]
)
async def test_counters_of_newer_programs(shape):
    """Counters are read in both shapes in which versions of nft show them."""
    edge = {"name": "edge_v4", "type": "ipv4_addr", "flags": "interval", "stmt": [{"counter": None}]}
    edge["elem"] = [{"elem": {"val": {"range": ["8.8.8.8", "8.8.8.10"]}} | shape}]
    number = {"elem": {"val": 1, "comment": "gatepost sha256:" + "0" * 64}}
    sets = [{"name": "gatepost_owner"}, edge, {"name": "edge_gen", "type": "mark", "elem": [number]}]

    class Newer:
        async def run(self, argv, *, stdin=b"", timeout):  # noqa: ASYNC109, ARG002 - the runner's own
            return Finished(
                "nft", 0, json.dumps({"nftables": [{"set": each} for each in sets]}).encode(), b""
            )

    assert await counts(target(Newer(), counters=True)) == {"8.8.8.8/31": 7, "8.8.8.10/32": 7}
